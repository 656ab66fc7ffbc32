//! Gradients, of every choice of outputs.

use super::{EPSILON, channel_of, forward, moments, normalized, spread, views};
use crate::common::{Numbers, assert_close, unwritten};
use evenkeel_kernels::norm::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// dx, dγ and dβ in float64, from the formulas.
fn gradients(view: View, x: &[f32], gamma: &[f32], dy: &[f32], given: Option<&[Vec<f64>; 2]>) -> [Vec<f64>; 3] {
    let own = moments(view, x);
    let [mean, variance] = given.unwrap_or(&own);
    let m = view.per_channel() as f64;
    let rstd: Vec<f64> = variance.iter().map(|v| 1.0 / (v + EPSILON).sqrt()).collect();
    let hat = |i: usize| (f64::from(x[i]) - mean[channel_of(view, i)]) * rstd[channel_of(view, i)];
    let (mut dgamma, mut dbeta) = (vec![0.0; view.channels], vec![0.0; view.channels]);
    for (i, &dy) in dy.iter().enumerate() {
        dbeta[channel_of(view, i)] += f64::from(dy);
        dgamma[channel_of(view, i)] += f64::from(dy) * hat(i);
    }
    let dx = (0..view.size()).map(|i| {
        let c = channel_of(view, i);
        let through = if given.is_some() { 0.0 } else { (dbeta[c] + hat(i) * dgamma[c]) / m };
        f64::from(gamma[c]) * rstd[c] * (f64::from(dy[i]) - through)
    });
    [dx.collect(), dgamma, dbeta]
}

/// Every choice of outputs; those asked for agree with `expected`.
fn check_backward(backward: impl Fn(Gradients), view: View, expected: &[Vec<f64>; 3], tolerance: f64) {
    for choice in 0..8 {
        let mut results = [view.size(), view.channels, view.channels].map(unwritten);
        let [dx, dgamma, dbeta] = &mut results;
        let gradients = Gradients {
            dx: (choice & 1 != 0).then_some(dx),
            dgamma: (choice & 2 != 0).then_some(dgamma),
            dbeta: (choice & 4 != 0).then_some(dbeta),
            dbias: None,
        };
        backward(gradients);
        for (i, (result, expected)) in results.iter().zip(expected).enumerate() {
            if choice & 1 << i == 0 {
                assert!(result.iter().all(|value| value.is_nan()), "wrote what was not asked for");
            } else {
                // What cancels: against what it would be without.
                let scale = if i == 0 { 4.0 } else { (view.per_channel() as f64).sqrt() };
                let worst = result.iter().zip(expected).map(|(&r, &e)| (f64::from(r) - e).abs()).fold(0.0, f64::max);
                let size = expected.iter().fold(scale * 0.5, |size, e| size.max(e.abs()));
                assert!(worst <= tolerance * size, "gradient {i} {view:?}: {worst:.1e} of {size:.1e}");
            }
        }
    }
}

#[test]
fn backward_agrees_with_float64() {
    for view in views() {
        for mean in [0.3, 1e4] {
            let mut numbers = Numbers::new(view.inner as u64);
            let x = spread(&mut numbers, view.size(), mean, 1.5);
            let (gamma, dy) = (numbers.uniform(view.channels), numbers.uniform(view.size()));
            // A cotangent with a mean of its own.
            let dy: Vec<f32> = dy.iter().map(|dy| dy + 0.5).collect();
            let result = forward(view, &x, Affine::default(), EPSILON);
            let ones = vec![1.0; view.channels];
            for (given, expected_gamma) in [(Some(&gamma[..]), &gamma), (None, &ones)] {
                let expected = gradients(view, &x, expected_gamma, &dy, None);
                let backward = |gradients: Gradients| {
                    norm_channels_backward(view, &x, &result.moments, given, EPSILON, &dy, false, gradients);
                };
                check_backward(backward, view, &expected, 3e-6);
            }
        }
    }
}

