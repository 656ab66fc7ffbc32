//! Bands: the rows of an image that one row of tiles sees, copied with their padding into a small buffer. There every
//! tile is whole, whatever the padding and the ragged edge, and the transforms touch a few rows in L1 instead of the
//! image.

use super::products::Planes;
use super::transforms::{IN, OUT, both_axes, input, input_adjoint, output_adjoint};
use crate::conv::geometry::Conv2d;
use crate::lanes::{F32x4, LANES};
use core::ops::Range;

/// A row of tiles of one image: `index` counts them over the batch.
#[derive(Clone, Copy)]
pub struct TileRow {
    pub image: usize,
    pub row: usize,
}

/// How the output of a convolution is cut into tiles of 4 x 4.
#[derive(Clone, Copy)]
pub struct Tiling {
    pub rows: usize,
    pub columns: usize,
}

impl Tiling {
    pub fn of(g: &Conv2d) -> Self {
        Self { rows: g.out_h.div_ceil(OUT), columns: g.out_w.div_ceil(OUT) }
    }

    pub fn row(&self, index: usize) -> TileRow {
        TileRow { image: index / self.rows, row: index % self.rows }
    }

    /// Pixels of a band's row: of inputs with its border of 2, of outputs without.
    fn width(&self, border: usize) -> usize {
        self.columns * OUT + border
    }

    pub fn input_band_len(&self, g: &Conv2d) -> usize {
        IN * self.width(IN - OUT) * g.channels
    }

    pub fn output_band_len(&self, g: &Conv2d) -> usize {
        OUT * self.width(0) * g.filters
    }
}

/// The part of a band that is inside the image: for each of its rows the range in the image and the place in the band.
fn inside_rows(
    [height, width, channels]: [usize; 3],
    [band_height, band_width]: [usize; 2],
    start: usize,
    [pad_top, pad_left]: [usize; 2],
) -> impl Iterator<Item = (Range<usize>, usize)> {
    let left = pad_left.min(band_width);
    let columns = (band_width - left).min(width);
    (0..band_height).filter_map(move |i| {
        let y = (start + i).checked_sub(pad_top).filter(|&y| y < height)?;
        let from = y * width * channels;
        Some((from..from + columns * channels, (i * band_width + left) * channels))
    })
}

fn input_rows(g: &Conv2d, tiling: Tiling, row: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    let size = [g.height, g.width, g.channels];
    inside_rows(size, [IN, tiling.width(IN - OUT)], row * OUT, [g.pad_top, g.pad_left])
}

fn output_rows(g: &Conv2d, tiling: Tiling, row: usize) -> impl Iterator<Item = (Range<usize>, usize)> {
    inside_rows([g.out_h, g.out_w, g.filters], [OUT, tiling.width(0)], row * OUT, [0, 0])
}

/// Calls `each` with the place in the band and in a plane of every 4 channels of every tile of a row.
#[inline(always)]
fn for_each_vector(tiles: usize, channels: usize, mut each: impl FnMut(usize, usize)) {
    for tile in 0..tiles {
        for channel in (0..channels).step_by(LANES) {
            each(tile * OUT * channels + channel, tile * channels + channel);
        }
    }
}

#[inline(always)]
fn load(from: &[f32], at: usize) -> F32x4 {
    debug_assert!(at + LANES <= from.len());
    // Safety: bands and planes are as long as their tilings say.
    unsafe { F32x4::load(from.as_ptr().add(at)) }
}

#[inline(always)]
fn store(value: F32x4, to: &mut [f32], at: usize) {
    debug_assert!(at + LANES <= to.len());
    // Safety: bands and planes are as long as their tilings say.
    unsafe { value.store(to.as_mut_ptr().add(at)) }
}

/// One band of x, transformed into the planes `v` from tile `first` on.
pub fn transform_input(
    g: &Conv2d,
    tiling: Tiling,
    row: usize,
    image: &[f32],
    band: &mut [f32],
    planes: Planes,
    v: &mut [f32],
    first: usize,
) {
    band.fill(0.0);
    for (from, to) in input_rows(g, tiling, row) {
        band[to..to + from.len()].copy_from_slice(&image[from]);
    }
    let (pixel, line) = (g.channels, tiling.width(IN - OUT) * g.channels);
    for_each_vector(tiling.columns, g.channels, |place, tile| {
        let tile = first * g.channels + tile;
        let load = |i, j| load(band, place + i * line + j * pixel);
        both_axes(input, load, |i, j, value| store(value, v, (i * IN + j) * planes.stride + tile));
    });
}

/// The adjoint of [`transform_input`]: adds to the band's rows of `image`.
pub fn transform_input_adjoint(
    g: &Conv2d,
    tiling: Tiling,
    row: usize,
    image: &mut [f32],
    band: &mut [f32],
    planes: Planes,
    dv: &[f32],
    first: usize,
) {
    band.fill(0.0);
    let (pixel, line) = (g.channels, tiling.width(IN - OUT) * g.channels);
    for_each_vector(tiling.columns, g.channels, |place, tile| {
        let tile = first * g.channels + tile;
        let from = |i, j| load(dv, (i * IN + j) * planes.stride + tile);
        both_axes(input_adjoint, from, |i, j, value| {
            let place = place + i * line + j * pixel;
            store(load(band, place) + value, band, place);
        });
    });
    for (to, from) in input_rows(g, tiling, row) {
        let from = &band[from..from + to.len()];
        image[to].iter_mut().zip(from).for_each(|(to, from)| *to += from);
    }
}

/// One band of dy into the planes `dm` from tile `first` on.
pub fn transform_output_adjoint(
    g: &Conv2d,
    tiling: Tiling,
    row: usize,
    image: &[f32],
    band: &mut [f32],
    planes: Planes,
    dm: &mut [f32],
    first: usize,
) {
    band.fill(0.0);
    for (from, to) in output_rows(g, tiling, row) {
        band[to..to + from.len()].copy_from_slice(&image[from]);
    }
    let (pixel, line) = (g.filters, tiling.width(0) * g.filters);
    for_each_vector(tiling.columns, g.filters, |place, tile| {
        let tile = first * g.filters + tile;
        let from = |i, j| load(band, place + i * line + j * pixel);
        both_axes(output_adjoint, from, |i, j, value| {
            store(value, dm, (i * IN + j) * planes.stride + tile);
        });
    });
}
