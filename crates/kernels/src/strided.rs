//! Copies between arrays of any strides: what transposing, slicing, padding, joining, broadcasting and reversing are.

use crate::lanes::F32x4;

/// Walks the places of an array of `dims`, row-major: the offsets along two sets of strides.
pub struct Odometer<'a> {
    dims: &'a [i32],
    strides: [&'a [i32]; 2],
    offsets: [isize; 2],
    index: [i32; MAX_RANK],
    left: usize,
}

/// The most dimensions of an array: three lists of them fit into the bridge's 64 arguments.
pub const MAX_RANK: usize = 21;

impl<'a> Odometer<'a> {
    pub fn new(dims: &'a [i32], strides: [&'a [i32]; 2]) -> Self {
        debug_assert!(dims.len() <= MAX_RANK && strides.iter().all(|s| s.len() == dims.len()));
        let left = dims.iter().map(|&dim| dim as usize).product();
        Self { dims, strides, offsets: [0; 2], index: [0; MAX_RANK], left }
    }
}

impl Iterator for Odometer<'_> {
    type Item = [isize; 2];

    fn next(&mut self) -> Option<[isize; 2]> {
        self.left = self.left.checked_sub(1)?;
        let result = self.offsets;
        for axis in (0..self.dims.len()).rev() {
            let step = |steps: i32| [0, 1].map(|s| self.strides[s][axis] as isize * steps as isize);
            let last = self.dims[axis] - 1;
            let (moved, carry) = if self.index[axis] < last { (step(1), false) } else { (step(-last), true) };
            self.index[axis] = if carry { 0 } else { self.index[axis] + 1 };
            self.offsets = [self.offsets[0] + moved[0], self.offsets[1] + moved[1]];
            if !carry {
                break;
            }
        }
        Some(result)
    }
}

/// An array of 4-byte elements of any type, walked by strides (of either sign) from its element `origin` on.
#[derive(Clone, Copy, Debug)]
pub struct Walk<'a> {
    pub origin: usize,
    pub strides: &'a [i32],
}

/// y[place] = x[place] for every place of `dims`; elements of y that the walk misses are left alone.
pub fn strided_copy(dims: &[i32], from: Walk, x: &[u32], to: Walk, y: &mut [u32]) {
    if dims.contains(&0) {
        return;
    }
    let rank = dims.len();
    // The last axis, and the axis along which x lies in one piece: a plane is copied at a time.
    let inner = rank.checked_sub(1);
    let across = (0..rank.saturating_sub(1)).rev().find(|&axis| from.strides[axis] == 1 && dims[axis] > 1);
    let size = |axis: Option<usize>| axis.map_or(1, |axis| dims[axis] as usize);
    let steps =
        |axis: Option<usize>| axis.map_or([0, 0], |axis| [from.strides[axis], to.strides[axis]].map(|s| s as isize));
    let contiguous = steps(inner) == [1, 1];
    let across = if contiguous { None } else { across };
    let (mut outer, mut outer_from, mut outer_to) = ([1; MAX_RANK], [0; MAX_RANK], [0; MAX_RANK]);
    for axis in (0..rank).filter(|&axis| Some(axis) != inner && Some(axis) != across) {
        (outer[axis], outer_from[axis], outer_to[axis]) = (dims[axis], from.strides[axis], to.strides[axis]);
    }
    let plane = Plane { rows: size(across), cols: size(inner), row: steps(across), col: steps(inner) };
    for [source, target] in Odometer::new(&outer[..rank], [&outer_from[..rank], &outer_to[..rank]]) {
        let (source, target) = (from.origin.wrapping_add_signed(source), to.origin.wrapping_add_signed(target));
        if contiguous {
            y[target..target + plane.cols].copy_from_slice(&x[source..source + plane.cols]);
        } else {
            plane.copy(x, source, y, target);
        }
    }
}

/// Two axes of a copy, with the steps of x and y along each.
struct Plane {
    rows: usize,
    cols: usize,
    row: [isize; 2],
    col: [isize; 2],
}

impl Plane {
    /// In blocks, so that both sides stay in the cache whichever way they lie.
    fn copy(&self, x: &[u32], source: usize, y: &mut [u32], target: usize) {
        const BLOCK: usize = 32;
        for top in (0..self.rows).step_by(BLOCK) {
            for left in (0..self.cols).step_by(BLOCK) {
                let (bottom, right) = (self.rows.min(top + BLOCK), self.cols.min(left + BLOCK));
                self.copy_block([top, bottom], [left, right], x, source, y, target);
            }
        }
    }

    fn copy_block(
        &self,
        [top, bottom]: [usize; 2],
        [left, right]: [usize; 2],
        x: &[u32],
        source: usize,
        y: &mut [u32],
        target: usize,
    ) {
        let place = |start: usize, side: usize, r: usize, c: usize| {
            start.wrapping_add_signed(r as isize * self.row[side] + c as isize * self.col[side])
        };
        // 4 × 4 at once where rows are neighbours in x and columns are neighbours in y.
        let transposed = self.row[0] == 1 && self.col[1] == 1;
        let (whole_rows, whole_cols) =
            if transposed { (bottom - (bottom - top) % 4, right - (right - left) % 4) } else { (top, left) };
        for r in (top..whole_rows).step_by(4) {
            for c in (left..whole_cols).step_by(4) {
                let columns = [0, 1, 2, 3].map(|i| {
                    let from = place(source, 0, r, c + i);
                    load(&x[from..from + 4])
                });
                for (i, row) in F32x4::transpose(columns).into_iter().enumerate() {
                    let to = place(target, 1, r + i, c);
                    store(row, &mut y[to..to + 4]);
                }
            }
        }
        for r in top..bottom {
            let start = if r < whole_rows { whole_cols } else { left };
            for c in start..right {
                y[place(target, 1, r, c)] = x[place(source, 0, r, c)];
            }
        }
    }
}

/// Four elements as lanes, their bits untouched.
fn load(x: &[u32]) -> F32x4 {
    debug_assert!(x.len() == 4);
    // Safety: four elements of 4 bytes.
    unsafe { F32x4::load(x.as_ptr().cast()) }
}

fn store(v: F32x4, y: &mut [u32]) {
    debug_assert!(y.len() == 4);
    // Safety: four elements of 4 bytes.
    unsafe { v.store(y.as_mut_ptr().cast()) }
}
