//! Filters to products and back: `U = G w G^T`, and for the gradient `dw = G^T dU G`.

use super::products::block_index;
use super::tile::{Grid, Row, Tile};
use crate::conv::geometry::Conv2d;
use crate::lanes::{F32x4, LANES};
use crate::matmul::tile::{CONV_MR, CONV_NR};

/// Floats of the filters' products.
pub fn len(tile: &Tile, g: &Conv2d) -> usize {
    tile.products() * g.channels * g.filters
}

/// Where the weights of a channel's filters lie, and the same of their products, `tile` floats from channel to channel.
fn grids(tile: &Tile, g: &Conv2d, step: usize) -> [Grid; 2] {
    let size = g.channels * g.filters;
    let weights = Grid { tile: g.filters, row: 3 * size, column: size };
    [weights, Grid { tile: step, row: tile.size * size, column: size }]
}

/// U as right-hand sides `[channels, filters]`, packed in panels of filters.
pub fn pack(tile: &Tile, g: &Conv2d, w: &[f32], packed: &mut [f32]) {
    let [of_w, of_u] = grids(tile, g, CONV_NR);
    for filter in (0..g.filters).step_by(CONV_NR) {
        let row = Row { tiles: g.channels, channels: CONV_NR };
        (tile.filter)(row, &w[filter..], of_w, &mut packed[filter * g.channels..], of_u);
    }
}

/// U transposed, as right-hand sides `[filters, channels]`, packed in panels of channels; `scratch` is as long.
pub fn pack_transposed(tile: &Tile, g: &Conv2d, w: &[f32], scratch: &mut [f32], packed: &mut [f32]) {
    pack(tile, g, w, scratch);
    let size = g.channels * g.filters;
    for (from, to) in scratch.chunks_exact(size).zip(packed.chunks_exact_mut(size)) {
        for (channel, filter) in squares(g) {
            let line = |i: usize| &from[place(g.channels, channel + i, filter)..][..LANES];
            // Safety: sliced to 4 floats.
            let lines = [0, 1, 2, 3].map(|i| unsafe { F32x4::load(line(i).as_ptr()) });
            for (i, line) in F32x4::transpose(lines).into_iter().enumerate() {
                let to = &mut to[place(g.filters, filter + i, channel)..][..LANES];
                // Safety: sliced to 4 floats.
                unsafe { line.store(to.as_mut_ptr()) }
            }
        }
    }
}

/// The first channel and filter of all squares of 4 x 4.
fn squares(g: &Conv2d) -> impl Iterator<Item = (usize, usize)> {
    let filters = g.filters;
    (0..g.channels).step_by(LANES).flat_map(move |c| (0..filters).step_by(LANES).map(move |f| (c, f)))
}

/// Where a right-hand side of `depth` rows has (row, column): panels of columns.
fn place(depth: usize, row: usize, column: usize) -> usize {
    (column / CONV_NR * depth + row) * CONV_NR + column % CONV_NR
}

/// `dw = G^T dU G` with dU in the blocks of [`super::products::accumulate`].
pub fn unpack_gradient(tile: &Tile, g: &Conv2d, du: &[f32], dw: &mut [f32]) {
    debug_assert!(du.len() >= len(tile, g));
    let [of_w, of_u] = grids(tile, g, CONV_NR);
    for channel in (0..g.channels).step_by(CONV_MR) {
        for filter in (0..g.filters).step_by(CONV_NR) {
            let row = Row { tiles: CONV_MR, channels: CONV_NR };
            let block = block_index(g.filters, channel, filter);
            (tile.filter_adjoint)(row, &du[block..], of_u, &mut dw[channel * g.filters + filter..], of_w);
        }
    }
}
