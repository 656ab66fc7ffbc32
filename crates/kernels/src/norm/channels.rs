//! Normalization by each channel's own mean and variance: batch normalization in training (Ioffe and Szegedy 2015),
//! instance normalization with outer = 1.

use super::view::{Group, View};
use super::{Affine, Gradients, backward_sums, beta_of, gamma_of, normalize, reciprocal_deviation};
use crate::columns::{Columns, TILE};

/// mean = Σx / m, variance = Σ(x - mean)² / m, for each channel of x [outer, channels, inner], m > 0.
/// Writes mean and variance [channels].
pub fn norm_channels_moments(view: View, x: &[f32], mean: &mut [f32], variance: &mut [f32]) {
    for group in view.groups() {
        let moments = Moments::of(&group, x);
        for (i, channel) in group.channels.clone().enumerate() {
            mean[channel] = moments.mean[i] as f32;
            variance[channel] = moments.variance[i] as f32;
        }
    }
}

/// y = γ·(x - mean)·rstd + β, rstd = 1/√(variance + ε), with the moments of x itself.
/// x, y [outer, channels, inner]; writes y and, per channel, mean, variance (biased) and rstd.
pub fn norm_channels_forward(
    view: View,
    x: &[f32],
    affine: Affine,
    epsilon: f64,
    [mean, variance, rstd]: [&mut [f32]; 3],
    y: &mut [f32],
) {
    for group in view.groups() {
        let moments = Moments::of(&group, x);
        let (mut centre, mut scale, mut offset) = ([0.0; TILE], [0.0; TILE], [0.0; TILE]);
        for (i, channel) in group.channels.clone().enumerate() {
            let reciprocal = reciprocal_deviation(moments.variance[i], epsilon);
            let slope = gamma_of(affine.gamma, channel) * reciprocal;
            centre[i] = moments.mean[i] as f32;
            scale[i] = slope as f32;
            // What rounding took from the mean is taken from β.
            let lost = moments.mean[i] - f64::from(centre[i]);
            offset[i] = (beta_of(affine.beta, channel) - if lost == 0.0 { 0.0 } else { lost * slope }) as f32;
            mean[channel] = centre[i];
            variance[channel] = moments.variance[i] as f32;
            rstd[channel] = reciprocal as f32;
        }
        normalize(&group, x, &centre, &scale, &offset, y);
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
        let [sum_g, sum_gd, sum_d] = backward_sums(&group, x, dy, &centre);
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
            group.map::<2, 4, 6>([x, dy], constants, dx, |[x, g], [mean, scale, constant, slope]| {
                scale * (g - constant - (x - mean) * slope)
            });
        }
    }
}

/// Mean and variance of each channel of a group, not yet rounded to float32.
struct Moments {
    mean: Columns<f64>,
    variance: Columns<f64>,
}

impl Moments {
    fn of(group: &Group, x: &[f32]) -> Self {
        let m = group.view.per_channel() as f64;
        debug_assert!(m > 0.0, "no elements to take a mean of");
        let shift = group.each(|channel| x[channel * group.view.inner]);
        let [sum, squares] = group.sums([x], [&shift], |[x], [shift]| {
            let d = x - shift;
            [d, d * d]
        });
        let mut moments = Self { mean: [0.0; TILE], variance: [0.0; TILE] };
        let mut trusted = true;
        for i in 0..group.channels.len() {
            trusted &= moments.set(i, f64::from(shift[i]), sum[i] / m, squares[i] / m);
        }
        if !trusted {
            let centre = moments.mean;
            let [sum, squares] = group.central_sums(x, &centre);
            for i in 0..group.channels.len() {
                moments.set(i, centre[i], sum[i] / m, squares[i] / m);
            }
        }
        moments
    }

    /// From the means of d = x - shift and d². False where float32 sums of d² may be wrong: the shift is more than 4
    /// deviations off, so that digits cancel, or d² left the range of float32. (NaN and infinity in x are in order.)
    fn set(&mut self, i: usize, shift: f64, d: f64, squares: f64) -> bool {
        let difference = squares - d * d;
        // Not f64::max, which would turn NaN into 0.
        let variance = if difference < 0.0 { 0.0 } else { difference };
        self.mean[i] = shift + d;
        self.variance[i] = variance;
        let cancelled = d * d > 16.0 * variance;
        let overflowed = squares == f64::INFINITY && d.is_finite();
        let underflowed = squares < 1e-30 && (d != 0.0 || squares != 0.0);
        !(cancelled || overflowed || underflowed)
    }
}
