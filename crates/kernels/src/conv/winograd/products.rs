//! The matrix products in the transformed domain, one for each place in a tile. Each is small enough for the caches
//! whole, so there are no blocks: only the micro-kernel.

use crate::lanes::{F32x4, LANES};
use crate::matmul::tile::{CONV_MR, CONV_NR, Tile, multiply_columns, multiply_dense_rows};
use crate::workspace::LINE;

/// Matrices `[tiles, channels]`, one for each product, in one buffer. A cache line lies between them: planes a power of
/// two apart would meet in the same sets of L1.
#[derive(Clone, Copy)]
pub struct Planes {
    pub count: usize,
    pub channels: usize,
    pub stride: usize,
}

impl Planes {
    /// Planes for up to `tiles` tiles, filled up to whole tiles of the micro-kernel.
    pub fn new(count: usize, tiles: usize, channels: usize) -> Self {
        Self { count, channels, stride: tiles.next_multiple_of(CONV_MR) * channels + LINE }
    }

    pub fn len(&self) -> usize {
        self.count * self.stride
    }
}

/// `to = from U` in every plane; U packed by [`super::weights`]. Rows beyond `tiles` are computed from what is there.
pub fn multiply(tiles: usize, from: Planes, a: &[f32], u: &[f32], to: Planes, c: &mut [f32]) {
    let rows = tiles.next_multiple_of(CONV_MR);
    let (depth, columns) = (from.channels, to.channels);
    debug_assert!(columns.is_multiple_of(CONV_NR));
    debug_assert!(rows * depth <= from.stride && rows * columns <= to.stride);
    for product in 0..from.count {
        let a = &a[product * from.stride..][..rows * depth];
        let u = &u[product * depth * columns..][..depth * columns];
        let c = &mut c[product * to.stride..][..rows * columns];
        // A constant depth lets the compiler address the rows of A from one pointer.
        match depth {
            16 => multiply_plane(rows, 16, columns, a, u, c),
            32 => multiply_plane(rows, 32, columns, a, u, c),
            64 => multiply_plane(rows, 64, columns, a, u, c),
            128 => multiply_plane(rows, 128, columns, a, u, c),
            _ => multiply_plane(rows, depth, columns, a, u, c),
        }
    }
}

#[inline(always)]
fn multiply_plane(rows: usize, depth: usize, columns: usize, a: &[f32], u: &[f32], c: &mut [f32]) {
    for column in (0..columns).step_by(CONV_NR) {
        for row in (0..rows).step_by(CONV_MR) {
            // Safety: rows and columns are whole tiles, and the slices were cut to them.
            unsafe {
                let tile = multiply_dense_rows(depth, a.as_ptr().add(row * depth), u.as_ptr().add(column * depth));
                store(&tile, c.as_mut_ptr().add(row * columns + column), columns);
            }
        }
    }
}

/// # Safety
/// CONV_MR rows of CONV_NR floats, `stride` apart, are writable at `c`.
#[inline(always)]
unsafe fn store(tile: &Tile<CONV_MR, { CONV_NR / LANES }>, c: *mut f32, stride: usize) {
    for (r, row) in tile.iter().enumerate() {
        for (v, sums) in row.iter().enumerate() {
            // Safety: the caller's promise.
            unsafe { sums.store(c.add(r * stride + v * LANES)) }
        }
    }
}

/// Where (channel, filter) is in a plane of dU: blocks of 4 x 8 in the order in which [`accumulate`] visits them, so
/// that it reads and writes one stream.
pub fn block_index(filters: usize, channel: usize, filter: usize) -> usize {
    channel / CONV_MR * CONV_MR * filters
        + filter / CONV_NR * CONV_MR * CONV_NR
        + channel % CONV_MR * CONV_NR
        + filter % CONV_NR
}

/// `du += v^T dm` in every plane.
pub fn accumulate(tiles: usize, of_v: Planes, v: &[f32], of_dm: Planes, dm: &[f32], du: &mut [f32]) {
    let (channels, filters) = (of_v.channels, of_dm.channels);
    debug_assert!(channels.is_multiple_of(CONV_MR) && filters.is_multiple_of(CONV_NR));
    for (product, du) in du.chunks_exact_mut(channels * filters).take(of_v.count).enumerate() {
        let v = &v[product * of_v.stride..][..tiles * channels];
        let dm = &dm[product * of_dm.stride..][..tiles * filters];
        let mut blocks = du.chunks_exact_mut(CONV_MR * CONV_NR);
        for channel in (0..channels).step_by(CONV_MR) {
            for (filter, block) in (0..filters).step_by(CONV_NR).zip(&mut blocks) {
                // Safety: the planes were cut to `tiles` rows, a block has CONV_MR x CONV_NR floats.
                unsafe {
                    let (v, dm) = (v.as_ptr().add(channel), dm.as_ptr().add(filter));
                    let tile = multiply_columns(load(block.as_ptr()), tiles, v, channels, dm, filters);
                    store(&tile, block.as_mut_ptr(), CONV_NR);
                }
            }
        }
    }
}

/// # Safety
/// A block of CONV_MR x CONV_NR floats is readable at `c`.
#[inline(always)]
unsafe fn load(c: *const f32) -> Tile<CONV_MR, { CONV_NR / LANES }> {
    // Safety: the caller's promise.
    core::array::from_fn(|r| core::array::from_fn(|v| unsafe { F32x4::load(c.add(r * CONV_NR + v * LANES)) }))
}
