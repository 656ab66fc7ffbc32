//! Max pooling.

use super::{Pool2d, Window, for_each_image};
use crate::lanes::{F32x4, I32x4, LANES};
use crate::parallel::{LEAST, Parts, for_each, share, tasks};
use core::array::from_fn;
use core::ops::Range;

/// Vectors of channels that go through a window together.
const TOGETHER: usize = 4;

/// `y = max over the window`, NaN if one is in it; `places` = the index `row * kernel_w + column` in the window of the
/// first maximum (of the first NaN), -1 for a window without pixels. A window has at most 2¹⁵ places. Without `places`
/// it takes two thirds of the time.
pub fn max_pool_forward(g: &Pool2d, x: &[f32], y: &mut [f32], places: Option<&mut [i16]>) {
    debug_assert!(x.len() == g.input_len() && y.len() == g.output_len());
    debug_assert!(places.as_ref().is_none_or(|places| places.len() == y.len()));
    let maxima = Maxima { y: Parts::of(y), places: places.map(Parts::of), peaks: None };
    match maxima.places {
        None => pool_maximum::<false, false>(g, x, 0..g.channels, &maxima, |x, _| x, |x, _| x),
        Some(_) => pool_maximum::<true, false>(g, x, 0..g.channels, &maxima, |x, _| x, |x, _| x),
    }
}

/// What is kept of each window: the largest value, its place, and the x that it was computed from.
pub(crate) struct Maxima<'a> {
    pub y: Parts<'a, f32>,
    pub places: Option<Parts<'a, i16>>,
    pub peaks: Option<Parts<'a, f32>>,
}

/// The maxima of `value(x, channel)` over the windows, for some channels; image by image in tasks.
///
/// Where values differ, `key` has their order, and is cheaper: x, -x, or NaN where it does not know.
#[inline(always)]
pub(crate) fn pool_maximum<const PLACES: bool, const PEAKS: bool>(
    g: &Pool2d,
    x: &[f32],
    channels: Range<usize>,
    maxima: &Maxima,
    key: impl Fn(F32x4, usize) -> F32x4 + Sync,
    value: impl Fn(F32x4, usize) -> F32x4 + Sync,
) {
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
                    let to = n * outputs + output.start + channel;
                    // Safety: this image is in one task; `left` channels are left in each pixel of x and of y.
                    unsafe {
                        let done = left >= TOGETHER * LANES
                            && window.clean_maximum::<PLACES>(
                                g,
                                source,
                                |x, v| key(x, channel + v * LANES),
                                |v, best, place| {
                                    let (to, peak) = (to + v * LANES, key(best, channel + v * LANES));
                                    let y = value(peak, channel + v * LANES);
                                    maxima.store::<PLACES, PEAKS>([y, peak], place, to, LANES);
                                },
                            );
                        if done {
                            channel += TOGETHER * LANES;
                            continue;
                        }
                        let (best, place, peak) = window.maximum(g, source, |x| value(x, channel));
                        maxima.store::<PLACES, PEAKS>([best, peak], place, to, source.lanes);
                        channel += LANES;
                    }
                }
            });
        }
    });
}

impl Maxima<'_> {
    /// # Safety
    /// From `to` on there are `lanes` channels of an output that nothing else uses.
    #[inline(always)]
    unsafe fn store<const PLACES: bool, const PEAKS: bool>(
        &self,
        [y, peak]: [F32x4; 2],
        place: I32x4,
        to: usize,
        lanes: usize,
    ) {
        // Safety: the caller's promise.
        unsafe {
            y.store_partial(self.y.start().add(to), lanes);
            if let (true, Some(places)) = (PLACES, &self.places) {
                place.store_i16(places.start().add(to), lanes);
            }
            if let (true, Some(peaks)) = (PEAKS, &self.peaks) {
                peak.store_partial(peaks.start().add(to), lanes);
            }
        }
    }
}

/// The channels of an image's first pixel that are to be pooled, `lanes` of them in a vector.
#[derive(Clone, Copy)]
struct Source {
    x: *const f32,
    lanes: usize,
}

impl Window {
    /// The largest value of one vector of channels, its tap and its x.
    ///
    /// # Safety
    /// The source is readable.
    unsafe fn maximum(&self, g: &Pool2d, source: Source, value: impl Fn(F32x4) -> F32x4) -> (F32x4, I32x4, F32x4) {
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
        (best, place, peak)
    }

    /// Hands the largest key and its tap (if `PLACES`) of each of `TOGETHER` vectors to `keep`, in a third of the time;
    /// or returns false, where NaN or -infinity needs more care.
    ///
    /// # Safety
    /// The source is readable for so many whole vectors.
    #[inline(always)]
    unsafe fn clean_maximum<const PLACES: bool>(
        &self,
        g: &Pool2d,
        source: Source,
        key: impl Fn(F32x4, usize) -> F32x4,
        keep: impl Fn(usize, F32x4, I32x4),
    ) -> bool {
        let mut best = [F32x4::splat(f32::NEG_INFINITY); TOGETHER];
        let (mut place, mut sum) = ([I32x4::splat(-1); TOGETHER], [F32x4::zero(); TOGETHER]);
        self.for_each_tap(g, |tap, at| {
            let (tap, x) = (I32x4::splat(tap as i32), source.x.wrapping_add(at));
            for v in 0..TOGETHER {
                // Safety: the caller's promise.
                let key = key(unsafe { F32x4::load(x.add(v * LANES)) }, v);
                sum[v] = sum[v] + key;
                if PLACES {
                    // Taps only grow.
                    place[v] = place[v].max(best[v].lt(key) & tap);
                }
                best[v] = best[v].max(key);
            }
        });
        // NaN anywhere makes the sum NaN (as do infinities of both signs, which is no harm); -infinity is never better.
        let total = sum[1..].iter().fold(sum[0], |total, &sum| total + sum);
        let least = place[1..].iter().fold(place[0], |least, &place| least.min(place));
        let nan = total.ne(total);
        let strange = if PLACES { nan | least.lt(I32x4::splat(0)) } else { nan };
        if strange.any() {
            return false;
        }
        (0..TOGETHER).for_each(|v| keep(v, best[v], place[v]));
        true
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
