//! F(4, 3): 4 outputs from 6 inputs by 6 products, where the direct algorithm takes 12.
//!
//! The polynomials are evaluated at 0, +-1/sqrt2, +-sqrt2 and infinity. With the usual +-1, +-2 the float32 error is
//! some six times larger; with these it is twice that of the direct algorithm.

use super::tile::{Tile, both_axes, filter_matrix};
use crate::lanes::{F32x4, constants};
use core::f64::consts::{FRAC_1_SQRT_2, SQRT_2};

pub const OUT: usize = 4;
pub const SIZE: usize = 6;

pub static F4: Tile = Tile {
    out: OUT,
    size: SIZE,
    g: &filter_matrix::<5, SIZE>([0.0, FRAC_1_SQRT_2, -FRAC_1_SQRT_2, SQRT_2, -SQRT_2]),
    input: |row, x, of_x, v, of_v| both_axes::<SIZE, SIZE, false>(input(), row, x, of_x, v, of_v),
    input_adjoint: |row, v, of_v, x, of_x| both_axes::<SIZE, SIZE, true>(input_adjoint(), row, v, of_v, x, of_x),
    output: |row, m, of_m, y, of_y| both_axes::<SIZE, OUT, false>(output(), row, m, of_m, y, of_y),
    output_adjoint: |row, y, of_y, m, of_m| both_axes::<OUT, SIZE, false>(output_adjoint(), row, y, of_y, m, of_m),
};

#[inline(always)]
fn twice(x: F32x4) -> F32x4 {
    x + x
}

/// The factors of the transforms: 1/2, 1/sqrt2, sqrt2, 5/2.
static FACTORS: [f32; 4] = [0.5, core::f32::consts::FRAC_1_SQRT_2, core::f32::consts::SQRT_2, 2.5];

/// `B^T d`.
#[inline(always)]
fn input() -> impl Fn([F32x4; SIZE]) -> [F32x4; SIZE] {
    let [half, root_half, root, five_halves] = constants(&FACTORS);
    move |d| {
        let (even, odd) = (d[4] - twice(d[2]), (d[3] - twice(d[1])) * root_half);
        let (even_2, odd_2) = (d[4] - d[2] * half, (d[3] - d[1] * half) * root);
        [
            d[0] - d[2] * five_halves + d[4],
            even + odd,
            even - odd,
            even_2 + odd_2,
            even_2 - odd_2,
            d[1] - d[3] * five_halves + d[5],
        ]
    }
}

/// `B m`.
#[inline(always)]
fn input_adjoint() -> impl Fn([F32x4; SIZE]) -> [F32x4; SIZE] {
    let [half, root_half, root, five_halves] = constants(&FACTORS);
    move |m| {
        let (sum, difference) = (m[1] + m[2], (m[1] - m[2]) * root_half);
        let (sum_2, difference_2) = (m[3] + m[4], (m[3] - m[4]) * root);
        [
            m[0],
            m[5] - (twice(difference) + difference_2 * half),
            -(m[0] * five_halves) - (twice(sum) + sum_2 * half),
            difference + difference_2 - m[5] * five_halves,
            m[0] + (sum + sum_2),
            m[5],
        ]
    }
}

/// `A^T m`.
#[inline(always)]
fn output() -> impl Fn([F32x4; SIZE]) -> [F32x4; OUT] {
    let [half, root_half, root, _] = constants(&FACTORS);
    move |m| {
        let (sum, difference) = (m[1] + m[2], (m[1] - m[2]) * root_half);
        let (sum_2, difference_2) = (m[3] + m[4], (m[3] - m[4]) * root);
        [
            m[0] + (sum + sum_2),
            difference + difference_2,
            sum * half + twice(sum_2),
            difference * half + twice(difference_2) + m[5],
        ]
    }
}

/// `A y`.
#[inline(always)]
fn output_adjoint() -> impl Fn([F32x4; OUT]) -> [F32x4; SIZE] {
    let [half, root_half, root, _] = constants(&FACTORS);
    move |y| {
        let (even, odd) = (y[0] + y[2] * half, (y[1] + y[3] * half) * root_half);
        let (even_2, odd_2) = (y[0] + twice(y[2]), (y[1] + twice(y[3])) * root);
        [y[0], even + odd, even - odd, even_2 + odd_2, even_2 - odd_2, y[3]]
    }
}
