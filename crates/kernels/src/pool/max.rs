//! Max pooling.

use super::{Pool2d, Window, for_each_image};
use crate::lanes::{F32x4, I32x4, LANES};
use crate::parallel::{LEAST, Parts, for_each, share, tasks};
use core::array::from_fn;
use core::ops::Range;

/// Vectors of channels that go through a window together.
const TOGETHER: usize = 4;

/// `y = max over the window`, NaN if one is in it; `places` = the index `row * kernel_w + column` in the window of the
/// first maximum (of the first NaN), -1 for a window without pixels. A window has at most 2¹⁵ places.
pub fn max_pool_forward(g: &Pool2d, x: &[f32], y: &mut [f32], places: &mut [i16]) {
    debug_assert!(x.len() == g.input_len() && y.len() == g.output_len() && places.len() == g.output_len());
    let maxima = Maxima { y: Parts::of(y), places: Parts::of(places), peaks: None };
    pool_maximum::<TOGETHER, false>(g, x, 0..g.channels, &maxima, |x, _| x);
}

/// What is kept of each window: the largest value, its place, and the x that it was computed from.
pub(crate) struct Maxima<'a> {
    pub y: Parts<'a, f32>,
    pub places: Parts<'a, i16>,
    pub peaks: Option<Parts<'a, f32>>,
}

/// The maxima of `value(x, channel)` over the windows, for some channels; image by image in tasks.
#[inline(always)]
pub(crate) fn pool_maximum<const V: usize, const PEAKS: bool>(
    g: &Pool2d,
    x: &[f32],
    channels: Range<usize>,
    maxima: &Maxima,
    value: impl Fn(F32x4, usize) -> F32x4 + Sync,
) {
    debug_assert_eq!(PEAKS, maxima.peaks.is_some());
    let (image, outputs) = (g.image(), g.out_h * g.out_w * g.channels);
    let count = tasks(g.batch, LEAST.div_ceil(image.max(1)));
    for_each(count, |task| {
        for n in share(task.index, count, g.batch) {
            let x = x.as_ptr().wrapping_add(n * image);
            g.for_each_window(|output, window| {
                let mut channel = channels.start;
                while channel < channels.end {
                    let left = channels.end - channel;
                    let source = Source { x: x.wrapping_add(channel), lanes: left.min(LANES) };
                    // Safety: this image is in one task; `left` channels are left in each pixel of x and of y.
                    unsafe {
                        let value = |x, v: usize| value(x, channel + v * LANES);
                        let to = n * outputs + output.start + channel;
                        if left >= V * LANES {
                            if let Some(maximum) = window.clean_maximum::<V, PEAKS>(g, source, value) {
                                maximum.store::<PEAKS>(maxima, to, LANES);
                                channel += V * LANES;
                                continue;
                            }
                        }
                        let value = |x| value(x, 0);
                        window.maximum(g, source, value).store::<PEAKS>(maxima, to, source.lanes);
                        channel += LANES;
                    }
                }
            });
        }
    });
}

/// The channels of an image's first pixel that are to be pooled, `lanes` of them in a vector.
#[derive(Clone, Copy)]
struct Source {
    x: *const f32,
    lanes: usize,
}

/// Of `V` vectors of channels: the largest value of a window, its tap, and its x.
struct Maximum<const V: usize> {
    best: [F32x4; V],
    place: [I32x4; V],
    peak: [F32x4; V],
}

impl<const V: usize> Maximum<V> {
    /// # Safety
    /// There are `lanes` channels in each vector of the maxima from place `to` on.
    #[inline(always)]
    unsafe fn store<const PEAKS: bool>(&self, maxima: &Maxima, to: usize, lanes: usize) {
        for v in 0..V {
            let to = to + v * LANES;
            // Safety: the caller's promise.
            unsafe {
                self.best[v].store_partial(maxima.y.start().add(to), lanes);
                self.place[v].store_i16(maxima.places.start().add(to), lanes);
                if let (true, Some(peaks)) = (PEAKS, &maxima.peaks) {
                    self.peak[v].store_partial(peaks.start().add(to), lanes);
                }
            }
        }
    }
}

impl Window {
    /// The maximum of one vector of channels.
    ///
    /// # Safety
    /// The source is readable.
    unsafe fn maximum(&self, g: &Pool2d, source: Source, value: impl Fn(F32x4) -> F32x4) -> Maximum<1> {
        let nothing = F32x4::splat(f32::NEG_INFINITY);
        let (mut best, mut place, mut peak) = (nothing, I32x4::splat(-1), nothing);
        self.for_each_tap(g, |tap, at| {
            // Safety: the caller's promise.
            let x = unsafe { F32x4::load_partial(source.x.add(at), source.lanes) };
            let value = value(x);
            // Larger or NaN, but nothing displaces a NaN; and the first, whatever it is.
            let better = (!value.le(best) & best.eq(best)) | place.lt(I32x4::splat(0));
            best = better.select(value, best);
            place = better.choose(I32x4::splat(tap as i32), place);
            peak = better.select(x, peak);
        });
        Maximum { best: [best], place: [place], peak: [peak] }
    }

