//! Large means, outliers, constants, huge, tiny and bad values.

use super::{EPSILON, channel_of, forward, moments, normalized, spread, views};
use crate::common::{Numbers, assert_close, unwritten};
use evenkeel_kernels::norm::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn a_large_mean_costs_nothing() {
    for mean in [1e2, 1e4, 1e5, -1e5] {
        for (outer, channels, inner) in [(5000, 3, 1), (1500, 64, 1), (700, 513, 1), (40, 4, 300)] {
            let view = View { outer, channels, inner };
            let x = spread(&mut Numbers::new(4), view.size(), mean, 1.0);
            let oracle = moments(view, &x);
            let result = forward(view, &x, Affine::default(), EPSILON);
            for (&variance, exact) in result.variance.iter().zip(&oracle[1]) {
                let error = (f64::from(variance) / exact - 1.0).abs();
                assert!(error < 1e-6, "variance off by {error:.1e} at mean {mean} {view:?}");
            }
            let expected = normalized(view, &x, &oracle, Affine::default(), EPSILON);
            assert_close(&result.y, &expected, 1e-6, &format!("y at mean {mean} {view:?}"));
        }
    }
}

#[test]
fn an_outlier_in_the_first_row_does_no_harm() {
    for outlier in [30.0, 1e3, 1e6, -1e12] {
        for (outer, channels, inner) in [(4000, 5, 1), (1000, 64, 1), (3, 4, 500)] {
            let view = View { outer, channels, inner };
            let mut x = spread(&mut Numbers::new(5), view.size(), 1.0, 1.0);
            for channel in (0..channels).step_by(2) {
                x[channel * inner] = outlier;
            }
            let oracle = moments(view, &x);
            let result = forward(view, &x, Affine::default(), EPSILON);
            for (&variance, exact) in result.variance.iter().zip(&oracle[1]) {
                let error = (f64::from(variance) / exact - 1.0).abs();
                assert!(error < 2e-6, "variance off by {error:.1e} with outlier {outlier} {view:?}");
            }
            let expected = normalized(view, &x, &oracle, Affine::default(), EPSILON);
            assert_close(&result.y, &expected, 1e-6, &format!("y with outlier {outlier} {view:?}"));
        }
    }
}

#[test]
fn a_constant_channel_gives_beta_exactly() {
    for view in views() {
        let mut numbers = Numbers::new(6);
        let (gamma, beta) = (numbers.uniform(view.channels), numbers.uniform(view.channels));
        // Every other channel is constant; one neighbour has an outlier, so that the second pass runs too.
        let mut x = spread(&mut numbers, view.size(), 1e4, 1.0);
        for (i, x) in x.iter_mut().enumerate() {
            match channel_of(view, i) {
                c if c.is_multiple_of(2) => *x = 1.234_567e4 + c as f32,
                c if i == c * view.inner => *x = -1e9,
                _ => {}
            }
        }
        let result = forward(view, &x, Affine { gamma: Some(&gamma), beta: Some(&beta) }, EPSILON);
        for (i, &y) in result.y.iter().enumerate() {
            let c = channel_of(view, i);
            if c.is_multiple_of(2) {
                assert_eq!(y, beta[c], "{view:?}");
                assert_eq!((result.mean[c], result.variance[c]), (1.234_567e4 + c as f32, 0.0));
            }
        }
    }
}

#[test]
fn huge_and_tiny_values() {
    let view = View { outer: 1000, channels: 5, inner: 1 };
    for deviation in [1e18, 1e25, 3e-20, 1e-22] {
        let x = spread(&mut Numbers::new(7), view.size(), 0.0, deviation);
        let oracle = moments(view, &x);
        let result = forward(view, &x, Affine::default(), 0.0);
        let expected = normalized(view, &x, &oracle, Affine::default(), 0.0);
        assert_close(&result.y, &expected, 2e-6, &format!("deviation {deviation}"));
        let expected: Vec<f64> = oracle[1].iter().map(|&v| f64::from(v as f32)).collect();
        if expected[0].is_infinite() {
            assert!(result.variance.iter().all(|v| v.is_infinite()));
        } else {
            assert_close(&result.variance, &expected, 1e-5, &format!("variance at deviation {deviation}"));
        }
    }
}

#[test]
fn nan_and_infinity_stay_in_their_channel() {
    for view in views().into_iter().filter(|view| view.channels > 1 && view.per_channel() > 1) {
        let clean = spread(&mut Numbers::new(8), view.size(), 0.0, 1.0);
        let (dy, channel) = (Numbers::new(9).uniform(view.size()), view.channels / 2);
        let expected = forward(view, &clean, Affine::default(), EPSILON);
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for place in [channel * view.inner, view.size() - (view.channels - channel) * view.inner] {
                let mut x = clean.clone();
                x[place] = bad;
                let result = forward(view, &x, Affine::default(), EPSILON);
                let mut dx = unwritten(view.size());
                let gradients = Gradients { dx: Some(&mut dx), ..Gradients::default() };
                norm_channels_backward(view, &x, &result.moments, None, EPSILON, &dy, false, gradients);
                for (i, &y) in result.y.iter().enumerate() {
                    if channel_of(view, i) == channel {
                        assert!(y.is_nan() && dx[i].is_nan(), "{view:?} {bad}");
                    } else {
                        assert_eq!(y, expected.y[i], "{view:?} {bad}");
                        assert!(dx[i].is_finite());
                    }
                }
            }
        }
    }
}
