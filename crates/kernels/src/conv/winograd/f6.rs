//! F(6, 3): 6 outputs from 8 inputs by 8 products, where the direct algorithm takes 18.
//!
//! The polynomials are evaluated at 0, +-1, +-2, +-1/2 and infinity, as in NNPACK: their coefficients are exact in
//! float32, and pairs p, -p and p, 1/p share most of their terms. The error is some seven times that of F(4, 3).

use super::tile::{Tile, both_axes};
use crate::lanes::{F32x4, constants};

pub const OUT: usize = 6;
pub const SIZE: usize = 8;

pub static F6: Tile = Tile {
    out: OUT,
    size: SIZE,
    filter: |row, w, of_w, u, of_u| both_axes::<3, SIZE, false>(filter(), row, w, of_w, u, of_u),
    filter_adjoint: |row, u, of_u, w, of_w| both_axes::<SIZE, 3, false>(filter_adjoint(), row, u, of_u, w, of_w),
    input: |row, x, of_x, v, of_v| both_axes::<SIZE, SIZE, false>(input(), row, x, of_x, v, of_v),
    input_adjoint: |row, v, of_v, x, of_x| both_axes::<SIZE, SIZE, true>(input_adjoint(), row, v, of_v, x, of_x),
    output: |row, m, of_m, y, of_y| both_axes::<SIZE, OUT, false>(output(), row, m, of_m, y, of_y),
    output_adjoint: |row, y, of_y, m, of_m| both_axes::<OUT, SIZE, false>(output_adjoint(), row, y, of_y, m, of_m),
};

/// `x + factor * y`.
#[inline(always)]
fn add(x: F32x4, factor: F32x4, y: F32x4) -> F32x4 {
    x + y * factor
}

/// The factors of the filters: 2/9 of the points +-1; 1/90, 2/90 and 4/90 of +-2; 32/45, 16/45 and 8/45 of +-1/2.
static FILTER_FACTORS: [f32; 7] = [2.0 / 9.0, 1.0 / 90.0, 1.0 / 45.0, 2.0 / 45.0, 32.0 / 45.0, 16.0 / 45.0, 8.0 / 45.0];

/// `G w`: row p of G is `[1, p, p^2]` by the product of p's differences from the other finite points.
#[inline(always)]
fn filter() -> impl Fn([F32x4; 3]) -> [F32x4; SIZE] {
    let [one, two_0, two_1, two_2, half_0, half_1, half_2] = constants(&FILTER_FACTORS);
    move |w| {
        let (even, odd) = ((w[0] + w[2]) * one, w[1] * one);
        let (even_2, odd_2) = (w[0] * two_0 + w[2] * two_2, w[1] * two_1);
        let (even_half, odd_half) = (w[0] * half_0 + w[2] * half_2, w[1] * half_1);
        [
            -w[0],
            -(even + odd),
            odd - even,
            even_2 + odd_2,
            even_2 - odd_2,
            even_half + odd_half,
            even_half - odd_half,
            w[2],
        ]
    }
}

/// `G^T u`.
#[inline(always)]
fn filter_adjoint() -> impl Fn([F32x4; SIZE]) -> [F32x4; 3] {
    let [one, two_0, two_1, two_2, half_0, half_1, half_2] = constants(&FILTER_FACTORS);
    move |u| {
        let (even, even_2, even_half) = ((u[1] + u[2]) * one, u[3] + u[4], u[5] + u[6]);
        let (odd, odd_2, odd_half) = ((u[1] - u[2]) * one, u[3] - u[4], u[5] - u[6]);
        [
            (even_2 * two_0 + even_half * half_0) - (u[0] + even),
            odd_2 * two_1 + odd_half * half_1 - odd,
            (even_2 * two_2 + even_half * half_2) + (u[7] - even),
        ]
    }
}

