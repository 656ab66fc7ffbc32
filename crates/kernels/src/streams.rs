//! The innermost loops over runs: maps, updates and sums. A kernel gives its formula on lanes; these give loads,
//! stores, tails and the order of sums. `columns.rs` has the same for rows of columns.
//!
//! Sums are taken in float32 over short blocks and merged in float64; their order depends on the length alone. A tail
//! goes through a padded vector, so that no element's result depends on where it stands.

use crate::lanes::{F32x4, F64x2, I32x4, LANES};
use crate::math::maximum;
use crate::parallel::{LEAST, Parts, for_each_range};
use core::array::from_fn;

/// Independent vectors a step: enough to hide the latency of an addition.
pub const UNROLL: usize = 4;

/// For formulas that are long by themselves.
pub const ONCE: usize = 1;

/// Additions per lane before a float32 sum is merged into float64.
const BLOCK: usize = 64;

/// `y[i] = f(x[0][i], x[1][i], …)` for formulas of a few instructions: `f` is repeated `UNROLL` times.
#[inline(always)]
pub fn map<const K: usize>(x: [&[f32]; K], y: &mut [f32], f: impl Fn([F32x4; K]) -> F32x4) {
    debug_assert!(x.iter().all(|x| x.len() == y.len()));
    // Safety: every slice has the length of y.
    unsafe { stream::<K, 1, UNROLL>(y.len(), x.map(each), [y.as_mut_ptr()], |x| [f(x)]) }
}

/// [`map`] for long formulas.
#[inline(always)]
pub fn map_long<const K: usize>(x: [&[f32]; K], y: &mut [f32], f: impl Fn([F32x4; K]) -> F32x4) {
    debug_assert!(x.iter().all(|x| x.len() == y.len()));
    // Safety: every slice has the length of y.
    unsafe { stream::<K, 1, ONCE>(y.len(), x.map(each), [y.as_mut_ptr()], |x| [f(x)]) }
}

/// `(y[0][i], y[1][i], …) = f(those, x[0][i], …)`. `R` is `W + K`, which Rust cannot add itself.
#[inline(always)]
pub fn update<const W: usize, const K: usize, const R: usize>(
    y: [&mut [f32]; W],
    x: [&[f32]; K],
    f: impl Fn([F32x4; W], [F32x4; K]) -> [F32x4; W],
) {
    const { assert!(R == W + K) };
    let n = y[0].len();
    debug_assert!(y.iter().all(|y| y.len() == n) && x.iter().all(|x| x.len() == n));
    let y = y.map(<[f32]>::as_mut_ptr);
    let read: [Source; R] = from_fn(|i| if i < W { Source { start: y[i], step: 1 } } else { each(x[i - W]) });
    // Safety: every slice has n elements.
    unsafe { stream::<R, W, ONCE>(n, read, y, |all| f(from_fn(|i| all[i]), from_fn(|i| all[W + i]))) }
}

/// [`map`] in tasks.
pub fn map_all<const K: usize>(x: [&[f32]; K], y: &mut [f32], f: impl Fn([F32x4; K]) -> F32x4 + Sync) {
    let (n, y) = (y.len(), Parts::of(y));
    for_each_range(n, LEAST, |range| {
        // Safety: each range is in one task.
        map(x.map(|x| &x[range.clone()]), unsafe { y.part(range.clone()) }, &f);
    });
}

/// [`update`] in tasks.
pub fn update_all<const W: usize, const K: usize, const R: usize>(
    y: [&mut [f32]; W],
    x: [&[f32]; K],
    f: impl Fn([F32x4; W], [F32x4; K]) -> [F32x4; W] + Sync,
) {
    let (n, y) = (y[0].len(), y.map(Parts::of));
    for_each_range(n, LEAST, |range| {
        // Safety: each range is in one task.
        let y = from_fn(|w| unsafe { y[w].part(range.clone()) });
        update::<W, K, R>(y, x.map(|x| &x[range.clone()]), &f);
    });
}

/// What a stream reads: `n` floats with step 1, or with step 0 the same four over and over.
#[derive(Clone, Copy)]
pub struct Source {
    pub start: *const f32,
    pub step: usize,
}

fn each(x: &[f32]) -> Source {
    Source { start: x.as_ptr(), step: 1 }
}

/// `(y[0][i], …) = f(x[0][i], …)` for `n` elements, `U` vectors a step: the loop under all maps.
///
/// # Safety
/// The sources and `y` reach as far as said; an output is one of the sources, or overlaps none of them.
#[inline(always)]
pub unsafe fn stream<const K: usize, const W: usize, const U: usize>(
    n: usize,
    mut x: [Source; K],
    mut y: [*mut f32; W],
    f: impl Fn([F32x4; K]) -> [F32x4; W],
) {
    let (mut left, tail) = (n - n % LANES, n % LANES);
    let (mut padded, mut results) = ([[0.0; LANES]; K], [[0.0; LANES]; W]);
    let mut end = None;
    // At most twice: the whole vectors, then the tail in a padded one, so that `f` is compiled once.
    loop {
        let mut step = |vectors: usize| {
            for u in 0..vectors {
                // Safety: left >= 4 * vectors.
                unsafe {
                    let result = f(from_fn(|k| F32x4::load(x[k].start.add(u * LANES * x[k].step))));
                    for w in 0..W {
                        result[w].store(y[w].add(u * LANES));
                    }
                }
            }
            x = x.map(|x| Source { start: x.start.wrapping_add(vectors * LANES * x.step), ..x });
            y = y.map(|y| y.wrapping_add(vectors * LANES));
            vectors * LANES
        };
        while U > 1 && left >= U * LANES {
            left -= step(U);
        }
        while left > 0 {
            left -= step(1);
        }
        if tail == 0 || end.is_some() {
            break;
        }
        for (x, padded) in x.iter_mut().zip(&mut padded) {
            // Safety: `tail` floats are left, or four are repeated.
            *padded = unsafe { F32x4::load_partial(x.start, tail) }.to_array();
            x.start = padded.as_ptr();
        }
        end = Some(y);
        y = results.each_mut().map(|result| result.as_mut_ptr());
        left = LANES;
    }
    for (result, y) in results.iter().zip(end.iter().flatten()) {
        // Safety: `tail` floats are left.
        unsafe { F32x4::from_array(*result).store_partial(*y, tail) };
    }
}

