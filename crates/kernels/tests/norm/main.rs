//! Normalization against float64: every place of the channels, awkward sizes, large means, outliers, bad values.

#[path = "../common/mod.rs"]
mod common;

mod backward;
mod extremes;
mod forward;
mod pooled;
mod relu;

use common::{Numbers, unwritten};
use evenkeel_kernels::norm::{Affine, View, norm_channels_apply, norm_channels_moments};

const EPSILON: f64 = 1e-3;

/// [outer, channels, inner]: channels last and first, rows that are joined, tiles, runs, and mixtures.
fn views() -> Vec<View> {
    let mut views = Vec::new();
    let channels_last = [1, 2, 3, 5, 7, 13, 17, 31, 32, 33, 64, 257].map(|channels| [37, channels, 1]);
    let channels_first = [1, 2, 3, 9, 17, 64, 67, 130].map(|inner| [5, 3, inner]);
    let others =
        [[1, 5, 1], [2, 600, 1], [67, 513, 1], [300, 3, 1], [2, 60, 9], [3, 200, 7], [2, 513, 64], [1, 1, 257]];
    for [outer, channels, inner] in channels_last.into_iter().chain(channels_first).chain(others) {
        views.push(View { outer, channels, inner });
    }
    views
}

fn channel_of(view: View, i: usize) -> usize {
    i / view.inner % view.channels
}

/// Mean and variance of each channel.
fn moments(view: View, x: &[f32]) -> [Vec<f64>; 2] {
    let m = view.per_channel() as f64;
    let mut mean = vec![0.0; view.channels];
    let mut variance = mean.clone();
    for (i, &x) in x.iter().enumerate() {
        mean[channel_of(view, i)] += f64::from(x) / m;
    }
    for (i, &x) in x.iter().enumerate() {
        variance[channel_of(view, i)] += (f64::from(x) - mean[channel_of(view, i)]).powi(2) / m;
    }
    [mean, variance]
}

/// γ·(x - mean)/√(variance + ε) + β.
fn normalized(view: View, x: &[f32], [mean, variance]: &[Vec<f64>; 2], affine: Affine, epsilon: f64) -> Vec<f64> {
    let each = |values: Option<&[f32]>, absent: f64, c: usize| values.map_or(absent, |values| f64::from(values[c]));
    let element = |(i, &x): (usize, &f32)| {
        let c = channel_of(view, i);
        let scaled = (f64::from(x) - mean[c]) / (variance[c] + epsilon).sqrt() * each(affine.gamma, 1.0, c);
        scaled + each(affine.beta, 0.0, c)
    };
    x.iter().enumerate().map(element).collect()
}

struct Forward {
    mean: Vec<f32>,
    variance: Vec<f32>,
    moments: Vec<f64>,
    y: Vec<f32>,
}

fn forward(view: View, x: &[f32], affine: Affine, epsilon: f64) -> Forward {
    let [mut mean, mut variance] = [(); 2].map(|()| unwritten(view.channels));
    let (mut moments, mut y) = (vec![f64::NAN; 2 * view.channels], unwritten(view.size()));
    norm_channels_moments(view, x, &mut moments);
    norm_channels_apply(view, x, &moments, affine, epsilon, [&mut mean, &mut variance], &mut y);
    Forward { mean, variance, moments, y }
}

fn spread(numbers: &mut Numbers, n: usize, mean: f32, deviation: f32) -> Vec<f32> {
    // Uniform in [-1, 1) has a deviation of 1/√3.
    numbers.uniform(n).iter().map(|x| mean + x * deviation * 3f32.sqrt()).collect()
}
