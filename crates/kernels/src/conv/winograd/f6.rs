//! F(6, 3): 6 outputs from 8 inputs by 8 products, where the direct algorithm takes 18.
//!
//! The polynomials are evaluated at 0, +-1, +-2, +-1/2 and infinity, as in NNPACK: their coefficients are exact in
//! float32, and pairs p, -p and p, 1/p share most of their terms. The error is some seven times that of F(4, 3).

use super::tile::{Tile, both_axes, filter_matrix, scale};
use crate::lanes::F32x4;

pub const OUT: usize = 6;
pub const SIZE: usize = 8;

pub static F6: Tile = Tile {
    out: OUT,
    size: SIZE,
    g: &filter_matrix::<7, SIZE>([0.0, 1.0, -1.0, 2.0, -2.0, 0.5, -0.5]),
    input: |row, x, of_x, v, of_v| both_axes::<SIZE, SIZE, false>(input, row, x, of_x, v, of_v),
    input_adjoint: |row, v, of_v, x, of_x| both_axes::<SIZE, SIZE, true>(input_adjoint, row, v, of_v, x, of_x),
    output: |row, m, of_m, y, of_y| both_axes::<SIZE, OUT, false>(output, row, m, of_m, y, of_y),
    output_adjoint: |row, y, of_y, m, of_m| both_axes::<OUT, SIZE, false>(output_adjoint, row, y, of_y, m, of_m),
};

/// `x + factor * y`.
#[inline(always)]
fn add(x: F32x4, factor: f64, y: F32x4) -> F32x4 {
    x + scale(y, factor)
}

/// `B^T d`.
#[inline(always)]
fn input(d: [F32x4; SIZE]) -> [F32x4; SIZE] {
    // The points +-1, +-2 and +-1/2: x^2 = p^2 is divided out of (x^2 - 1) (x^2 - 4) (x^2 - 1/4).
    let (even, odd) = (add(d[6] + d[2], -4.25, d[4]), add(d[5] + d[1], -4.25, d[3]));
    let even_2 = add(add(d[6], -1.25, d[4]), 0.25, d[2]);
    let odd_2 = scale(add(add(d[5], -1.25, d[3]), 0.25, d[1]), 2.0);
    let even_half = add(add(d[6], -5.0, d[4]), 4.0, d[2]);
    let odd_half = scale(add(add(d[5], -5.0, d[3]), 4.0, d[1]), 0.5);
    [
        add(d[6] - d[0], 5.25, d[2] - d[4]),
        even + odd,
        even - odd,
        even_2 + odd_2,
        even_2 - odd_2,
        even_half + odd_half,
        even_half - odd_half,
        add(d[7] - d[1], 5.25, d[3] - d[5]),
    ]
}

/// Sums and differences of the products of p and -p: at 1, 2 and 1/2, the differences times p.
#[inline(always)]
fn pairs(m: [F32x4; SIZE]) -> ([F32x4; 3], [F32x4; 3]) {
    let sums = [m[1] + m[2], m[3] + m[4], m[5] + m[6]];
    (sums, [m[1] - m[2], scale(m[3] - m[4], 2.0), scale(m[5] - m[6], 0.5)])
}

/// `B m`.
#[inline(always)]
fn input_adjoint(m: [F32x4; SIZE]) -> [F32x4; SIZE] {
    let ([even, even_2, even_half], [odd, odd_2, odd_half]) = pairs(m);
    let (first, last) = (scale(m[0], 5.25), scale(m[7], 5.25));
    [
        -m[0],
        add(add(odd - m[7], 0.25, odd_2), 4.0, odd_half),
        add(add(first + even, 0.25, even_2), 4.0, even_half),
        add(last, -4.25, odd) - add(scale(odd_2, 1.25), 5.0, odd_half),
        -(add(first, 4.25, even) + add(scale(even_2, 1.25), 5.0, even_half)),
        (odd + (odd_2 + odd_half)) - last,
        (m[0] + even) + (even_2 + even_half),
        m[7],
    ]
}

/// `A^T m`.
#[inline(always)]
fn output(m: [F32x4; SIZE]) -> [F32x4; OUT] {
    let ([even, even_2, even_half], [odd, odd_2, odd_half]) = pairs(m);
    [
        (m[0] + even) + (even_2 + even_half),
        odd + (odd_2 + odd_half),
        even + add(scale(even_half, 0.25), 4.0, even_2),
        odd + add(scale(odd_half, 0.25), 4.0, odd_2),
        even + add(scale(even_half, 0.0625), 16.0, even_2),
        (odd + m[7]) + add(scale(odd_half, 0.0625), 16.0, odd_2),
    ]
}

/// `A y`.
#[inline(always)]
fn output_adjoint(y: [F32x4; OUT]) -> [F32x4; SIZE] {
    // The polynomial of y at p^2: its even part, and its odd part times p.
    let at = |square: f64, point: f64| {
        let even = add(add(y[0], square, y[2]), square * square, y[4]);
        (even, scale(add(add(y[1], square, y[3]), square * square, y[5]), point))
    };
    let (even, odd) = ((y[0] + y[2]) + y[4], (y[1] + y[3]) + y[5]);
    let ((even_2, odd_2), (even_half, odd_half)) = (at(4.0, 2.0), at(0.25, 0.5));
    [y[0], even + odd, even - odd, even_2 + odd_2, even_2 - odd_2, even_half + odd_half, even_half - odd_half, y[5]]
}
