//! Sizes of a two-dimensional convolution, and which input each output sees.

use core::ops::Range;

/// NHWC: x `[batch, height, width, channels]`, weights `[kernel_h, kernel_w, channels / groups, filters]`,
/// y `[batch, out_h, out_w, filters]`. Channels and filters are cut into as many groups, one behind the other: filters
/// see the channels of their own group. Rows above and columns left of x are `pad_top` and `pad_left` zeros; those
/// below and right of it follow from `out_h` and `out_w`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub kernel_h: usize,
    pub kernel_w: usize,
    pub filters: usize,
    pub stride_h: usize,
    pub stride_w: usize,
    pub dilation_h: usize,
    pub dilation_w: usize,
    pub pad_top: usize,
    pub pad_left: usize,
    pub out_h: usize,
    pub out_w: usize,
    pub groups: usize,
}

/// The sizes along one axis.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    pub size: usize,
    pub kernel: usize,
    pub stride: usize,
    pub dilation: usize,
    pub pad: usize,
    pub out: usize,
}

impl Conv2d {
    pub(super) fn vertical(&self) -> Axis {
        let Self { height: size, kernel_h: kernel, stride_h: stride, dilation_h: dilation, .. } = *self;
        Axis { size, kernel, stride, dilation, pad: self.pad_top, out: self.out_h }
    }

    pub(super) fn horizontal(&self) -> Axis {
        let Self { width: size, kernel_w: kernel, stride_w: stride, dilation_w: dilation, .. } = *self;
        Axis { size, kernel, stride, dilation, pad: self.pad_left, out: self.out_w }
    }

    /// Channels that a filter sees.
    pub fn group_channels(&self) -> usize {
        self.channels / self.groups
    }

    pub fn group_filters(&self) -> usize {
        self.filters / self.groups
    }

    /// Weights of one filter, floats of a patch.
    pub fn patch(&self) -> usize {
        self.kernel_h * self.kernel_w * self.group_channels()
    }

    pub fn image(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Output pixels of one image.
    pub fn pixels(&self) -> usize {
        self.out_h * self.out_w
    }

    pub fn input_len(&self) -> usize {
        self.batch * self.image()
    }

    pub fn weights_len(&self) -> usize {
        self.patch() * self.filters
    }

    pub fn output_len(&self) -> usize {
        self.batch * self.pixels() * self.filters
    }

    /// Kernel rows that see the input at output row `y`.
    pub fn kernel_rows(&self, y: usize) -> Range<usize> {
        taps(y * self.stride_h, self.dilation_h, self.pad_top, self.kernel_h, self.height)
    }

    /// Kernel columns that see the input at output column `x`.
    pub fn kernel_columns(&self, x: usize) -> Range<usize> {
        taps(x * self.stride_w, self.dilation_w, self.pad_left, self.kernel_w, self.width)
    }
}

/// The taps t of `kernel` with `pad <= start + t * dilation < pad + size`.
pub(crate) fn taps(start: usize, dilation: usize, pad: usize, kernel: usize, size: usize) -> Range<usize> {
    let first_at = |edge: usize| edge.saturating_sub(start).div_ceil(dilation).min(kernel);
    first_at(pad)..first_at(pad + size)
}