#[test]
fn gradient_by_constants_agrees_with_float64() {
    for view in views() {
        let mut numbers = Numbers::new(view.size() as u64);
        let (x, dy) = (numbers.uniform(view.size()), numbers.uniform(view.size()));
        let constants = numbers.uniform(4 * view.channels);
        let expected: Vec<f64> = (0..view.size())
            .map(|i| {
                let of = |k: usize| f64::from(constants[k * view.channels + channel_of(view, i)]);
                f64::from(dy[i]) * of(1) - of(2) - (f64::from(x[i]) - of(0)) * of(3)
            })
            .collect();
        let mut dx = unwritten(view.size());
        norm_channels_gradient(view, &x, &dy, &constants, &mut dx);
        assert_close(&dx, &expected, 1e-6, &format!("{view:?}"));
    }
}

#[test]
fn backward_is_the_derivative_of_forward() {
    let view = View { outer: 4, channels: 3, inner: 2 };
    let mut numbers = Numbers::new(11);
    let x: Vec<f64> = numbers.uniform(view.size()).into_iter().map(f64::from).collect();
    let x32: Vec<f32> = x.iter().map(|&x| x as f32).collect();
    let (gamma, dy) = (numbers.uniform(3), numbers.uniform(view.size()));
    let loss = |x: &[f64]| {
        let mut loss = 0.0;
        for (c, &gamma) in gamma.iter().enumerate() {
            let of_channel: Vec<usize> = (0..x.len()).filter(|&i| channel_of(view, i) == c).collect();
            let m = of_channel.len() as f64;
            let mean = of_channel.iter().map(|&i| x[i]).sum::<f64>() / m;
            let variance = of_channel.iter().map(|&i| (x[i] - mean).powi(2)).sum::<f64>() / m;
            let rstd = 1.0 / (variance + EPSILON).sqrt();
            loss += of_channel.iter().map(|&i| f64::from(dy[i] * gamma) * (x[i] - mean) * rstd).sum::<f64>();
        }
        loss
    };
    let result = forward(view, &x32, Affine::default(), EPSILON);
    let mut dx = unwritten(view.size());
    let wanted = Gradients { dx: Some(&mut dx), ..Gradients::default() };
    norm_channels_backward(view, &x32, &result.moments, Some(&gamma), EPSILON, &dy, false, wanted);
    let slopes: Vec<f64> = (0..x.len())
        .map(|i| {
            let at = |step: f64| {
                let mut x = x.clone();
                x[i] += step;
                loss(&x)
            };
            (at(1e-5) - at(-1e-5)) / 2e-5
        })
        .collect();
    assert_close(&dx, &slopes, 1e-6, "dx");
}

#[test]
fn given_statistics_forward_and_backward() {
    for view in views() {
        let mut numbers = Numbers::new(12);
        let x = spread(&mut numbers, view.size(), 0.5, 1.0);
        let (gamma, beta, mean) =
            (numbers.uniform(view.channels), numbers.uniform(view.channels), numbers.uniform(view.channels));
        let variance: Vec<f32> = numbers.uniform(view.channels).iter().map(|v| v.abs()).collect();
        let dy = numbers.uniform(view.size());
        let given = [&mean, &variance].map(|values| values.iter().map(|&v| f64::from(v)).collect::<Vec<f64>>());
        let (mut rstd, mut y) = (unwritten(view.channels), unwritten(view.size()));
        let affine = Affine { gamma: Some(&gamma), beta: Some(&beta) };
        norm_given_forward(view, &x, [&mean, &variance], affine, EPSILON, &mut rstd, &mut y);
        assert_close(&y, &normalized(view, &x, &given, affine, EPSILON), 1e-6, &format!("y {view:?}"));
        norm_given_forward(view, &x, [&mean, &variance], Affine::default(), EPSILON, &mut rstd, &mut y);
        assert_close(&y, &normalized(view, &x, &given, Affine::default(), EPSILON), 1e-6, &format!("y {view:?}"));
        let expected = gradients(view, &x, &gamma, &dy, Some(&given));
        let backward = |gradients: Gradients| {
            norm_given_backward(view, &x, [&mean, &rstd], Some(&gamma), &dy, gradients);
        };
        check_backward(backward, view, &expected, 2e-6);
    }
}
