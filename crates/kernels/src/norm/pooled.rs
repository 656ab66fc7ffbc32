//! Normalization by the moments of x, then max pooling: the normalized map is never written.

use super::channels::{backward_constants, forward_constants, input_gradient, round, rounded_means};
use super::view::{Group, View};
use super::{Affine, Gradients, backward_sums};
use crate::columns::{Columns, TILE};
use crate::lanes::{F32x4, I32x4, LANES};
use crate::parallel::{LEAST, Parts, merged, partials, share};
use crate::pool::{Maxima, Pool2d, Window, pool_maximum};
use crate::streams::absorb;

/// Windows side by side from the first pixel on, as with padding "valid"; rows and columns may be left over at the end.
pub fn norm_pool_supports(g: &Pool2d) -> bool {
    let beside = [g.stride_h, g.stride_w] == [g.kernel_h, g.kernel_w] && [g.pad_top, g.pad_left] == [0, 0];
    beside && [g.out_h, g.out_w] == [g.height / g.kernel_h, g.width / g.kernel_w]
}

fn pixels(g: &Pool2d) -> View {
    View { outer: g.batch * g.height * g.width, channels: g.channels, inner: 1 }
}

/// y = max over the window of γ·(x - mean)·rstd + β, with `moments` [2, channels] of x: the bits of the two kernels.
/// (But where rounding makes values of different x equal, the place is that of the largest x, not the first.) Writes
/// mean and variance [channels], y, `places` as max pooling does, and `peaks`, the x of each y.
pub fn norm_pool_forward(
    g: &Pool2d,
    x: &[f32],
    moments: &[f64],
    affine: Affine,
    epsilon: f64,
    statistics: [&mut [f32]; 2],
    [y, peaks]: [&mut [f32]; 2],
    places: &mut [i16],
) {
    debug_assert!(norm_pool_supports(g));
    round(moments, statistics);
    let maxima = Maxima { y: Parts::of(y), places: Some(Parts::of(places)), peaks: Some(Parts::of(peaks)) };
    for group in pixels(g).groups() {
        let constants = forward_constants(&group, moments, affine, epsilon);
        let first = group.channels.start;
        // The order of the values is that of x, or the reverse. With a scale of 0 all are equal: NaN, so compared.
        let signs = constants[1].map(|scale| if scale == 0.0 { f32::NAN } else { scale.signum() });
        // Safety: vectors of the group's channels are inside, as TILE is a whole number of them.
        let at = |each: &Columns<f32>, channel: usize| unsafe { load(each, channel - first) };
        let key = |x, channel| x * at(&signs, channel);
        pool_maximum::<true, true>(g, x, group.channels, &maxima, key, |x, channel| {
            let [mean, scale, offset] = constants.each_ref().map(|each| at(each, channel));
            (x - mean) * scale + offset
        });
    }
}

/// The gradients of both: dy goes to the places, and from there through the normalization as in
/// [`norm_channels_backward`](super::norm_channels_backward), whose sums are taken of `peaks` alone.
pub fn norm_pool_backward(
    g: &Pool2d,
    [x, peaks]: [&[f32]; 2],
    places: &[i16],
    moments: &[f64],
    gamma: Option<&[f32]>,
    epsilon: f64,
    dy: &[f32],
    relu: bool,
    mut gradients: Gradients,
) {
    debug_assert!(norm_pool_supports(g));
    let floor = F32x4::splat(if relu { 0.0 } else { f32::NAN });
    let windows = View { outer: g.batch * g.out_h * g.out_w, channels: g.channels, inner: 1 };
    let m = pixels(g).per_channel() as f64;
    for group in windows.groups() {
        let mean = rounded_means(&group, moments);
        let [sum_g, sum_gd] = group.merged(|part| backward_sums(part, peaks, dy, &mean));
        let constants = backward_constants(&group, m, moments, gamma, epsilon, [&sum_g, &sum_gd], &mut gradients);
        let Some(dx) = &mut gradients.dx else { continue };
        let dx = Parts::of(dx);
        let count = partials(g.batch, LEAST.div_ceil(g.image().max(1)));
        let image =
            |n, sums: &mut Columns<f32>| input_gradients(g, &group, n, x, places, dy, &constants, floor, &dx, sums);
        let work = |task| {
            let (mut totals, mut sums) = ([0.0; TILE], [0.0; TILE]);
            for n in share(task, count, g.batch) {
                image(n, &mut sums);
                absorb(&mut totals, &mut sums);
            }
            totals
        };
        let add =
            |totals: &mut Columns<f64>, part: &Columns<f64>| totals.iter_mut().zip(part).for_each(|(t, p)| *t += p);
        let totals = merged(count, |task| work(task.index), add);
        if let Some(dbias) = &mut gradients.dbias {
            dbias[group.channels.clone()].iter_mut().zip(totals).for_each(|(dbias, total)| *dbias = total as f32);
        }
    }
}

/// dx of image `n` for the group's channels, added up in `sums`.
fn input_gradients(
    g: &Pool2d,
    group: &Group,
    n: usize,
    x: &[f32],
    places: &[i16],
    dy: &[f32],
    constants: &[Columns<f32>; 4],
    floor: F32x4,
    dx: &Parts<f32>,
    sums: &mut Columns<f32>,
) {
    // One more window where pixels are left over: it has no output.
    let windows = [g.height.div_ceil(g.kernel_h), g.width.div_ceil(g.kernel_w)];
    for (i, j) in (0..windows[0]).flat_map(|i| (0..windows[1]).map(move |j| (i, j))) {
        let (row, column) = (i * g.kernel_h, j * g.kernel_w);
        let at = ((n * g.height + row) * g.width + column) * g.channels;
        let (rows, columns) = (g.kernel_h.min(g.height - row), g.kernel_w.min(g.width - column));
        let window = Window { rows, columns, first_tap: 0, at };
        let output = (i < g.out_h && j < g.out_w).then(|| ((n * g.out_h + i) * g.out_w + j) * g.channels);
        for channel in group.channels.clone().step_by(LANES) {
            let (c, lanes) = (channel - group.channels.start, group.channels.end - channel);
            // Safety: `lanes` channels are left at each pixel and output, and this image is in one task.
            unsafe {
                let constants = constants.each_ref().map(|each| load(each, c));
                let mut sum = load(sums, c);
                let (place, dy) = match output {
                    None => (I32x4::splat(-1), F32x4::zero()),
                    Some(output) => (
                        I32x4::load_i16(places.as_ptr().add(output + channel), lanes),
                        F32x4::load_partial(dy.as_ptr().add(output + channel), lanes),
                    ),
                };
                let (x, dx) = (x.as_ptr().add(channel), dx.start().add(channel));
                window.for_each_tap(g, |tap, at| {
                    let here = place.eq(I32x4::splat(tap as i32)).select(dy, F32x4::zero());
                    let x = F32x4::load_partial(x.add(at), lanes);
                    let gradient = input_gradient(x, here, constants, floor);
                    gradient.store_partial(dx.add(at), lanes);
                    sum = sum + gradient;
                });
                sum.store(sums.as_mut_ptr().add(c));
            }
        }
    }
}

/// # Safety
/// `column` and the three after it are inside.
#[inline(always)]
unsafe fn load(columns: &Columns<f32>, column: usize) -> F32x4 {
    // Safety: the caller's promise.
    unsafe { F32x4::load(columns.as_ptr().add(column)) }
}
