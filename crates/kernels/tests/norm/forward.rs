//! Outputs and statistics.

use super::{EPSILON, forward, moments, normalized, spread, views};
use crate::common::{Numbers, assert_close, unwritten};
use evenkeel_kernels::norm::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn forward_agrees_with_float64() {
    for view in views() {
        let mut numbers = Numbers::new(view.channels as u64);
        let x = spread(&mut numbers, view.size(), 0.7, 2.0);
        let (gamma, beta) = (numbers.uniform(view.channels), numbers.uniform(view.channels));
        let oracle = moments(view, &x);
        for (with_gamma, with_beta) in [(true, true), (true, false), (false, true), (false, false)] {
            let affine = Affine { gamma: with_gamma.then_some(&gamma), beta: with_beta.then_some(&beta) };
            let result = forward(view, &x, affine, EPSILON);
            assert_close(&result.mean, &oracle[0], 1e-6, &format!("mean {view:?}"));
            assert_close(&result.variance, &oracle[1], 1e-6, &format!("variance {view:?}"));
            let expected = normalized(view, &x, &oracle, affine, EPSILON);
            assert_close(&result.y, &expected, 1e-6, &format!("y {view:?}"));
        }
    }
}

#[test]
fn no_channels_and_no_elements_given() {
    let nothing = View { outer: 3, channels: 0, inner: 1 };
    norm_channels_apply(nothing, &[], &[], Affine::default(), EPSILON, [&mut [], &mut []], &mut []);
    let empty = View { outer: 0, channels: 2, inner: 1 };
    let mut rstd = unwritten(2);
    norm_given_forward(empty, &[], [&[0.0; 2], &[1.0; 2]], Affine::default(), 0.0, &mut rstd, &mut []);
    assert_eq!(rstd, [1.0; 2]);
    let (mut dgamma, mut dbeta) = (unwritten(2), unwritten(2));
    let gradients = Gradients { dgamma: Some(&mut dgamma), dbeta: Some(&mut dbeta), ..Gradients::default() };
    norm_given_backward(empty, &[], [&[0.0; 2], &rstd], None, &[], gradients);
    assert_eq!((dgamma, dbeta), (vec![0.0; 2], vec![0.0; 2]));
}

#[test]
fn running_values_move_in_float64() {
    let (batch, start) = ([2.0, -1.0, 1e4, 1e-30], [1.0, 3.0, 1.0, 0.7]);
    let mut running = start;
    running_update(0.01, &batch, &mut running);
    for i in 0..4 {
        let (old, new) = (f64::from(start[i]), f64::from(batch[i]));
        assert_eq!(running[i], (old + 0.01 * (new - old)) as f32);
    }
    running_update(1.0, &batch, &mut running);
    assert_eq!(running, batch);
    running_update(0.0, &start, &mut running);
    assert_eq!(running, batch);
}
