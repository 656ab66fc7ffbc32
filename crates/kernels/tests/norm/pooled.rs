//! Normalization and max pooling in one, against one after the other.

use super::{EPSILON, spread};
use crate::common::{Numbers, assert_close, bits, unwritten};
use evenkeel_kernels::norm::*;
use evenkeel_kernels::pool::{Pool2d, max_pool_backward, max_pool_forward};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn geometry([batch, height, width, channels]: [usize; 4], [kernel_h, kernel_w]: [usize; 2]) -> Pool2d {
    Pool2d {
        batch,
        height,
        width,
        channels,
        kernel_h,
        kernel_w,
        stride_h: kernel_h,
        stride_w: kernel_w,
        pad_top: 0,
        pad_left: 0,
        out_h: height / kernel_h,
        out_w: width / kernel_w,
    }
}

fn table() -> Vec<Pool2d> {
    vec![
        geometry([3, 8, 6, 64], [2, 2]),
        geometry([2, 9, 7, 5], [2, 2]),
        geometry([2, 9, 7, 17], [3, 2]),
        geometry([1, 4, 4, 33], [4, 4]),
        geometry([4, 5, 3, 1], [1, 2]),
        geometry([2, 3, 3, 517], [2, 2]),
        geometry([1, 3, 3, 3], [4, 4]),
    ]
}

fn view(g: &Pool2d) -> View {
    View { outer: g.batch * g.height * g.width, channels: g.channels, inner: 1 }
}

struct Forward {
    moments: Vec<f64>,
    y: Vec<f32>,
    places: Vec<i16>,
    peaks: Vec<f32>,
}

/// The fused forward pass, its bits compared with those of the two kernels.
fn forward(g: &Pool2d, x: &[f32], affine: Affine) -> Forward {
    let mut moments = vec![f64::NAN; 2 * g.channels];
    norm_channels_moments(view(g), x, &mut moments);
    let [mut mean, mut variance, mut mean_apart, mut variance_apart] = [(); 4].map(|()| unwritten(g.channels));
    let [mut y, mut peaks, mut y_apart] = [(); 3].map(|()| unwritten(g.output_len()));
    let (mut places, mut places_apart) = (vec![99; y.len()], vec![99; y.len()]);
    let statistics = [&mut mean[..], &mut variance];
    norm_pool_forward(g, x, &moments, affine, EPSILON, statistics, [&mut y, &mut peaks], &mut places);
    let mut normalized = unwritten(x.len());
    let statistics = [&mut mean_apart[..], &mut variance_apart];
    norm_channels_apply(view(g), x, &moments, affine, EPSILON, statistics, &mut normalized);
    max_pool_forward(g, &normalized, &mut y_apart, Some(&mut places_apart));
    assert_eq!((bits(&y), &places), (bits(&y_apart), &places_apart), "{g:?}");
    assert_eq!((bits(&mean), bits(&variance)), (bits(&mean_apart), bits(&variance_apart)));
    Forward { moments, y, places, peaks }
}

/// dx, dγ, dβ and dbias, of both ways.
fn backward(g: &Pool2d, x: &[f32], gamma: &[f32], dy: &[f32], relu: bool, done: &Forward) -> [[Vec<f32>; 4]; 2] {
    let Forward { moments, places, peaks, .. } = done;
    [true, false].map(|fused| {
        let mut results = [x.len(), g.channels, g.channels, g.channels].map(unwritten);
        let [dx, dgamma, dbeta, dbias] = &mut results;
        let gradients = Gradients { dx: Some(dx), dgamma: Some(dgamma), dbeta: Some(dbeta), dbias: Some(dbias) };
        if fused {
            norm_pool_backward(g, [x, peaks], places, moments, Some(gamma), EPSILON, dy, relu, gradients);
        } else {
            let mut between = unwritten(x.len());
            max_pool_backward(g, places, dy, &mut between);
            norm_channels_backward(view(g), x, moments, Some(gamma), EPSILON, &between, relu, gradients);
        }
        results
    })
}

#[test]
fn fused_is_one_after_the_other() {
    for g in table() {
        assert!(norm_pool_supports(&g));
        for (mean, relu) in [(0.2, true), (0.2, false), (1e4, false)] {
            let mut numbers = Numbers::new(g.channels as u64);
            let mut x = spread(&mut numbers, g.input_len(), mean, 1.0);
            if relu {
                x.iter_mut().for_each(|x| *x = x.max(0.0));
            }
            // Both signs of γ, and 0.
            let mut gamma = numbers.uniform(g.channels);
            gamma[g.channels / 2] = 0.0;
            let (beta, dy) = (numbers.uniform(g.channels), numbers.uniform(g.output_len()));
            let done = forward(&g, &x, Affine { gamma: Some(&gamma), beta: Some(&beta) });
            let [fused, apart] = backward(&g, &x, &gamma, &dy, relu, &done);
            let m = view(&g).per_channel() as f64;
            for (name, i) in ["dx", "dgamma", "dbeta", "dbias"].into_iter().zip(0..) {
                // Sums of both signs may cancel: against what they would be without.
                let scale = if i == 0 { 1.0 } else { m.sqrt() };
                let expected: Vec<f64> = apart[i].iter().map(|&value| f64::from(value) / scale).chain([1.0]).collect();
                let actual: Vec<f32> = fused[i].iter().map(|value| value / scale as f32).chain([1.0]).collect();
                assert_close(&actual, &expected, 2e-6, &format!("{name} of {g:?}, mean {mean}, relu {relu}"));
            }
        }
    }
}

#[test]
fn nan_is_where_it_would_be_without_fusion() {
    let g = geometry([2, 4, 5, 18], [2, 2]);
    let mut numbers = Numbers::new(3);
    let mut x = numbers.uniform(g.input_len());
    for (channel, bad) in [(3, f32::NAN), (9, f32::INFINITY), (17, f32::NAN)] {
        x[7 * g.channels + channel] = bad;
    }
    let (gamma, dy) = (numbers.uniform(g.channels), numbers.uniform(g.output_len()));
    let done = forward(&g, &x, Affine { gamma: Some(&gamma), beta: None });
    assert!(done.y.iter().skip(3).step_by(g.channels).all(|y| y.is_nan()));
    let [fused, apart] = backward(&g, &x, &gamma, &dy, false, &done);
    for (fused, apart) in fused[0].iter().zip(&apart[0]) {
        assert_eq!(fused.is_nan(), apart.is_nan());
    }
}

#[test]
fn other_windows_are_not_supported() {
    let g = geometry([1, 4, 4, 1], [2, 2]);
    assert!(!norm_pool_supports(&Pool2d { stride_h: 1, out_h: 3, ..g }));
    assert!(!norm_pool_supports(&Pool2d { pad_left: 1, ..g }));
    assert!(!norm_pool_supports(&Pool2d { out_w: 3, ..g }));
}