/// `B^T d`.
#[inline(always)]
fn input() -> impl Fn([F32x4; SIZE]) -> [F32x4; SIZE] {
    let [two, four, five, half, quarter] = constants(&[2.0, 4.0, 5.0, 0.5, 0.25]);
    let [five_quarters, seventeen_quarters, twenty_one_quarters] = constants(&[1.25, 4.25, 5.25]);
    // The points +-1, +-2 and +-1/2: x^2 = p^2 is divided out of (x^2 - 1) (x^2 - 4) (x^2 - 1/4).
    move |d| {
        let even = d[6] + d[2] - d[4] * seventeen_quarters;
        let odd = d[5] + d[1] - d[3] * seventeen_quarters;
        let even_2 = add(d[6] - d[4] * five_quarters, quarter, d[2]);
        let odd_2 = add(d[5] - d[3] * five_quarters, quarter, d[1]) * two;
        let even_half = add(d[6] - d[4] * five, four, d[2]);
        let odd_half = add(d[5] - d[3] * five, four, d[1]) * half;
        [
            add(d[6] - d[0], twenty_one_quarters, d[2] - d[4]),
            even + odd,
            even - odd,
            even_2 + odd_2,
            even_2 - odd_2,
            even_half + odd_half,
            even_half - odd_half,
            add(d[7] - d[1], twenty_one_quarters, d[3] - d[5]),
        ]
    }
}

/// Sums and differences of the products of p and -p: at 1, 2 and 1/2, the differences times p.
#[inline(always)]
fn pairs(m: [F32x4; SIZE], half: F32x4) -> ([F32x4; 3], [F32x4; 3]) {
    let sums = [m[1] + m[2], m[3] + m[4], m[5] + m[6]];
    let twice = m[3] - m[4];
    (sums, [m[1] - m[2], twice + twice, (m[5] - m[6]) * half])
}

/// `B m`.
#[inline(always)]
fn input_adjoint() -> impl Fn([F32x4; SIZE]) -> [F32x4; SIZE] {
    let [four, five, half, quarter] = constants(&[4.0, 5.0, 0.5, 0.25]);
    let [five_quarters, seventeen_quarters, twenty_one_quarters] = constants(&[1.25, 4.25, 5.25]);
    move |m| {
        let ([even, even_2, even_half], [odd, odd_2, odd_half]) = pairs(m, half);
        let (first, last) = (m[0] * twenty_one_quarters, m[7] * twenty_one_quarters);
        [
            -m[0],
            add(add(odd - m[7], quarter, odd_2), four, odd_half),
            add(add(first + even, quarter, even_2), four, even_half),
            last - odd * seventeen_quarters - add(odd_2 * five_quarters, five, odd_half),
            -(add(first, seventeen_quarters, even) + add(even_2 * five_quarters, five, even_half)),
            (odd + (odd_2 + odd_half)) - last,
            (m[0] + even) + (even_2 + even_half),
            m[7],
        ]
    }
}

/// `A^T m`.
#[inline(always)]
fn output() -> impl Fn([F32x4; SIZE]) -> [F32x4; OUT] {
    let [four, sixteen, half, quarter, sixteenth] = constants(&[4.0, 16.0, 0.5, 0.25, 0.0625]);
    move |m| {
        let ([even, even_2, even_half], [odd, odd_2, odd_half]) = pairs(m, half);
        [
            (m[0] + even) + (even_2 + even_half),
            odd + (odd_2 + odd_half),
            even + add(even_half * quarter, four, even_2),
            odd + add(odd_half * quarter, four, odd_2),
            even + add(even_half * sixteenth, sixteen, even_2),
            (odd + m[7]) + add(odd_half * sixteenth, sixteen, odd_2),
        ]
    }
}

/// `A y`.
#[inline(always)]
fn output_adjoint() -> impl Fn([F32x4; OUT]) -> [F32x4; SIZE] {
    let [two, four, sixteen, half, quarter, sixteenth] = constants(&[2.0, 4.0, 16.0, 0.5, 0.25, 0.0625]);
    move |y| {
        // The polynomial of y at p^2: its even part, and its odd part times p.
        let at = |square: F32x4, fourth: F32x4, point: F32x4| {
            let even = add(add(y[0], square, y[2]), fourth, y[4]);
            (even, add(add(y[1], square, y[3]), fourth, y[5]) * point)
        };
        let (even, odd) = ((y[0] + y[2]) + y[4], (y[1] + y[3]) + y[5]);
        let ((even_2, odd_2), (even_half, odd_half)) = (at(four, sixteen, two), at(quarter, sixteenth, half));
        [y[0], even + odd, even - odd, even_2 + odd_2, even_2 - odd_2, even_half + odd_half, even_half - odd_half, y[5]]
    }
}
