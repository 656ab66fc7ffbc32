//! A tile size of Winograd's algorithm as data: the sizes, the filter's matrix, and the four transforms, each a
//! one-dimensional one ([`super::f4`], [`super::f6`]) applied to both axes.

use crate::lanes::{F32x4, LANES};

/// F(out x out, 3 x 3) from `size` = out + 2 points along each axis.
pub struct Tile {
    /// Outputs along one axis.
    pub out: usize,
    /// Inputs along one axis, and products.
    pub size: usize,
    /// `G [size, 3]`: from a filter to its products.
    pub g: &'static [[f64; 3]],
    /// `B^T x B`: inputs to products.
    pub input: Transform,
    /// `B m B^T`, added to what is there.
    pub input_adjoint: Transform,
    /// `A^T m A`: products to outputs.
    pub output: Transform,
    /// `A y A^T`.
    pub output_adjoint: Transform,
}

/// Transforms every channel of a row of tiles from one grid to another.
pub type Transform = fn(row: Row, from: &[f32], of_from: Grid, to: &mut [f32], of_to: Grid);

/// A row of tiles.
#[derive(Clone, Copy)]
pub struct Row {
    pub tiles: usize,
    /// A multiple of 4.
    pub channels: usize,
}

/// Where the elements of tiles lie: (i, j) of tile t from `t * tile + i * row + j * column` on, all its channels.
#[derive(Clone, Copy)]
pub struct Grid {
    pub tile: usize,
    pub row: usize,
    pub column: usize,
}

impl Tile {
    /// Products of a tile.
    pub fn products(&self) -> usize {
        self.size * self.size
    }
}

/// `G` for the finite `points`, and infinity last: row p is `[1, p, p^2] / product of (p - other points)`.
pub const fn filter_matrix<const POINTS: usize, const SIZE: usize>(points: [f64; POINTS]) -> [[f64; 3]; SIZE] {
    let mut g = [[0.0, 0.0, 1.0]; SIZE];
    let mut i = 0;
    while i < POINTS {
        let point = points[i];
        let mut product = 1.0;
        let mut j = 0;
        while j < POINTS {
            if j != i {
                product *= point - points[j];
            }
            j += 1;
        }
        g[i] = [1.0 / product, point / product, point * point / product];
        i += 1;
    }
    g
}

/// `transform` along the columns and then along the rows of every tile; `ADD` to what `to` holds.
#[inline(always)]
pub fn both_axes<const FROM: usize, const TO: usize, const ADD: bool>(
    transform: impl Fn([F32x4; FROM]) -> [F32x4; TO],
    row: Row,
    from: &[f32],
    of_from: Grid,
    to: &mut [f32],
    of_to: Grid,
) {
    let end =
        |size: usize, grid: Grid| (row.tiles - 1) * grid.tile + (size - 1) * (grid.row + grid.column) + row.channels;
    debug_assert!(end(FROM, of_from) <= from.len() && end(TO, of_to) <= to.len());
    let mut half = [[F32x4::zero(); FROM]; TO];
    for tile in 0..row.tiles {
        for channel in (0..row.channels).step_by(LANES) {
            // Safety: the assert above.
            unsafe {
                let mut column = from.as_ptr().add(tile * of_from.tile + channel);
                for j in 0..FROM {
                    let values = transform(load_line(column, of_from.row));
                    half.iter_mut().zip(values).for_each(|(line, value)| line[j] = value);
                    column = column.wrapping_add(of_from.column);
                }
                let mut line = to.as_mut_ptr().add(tile * of_to.tile + channel);
                for values in half {
                    let mut place = line;
                    for value in transform(values) {
                        let value = if ADD { F32x4::load(place) + value } else { value };
                        value.store(place);
                        place = place.wrapping_add(of_to.column);
                    }
                    line = line.wrapping_add(of_to.row);
                }
            }
        }
    }
}

/// # Safety
/// 4 floats are readable at each of `N` places, `step` apart.
#[inline(always)]
unsafe fn load_line<const N: usize>(mut place: *const f32, step: usize) -> [F32x4; N] {
    core::array::from_fn(|_| {
        // Safety: the caller's promise; the last place may be followed by none.
        let value = unsafe { F32x4::load(place) };
        place = place.wrapping_add(step);
        value
    })
}

#[inline(always)]
pub fn scale(x: F32x4, factor: f64) -> F32x4 {
    x * F32x4::splat(factor as f32)
}
