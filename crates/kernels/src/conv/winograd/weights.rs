//! Filters to products and back, in float64: `U = G w G^T`, and for the gradient `dw = G^T dU G`.

use super::products::{PRODUCTS, block_index};
use super::transforms::{G, IN};
use crate::conv::geometry::Conv2d;
use crate::lanes::{F32x4, F64x2, LANES};
use crate::matmul::tile::CONV_NR;

/// Four filters of one channel.
type Quad = [F64x2; 2];

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

/// Calls `each(channel, filter, product, values)` with every product of 4 filters from `filter` on.
fn transform(g: &Conv2d, w: &[f32], mut each: impl FnMut(usize, usize, usize, [f32; LANES])) {
    for channel in 0..g.channels {
        for filter in (0..g.filters).step_by(LANES) {
            let mut columns = [[[F64x2::zero(); 2]; 3]; IN];
            for (p, q) in (0..3).flat_map(|p| (0..3).map(move |q| (p, q))) {
                let tap = load(w, ((p * 3 + q) * g.channels + channel) * g.filters + filter);
                for (column, g) in columns.iter_mut().zip(&G) {
                    add_scaled(&mut column[q], g[p], tap);
                }
            }
            for (i, column) in columns.iter().enumerate() {
                for (j, g) in G.iter().enumerate() {
                    let mut sum = [F64x2::zero(); 2];
                    (0..3).for_each(|q| add_scaled(&mut sum, g[q], column[q]));
                    each(channel, filter, i * IN + j, F32x4::from_f64(sum).to_array());
                }
            }
        }
    }
}

/// U transposed, as right-hand sides `[filters, channels]`, packed in panels of 8 channels.
pub fn pack_transposed(g: &Conv2d, w: &[f32], packed: &mut [f32]) {
    let (size, depth) = (g.channels * g.filters, g.filters);
    transform(g, w, |channel, filter, product, values| {
        let at = product * size + (channel / CONV_NR * depth + filter) * CONV_NR + channel % CONV_NR;
        (0..LANES).for_each(|i| packed[at + i * CONV_NR] = values[i]);
    });
}

/// `dw = G^T dU G` with dU in the blocks of [`super::products::accumulate`].
pub fn unpack_gradient(g: &Conv2d, du: &[f32], dw: &mut [f32]) {
    debug_assert!(du.len() >= PRODUCTS * g.channels * g.filters);
    for channel in 0..g.channels {
        for filter in (0..g.filters).step_by(LANES) {
            let block = block_index(g.filters, channel, filter);
            let mut taps = [[[F64x2::zero(); 2]; 3]; 3];
            for (j, g_column) in G.iter().enumerate() {
                let mut column = [[F64x2::zero(); 2]; 3];
                for (i, g_row) in G.iter().enumerate() {
                    let value = load(du, (i * IN + j) * g.channels * g.filters + block);
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
