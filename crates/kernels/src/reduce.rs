//! Reductions over the middle axis of [outer, axis, inner].

use crate::columns::{ColumnSums, Tile};
use crate::math::{maximum, minimum};
use crate::parallel::{LEAST, Task, merged, partials, share};
use crate::streams::{extreme, sum, update};

/// What to reduce to; the numbers are those of the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Reduce {
    Sum = 0,
    Mean = 1,
    Max = 2,
    Min = 3,
}

impl Reduce {
    pub const ALL: [Self; 4] = [Self::Sum, Self::Mean, Self::Max, Self::Min];

    /// The inverse of `as u32`.
    pub fn from_code(code: u32) -> Self {
        Self::ALL[code as usize]
    }
}

/// y = Σx, Σx/axis, max x or min x over the axis; x [outer, axis, inner] -> y [outer, inner].
/// Sums are float32 in blocks, merged in float64. NaN propagates. Over nothing: 0, NaN, -infinity, infinity.
pub fn reduce(op: Reduce, shape @ [outer, axis, inner]: [usize; 3], x: &[f32], y: &mut [f32]) {
    debug_assert!(x.len() == outer * axis * inner && y.len() == outer * inner);
    match op {
        Reduce::Sum => sums(shape, 1.0, x, y),
        Reduce::Mean => sums(shape, axis as f64, x, y),
        Reduce::Max => extremes(shape, false, x, y),
        Reduce::Min => extremes(shape, true, x, y),
    }
}

/// Each slab [axis, inner] of x with its row [inner] of y.
fn slabs<'a, T>(
    [_, axis, inner]: [usize; 3],
    x: &'a [f32],
    y: &'a mut [T],
) -> impl Iterator<Item = (&'a [f32], &'a mut [T])> {
    let size = axis * inner;
    y.chunks_exact_mut(inner.max(1)).enumerate().map(move |(i, y)| (&x[i * size..(i + 1) * size], y))
}

fn sums(shape @ [_, axis, inner]: [usize; 3], divisor: f64, x: &[f32], y: &mut [f32]) {
    for (x, y) in slabs(shape, x, y) {
        if inner == 1 {
            let count = partials(axis, LEAST);
            let part = |task: Task| sum([&x[share(task.index, count, axis)]], |[x]| [x])[0];
            let total = merged(count, part, |total, part| *total += part);
            y[0] = (total / divisor) as f32;
            continue;
        }
        for tile in Tile::of(axis, inner, 1) {
            let count = partials(tile.rows, LEAST.div_ceil(tile.width));
            let part = |task: Task| {
                let mut columns = ColumnSums::<1>::new();
                columns.add(&tile.share(task.index, count), [x], [], |[x], []| [x]);
                columns.totals[0]
            };
            let totals = merged(count, part, |totals, part| totals.iter_mut().zip(part).for_each(|(t, p)| *t += p));
            let totals = tile.gather(&totals, 1);
            for (y, &total) in y[tile.first..].iter_mut().zip(&totals[..tile.columns]) {
                *y = (total / divisor) as f32;
            }
        }
    }
}

fn extremes(shape @ [_, _, inner]: [usize; 3], min: bool, x: &[f32], y: &mut [f32]) {
    for (x, y) in slabs(shape, x, y) {
        if inner == 1 {
            y[0] = extreme(x, min);
            continue;
        }
        y.fill(extreme(&[], min));
        for row in x.chunks_exact(inner) {
            if min {
                update::<1, 1, 2>([&mut *y], [row], |[y], [x]| [minimum(y, x)]);
            } else {
                update::<1, 1, 2>([&mut *y], [row], |[y], [x]| [maximum(y, x)]);
            }
        }
    }
}

/// y = the index of the largest along the axis, the first of equal ones; NaN is larger than all, as in NumPy.
/// x [outer, axis, inner] -> y [outer, inner]; axis > 0.
pub fn arg_max(shape @ [outer, axis, inner]: [usize; 3], x: &[f32], y: &mut [i32]) {
    debug_assert!(axis > 0 && x.len() == outer * axis * inner && y.len() == outer * inner);
    for (x, y) in slabs(shape, x, y) {
        for (j, y) in y.iter_mut().enumerate() {
            let (mut best, mut index) = (x[j], 0);
            for (i, &value) in x[j..].iter().step_by(inner).enumerate() {
                if value > best || (value.is_nan() && !best.is_nan()) {
                    (best, index) = (value, i);
                }
            }
            *y = index as i32;
        }
    }
}
