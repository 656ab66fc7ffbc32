//! The gradient through a ReLU and a bias before the normalization.

use super::{EPSILON, channel_of, forward, spread, views};
use crate::common::{Numbers, bits, unwritten};
use evenkeel_kernels::norm::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// dx and dbias.
fn backward(view: View, x: &[f32], gamma: &[f32], dy: &[f32], relu: bool) -> [Vec<f32>; 2] {
    let moments = forward(view, x, Affine::default(), EPSILON).moments;
    let (mut dx, mut dbias) = (unwritten(view.size()), unwritten(view.channels));
    let gradients = Gradients { dx: Some(&mut dx), dbias: Some(&mut dbias), ..Gradients::default() };
    norm_channels_backward(view, x, &moments, Some(gamma), EPSILON, dy, relu, gradients);
    [dx, dbias]
}

#[test]
fn a_relu_before_stops_what_it_stopped_forward() {
    // A bias per channel is added where channels are last.
    for view in views().into_iter().filter(|view| view.inner == 1) {
        for mean in [-2.0, 0.3, 1e3] {
            let mut numbers = Numbers::new(view.inner as u64);
            let x: Vec<f32> = spread(&mut numbers, view.size(), mean, 1.5).iter().map(|x| x.max(0.0)).collect();
            let (gamma, dy) = (numbers.uniform(view.channels), numbers.uniform(view.size()));
            let [unmasked, _] = backward(view, &x, &gamma, &dy, false);
            let masked: Vec<f32> = unmasked.iter().zip(&x).map(|(&d, &x)| if x > 0.0 { d } else { 0.0 }).collect();
            for relu in [false, true] {
                let expected = if relu { &masked } else { &unmasked };
                let [dx, dbias] = backward(view, &x, &gamma, &dy, relu);
                assert_eq!(bits(&dx), bits(expected), "{view:?} relu {relu}");
                let (mut sums, mut sizes) = (vec![0.0; view.channels], vec![0.0; view.channels]);
                for (i, &dx) in expected.iter().enumerate() {
                    sums[channel_of(view, i)] += f64::from(dx);
                    sizes[channel_of(view, i)] += f64::from(dx).abs();
                }
                for (c, &dbias) in dbias.iter().enumerate() {
                    let error = (f64::from(dbias) - sums[c]).abs();
                    assert!(error <= 1e-6 * sizes[c].max(1.0), "{view:?} dbias {dbias}, expected {}", sums[c]);
                }
            }
        }
    }
}
