//! Normalization of each sample by the moments of groups of its channels: group normalization (Wu and He 2018),
//! instance normalization with as many groups as channels, layer normalization over all but the batch with one.

use super::channels::{forward_constants, input_gradients, rounded_means};
use super::moments::Moments;
use super::view::View;
use super::{Affine, Gradients, backward_sums, gamma_of, normalize, reciprocal_deviation};
use crate::columns::TILE;
use crate::lanes::F32x4;
use crate::parallel::{LEAST, Parts, for_each, partials, share, tasks};
use crate::workspace::{LINE, OutOfMemory, Workspace, doubles};

/// x [samples, outer, channels, inner]; `groups` of channels that are neighbours.
#[derive(Clone, Copy, Debug)]
pub struct Groups {
    pub samples: usize,
    /// One sample.
    pub view: View,
    pub groups: usize,
}

impl Groups {
    fn per_group(&self) -> usize {
        self.view.channels / self.groups.max(1)
    }

    /// Samples that are worth a task.
    fn least(&self) -> usize {
        LEAST.div_ceil(self.view.size().max(1))
    }
}

/// y = γ·(x - mean)·rstd + β with the moments of each sample's groups, γ and β [channels].
/// Writes y and moments [samples, 2, channels], those of its group for each channel.
pub fn norm_groups_forward(shape: Groups, x: &[f32], affine: Affine, epsilon: f64, moments: &mut [f64], y: &mut [f32]) {
    let Groups { samples, view, .. } = shape;
    let count = tasks(samples, shape.least());
    let (moments, y) = (Parts::of(moments), Parts::of(y));
    for_each(count, |task| {
        for n in share(task.index, count, samples) {
            let x = &x[n * view.size()..][..view.size()];
            // Safety: each sample is in one task.
            let (moments, y) = unsafe {
                let moments = moments.part(n * 2 * view.channels..(n + 1) * 2 * view.channels);
                (moments, Parts::of(y.part(n * view.size()..(n + 1) * view.size())))
            };
            for group in view.groups() {
                let group = group.in_task();
                Moments::of(&group, x).store(&group, moments);
            }
            merge(shape.per_group(), moments);
            for group in view.groups() {
                let [mean, scale, offset] = forward_constants(&group, moments, affine, epsilon);
                normalize(&group.in_task(), x, &mean, &scale, &offset, &y);
            }
        }
    });
}

/// Moments [2, channels] of single channels to those of groups of `size`: the mean of the means, and of the variances
/// around it.
fn merge(size: usize, moments: &mut [f64]) {
    let (means, variances) = moments.split_at_mut(moments.len() / 2);
    for (means, variances) in means.chunks_exact_mut(size.max(1)).zip(variances.chunks_exact_mut(size.max(1))) {
        // Around the first, so that equal means give just that.
        let shift = means[0];
        let mean = shift + means.iter().map(|mean| mean - shift).sum::<f64>() / size as f64;
        let squares = means.iter().zip(&*variances).map(|(each, variance)| variance + (each - mean) * (each - mean));
        let variance = squares.sum::<f64>() / size as f64;
        means.fill(mean);
        variances.fill(variance);
    }
}

/// dβ = Σg, dγ = Σg·x̂ over samples and places; with h = γ·g and means over a group,
/// dx = rstd·(h - mean h - x̂·mean(h·x̂)). The moments as the forward pass wrote them. Absent gradients are skipped.
pub fn norm_groups_backward(
    shape: Groups,
    x: &[f32],
    moments: &[f64],
    gamma: Option<&[f32]>,
    epsilon: f64,
    dy: &[f32],
    mut gradients: Gradients,
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let Groups { samples, view, .. } = shape;
    let channels = view.channels;
    let count = partials(samples, shape.least());
    // In doubles, for each part: Σh and Σh·x̂ of a sample's channels, then dγ and dβ.
    let len = (8 * channels).next_multiple_of(LINE);
    let [scratch] = workspace.split([count * len])?;
    let parts = Parts::of(scratch);
    let dx = gradients.dx.take().map(Parts::of);
    for_each(count, |task| {
        // Safety: each task has its own part.
        let part = doubles(unsafe { parts.part(task.index * len..(task.index + 1) * len) });
        part.fill(0.0);
        let (sums, totals) = part[..4 * channels].split_at_mut(2 * channels);
        for n in share(task.index, count, samples) {
            let at = n * view.size()..(n + 1) * view.size();
            let (x, dy) = (&x[at.clone()], &dy[at.clone()]);
            let moments = &moments[n * 2 * channels..][..2 * channels];
            let rstd = |channel: usize| reciprocal_deviation(moments[channels + channel], epsilon);
            for group in view.groups() {
                let mean = rounded_means(&group, moments);
                let [sum_g, sum_gd] = backward_sums(&group, x, dy, &mean);
                for (i, channel) in group.channels.clone().enumerate() {
                    let lost = moments[channel] - f64::from(mean[i]);
                    let sum_gx = (sum_gd[i] - lost * sum_g[i]) * rstd(channel);
                    totals[channel] += sum_gx;
                    totals[channels + channel] += sum_g[i];
                    let gamma = gamma_of(gamma, channel);
                    (sums[channel], sums[channels + channel]) = (gamma * sum_g[i], gamma * sum_gx);
                }
            }
            let Some(dx) = &dx else { continue };
            let m = (shape.per_group() * view.per_channel()) as f64;
            for sums in sums.chunks_exact_mut(shape.per_group().max(1)) {
                let mean = sums.iter().sum::<f64>() / m;
                sums.fill(mean);
            }
            // Safety: each sample is in one task.
            let dx = Parts::of(unsafe { dx.part(at) });
            for group in view.groups() {
                let mut constants = [rounded_means(&group, moments), [0.0; TILE], [0.0; TILE], [0.0; TILE]];
                for (i, channel) in group.channels.clone().enumerate() {
                    let lost = moments[channel] - f64::from(constants[0][i]);
                    let (mean_h, mean_hx, rstd) = (sums[channel], sums[channels + channel], rstd(channel));
                    constants[1][i] = (gamma_of(gamma, channel) * rstd) as f32;
                    constants[2][i] = (rstd * (mean_h - lost * rstd * mean_hx)) as f32;
                    constants[3][i] = (rstd * rstd * mean_hx) as f32;
                }
                input_gradients(&group, [x, dy], &constants, F32x4::splat(f32::NAN), &dx);
            }
        }
    });
    let parts = doubles(scratch);
    let total = |i: usize| (0..count).map(|part| parts[part * len / 2 + i]).sum::<f64>();
    for channel in 0..channels {
        gradients.store(channel, total(2 * channels + channel), total(3 * channels + channel));
    }
    Ok(())
}
