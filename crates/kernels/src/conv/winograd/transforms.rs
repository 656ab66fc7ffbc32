//! The one-dimensional transforms of Winograd's F(4, 3): 4 outputs of a 3-tap filter from 6 inputs by 6 products, as in
//! Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks" (2015): `y = A^T [(G w) . (B^T d)]`.
//!
//! The polynomials are evaluated at 0, +-1/sqrt2, +-sqrt2 and infinity. With the usual +-1, +-2 the float32 error is
//! some six times larger; with these it is that of the direct algorithm. Gradients use the transposes `B` and `A`.

use crate::lanes::F32x4;
use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

/// Outputs of a tile along one axis.
pub const OUT: usize = 4;
/// Inputs of a tile along one axis, and products.
pub const IN: usize = 6;

/// The finite points p and their weights `1 / product of (p - other points)`: row `weight * [1, p, p^2]` of G.
const POINTS: [(f64, f64); 5] =
    [(0.0, 1.0), (FRAC_1_SQRT_2, -2.0 / 3.0), (-FRAC_1_SQRT_2, -2.0 / 3.0), (SQRT_2, 1.0 / 6.0), (-SQRT_2, 1.0 / 6.0)];

/// `G`: from a filter to its products.
pub const G: [[f64; 3]; IN] = {
    let mut g = [[0.0, 0.0, 1.0]; IN];
    let mut i = 0;
    while i < POINTS.len() {
        let (point, weight) = POINTS[i];
        g[i] = [weight, weight * point, weight * point * point];
        i += 1;
    }
    g
};

#[inline(always)]
fn scale(x: F32x4, factor: f64) -> F32x4 {
    x * F32x4::splat(factor as f32)
}

#[inline(always)]
fn twice(x: F32x4) -> F32x4 {
    x + x
}

#[inline(always)]
fn half(x: F32x4) -> F32x4 {
    scale(x, 0.5)
}

/// `B^T d`: inputs to products.
#[inline(always)]
pub fn input(d: [F32x4; IN]) -> [F32x4; IN] {
    let (even, odd) = (d[4] - twice(d[2]), scale(d[3] - twice(d[1]), FRAC_1_SQRT_2));
    let (even_2, odd_2) = (d[4] - half(d[2]), scale(d[3] - half(d[1]), SQRT_2));
    [
        d[0] - scale(d[2], 2.5) + d[4],
        even + odd,
        even - odd,
        even_2 + odd_2,
        even_2 - odd_2,
        d[1] - scale(d[3], 2.5) + d[5],
    ]
}

/// `B m`, the adjoint of [`input`].
#[inline(always)]
pub fn input_adjoint(m: [F32x4; IN]) -> [F32x4; IN] {
    let (sum, difference) = (m[1] + m[2], scale(m[1] - m[2], FRAC_1_SQRT_2));
    let (sum_2, difference_2) = (m[3] + m[4], scale(m[3] - m[4], SQRT_2));
    [
        m[0],
        m[5] - (twice(difference) + half(difference_2)),
        scale(m[0], -2.5) - (twice(sum) + half(sum_2)),
        difference + difference_2 - scale(m[5], 2.5),
        m[0] + (sum + sum_2),
        m[5],
    ]
}

/// `A y`: outputs' gradients to those of products.
#[inline(always)]
pub fn output_adjoint(y: [F32x4; OUT]) -> [F32x4; IN] {
    let (even, odd) = (y[0] + half(y[2]), scale(y[1] + half(y[3]), FRAC_1_SQRT_2));
    let (even_2, odd_2) = (y[0] + twice(y[2]), scale(y[1] + twice(y[3]), SQRT_2));
    [y[0], even + odd, even - odd, even_2 + odd_2, even_2 - odd_2, y[3]]
}

/// The same transform along the columns and then along the rows of a tile.
#[inline(always)]
pub fn both_axes<const FROM: usize, const TO: usize>(
    transform: impl Fn([F32x4; FROM]) -> [F32x4; TO],
    load: impl Fn(usize, usize) -> F32x4,
    mut store: impl FnMut(usize, usize, F32x4),
) {
    let mut rows = [[F32x4::zero(); FROM]; TO];
    for j in 0..FROM {
        let mut column = [F32x4::zero(); FROM];
        for (i, value) in column.iter_mut().enumerate() {
            *value = load(i, j);
        }
        for (row, value) in rows.iter_mut().zip(transform(column)) {
            row[j] = value;
        }
    }
    for (i, row) in rows.into_iter().enumerate() {
        for (j, value) in transform(row).into_iter().enumerate() {
            store(i, j, value);
        }
    }
}
