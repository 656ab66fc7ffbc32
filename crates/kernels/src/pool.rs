//! Max and average pooling over windows of an NHWC image. Padding is never counted: the maximum and the mean are those
//! of the pixels that a window has. A window without any gives -Infinity and 0.

use crate::conv::geometry::taps;
use crate::lanes::{F32x4, I32x4, LANES};
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

    fn image(&self) -> usize {
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
                let window = Window { rows: rows.clone(), columns, y, x };
                each(output..output + self.channels, &window);
                output += self.channels;
            }
        }
    }
}

/// The taps of a window that are inside the image, and its first tap in the padded image.
struct Window {
    rows: Range<usize>,
    columns: Range<usize>,
    y: usize,
    x: usize,
}

impl Window {
    fn count(&self) -> usize {
        self.rows.len() * self.columns.len()
    }

    /// Calls `each` with the index of every tap in the window and the place of its channels in the image.
    #[inline(always)]
    fn for_each_tap(&self, g: &Pool2d, mut each: impl FnMut(usize, Range<usize>)) {
        for row in self.rows.clone() {
            for column in self.columns.clone() {
                let pixel = (self.y + row - g.pad_top) * g.width + self.x + column - g.pad_left;
                each(row * g.kernel_w + column, pixel * g.channels..(pixel + 1) * g.channels);
            }
        }
    }
}

/// `y = max over the window`, NaN if one is in it; `argmax` = the index `row * kernel_w + column` in the window of the
/// first maximum (of the first NaN), -1 for a window without pixels.
pub fn max_pool_forward(g: &Pool2d, x: &[f32], y: &mut [f32], argmax: &mut [i32]) {
    debug_assert!(x.len() == g.input_len() && y.len() == g.output_len() && argmax.len() == g.output_len());
    for_each_image(g, x, y, |n, x, y| {
        let argmax = &mut argmax[n * y.len()..][..y.len()];
        g.for_each_window(|output, window| {
            let (y, argmax) = (&mut y[output.clone()], &mut argmax[output]);
            let mut first = true;
            window.for_each_tap(g, |tap, input| {
                let (tap, x) = (tap as i32, &x[input]);
                if first {
                    y.copy_from_slice(x);
                    argmax.fill(tap);
                } else {
                    keep_larger(tap, x, y, argmax);
                }
                first = false;
            });
            if first {
                y.fill(f32::NEG_INFINITY);
                argmax.fill(-1);
            }
        });
    });
}

fn keep_larger(tap: i32, x: &[f32], y: &mut [f32], argmax: &mut [i32]) {
    let channels = x.len().min(y.len()).min(argmax.len());
    let (x, y, argmax) = (x.as_ptr(), y.as_mut_ptr(), argmax.as_mut_ptr().cast::<f32>());
    let tap = F32x4::from_bits(I32x4::splat(tap));
    let step = |channel: usize, lanes: usize| {
        // Safety: `lanes` values of 4 bytes are left in each of the three from `channel` on.
        unsafe {
            let value = F32x4::load_partial(x.add(channel), lanes);
            let best = F32x4::load_partial(y.add(channel), lanes);
            let index = F32x4::load_partial(argmax.add(channel), lanes);
            // Larger or NaN, but nothing displaces a NaN.
            let better = !value.le(best) & best.eq(best);
            better.select(value, best).store_partial(y.add(channel), lanes);
            better.select(tap, index).store_partial(argmax.add(channel), lanes);
        }
    };
    let whole = channels / LANES * LANES;
    (0..whole).step_by(LANES).for_each(|channel| step(channel, LANES));
    if whole < channels {
        step(whole, channels - whole);
    }
}

/// `dx = dy` at the place that each window's maximum came from, summed where windows overlap, else 0.
pub fn max_pool_backward(g: &Pool2d, argmax: &[i32], dy: &[f32], dx: &mut [f32]) {
    debug_assert!(dx.len() == g.input_len() && dy.len() == g.output_len() && argmax.len() == g.output_len());
    for_each_image(g, dy, dx, |n, dy, dx| {
        let argmax = &argmax[n * dy.len()..][..dy.len()];
        dx.fill(0.0);
        g.for_each_window(|output, window| {
            let (dy, argmax) = (&dy[output.clone()], &argmax[output]);
            window.for_each_tap(g, |tap, input| {
                for ((dx, &dy), &argmax) in dx[input].iter_mut().zip(dy).zip(argmax) {
                    *dx += if argmax == tap as i32 { dy } else { 0.0 };
                }
            });
        });
    });
}

/// `y = mean over the window`.
pub fn average_pool_forward(g: &Pool2d, x: &[f32], y: &mut [f32]) {
    debug_assert!(x.len() == g.input_len() && y.len() == g.output_len());
    for_each_image(g, x, y, |_, x, y| {
        g.for_each_window(|output, window| {
            let y = &mut y[output];
            y.fill(0.0);
            window.for_each_tap(g, |_, input| y.iter_mut().zip(&x[input]).for_each(|(y, x)| *y += x));
            let count = window.count().max(1) as f32;
            y.iter_mut().for_each(|y| *y /= count);
        });
    });
}

/// `dx += dy / count` for every pixel of each window, from 0.
pub fn average_pool_backward(g: &Pool2d, dy: &[f32], dx: &mut [f32]) {
    debug_assert!(dx.len() == g.input_len() && dy.len() == g.output_len());
    for_each_image(g, dy, dx, |_, dy, dx| {
        dx.fill(0.0);
        g.for_each_window(|output, window| {
            let count = window.count().max(1) as f32;
            window.for_each_tap(g, |_, input| {
                dx[input].iter_mut().zip(&dy[output.clone()]).for_each(|(dx, dy)| *dx += dy / count);
            });
        });
    });
}

/// Image by image, so that the gradients of one are still in cache when they are added to.
fn for_each_image(g: &Pool2d, from: &[f32], to: &mut [f32], mut each: impl FnMut(usize, &[f32], &mut [f32])) {
    let (from_len, to_len) = (from.len() / g.batch.max(1), to.len() / g.batch.max(1));
    for n in 0..g.batch {
        each(n, &from[n * from_len..][..from_len], &mut to[n * to_len..][..to_len]);
    }
}
