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
    [mean, variance]: [&mut [f32]; 2],
    y: &mut [f32],
) {
    let (means, variances) = moments.split_at(view.channels);
    let y = Parts::of(y);
    for group in view.groups() {
        let (mut centre, mut scale, mut offset) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        for (i, channel) in group.channels.clone().enumerate() {
            let reciprocal = reciprocal_deviation(variances[channel], epsilon);
            let slope = gamma_of(affine.gamma, channel) * reciprocal;
            centre[i] = means[channel] as f32;
            scale[i] = slope as f32;
            // What rounding took from the mean is taken from β.
            let lost = means[channel] - f64::from(centre[i]);
            offset[i] = (beta_of(affine.beta, channel) - if lost == 0.0 { 0.0 } else { lost * slope }) as f32;
            mean[channel] = centre[i];
            variance[channel] = variances[channel] as f32;
        }
        normalize(&group, x, &centre, &scale, &offset, &y);
    }
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
    let m = view.per_channel() as f64;
    let (means, variances) = moments.split_at(view.channels);
    // No x is at most NaN.
    let floor = F32x4::splat(if relu { 0.0 } else { f32::NAN });
    for group in view.groups() {
        let centre = group.each(|channel| means[channel] as f32);
        let [sum_g, sum_gd, passed_g, passed] = match gradients.dbias {
            Some(_) => group.merged(|part| passed_sums(part, x, dy, &centre, floor)),
            None => {
                let [sum_g, sum_gd] = group.merged(|part| backward_sums(part, x, dy, &centre));
                [sum_g, sum_gd, [0.0; TILE], [0.0; TILE]]
            }
        };
        let (mut scale, mut constant, mut slope) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        for (i, channel) in group.channels.clone().enumerate() {
            let reciprocal = reciprocal_deviation(variances[channel], epsilon);
            let factor = gamma_of(gamma, channel) * reciprocal;
            // x̂ = (d - lost)·rstd, where lost is what rounding took from the mean.
            let lost = means[channel] - f64::from(centre[i]);
            let centred = sum_gd[i] - lost * sum_g[i];
            gradients.store(channel, centred * reciprocal, sum_g[i]);
            // dx = factor·(g - offset - d·per_deviation)
            let per_deviation = centred * reciprocal * reciprocal / m;
            let offset = sum_g[i] / m - lost * per_deviation;
            if let Some(dbias) = &mut gradients.dbias {
                // Those that did not pass are 0, and their d is -centre.
                let passed_d = m * lost + (m - passed[i]) * f64::from(centre[i]);
                dbias[channel] = (factor * (passed_g[i] - passed[i] * offset - passed_d * per_deviation)) as f32;
            }
            (scale[i], constant[i], slope[i]) = (factor as f32, offset as f32, per_deviation as f32);
        }
        if let Some(dx) = &mut gradients.dx {
            let constants = [&centre, &scale, &constant, &slope];
            let dx = Parts::of(dx);
            group.for_each_part(|part| {
                // Safety: each part writes its own elements.
                unsafe {
                    part.map::<2, 4, 6>([x, dy], constants, &dx, |[x, g], [mean, scale, constant, slope]| {
                        x.le(floor).select(F32x4::zero(), scale * (g - constant - (x - mean) * slope))
                    });
                }
            });
        }
    }
}

/// The sums of [`backward_sums`], then Σg over the elements that a ReLU let pass, and their number.
fn passed_sums(group: &Group, x: &[f32], dy: &[f32], mean: &Columns<f32>, floor: F32x4) -> [Columns<f64>; 4] {
    let (zero, one) = (F32x4::zero(), F32x4::splat(1.0));
    group.sums([x, dy], [mean], |[x, g], [mean]| {
        let stopped = x.le(floor);
        [g, g * (x - mean), stopped.select(zero, g), stopped.select(zero, one)]
    })
}
