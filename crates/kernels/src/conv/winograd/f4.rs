//! F(4, 3): 4 outputs from 6 inputs by 6 products, where the direct algorithm takes 12.
//!
//! The polynomials are evaluated at 0, +-1/sqrt2, +-sqrt2 and infinity. With the usual +-1, +-2 the float32 error is
//! some six times larger; with these it is twice that of the direct algorithm.

use super::tile::{Tile, both_axes};
use crate::lanes::{F32x4, constants};
use core::f32::consts::{FRAC_1_SQRT_2, SQRT_2};

pub const OUT: usize = 4;
pub const SIZE: usize = 6;

pub static F4: Tile = Tile {
    out: OUT,
    size: SIZE,
    filter: |row, w, of_w, u, of_u| both_axes::<3, SIZE, false>(filter(), row, w, of_w, u, of_u),
    filter_adjoint: |row, u, of_u, w, of_w| both_axes::<SIZE, 3, false>(filter_adjoint(), row, u, of_u, w, of_w),
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
static FACTORS: [f32; 4] = [0.5, FRAC_1_SQRT_2, SQRT_2, 2.5];

/// The factors of the filters: 2/3, 1/3, 1/6, and those of the middle tap, sqrt2/3 and sqrt2/6.
static FILTER_FACTORS: [f32; 5] = [2.0 / 3.0, 1.0 / 3.0, 1.0 / 6.0, SQRT_2 / 3.0, SQRT_2 / 6.0];

/// `G w`: row p of G is `[1, p, p^2]` by the product of p's differences from the other finite points.
#[inline(always)]
fn filter() -> impl Fn([F32x4; 3]) -> [F32x4; SIZE] {
    let [two_thirds, third, sixth, odd, odd_2] = constants(&FILTER_FACTORS);
    move |w| {
        let (even, odd) = (w[0] * two_thirds + w[2] * third, w[1] * odd);
        let (even_2, odd_2) = (w[0] * sixth + w[2] * third, w[1] * odd_2);
        [w[0], -(even + odd), odd - even, even_2 + odd_2, even_2 - odd_2, w[2]]
    }
}

/// `G^T u`.
#[inline(always)]
fn filter_adjoint() -> impl Fn([F32x4; SIZE]) -> [F32x4; 3] {
    let [two_thirds, third, sixth, odd, odd_2] = constants(&FILTER_FACTORS);
    move |u| {
        let (sum, sum_2) = (u[1] + u[2], u[3] + u[4]);
        [
            u[0] + (sum_2 * sixth - sum * two_thirds),
            (u[3] - u[4]) * odd_2 - (u[1] - u[2]) * odd,
            u[5] + (sum_2 - sum) * third,
        ]
    }
}

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