    /// The maxima of `V` vectors in a third of the time; `None` where NaN or -infinity needs more care.
    ///
    /// # Safety
    /// The source is readable for so many whole vectors.
    #[inline(always)]
    unsafe fn clean_maximum<const V: usize, const PEAKS: bool>(
        &self,
        g: &Pool2d,
        source: Source,
        value: impl Fn(F32x4, usize) -> F32x4,
    ) -> Option<Maximum<V>> {
        let mut best = [F32x4::splat(f32::NEG_INFINITY); V];
        let (mut place, mut peak) = ([I32x4::splat(-1); V], best);
        let mut sum = [F32x4::zero(); V];
        self.for_each_tap(g, |tap, at| {
            let (tap, x) = (I32x4::splat(tap as i32), source.x.wrapping_add(at));
            for v in 0..V {
                // Safety: the caller's promise.
                let x = unsafe { F32x4::load(x.add(v * LANES)) };
                let value = value(x, v);
                sum[v] = sum[v] + value;
                let better = best[v].lt(value);
                best[v] = best[v].max(value);
                // Taps only grow.
                place[v] = place[v].max(better & tap);
                if PEAKS {
                    peak[v] = better.select(x, peak[v]);
                }
            }
        });
        // NaN anywhere makes the sum NaN (as do infinities of both signs, which is no harm); -infinity is never better.
        let total = sum[1..].iter().fold(sum[0], |total, &sum| total + sum);
        let least = place[1..].iter().fold(place[0], |least, &place| least.min(place));
        let special = total.ne(total) | least.lt(I32x4::splat(0));
        if special.any() { None } else { Some(Maximum { best, place, peak }) }
    }

    /// `dx = dy` at each window's place of `V` vectors of channels, else 0; or added to dx.
    ///
    /// # Safety
    /// From the channel of `places`, `dy` and `dx` on, there are `lanes` channels in each vector.
    #[inline(always)]
    unsafe fn spread<const V: usize, const ADD: bool>(
        &self,
        g: &Pool2d,
        places: *const i16,
        dy: *const f32,
        dx: *mut f32,
        lanes: usize,
    ) {
        // Safety: the caller's promise.
        unsafe {
            let dy: [F32x4; V] = from_fn(|v| F32x4::load_partial(dy.add(v * LANES), lanes));
            let place: [I32x4; V] = from_fn(|v| I32x4::load_i16(places.add(v * LANES), lanes));
            self.for_each_tap(g, |tap, at| {
                let tap = I32x4::splat(tap as i32);
                for v in 0..V {
                    let dx = dx.add(at + v * LANES);
                    let passed = place[v].eq(tap).select(dy[v], F32x4::zero());
                    let sum = if ADD { F32x4::load_partial(dx, lanes) + passed } else { passed };
                    sum.store_partial(dx, lanes);
                }
            });
        }
    }
}

/// `dx = dy` at the place that each window's maximum came from, summed where windows overlap, else 0.
pub fn max_pool_backward(g: &Pool2d, places: &[i16], dy: &[f32], dx: &mut [f32]) {
    debug_assert!(dx.len() == g.input_len() && dy.len() == g.output_len() && places.len() == g.output_len());
    let disjoint = g.disjoint();
    for_each_image(g, dy, dx, |n, dy, dx| {
        let places = &places[n * dy.len()..][..dy.len()];
        if !g.tiled() {
            dx.fill(0.0);
        }
        g.for_each_window(|output, window| {
            let mut channel = 0;
            while channel < g.channels {
                let (at, left) = (output.start + channel, g.channels - channel);
                let (places, dy) = (places.as_ptr().wrapping_add(at), dy.as_ptr().wrapping_add(at));
                let dx = dx.as_mut_ptr().wrapping_add(channel);
                // Safety: `left` channels are left at each pixel and output.
                unsafe {
                    channel += if !disjoint {
                        window.spread::<1, true>(g, places, dy, dx, left.min(LANES));
                        LANES
                    } else if left < TOGETHER * LANES {
                        window.spread::<1, false>(g, places, dy, dx, left.min(LANES));
                        LANES
                    } else {
                        window.spread::<TOGETHER, false>(g, places, dy, dx, LANES);
                        TOGETHER * LANES
                    };
                }
            }
        });
    });
}
