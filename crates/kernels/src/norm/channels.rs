//! Normalization by each channel's own mean and variance: batch normalization in training (Ioffe and Szegedy 2015),
//! instance normalization with outer = 1.

use super::view::View;
use super::{Affine, Gradients, backward_sums, beta_of, gamma_of, normalize, reciprocal_deviation};
use crate::columns::TILE;
use crate::parallel::Parts;

/// y = γ·(x - mean)·rstd + β, rstd = 1/√(variance + ε), with `moments` [2, channels], the means and variances of x.
/// x, y [outer, channels, inner]; writes y and, per channel, mean, variance (biased) and rstd.
pub fn norm_channels_apply(
    view: View,
    x: &[f32],
    moments: &[f64],
    affine: Affine,
    epsilon: f64,
    [mean, variance, rstd]: [&mut [f32]; 3],
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
            rstd[channel] = reciprocal as f32;
        }
        normalize(&group, x, &centre, &scale, &offset, &y);
    }
}

/// dβ = Σg, dγ = Σg·x̂, dx = γ·rstd·(g - (Σg + x̂·Σg·x̂)/m), with x̂ = (x - mean)·rstd computed again.
/// x, dy, dx [outer, channels, inner]; mean and rstd as the forward pass wrote them. Absent gradients are skipped.
pub fn norm_channels_backward(
    view: View,
    x: &[f32],
    [mean, rstd]: [&[f32]; 2],
    gamma: Option<&[f32]>,
    dy: &[f32],
    mut gradients: Gradients,
) {
    let m = view.per_channel() as f64;
    for group in view.groups() {
        let centre = group.each(|channel| mean[channel]);
        let [sum_g, sum_gd, sum_d] = group.merged(|part| backward_sums(part, x, dy, &centre));
        let (mut scale, mut constant, mut slope) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        for (i, channel) in group.channels.clone().enumerate() {
            let reciprocal = f64::from(rstd[channel]);
            // x̂ = (d - lost)·rstd, where lost is what rounding took from the mean.
            let lost = sum_d[i] / m;
            let centred = sum_gd[i] - lost * sum_g[i];
            gradients.store(channel, centred * reciprocal, sum_g[i]);
            // dx = scale·(g - constant - d·slope)
            let per_deviation = centred * reciprocal * reciprocal / m;
            scale[i] = (gamma_of(gamma, channel) * reciprocal) as f32;
            slope[i] = per_deviation as f32;
            constant[i] = (sum_g[i] / m - lost * per_deviation) as f32;
        }
        if let Some(dx) = &mut gradients.dx {
            let constants = [&centre, &scale, &constant, &slope];
            let dx = Parts::of(dx);
            group.for_each_part(|part| {
                // Safety: each part writes its own elements.
                unsafe {
                    part.map::<2, 4, 6>([x, dy], constants, &dx, |[x, g], [mean, scale, constant, slope]| {
                        scale * (g - constant - (x - mean) * slope)
                    });
                }
            });
        }
    }
}
