//! Which algorithm a convolution takes: one place, by shape alone, so that results never depend on anything else but
//! the one setting for the whole process, [`set_winograd`].

use super::geometry::Conv2d;
use super::winograd::{F4, F6, Tile};
use crate::matmul::tile::CONV_NR;
use core::sync::atomic::{AtomicU32, Ordering};

/// For what does not suit [`winograd`].
pub enum Algorithm {
    /// A matrix product: the input is its own matrix of patches.
    Pointwise,
    /// Filter by filter: no matrix product.
    Depthwise,
    /// Runs of the image in place: patches too short to gather.
    Direct,
    /// Any geometry.
    Implicit,
}

/// The outputs along a side of the largest tile that Winograd's algorithm may take; 0: none.
static LARGEST_TILE: AtomicU32 = AtomicU32::new(4);

/// 4 (default): tiles of 4 x 4 outputs, with errors up to 2e-6 of the largest value, 3e-6 in dw; 6: also of 6 x 6 where
/// they multiply less, with errors up to 2e-5; 0: direct algorithms only. For the whole process, not while a kernel
/// runs.
pub fn set_winograd(largest_tile: u32) {
    debug_assert!([0, 4, 6].contains(&largest_tile));
    LARGEST_TILE.store(largest_tile, Ordering::Relaxed);
}

/// Patches with shorter rows than this are read in place: 1.2 to 4 times as fast there, slower beyond.
const SHORT_RUN: usize = 32;

fn is_pointwise(g: &Conv2d) -> bool {
    let one_tap = g.kernel_h == 1 && g.kernel_w == 1;
    let same_grid = g.stride_h == 1 && g.stride_w == 1 && g.out_h == g.height && g.out_w == g.width;
    one_tap && same_grid && g.pad_top == 0 && g.pad_left == 0 && g.groups == 1
}

fn is_depthwise(g: &Conv2d) -> bool {
    g.groups > 1 && g.groups == g.channels
}

fn has_short_runs(g: &Conv2d) -> bool {
    g.dilation_w == 1 && g.kernel_w * g.channels < SHORT_RUN && g.groups == 1
}

/// The tile for which Winograd multiplies least, where it gains.
///
/// It multiplies 36 or 64 times a tile where the direct algorithm does 9 times an output; transforming the weights
/// costs as much as about 1000 multiplications of each. Measured: 3 x 3 outputs gain 1.3 times for 64 images and lose
/// for 8, 26 x 26 gain 2.7 times. From 8 channels on the transforms of the images are paid for (1.4 times and more).
pub fn winograd(g: &Conv2d) -> Option<&'static Tile> {
    const WEIGHTS: usize = 1000;
    let sizes = [g.kernel_h, g.kernel_w, g.stride_h, g.stride_w, g.dilation_h, g.dilation_w, g.groups];
    let sees_all = g.out_h + 2 >= g.pad_top + g.height && g.out_w + 2 >= g.pad_left + g.width;
    let whole = g.channels.is_multiple_of(CONV_NR) && g.filters.is_multiple_of(CONV_NR);
    if sizes != [3, 3, 1, 1, 1, 1, 1] || !sees_all || !whole {
        return None;
    }
    let products = |tile: &&Tile| g.out_h.div_ceil(tile.out) * g.out_w.div_ceil(tile.out) * tile.products();
    let largest = LARGEST_TILE.load(Ordering::Relaxed) as usize;
    let tile = [&F4, &F6].into_iter().filter(|tile| tile.out <= largest).min_by_key(products)?;
    (9 * g.batch * g.pixels() > g.batch * products(&tile) + WEIGHTS).then_some(tile)
}

pub fn forward(g: &Conv2d) -> Algorithm {
    if is_pointwise(g) {
        Algorithm::Pointwise
    } else if is_depthwise(g) {
        Algorithm::Depthwise
    } else if has_short_runs(g) {
        Algorithm::Direct
    } else {
        Algorithm::Implicit
    }
}

pub fn backward_input(g: &Conv2d) -> Algorithm {
    if is_pointwise(g) {
        Algorithm::Pointwise
    } else if is_depthwise(g) {
        Algorithm::Depthwise
    } else {
        Algorithm::Implicit
    }
}

pub fn backward_filter(g: &Conv2d) -> Algorithm {
    if is_pointwise(g) {
        Algorithm::Pointwise
    } else if is_depthwise(g) {
        Algorithm::Depthwise
    } else if has_short_runs(g) && g.filters.is_multiple_of(CONV_NR) {
        Algorithm::Direct
    } else {
        Algorithm::Implicit
    }
}
