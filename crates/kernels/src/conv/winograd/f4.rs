//! F(4, 3): 4 outputs from 6 inputs by 6 products, where the direct algorithm takes 12.
//!
//! The polynomials are evaluated at 0, +-1/sqrt2, +-sqrt2 and infinity. With the usual +-1, +-2 the float32 error is
//! some six times larger; with these it is twice that of the direct algorithm.

use super::tile::{Tile, both_axes, filter_matrix, scale};
use crate::lanes::F32x4;
use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

pub const OUT: usize = 4;
pub const SIZE: usize = 6;

pub static F4: Tile = Tile {
    out: OUT,
    size: SIZE,
    g: &filter_matrix::<5, SIZE>([0.0, FRAC_1_SQRT_2, -FRAC_1_SQRT_2, SQRT_2, -SQRT_2]),
    input: |row, x, of_x, v, of_v| both_axes::<SIZE, SIZE, false>(input, row, x, of_x, v, of_v),
    input_adjoint: |row, v, of_v, x, of_x| both_axes::<SIZE, SIZE, true>(input_adjoint, row, v, of_v, x, of_x),
    output: |row, m, of_m, y, of_y| both_axes::<SIZE, OUT, false>(output, row, m, of_m, y, of_y),
    output_adjoint: |row, y, of_y, m, of_m| both_axes::<OUT, SIZE, false>(output_adjoint, row, y, of_y, m, of_m),
};

#[inline(always)]
fn twice(x: F32x4) -> F32x4 {
    x + x
}

#[inline(always)]
fn half(x: F32x4) -> F32x4 {
    scale(x, 0.5)
}

/// `B^T d`.
#[inline(always)]
fn input(d: [F32x4; SIZE]) -> [F32x4; SIZE] {
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

/// `B m`.
#[inline(always)]
fn input_adjoint(m: [F32x4; SIZE]) -> [F32x4; SIZE] {
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

/// `A^T m`.
#[inline(always)]
fn output(m: [F32x4; SIZE]) -> [F32x4; OUT] {
    let (sum, difference) = (m[1] + m[2], scale(m[1] - m[2], FRAC_1_SQRT_2));
    let (sum_2, difference_2) = (m[3] + m[4], scale(m[3] - m[4], SQRT_2));
    [
        m[0] + (sum + sum_2),
        difference + difference_2,
        half(sum) + twice(sum_2),
        half(difference) + twice(difference_2) + m[5],
    ]
}

/// `A y`.
#[inline(always)]
fn output_adjoint(y: [F32x4; OUT]) -> [F32x4; SIZE] {
    let (even, odd) = (y[0] + half(y[2]), scale(y[1] + half(y[3]), FRAC_1_SQRT_2));
    let (even_2, odd_2) = (y[0] + twice(y[2]), scale(y[1] + twice(y[3]), SQRT_2));
    [y[0], even + odd, even - odd, even_2 + odd_2, even_2 - odd_2, y[3]]
}
