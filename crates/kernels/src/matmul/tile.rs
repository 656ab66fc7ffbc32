//! The micro-kernel: a small tile of C in registers, one rank-1 update a step.
//!
//! A step loads the vectors of a row of B and multiplies them by one float of A for each row of the tile, spread over
//! a vector. 8 accumulators with the operands of a step fill the 15 registers that engines leave a kernel on x86-64.
//! Larger tiles spill; smaller ones wait for loads. The loop is not unrolled: 8 independent sums already hide the
//! latency of an addition, and unrolled loops spill too (59 % of the peak instead of 106 %).
//!
//! Two shapes have 8 accumulators. 2 x 16 takes fewer instructions a step, which processors that start 6 of them a
//! cycle feel (Zen 4: 94 % of the peak against 87 %; others: alike): products take it. 4 x 8 wants multiples of 8
//! columns only: convolutions take it.

use crate::lanes::{F32x4, LANES};

/// Rows of a tile of a product.
pub const MR: usize = 2;
/// Columns of a tile of a product.
pub const NR: usize = 16;
/// Rows of a tile of a convolution.
pub const CONV_MR: usize = 4;
/// Columns of a tile of a convolution.
pub const CONV_NR: usize = 8;
/// Depth of a block: a panel of B (KC x NR, 16 KB) and the rows of A beside it stay in L1.
pub const KC: usize = 256;
/// Rows of a block of A (MC x KC, 128 KB): stays in L2.
pub const MC: usize = 128;
/// Columns of a block of B (KC x NC, 512 KB): bounds the workspace.
pub const NC: usize = 512;

/// A tile of sums of `M` rows and `V` vectors: `tile[row][vector]`.
pub type Tile<const M: usize, const V: usize> = [[F32x4; V]; M];

#[inline(always)]
pub fn zero_tile<const M: usize, const V: usize>() -> Tile<M, V> {
    [[F32x4::zero(); V]; M]
}

/// # Safety
/// `V` vectors are readable at `b`.
#[inline(always)]
unsafe fn load_row<const V: usize>(b: *const f32) -> [F32x4; V] {
    // Safety: the caller's promise.
    core::array::from_fn(|v| unsafe { F32x4::load(b.add(v * LANES)) })
}

#[inline(always)]
fn add_products<const V: usize>(sums: &mut [F32x4; V], a: F32x4, b: &[F32x4; V]) {
    for (sum, &b) in sums.iter_mut().zip(b) {
        *sum = a.mul_add(b, *sum);
    }
}

/// `tile[r][j] += sum over i < k of rows[r][i] * b[i][j]`: A by rows in place, B packed.
///
/// # Safety
/// Each row is readable for `k` floats, `b` for `k` rows of `V` vectors.
#[inline(always)]
pub unsafe fn multiply_rows<const M: usize, const V: usize>(
    mut tile: Tile<M, V>,
    k: usize,
    mut rows: [*const f32; M],
    mut b: *const f32,
) -> Tile<M, V> {
    for _ in 0..k {
        // Safety: k steps of one float a row and of one row of b.
        unsafe {
            let columns = load_row(b);
            for (sums, row) in tile.iter_mut().zip(&mut rows) {
                add_products(sums, F32x4::load_splat(*row), &columns);
                *row = row.add(1);
            }
            b = b.add(V * LANES);
        }
    }
    tile
}

/// `tile[r][j] += sum over i < k of a[i * a_stride + r] * b[i * b_stride + j]`: both along the depth.
///
/// # Safety
/// `a` is readable for `k` groups of `M` floats `a_stride` apart, `b` for as many of `V` vectors, `b_stride` apart.
#[inline(always)]
pub unsafe fn multiply_columns<const M: usize, const V: usize>(
    mut tile: Tile<M, V>,
    k: usize,
    mut a: *const f32,
    a_stride: usize,
    mut b: *const f32,
    b_stride: usize,
) -> Tile<M, V> {
    for _ in 0..k {
        // Safety: one group of each a step; the pointers may end behind the last.
        unsafe {
            let columns = load_row(b);
            for (r, sums) in tile.iter_mut().enumerate() {
                add_products(sums, F32x4::load_splat(a.add(r)), &columns);
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
/// `a` is readable for `k * M` floats, `b` for `k` rows of `V` vectors.
#[inline(always)]
pub unsafe fn multiply_dense_rows<const M: usize, const V: usize>(
    k: usize,
    mut a: *const f32,
    mut b: *const f32,
) -> Tile<M, V> {
    let mut tile = zero_tile();
    for _ in 0..k {
        // Safety: k steps of one float a row and of one row of b.
        unsafe {
            let columns = load_row(b);
            for (r, sums) in tile.iter_mut().enumerate() {
                add_products(sums, F32x4::load_splat(a.add(r * k)), &columns);
            }
            a = a.add(1);
            b = b.add(V * LANES);
        }
    }
    tile
}
