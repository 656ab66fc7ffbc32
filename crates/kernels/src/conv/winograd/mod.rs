//! The gradients of a 3 x 3 convolution of stride 1 by Winograd's F(4 x 4, 3 x 3), `y = A^T [(G w G^T) . (B^T x B)] A`
//! for each tile: a quarter of the multiplications, in float32 with an error of about 1e-6 of the largest value.
//!
//! [`transforms`] has the algebra, [`bands`] applies it to images, [`weights`] to filters, [`products`] multiplies. The
//! work goes block by block of tile rows, so that what is transformed stays in cache until it is multiplied.
//!
//! A tile mixes what it reads: one dy that is NaN or infinite can reach all 6 x 6 dx of its tile, and one that is 1e7
//! times its neighbours hides them.

mod bands;
mod products;
mod transforms;
mod weights;

use super::geometry::Conv2d;
use crate::workspace::{OutOfMemory, Workspace};
use bands::{Tiling, transform_input, transform_input_adjoint, transform_output_adjoint};
use products::{PRODUCTS, Planes, accumulate, multiply};

/// Floats of the planes of a block (half a megabyte): they stay in L2.
const BLOCK: usize = 128 * 1024;
/// Tiles that a block has at least, so that weights are not read for too few of them.
const LEAST_TILES: usize = 32;

/// The order of the work, from the shape alone.
struct Plan {
    tiling: Tiling,
    /// Tile rows of the whole batch, and of a block.
    rows: usize,
    block: usize,
    of_v: Planes,
    of_m: Planes,
}

impl Plan {
    fn of(g: &Conv2d) -> Self {
        let tiling = Tiling::of(g);
        let tiles = (BLOCK / (PRODUCTS * (g.channels + g.filters))).max(LEAST_TILES);
        let rows = g.batch * tiling.rows;
        let block = (tiles / tiling.columns).clamp(1, rows);
        let most = block * tiling.columns;
        Self { tiling, rows, block, of_v: Planes::new(most, g.channels), of_m: Planes::new(most, g.filters) }
    }

    /// The tile rows of each block.
    fn blocks(&self) -> impl Iterator<Item = core::ops::Range<usize>> {
        (0..self.rows).step_by(self.block).map(|first| first..self.rows.min(first + self.block))
    }
}

/// `dx = B [U^T . (A dy A^T)] B^T`: the adjoint of the convolution in x.
pub fn backward_input(
    g: &Conv2d,
    dy: &[f32],
    w: &[f32],
    dx: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let Plan { tiling, of_v, of_m, .. } = Plan::of(g);
    let bands = tiling.input_band_len(g).max(tiling.output_band_len(g));
    let [u, dv, dm, band] = workspace.split([PRODUCTS * g.channels * g.filters, of_v.len(), of_m.len(), bands])?;
    weights::pack_transposed(g, w, u);
    for rows in Plan::of(g).blocks() {
        let tiles = rows.len() * tiling.columns;
        for (i, row) in rows.clone().map(|index| tiling.row(index)).enumerate() {
            let image = &dy[row.image * g.pixels() * g.filters..][..g.pixels() * g.filters];
            let band = &mut band[..tiling.output_band_len(g)];
            transform_output_adjoint(g, tiling, row.row, image, band, of_m, dm, i * tiling.columns);
        }
        multiply(tiles, of_m, dm, u, of_v, dv);
        for (i, row) in rows.map(|index| tiling.row(index)).enumerate() {
            let image = &mut dx[row.image * g.image()..][..g.image()];
            if row.row == 0 {
                image.fill(0.0);
            }
            let band = &mut band[..tiling.input_band_len(g)];
            transform_input_adjoint(g, tiling, row.row, image, band, of_v, dv, i * tiling.columns);
        }
    }
    Ok(())
}

/// `dw = G^T [sum over tiles of (B^T x B)^T . (A dy A^T)] G`: the adjoint of the convolution in w.
pub fn backward_filter(
    g: &Conv2d,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let Plan { tiling, of_v, of_m, .. } = Plan::of(g);
    let bands = tiling.input_band_len(g).max(tiling.output_band_len(g));
    let [du, v, dm, band] = workspace.split([PRODUCTS * g.channels * g.filters, of_v.len(), of_m.len(), bands])?;
    du.fill(0.0);
    for rows in Plan::of(g).blocks() {
        let tiles = rows.len() * tiling.columns;
        for (i, row) in rows.map(|index| tiling.row(index)).enumerate() {
            let first = i * tiling.columns;
            let image = &x[row.image * g.image()..][..g.image()];
            transform_input(g, tiling, row.row, image, &mut band[..tiling.input_band_len(g)], of_v, v, first);
            let image = &dy[row.image * g.pixels() * g.filters..][..g.pixels() * g.filters];
            let band = &mut band[..tiling.output_band_len(g)];
            transform_output_adjoint(g, tiling, row.row, image, band, of_m, dm, first);
        }
        accumulate(tiles, of_v, v, of_m, dm, du);
    }
    weights::unpack_gradient(g, du, dw);
    Ok(())
}
