//! Max and average pooling over windows of an NHWC image. Padding is never counted: the maximum and the mean are those
//! of the pixels that a window has. A window without any gives -Infinity and 0.

mod average;
mod max;

pub use average::{average_pool_backward, average_pool_forward};
pub(crate) use max::{Maxima, pool_maximum};
pub use max::{max_pool_backward, max_pool_forward};

use crate::conv::geometry::taps;
use crate::parallel::{LEAST, Parts, for_each, share, tasks};
use core::ops::Range;

/// x `[batch, height, width, channels]`, y `[batch, out_h, out_w, channels]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pool2d {
    pub batch: usize,
    pub height: usize,
    pub width: usize,
    pub channels: usize,
    pub kernel_h: usize,
    pub kernel_w: usize,
    pub stride_h: usize,
    pub stride_w: usize,
    pub pad_top: usize,
    pub pad_left: usize,
    pub out_h: usize,
    pub out_w: usize,
}

impl Pool2d {
    pub fn input_len(&self) -> usize {
        self.batch * self.image()
    }

    pub fn output_len(&self) -> usize {
        self.batch * self.out_h * self.out_w * self.channels
    }

    pub(crate) fn image(&self) -> usize {
        self.height * self.width * self.channels
    }

    /// Calls `each` with the place of every window's output in an image of y, and the window.
    #[inline(always)]
    fn for_each_window(&self, mut each: impl FnMut(Range<usize>, &Window)) {
        let mut output = 0;
        for y in (0..self.out_h).map(|y| y * self.stride_h) {
            let rows = taps(y, 1, self.pad_top, self.kernel_h, self.height);
            for x in (0..self.out_w).map(|x| x * self.stride_w) {
                let columns = taps(x, 1, self.pad_left, self.kernel_w, self.width);
                let row = (y + rows.start).saturating_sub(self.pad_top);
                let column = (x + columns.start).saturating_sub(self.pad_left);
                let window = Window {
                    first_tap: rows.start * self.kernel_w + columns.start,
                    at: (row * self.width + column) * self.channels,
                    rows: rows.len(),
                    columns: columns.len(),
                };
                each(output..output + self.channels, &window);
                output += self.channels;
            }
        }
    }

    /// Whether each pixel is in one window, or in none.
    fn disjoint(&self) -> bool {
        self.stride_h >= self.kernel_h && self.stride_w >= self.kernel_w
    }

    /// Whether each pixel is in one window.
    fn tiled(&self) -> bool {
        let whole = [self.out_h * self.kernel_h, self.out_w * self.kernel_w] == [self.height, self.width];
        let beside = [self.stride_h, self.stride_w] == [self.kernel_h, self.kernel_w];
        whole && beside && self.pad_top == 0 && self.pad_left == 0
    }
}

/// The part of a window that is inside the image.
pub(crate) struct Window {
    pub rows: usize,
    pub columns: usize,
    /// The index of its first tap in the whole window.
    pub first_tap: usize,
    /// The place of the first tap's channels in the image.
    pub at: usize,
}

impl Window {
    fn count(&self) -> usize {
        self.rows * self.columns
    }

    /// Calls `each` with the index of every tap in the window and the place of its channels in the image.
    #[inline(always)]
    pub fn for_each_tap(&self, g: &Pool2d, mut each: impl FnMut(usize, usize)) {
        let &Pool2d { width, channels, kernel_w, .. } = g;
        let (mut row_tap, mut row_at) = (self.first_tap, self.at);
        for _ in 0..self.rows {
            let (mut tap, mut at) = (row_tap, row_at);
            for _ in 0..self.columns {
                each(tap, at);
                tap += 1;
                at += channels;
            }
            row_tap += kernel_w;
            row_at += width * channels;
        }
    }
}

/// `each` image in a task: its number, its part of `from` and that of `to`.
fn for_each_image(g: &Pool2d, from: &[f32], to: &mut [f32], each: impl Fn(usize, &[f32], &mut [f32]) + Sync) {
    let (from_len, to_len) = (from.len() / g.batch.max(1), to.len() / g.batch.max(1));
    let to = Parts::of(to);
    let count = tasks(g.batch, LEAST.div_ceil(g.image().max(1)));
    for_each(count, |task| {
        for n in share(task.index, count, g.batch) {
            // Safety: every image is in one task.
            let to = unsafe { to.part(n * to_len..(n + 1) * to_len) };
            each(n, &from[n * from_len..][..from_len], to);
        }
    });
}
