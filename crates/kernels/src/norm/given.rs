//! Normalization by given statistics, which are constants: batch normalization in inference or frozen.

use super::view::View;
use super::{Affine, Gradients, backward_sums, beta_of, gamma_of, normalize, reciprocal_deviation};
use crate::columns::TILE;
use crate::parallel::Parts;

/// y = γ·(x - mean)·rstd + β, rstd = 1/√(variance + ε), mean and variance [channels] being given.
/// x, y [outer, channels, inner]; writes rstd [channels] and y.
pub fn norm_given_forward(
    view: View,
    x: &[f32],
    [mean, variance]: [&[f32]; 2],
    affine: Affine,
    epsilon: f64,
    rstd: &mut [f32],
    y: &mut [f32],
) {
    let y = Parts::of(y);
    for group in view.groups() {
        let (mut scale, mut offset) = ([0.0; TILE], [0.0; TILE]);
        for (i, channel) in group.channels.clone().enumerate() {
            let reciprocal = reciprocal_deviation(f64::from(variance[channel]), epsilon);
            rstd[channel] = reciprocal as f32;
            scale[i] = (gamma_of(affine.gamma, channel) * reciprocal) as f32;
            offset[i] = beta_of(affine.beta, channel) as f32;
        }
        normalize(&group, x, &group.each(|channel| mean[channel]), &scale, &offset, &y);
    }
}

/// dβ = Σg, dγ = Σg·x̂, dx = γ·rstd·g, with x̂ = (x - mean)·rstd.
/// x, dy, dx [outer, channels, inner]; mean and rstd [channels]. Absent gradients are skipped.
pub fn norm_given_backward(
    view: View,
    x: &[f32],
    [mean, rstd]: [&[f32]; 2],
    gamma: Option<&[f32]>,
    dy: &[f32],
    mut gradients: Gradients,
) {
    for group in view.groups() {
        if gradients.dgamma.is_some() || gradients.dbeta.is_some() {
            let centre = group.each(|channel| mean[channel]);
            let [sum_g, sum_gd] = group.merged(|part| backward_sums(part, x, dy, &centre));
            for (i, channel) in group.channels.clone().enumerate() {
                gradients.store(channel, sum_gd[i] * f64::from(rstd[channel]), sum_g[i]);
            }
        }
        if let Some(dx) = &mut gradients.dx {
            let scale = group.each(|channel| (gamma_of(gamma, channel) * f64::from(rstd[channel])) as f32);
            normalize(&group, dy, &[0.0; TILE], &scale, &[0.0; TILE], &Parts::of(dx));
        }
    }
}

/// running ← running + rate·(batch - running), in float64, rounded once; the batch itself where the rate is 1.
pub fn running_update(rate: f64, batch: &[f32], running: &mut [f32]) {
    debug_assert_eq!(batch.len(), running.len());
    for (running, &batch) in running.iter_mut().zip(batch) {
        let old = if rate == 1.0 { 0.0 } else { f64::from(*running) };
        *running = (old + rate * (f64::from(batch) - old)) as f32;
    }
}

/// What [`norm_given_forward`] computes with, for who normalizes as y = (x - mean)·scale + offset on the way of x to
/// memory: constants [3, channels] are the means, scale = γ·rstd, and offset = β. Writes constants.
pub fn norm_given_constants([mean, variance]: [&[f32]; 2], affine: Affine, epsilon: f64, constants: &mut [f32]) {
    let channels = mean.len();
    debug_assert!(constants.len() == 3 * channels);
    let (means, others) = constants.split_at_mut(channels);
    let (scales, offsets) = others.split_at_mut(channels);
    means.copy_from_slice(mean);
    for channel in 0..channels {
        let reciprocal = reciprocal_deviation(f64::from(variance[channel]), epsilon);
        scales[channel] = (gamma_of(affine.gamma, channel) * reciprocal) as f32;
        offsets[channel] = beta_of(affine.beta, channel) as f32;
    }
}
