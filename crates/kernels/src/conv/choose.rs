//! Which algorithm a convolution takes: one place, by shape alone, so that results never depend on anything else.

use super::geometry::Conv2d;
use crate::matmul::tile::CONV_NR;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// A matrix product: the input is its own matrix of patches.
    Pointwise,
    /// Runs of the image in place: patches too short to gather.
    Direct,
    /// Tiles of 4 x 4 outputs of a 3 x 3 kernel; for gradients.
    Winograd,
    /// Any geometry.
    Implicit,
}

/// Patches with shorter rows than this are read in place: 1.2 to 4 times as fast there, slower beyond.
const SHORT_RUN: usize = 32;

fn is_pointwise(g: &Conv2d) -> bool {
    let one_tap = g.kernel_h == 1 && g.kernel_w == 1;
    let same_grid = g.stride_h == 1 && g.stride_w == 1 && g.out_h == g.height && g.out_w == g.width;
    one_tap && same_grid && g.pad_top == 0 && g.pad_left == 0
}

fn has_short_runs(g: &Conv2d) -> bool {
    g.dilation_w == 1 && g.kernel_w * g.channels < SHORT_RUN
}

/// Winograd multiplies 36 times a tile where the direct algorithm does 9 times an output; transforming the weights
/// costs as much as about 1000 multiplications of each. Measured: 3 x 3 outputs gain 1.3 times for 64 images and lose
/// for 8, 26 x 26 gain 2.7 times. From 8 channels on the transforms of the images are paid for (1.4 times and more).
fn suits_winograd(g: &Conv2d) -> bool {
    const TILE: usize = 36;
    const WEIGHTS: usize = 1000;
    let tiles = g.batch * g.out_h.div_ceil(4) * g.out_w.div_ceil(4);
    let sizes = [g.kernel_h, g.kernel_w, g.stride_h, g.stride_w, g.dilation_h, g.dilation_w];
    sizes == [3, 3, 1, 1, 1, 1]
        && g.channels.is_multiple_of(CONV_NR)
        && g.filters.is_multiple_of(CONV_NR)
        && 9 * g.batch * g.pixels() > TILE * tiles + WEIGHTS
}

/// Never Winograd: its rounding, twice that of a direct sum, flips more decisions of the ReLU and max-pooling that
/// follow, and a flipped decision moves a gradient more than all rounding does. With it four of the tutorial's
/// gradients missed 4 times PyTorch's own float32 error (by up to 1.3 times), without it none.
pub fn forward(g: &Conv2d) -> Algorithm {
    if is_pointwise(g) {
        Algorithm::Pointwise
    } else if has_short_runs(g) {
        Algorithm::Direct
    } else {
        Algorithm::Implicit
    }
}

pub fn backward_input(g: &Conv2d) -> Algorithm {
    if is_pointwise(g) {
        Algorithm::Pointwise
    } else if suits_winograd(g) {
        Algorithm::Winograd
    } else {
        Algorithm::Implicit
    }
}

pub fn backward_filter(g: &Conv2d) -> Algorithm {
    if is_pointwise(g) {
        Algorithm::Pointwise
    } else if suits_winograd(g) {
        Algorithm::Winograd
    } else if has_short_runs(g) && g.filters.is_multiple_of(CONV_NR) {
        Algorithm::Direct
    } else {
        Algorithm::Implicit
    }
}
