//! Filters to products and back, in float64: `U = G w G^T`, and for the gradient `dw = G^T dU G`.

use super::products::block_index;
use super::tile::Tile;
use crate::conv::geometry::Conv2d;
use crate::lanes::{F32x4, F64x2, LANES};
use crate::matmul::tile::CONV_NR;

/// Four filters of one channel.
type Quad = [F64x2; 2];

fn zero() -> Quad {
    [F64x2::zero(); 2]
}

/// The largest tile's size.
const MOST: usize = 8;

#[inline(always)]
fn add_scaled(sum: &mut Quad, factor: f64, x: Quad) {
    for (sum, x) in sum.iter_mut().zip(x) {
        *sum = x.mul_add(F64x2::splat(factor), *sum);
    }
}

fn load(from: &[f32], at: usize) -> Quad {
    // Safety: sliced to 4 floats.
    unsafe { F32x4::load(from[at..][..LANES].as_ptr()) }.to_f64()
}

/// Floats of the filters' products.
pub fn len(tile: &Tile, g: &Conv2d) -> usize {
    tile.products() * g.channels * g.filters
}

/// Calls `each(channel, filter, product, values)` with every product of 4 filters from `filter` on.
fn transform(tile: &Tile, g: &Conv2d, w: &[f32], mut each: impl FnMut(usize, usize, usize, F32x4)) {
    for channel in 0..g.channels {
        for filter in (0..g.filters).step_by(LANES) {
            let mut columns = [[zero(); 3]; MOST];
            for (p, q) in (0..3).flat_map(|p| (0..3).map(move |q| (p, q))) {
                let tap = load(w, ((p * 3 + q) * g.channels + channel) * g.filters + filter);
                for (column, g) in columns.iter_mut().zip(tile.g) {
                    add_scaled(&mut column[q], g[p], tap);
                }
            }
            for (i, column) in columns.iter().take(tile.size).enumerate() {
                for (j, g) in tile.g.iter().enumerate() {
                    let mut sum = zero();
                    (0..3).for_each(|q| add_scaled(&mut sum, g[q], column[q]));
                    each(channel, filter, i * tile.size + j, F32x4::from_f64(sum));
                }
            }
        }
    }
}

/// U as right-hand sides `[channels, filters]`, packed in panels of filters.
pub fn pack(tile: &Tile, g: &Conv2d, w: &[f32], packed: &mut [f32]) {
    let (size, depth) = (g.channels * g.filters, g.channels);
    transform(tile, g, w, |channel, filter, product, values| {
        let at = product * size + (filter / CONV_NR * depth + channel) * CONV_NR + filter % CONV_NR;
        // Safety: the place was sliced to 4 floats.
        unsafe { values.store(packed[at..][..LANES].as_mut_ptr()) }
    });
}

/// U transposed, as right-hand sides `[filters, channels]`, packed in panels of channels.
pub fn pack_transposed(tile: &Tile, g: &Conv2d, w: &[f32], packed: &mut [f32]) {
    let (size, depth) = (g.channels * g.filters, g.filters);
    transform(tile, g, w, |channel, filter, product, values| {
        let at = product * size + (channel / CONV_NR * depth + filter) * CONV_NR + channel % CONV_NR;
        values.to_array().into_iter().enumerate().for_each(|(i, value)| packed[at + i * CONV_NR] = value);
    });
}

/// `dw = G^T dU G` with dU in the blocks of [`super::products::accumulate`].
pub fn unpack_gradient(tile: &Tile, g: &Conv2d, du: &[f32], dw: &mut [f32]) {
    debug_assert!(du.len() >= len(tile, g));
    for channel in 0..g.channels {
        for filter in (0..g.filters).step_by(LANES) {
            let block = block_index(g.filters, channel, filter);
            let mut taps = [[zero(); 3]; 3];
            for (j, g_column) in tile.g.iter().enumerate() {
                let mut column = [zero(); 3];
                for (i, g_row) in tile.g.iter().enumerate() {
                    let value = load(du, (i * tile.size + j) * g.channels * g.filters + block);
                    (0..3).for_each(|p| add_scaled(&mut column[p], g_row[p], value));
                }
                for (row, value) in taps.iter_mut().zip(column) {
                    (0..3).for_each(|q| add_scaled(&mut row[q], g_column[q], value));
                }
            }
            for (tap, value) in taps.into_iter().flatten().enumerate() {
                let at = (tap * g.channels + channel) * g.filters + filter;
                dw[at..at + LANES].copy_from_slice(&F32x4::from_f64(value).to_array());
            }
        }
    }
}
