//! Copies between arrays of any strides: what transposing, slicing, padding, joining, broadcasting and reversing are.

use crate::lanes::{F32x4, LANES};
use core::array::from_fn;

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
    debug_assert!(inside(dims, from, x.len()) && inside(dims, to, y.len()));
    for [source, target] in Odometer::new(&outer[..rank], [&outer_from[..rank], &outer_to[..rank]]) {
        let source = x.as_ptr().wrapping_add(from.origin).wrapping_offset(source);
        let target = y.as_mut_ptr().wrapping_add(to.origin).wrapping_offset(target);
        // Safety: both walks stay inside their arrays.
        unsafe {
            if contiguous {
                target.copy_from_nonoverlapping(source, plane.cols);
            } else {
                plane.copy(source, target);
            }
        }
    }
}

/// Whether the walk stays inside an array of `len`.
fn inside(dims: &[i32], walk: Walk, len: usize) -> bool {
    let reaches = || dims.iter().zip(walk.strides).map(|(&dim, &stride)| (dim as isize - 1) * stride as isize);
    let [first, last] = [isize::min, isize::max]
        .map(|bound| walk.origin as isize + reaches().map(|reach| bound(reach, 0)).sum::<isize>());
    first >= 0 && (last as usize) < len
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
    ///
    /// # Safety
    /// All places of the plane, from `source` and `target` on, are inside the arrays, which do not overlap.
    unsafe fn copy(&self, source: *const u32, target: *mut u32) {
        const BLOCK: usize = 32;
        for top in (0..self.rows).step_by(BLOCK) {
            for left in (0..self.cols).step_by(BLOCK) {
                let block = [self.rows.min(top + BLOCK) - top, self.cols.min(left + BLOCK) - left];
                let [from, to] = [0, 1].map(|side| self.offset(side, top, left));
                // Safety: the caller's promise.
                unsafe { self.copy_block(block, source.wrapping_offset(from), target.wrapping_offset(to)) };
            }
        }
    }

    /// From the plane's first place to another one, in x (0) or y (1).
    fn offset(&self, side: usize, row: usize, col: usize) -> isize {
        row as isize * self.row[side] + col as isize * self.col[side]
    }

    /// # Safety
    /// As [`Plane::copy`], for a block of the plane.
    unsafe fn copy_block(&self, [rows, cols]: [usize; 2], source: *const u32, target: *mut u32) {
        // 4 × 4 at once where rows are neighbours in x and columns are neighbours in y.
        let transposed = self.row[0] == 1 && self.col[1] == 1;
        let [whole_rows, whole_cols] = if transposed { [rows, cols].map(|n| n - n % LANES) } else { [0, 0] };
        let place = |r: usize, c: usize| {
            let (from, to) = (self.offset(0, r, c), self.offset(1, r, c));
            (source.wrapping_offset(from), target.wrapping_offset(to))
        };
        // Safety: the caller's promise; elements of 4 bytes are lanes, their bits untouched.
        unsafe {
            for r in (0..whole_rows).step_by(LANES) {
                for c in (0..whole_cols).step_by(LANES) {
                    let columns = from_fn(|i| F32x4::load(place(r, c + i).0.cast()));
                    for (i, row) in F32x4::transpose(columns).into_iter().enumerate() {
                        row.store(place(r + i, c).1.cast());
                    }
                }
            }
            for r in 0..rows {
                for c in if r < whole_rows { whole_cols } else { 0 }..cols {
                    let (from, to) = place(r, c);
                    *to = *from;
                }
            }
        }
    }
}
