//! A tile size of Winograd's algorithm as data: the sizes and the six transforms, each a
//! one-dimensional one ([`super::f4`], [`super::f6`]) applied to both axes.

use crate::lanes::{F32x4, LANES};
use core::array::from_fn;
use core::hint::black_box;

/// F(out x out, 3 x 3) from `size` = out + 2 points along each axis.
pub struct Tile {
    /// Outputs along one axis.
    pub out: usize,
    /// Inputs along one axis, and products.
    pub size: usize,
    /// `G w G^T`: filters to products.
    pub filter: Transform,
    /// `G^T u G`.
    pub filter_adjoint: Transform,
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

/// `transform` along the columns and then along the rows of every tile; `ADD` to what `to` holds.
///
/// The compiler must not see how many columns and rows there are: it would write all of them out, 700 instructions
/// that keep their values in memory, instead of two loops that keep them in registers.
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
    let (columns, lines) = (black_box(FROM), black_box(TO));
    // Between the two: lines of `FROM` vectors.
    let mut half = [[F32x4::zero(); FROM]; TO];
    let half = half.as_mut_ptr().cast::<F32x4>();
    for tile in 0..row.tiles {
        for channel in (0..row.channels).step_by(LANES) {
            // Safety: the assert above; `half` has FROM columns and TO lines.
            unsafe {
                let mut column = from.as_ptr().add(tile * of_from.tile + channel);
                let mut place = half;
                for _ in 0..columns {
                    let values = transform(load_line(column, of_from.row));
                    values.iter().enumerate().for_each(|(i, &value)| place.add(i * FROM).write(value));
                    column = column.wrapping_add(of_from.column);
                    place = place.wrapping_add(1);
                }
                let mut line = to.as_mut_ptr().add(tile * of_to.tile + channel);
                let mut place = half;
                for _ in 0..lines {
                    let values = transform(from_fn(|j| place.add(j).read()));
                    store_line::<TO, ADD>(values, line, of_to.column);
                    line = line.wrapping_add(of_to.row);
                    place = place.wrapping_add(FROM);
                }
            }
        }
    }
}

/// # Safety
/// 4 floats are readable at each of `N` places, `step` apart.
#[inline(always)]
unsafe fn load_line<const N: usize>(mut place: *const f32, step: usize) -> [F32x4; N] {
    from_fn(|_| {
        // Safety: the caller's promise; the last place may be followed by none.
        let value = unsafe { F32x4::load(place) };
        place = place.wrapping_add(step);
        value
    })
}

/// # Safety
/// 4 floats are writable at each of `N` places, `step` apart, and readable to `ADD` to them.
#[inline(always)]
unsafe fn store_line<const N: usize, const ADD: bool>(values: [F32x4; N], mut place: *mut f32, step: usize) {
    for value in values {
        // Safety: the caller's promise; the last place may be followed by none.
        unsafe {
            let value = if ADD { F32x4::load(place) + value } else { value };
            value.store(place);
        }
        place = place.wrapping_add(step);
    }
}
