//! Normalization by each channel's own mean and variance: batch normalization in training (Ioffe and Szegedy 2015),
//! instance normalization with outer = 1.

use super::view::{Group, View};
use super::{Affine, Gradients, backward_sums, beta_of, gamma_of, normalize, reciprocal_deviation};
use crate::columns::{Columns, TILE};
use crate::lanes::F32x4;
use crate::parallel::Parts;

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
/// Where x is the output of a ReLU (`relu`), dx is the gradient of its input: 0 where x <= 0. `dbias` = Σdx.
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
        let [sum_g, sum_gd, passed_g, passed] = match gradients.dbias {
            Some(_) => group.merged(|part| passed_sums(part, x, dy, &mean, floor)),
            None => {
                let [sum_g, sum_gd] = group.merged(|part| backward_sums(part, x, dy, &mean));
                [sum_g, sum_gd, [0.0; TILE], [0.0; TILE]]
            }
        };
        let m = view.per_channel() as f64;
        let constants = backward_constants(&group, m, moments, gamma, epsilon, [&sum_g, &sum_gd], &mut gradients);
        if let Some(dbias) = &mut gradients.dbias {
            let [mean, scale, constant, slope] = &constants;
            for (i, channel) in group.channels.clone().enumerate() {
                // Those that did not pass are 0, and their x - mean is -mean.
                let [mean, scale, constant, slope] = [mean[i], scale[i], constant[i], slope[i]].map(f64::from);
                let passed_d = m * (moments[channel] - mean) + (m - passed[i]) * mean;
                dbias[channel] = (scale * (passed_g[i] - passed[i] * constant - passed_d * slope)) as f32;
            }
        }
        if let Some(dx) = &mut gradients.dx {
            let dx = Parts::of(dx);
            group.for_each_part(|part| {
                // Safety: each part writes its own elements.
                unsafe {
                    part.map::<2, 4, 6>([x, dy], constants.each_ref(), &dx, |[x, g], constants| {
                        input_gradient(x, g, constants, floor)
                    });
                }
            });
        }
    }
}

/// The means of the group's channels in float32.
pub(super) fn rounded_means(group: &Group, moments: &[f64]) -> Columns<f32> {
    group.each(|channel| moments[channel] as f32)
}

/// dx = scale·(g - constant - (x - mean)·slope); 0 where x is at most `floor`.
#[inline(always)]
pub(super) fn input_gradient(x: F32x4, g: F32x4, [mean, scale, constant, slope]: [F32x4; 4], floor: F32x4) -> F32x4 {
    x.le(floor).select(F32x4::zero(), scale * (g - constant - (x - mean) * slope))
}

/// Per channel of the group (mean, scale, constant, slope) of [`input_gradient`], from Σg and Σg·(x - mean) over its m elements. Stores
/// dγ and dβ.
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
        let per_deviation = centred * reciprocal * reciprocal / m;
        scale[i] = (gamma_of(gamma, channel) * reciprocal) as f32;
        constant[i] = (sum_g[i] / m - lost * per_deviation) as f32;
        slope[i] = per_deviation as f32;
    }
    constants
}

/// The sums of [`backward_sums`], then Σg over the elements that a ReLU let pass, and their number.
fn passed_sums(group: &Group, x: &[f32], dy: &[f32], mean: &Columns<f32>, floor: F32x4) -> [Columns<f64>; 4] {
    let (zero, one) = (F32x4::zero(), F32x4::splat(1.0));
    group.sums([x, dy], [mean], |[x, g], [mean]| {
        let stopped = x.le(floor);
        [g, g * (x - mean), stopped.select(zero, g), stopped.select(zero, one)]
    })
}
