//! The micro-kernel: a 4 x 8 tile of C in registers, one rank-1 update a step.
//!
//! A step loads 8 floats of B (two vectors) and multiplies them by 4 floats of A, each spread over a vector:
//! 8 accumulators, 2 vectors of B, one of A and one product are 12 of the 15 registers that engines leave a
//! kernel on x86-64. Larger tiles spill; smaller ones wait for loads. The loop is not unrolled: 8 independent
//! sums already hide the latency of an addition.

use crate::lanes::{F32x4, LANES};

/// Rows of a tile.
pub const MR: usize = 4;
/// Columns of a tile.
pub const NR: usize = 8;
/// Depth of a block: a panel of B (KC x NR, 8 KB) and the 4 rows of A beside it stay in L1.
pub const KC: usize = 256;
/// Rows of a block of A (MC x KC, 128 KB): stays in L2.
pub const MC: usize = 128;
/// Columns of a block of B (KC x NC, 512 KB): bounds the workspace.
pub const NC: usize = 512;

/// A tile of sums: `tile[row][vector]`.
pub type Tile = [[F32x4; NR / LANES]; MR];

#[inline(always)]
pub fn zero_tile() -> Tile {
    [[F32x4::zero(); NR / LANES]; MR]
}

/// `tile[r][j] += sum over i < k of rows[r][i] * b[i * NR + j]`: A by rows in place, B packed.
///
/// # Safety
/// Each row is readable for `k` floats, `b` for `k * NR`.
#[inline(always)]
pub unsafe fn multiply_rows(mut tile: Tile, k: usize, mut rows: [*const f32; MR], mut b: *const f32) -> Tile {
    for _ in 0..k {
        // Safety: k steps of one float a row and of NR floats of b.
        unsafe {
            let (b0, b1) = (F32x4::load(b), F32x4::load(b.add(LANES)));
            for (sums, row) in tile.iter_mut().zip(&mut rows) {
                let a = F32x4::load_splat(*row);
                *sums = [a.mul_add(b0, sums[0]), a.mul_add(b1, sums[1])];
                *row = row.add(1);
            }
            b = b.add(NR);
        }
    }
    tile
}

/// `tile[r][j] += sum over i < k of a[i * a_stride + r] * b[i * b_stride + j]`: both along the depth. Packed panels
/// have the strides MR and NR.
///
/// # Safety
/// `a` is readable for `k` groups of MR floats `a_stride` apart, `b` for as many of NR floats, `b_stride` apart.
#[inline(always)]
pub unsafe fn multiply_columns(
    mut tile: Tile,
    k: usize,
    mut a: *const f32,
    a_stride: usize,
    mut b: *const f32,
    b_stride: usize,
) -> Tile {
    for _ in 0..k {
        // Safety: one group of each a step; the pointers may end behind the last.
        unsafe {
            let (b0, b1) = (F32x4::load(b), F32x4::load(b.add(LANES)));
            for (r, sums) in tile.iter_mut().enumerate() {
                let a = F32x4::load_splat(a.add(r));
                *sums = [a.mul_add(b0, sums[0]), a.mul_add(b1, sums[1])];
            }
            a = a.wrapping_add(a_stride);
            b = b.wrapping_add(b_stride);
        }
    }
    tile
}

/// [`multiply_rows`] for rows of `k` floats that follow one another. With a constant `k` the rows are constant offsets
/// from one pointer.
///
/// # Safety
/// `a` is readable for `k * MR` floats, `b` for `k * NR`.
#[inline(always)]
pub unsafe fn multiply_dense_rows(k: usize, mut a: *const f32, mut b: *const f32) -> Tile {
    let mut tile = zero_tile();
    for _ in 0..k {
        // Safety: k steps of one float a row and of NR floats of b.
        unsafe {
            let (b0, b1) = (F32x4::load(b), F32x4::load(b.add(LANES)));
            for (r, sums) in tile.iter_mut().enumerate() {
                let a = F32x4::load_splat(a.add(r * k));
                *sums = [a.mul_add(b0, sums[0]), a.mul_add(b1, sums[1])];
            }
            a = a.add(1);
            b = b.add(NR);
        }
    }
    tile
}
