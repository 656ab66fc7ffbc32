//! The order of the work, from the shape alone.

use super::bands::Bands;
use super::products::Planes;
use super::tile::{Grid, Row, Tile};
use crate::conv::geometry::Conv2d;
use core::ops::Range;

/// Floats of the planes of a block (half a megabyte): they stay in L2.
const BLOCK: usize = 128 * 1024;
/// Tiles that a block has at least, so that weights are not read for too few of them.
const LEAST_TILES: usize = 32;

/// Rows of tiles are counted over the batch.
#[derive(Clone, Copy)]
pub struct Plan {
    pub tile: &'static Tile,
    /// Rows of tiles of an image, and of a block.
    pub rows: usize,
    block: usize,
    /// Tiles of a row.
    pub columns: usize,
    pub of_x: Bands,
    pub of_y: Bands,
    pub of_v: Planes,
    pub of_m: Planes,
}

impl Plan {
    pub fn of(tile: &'static Tile, g: &Conv2d) -> Self {
        let (rows, columns) = (g.out_h.div_ceil(tile.out), g.out_w.div_ceil(tile.out));
        let tiles = (BLOCK / (tile.products() * (g.channels + g.filters))).max(LEAST_TILES);
        let block = (tiles / columns).clamp(1, g.batch * rows);
        let width = columns * tile.out;
        Self {
            tile,
            rows,
            block,
            columns,
            of_x: Bands {
                image: [g.height, g.width],
                pad: [g.pad_top, g.pad_left],
                channels: g.channels,
                height: tile.size,
                width: width + tile.size - tile.out,
                step: tile.out,
            },
            of_y: Bands {
                image: [g.out_h, g.out_w],
                pad: [0, 0],
                channels: g.filters,
                height: tile.out,
                width,
                step: tile.out,
            },
            of_v: Planes::new(tile.products(), block * columns, g.channels),
            of_m: Planes::new(tile.products(), block * columns, g.filters),
        }
    }

    /// `rows`, block by block.
    pub fn blocks(&self, rows: Range<usize>) -> impl Iterator<Item = Range<usize>> {
        let (block, end) = (self.block, rows.end);
        rows.step_by(block).map(move |first| first..end.min(first + block))
    }

    pub fn tiles(&self, rows: &Range<usize>) -> usize {
        rows.len() * self.columns
    }

    /// Image and band of a row of tiles.
    pub fn place(&self, row: usize) -> (usize, usize) {
        (row / self.rows, row % self.rows)
    }

    pub fn row(&self, planes: Planes) -> Row {
        Row { tiles: self.columns, channels: planes.channels }
    }

    /// Where planes have the elements of tiles.
    pub fn grid(&self, planes: Planes) -> Grid {
        Grid { tile: planes.channels, row: self.tile.size * planes.stride, column: planes.stride }
    }

    /// Where a plane has row `i` of a block.
    pub fn start(&self, planes: Planes, i: usize) -> usize {
        i * self.columns * planes.channels
    }
}
