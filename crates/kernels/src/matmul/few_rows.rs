//! Products of one to three rows, as in predicting one sample: every float of B is used so seldom that packing it
//! would cost more than the product. B is read
//! front to back, as it is stored.

use super::epilogue::Epilogue;
use super::pack::Matrix;
use crate::lanes::{F32x4, LANES};
use crate::streams::{Source, UNROLL, stream, update};
use core::array::from_fn;

/// From this many rows on, packing pays.
pub const LIMIT: usize = 4;
/// Rows of B taken together, so that C is loaded and stored once for all of them.
const DEPTH: usize = 4;

/// `C = epilogue(A B)` for A of a few rows `k` apart; `c` is `[m, n]`.
pub fn multiply(n: usize, k: usize, a: &[f32], b: Matrix, c: &mut [f32], epilogue: Epilogue) {
    for (i, c) in c.chunks_exact_mut(n).enumerate() {
        let a = &a[i * k..][..k];
        if b.transposed {
            dot_rows(a, b, c)
        } else {
            add_rows(a, b, c)
        }
        epilogue.finish_rows(c, n);
    }
}

/// `c = sum over p of a[p] * (row p of B)`.
fn add_rows(a: &[f32], b: Matrix, c: &mut [f32]) {
    c.fill(0.0);
    let (groups, rest) = a.as_chunks::<DEPTH>();
    let n = c.len();
    let row = |p: usize| &b.data[p * b.stride..][..n];
    for (i, a) in groups.iter().enumerate() {
        let (rows, a) = (from_fn(|p| row(i * DEPTH + p)), a.map(F32x4::splat));
        add_together(c, rows, a);
    }
    for (i, &a) in rest.iter().enumerate() {
        update::<1, 1, 2>([c], [row(groups.len() * DEPTH + i)], |[c], [b]| [c + F32x4::splat(a) * b]);
    }
}

/// `c += sum over p of a[p] * rows[p]`.
fn add_together(c: &mut [f32], rows: [&[f32]; DEPTH], a: [F32x4; DEPTH]) {
    let read = |start: *const f32| Source { start, step: 1 };
    let [p, q, r, s] = rows.map(|row| read(row.as_ptr()));
    let place = c.as_mut_ptr();
    // Safety: all are as long as c.
    unsafe {
        stream::<{ DEPTH + 1 }, 1, UNROLL>(c.len(), [read(place), p, q, r, s], [place], |[c, p, q, r, s]| {
            [(c + (a[0] * p + a[1] * q)) + (a[2] * r + a[3] * s)]
        });
    }
}

/// `c[j] = a . (row j of B as it is stored)`.
fn dot_rows(a: &[f32], b: Matrix, c: &mut [f32]) {
    for (j, c) in c.iter_mut().enumerate() {
        *c = dot(a, &b.data[j * b.stride..][..a.len()]);
    }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    const WIDTH: usize = 4 * LANES;
    let mut sums = [F32x4::zero(); 4];
    let whole = a.len() / WIDTH * WIDTH;
    for i in (0..whole).step_by(WIDTH) {
        let (a, b) = (&a[i..i + WIDTH], &b[i..i + WIDTH]);
        for (v, sum) in sums.iter_mut().enumerate() {
            // Safety: both were sliced to 4 vectors.
            *sum =
                unsafe { F32x4::load(a.as_ptr().add(v * LANES)).mul_add(F32x4::load(b.as_ptr().add(v * LANES)), *sum) };
        }
    }
    let tail = a[whole..].iter().zip(&b[whole..]).fold(0.0, |sum, (a, b)| sum + a * b);
    ((sums[0] + sums[1]) + (sums[2] + sums[3])).sum() + tail
}
