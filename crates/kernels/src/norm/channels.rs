//! Normalization by each channel's own mean and variance: batch normalization in training (Ioffe and Szegedy 2015),
//! instance normalization with outer = 1.

use super::view::{Group, View};
use super::{Affine, Gradients, backward_sums, beta_of, gamma_of, normalize, reciprocal_deviation};
use crate::columns::{Columns, TILE};
use crate::lanes::F32x4;
use crate::parallel::Parts;
use crate::reduce::{Reduce, reduce};

/// y = γ·(x - mean)·rstd + β, rstd = 1/√(variance + ε), with `moments` [2, channels], the means and variances of x.
/// x, y [outer, channels, inner]; writes y and, per channel, mean and variance (biased).
pub fn norm_channels_apply(
    view: View,
    x: &[f32],
    moments: &[f64],
    affine: Affine,
    epsilon: f64,
    statistics: [&mut [f32]; 2],
    y: &mut [f32],
) {
    round(moments, statistics);
    let y = Parts::of(y);
    for group in view.groups() {
        let [mean, scale, offset] = forward_constants(&group, moments, affine, epsilon);
        normalize(&group, x, &mean, &scale, &offset, &y);
    }
}

/// Mean and variance of each channel in float32.
pub(super) fn round(moments: &[f64], [mean, variance]: [&mut [f32]; 2]) {
    for (value, &moment) in mean.iter_mut().chain(variance).zip(moments) {
        *value = moment as f32;
    }
}

/// Per channel of the group, (mean, scale, offset) of y = (x - mean)·scale + offset.
#[inline(never)]
pub(super) fn forward_constants(group: &Group, moments: &[f64], affine: Affine, epsilon: f64) -> [Columns<f32>; 3] {
    let (means, variances) = moments.split_at(group.view.channels);
    let mut constants = [[0.0; TILE]; 3];
    let [mean, scale, offset] = &mut constants;
    for (i, channel) in group.channels.clone().enumerate() {
        let slope = gamma_of(affine.gamma, channel) * reciprocal_deviation(variances[channel], epsilon);
        mean[i] = means[channel] as f32;
        scale[i] = slope as f32;
        // What rounding took from the mean is taken from β.
        let lost = means[channel] - f64::from(mean[i]);
        offset[i] = (beta_of(affine.beta, channel) - if lost == 0.0 { 0.0 } else { lost * slope }) as f32;
    }
    constants
}

/// dβ = Σg, dγ = Σg·x̂, dx = γ·rstd·(g - (Σg + x̂·Σg·x̂)/m), with x̂ = (x - mean)·rstd computed again.
/// x, dy, dx [outer, channels, inner]; `moments` [2, channels], those of x. Absent gradients are skipped.
///
/// Where x is the output of a ReLU (`relu`), dx is the gradient of its input: 0 where x <= 0. `dbias` = Σdx, together
/// with dx and with channels last.
pub fn norm_channels_backward(
    view: View,
    x: &[f32],
    moments: &[f64],
    gamma: Option<&[f32]>,
    epsilon: f64,
    dy: &[f32],
    relu: bool,
    mut gradients: Gradients,
) {
    // No x is at most NaN.
    let floor = F32x4::splat(if relu { 0.0 } else { f32::NAN });
    for group in view.groups() {
        let mean = rounded_means(&group, moments);
        let [sum_g, sum_gd] = group.merged(|part| backward_sums(part, x, dy, &mean));
        let m = view.per_channel() as f64;
        let constants = backward_constants(&group, m, moments, gamma, epsilon, [&sum_g, &sum_gd], &mut gradients);
        if let Some(dx) = &mut gradients.dx {
            let dx = Parts::of(dx);
            group.for_each_part(|part| input_gradients(part, [x, dy], &constants, floor, &dx));
        }
    }
    if let (Some(dx), Some(dbias)) = (&gradients.dx, &mut gradients.dbias) {
        debug_assert_eq!(view.inner, 1);
        reduce(Reduce::Sum, [1, view.outer, view.channels], dx, dbias);
    }
}

/// The means of the group's channels in float32.
pub(super) fn rounded_means(group: &Group, moments: &[f64]) -> Columns<f32> {
    group.each(|channel| moments[channel] as f32)
}

/// dx = g·scale - constant - (x - mean)·slope; 0 where x is at most `floor`.
#[inline(always)]
pub(super) fn input_gradient(x: F32x4, g: F32x4, [mean, scale, constant, slope]: [F32x4; 4], floor: F32x4) -> F32x4 {
    x.le(floor).select(F32x4::zero(), g * scale - constant - (x - mean) * slope)
}

/// The same for part of a group, which nothing else writes.
#[inline(never)]
pub(super) fn input_gradients(
    part: &Group,
    x_and_dy: [&[f32]; 2],
    constants: &[Columns<f32>; 4],
    floor: F32x4,
    dx: &Parts<f32>,
) {
    // Safety: the caller's promise.
    unsafe { part.map::<2, 4, 6>(x_and_dy, constants.each_ref(), dx, |[x, g], all| input_gradient(x, g, all, floor)) }
}

/// dx = g·scale - constant - (x - mean)·slope, for who has those constants, [4, channels], of sums of its own.
/// x, dy, dx [outer, channels, inner].
pub fn norm_channels_gradient(view: View, x: &[f32], dy: &[f32], constants: &[f32], dx: &mut [f32]) {
    let dx = Parts::of(dx);
    for group in view.groups() {
        let each = |i: usize| group.each(|channel| constants[i * view.channels + channel]);
        let constants = [each(0), each(1), each(2), each(3)];
        group.for_each_part(|part| input_gradients(part, [x, dy], &constants, F32x4::splat(f32::NAN), &dx));
    }
}

/// Per channel of the group (mean, scale, constant, slope) of [`input_gradient`], from Σg and Σg·(x - mean) over its m
/// elements. Stores dγ and dβ.
#[inline(never)]
pub(super) fn backward_constants(
    group: &Group,
    m: f64,
    moments: &[f64],
    gamma: Option<&[f32]>,
    epsilon: f64,
    [sum_g, sum_gd]: [&Columns<f64>; 2],
    gradients: &mut Gradients,
) -> [Columns<f32>; 4] {
    let (means, variances) = moments.split_at(group.view.channels);
    let mut constants = [rounded_means(group, moments), [0.0; TILE], [0.0; TILE], [0.0; TILE]];
    let [mean, scale, constant, slope] = &mut constants;
    for (i, channel) in group.channels.clone().enumerate() {
        let reciprocal = reciprocal_deviation(variances[channel], epsilon);
        // x̂ = (x - mean - lost)·rstd, where lost is what rounding took from the mean.
        let lost = means[channel] - f64::from(mean[i]);
        let centred = sum_gd[i] - lost * sum_g[i];
        gradients.store(channel, centred * reciprocal, sum_g[i]);
        let factor = gamma_of(gamma, channel) * reciprocal;
        let per_deviation = factor * centred * reciprocal * reciprocal / m;
        scale[i] = factor as f32;
        constant[i] = (factor * sum_g[i] / m - lost * per_deviation) as f32;
        slope[i] = per_deviation as f32;
    }
    constants
}
