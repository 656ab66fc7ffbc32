//! Products of one to three rows, as in predicting one sample: every float of B is used so seldom that packing it
//! would cost more than the product. B is read
//! front to back, as it is stored.

use super::epilogue::Epilogue;
use super::pack::Matrix;
use crate::lanes::{F32x4, LANES};

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
    let n = c.len();
    c.fill(0.0);
    let groups = a.len() / DEPTH * DEPTH;
    for p in (0..groups).step_by(DEPTH) {
        let a: [f32; DEPTH] = core::array::from_fn(|i| a[p + i]);
        let rows: [&[f32]; DEPTH] = core::array::from_fn(|i| &b.data[(p + i) * b.stride..][..n]);
        for j in 0..n {
            c[j] = (c[j] + (a[0] * rows[0][j] + a[1] * rows[1][j])) + (a[2] * rows[2][j] + a[3] * rows[3][j]);
        }
    }
    for (p, &a) in a.iter().enumerate().skip(groups) {
        let row = &b.data[p * b.stride..][..n];
        c.iter_mut().zip(row).for_each(|(c, b)| *c += a * b);
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