/// `Σᵢ f(x[0][i], x[1][i], …)` for the `M` terms that `f` gives.
#[inline(always)]
pub fn sum<const K: usize, const M: usize>(x: [&[f32]; K], f: impl Fn([F32x4; K]) -> [F32x4; M]) -> [f64; M] {
    let n = x[0].len();
    debug_assert!(x.iter().all(|x| x.len() == n));
    let (mut left, tail) = (n - n % LANES, n % LANES);
    let mut x = x.map(<[f32]>::as_ptr);
    let mut padded = [[0.0; LANES]; K];
    let mut total = [0.0; M];
    let mut lanes = LANES;
    // At most twice, as in `stream`.
    loop {
        while left > 0 {
            let mut sums = [[F32x4::zero(); UNROLL]; M];
            let block = left.min(BLOCK * UNROLL * LANES);
            left -= block;
            // Pointers that move on, as the WASM build leaves indices as they are written.
            let mut step = |vectors: usize| {
                for u in 0..vectors {
                    // Safety: 4 * vectors are left.
                    let terms = f(from_fn(|k| unsafe { F32x4::load(x[k].add(u * LANES)) }));
                    for (sums, term) in sums.iter_mut().zip(terms) {
                        sums[u] = sums[u] + term;
                    }
                }
                for x in &mut x {
                    *x = x.wrapping_add(vectors * LANES);
                }
            };
            for _ in 0..block / (UNROLL * LANES) {
                step(UNROLL);
            }
            for _ in 0..block / LANES % UNROLL {
                step(1);
            }
            for (total, [a, b, c, d]) in total.iter_mut().zip(sums) {
                // The lanes of the padding are no elements.
                let live = ((a + b) + (c + d)).to_array().map(f64::from).into_iter().take(lanes);
                *total += live.fold(0.0, |sum, lane| sum + lane);
            }
        }
        if tail == 0 || lanes < LANES {
            return total;
        }
        for (x, padded) in x.iter_mut().zip(&mut padded) {
            // Safety: `tail` floats are left.
            *padded = unsafe { F32x4::load_partial(*x, tail) }.to_array();
            *x = padded.as_ptr();
        }
        (left, lanes) = (LANES, tail);
    }
}

/// Moves float32 sums into float64 ones: `totals += sums`, then `sums = 0`.
#[inline(never)]
pub fn absorb(totals: &mut [f64], sums: &mut [f32]) {
    debug_assert!(totals.len() == sums.len());
    let (vectors, tail) = sums.as_chunks::<LANES>();
    let (quads, rest) = totals.as_chunks_mut::<LANES>();
    for (total, &sum) in quads.iter_mut().zip(vectors) {
        let [low, high] = F32x4::from_array(sum).to_f64().map(F64x2::to_array);
        *total = [total[0] + low[0], total[1] + low[1], total[2] + high[0], total[3] + high[1]];
    }
    rest.iter_mut().zip(tail).for_each(|(total, &sum)| *total += f64::from(sum));
    sums.fill(0.0);
}

/// max x, or min x if asked; NaN if there is one. Over nothing: -infinity, or infinity.
#[inline(never)]
pub fn extreme(x: &[f32], min: bool) -> f32 {
    // min x = -max(-x), by the sign bit alone.
    let flip = I32x4::splat(if min { i32::MIN } else { 0 });
    let load = |lanes: [f32; LANES]| F32x4::from_bits(F32x4::from_array(lanes).to_bits() ^ flip);
    let start = F32x4::splat(f32::NEG_INFINITY);
    let (vectors, tail) = x.as_chunks::<LANES>();
    let (pairs, last) = vectors.as_chunks::<2>();
    let mut best = [start; 2];
    for pair in pairs {
        best = from_fn(|u| maximum(best[u], load(pair[u])));
    }
    for &vector in last {
        best[0] = maximum(best[0], load(vector));
    }
    let mut padded = [if min { f32::INFINITY } else { f32::NEG_INFINITY }; LANES];
    padded[..tail.len()].copy_from_slice(tail);
    let best = maximum(maximum(best[0], best[1]), load(padded));
    let [a, b, c, d] = best.to_array().map(F32x4::splat);
    let best = maximum(maximum(a, b), maximum(c, d));
    F32x4::from_bits(best.to_bits() ^ flip).to_array()[0]
}
