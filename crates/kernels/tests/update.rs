//! Optimizer steps against float64.

mod common;

use common::{Numbers, assert_close};
use evenkeel_kernels::update::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LENGTHS: [usize; 8] = [0, 1, 3, 4, 7, 17, 33, 257];

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

#[test]
fn adam_follows_float64() {
    for n in LENGTHS {
        let mut numbers = Numbers::new(1);
        let mut p = numbers.uniform(n);
        let (mut m, mut v) = (vec![0.0; n], vec![0.0; n]);
        let (mut p64, mut m64, mut v64) = (wide(&p), vec![0.0; n], vec![0.0; n]);
        let (beta1, beta2, epsilon, learning_rate) = (0.9f64, 0.999f64, 1e-7, 1e-2);
        for t in 1..=10 {
            let g = numbers.uniform(n);
            let (correction1, correction2) = (1.0 - beta1.powi(t), 1.0 - beta2.powi(t));
            let adam = Adam { learning_rate, beta1, beta2, epsilon, correction1, correction2 };
            adam_update(adam, &mut p, &mut m, &mut v, &g);
            let alpha = learning_rate * correction2.sqrt() / correction1;
            for i in 0..n {
                let g = f64::from(g[i]);
                m64[i] += (g - m64[i]) * (1.0 - beta1);
                v64[i] += (g * g - v64[i]) * (1.0 - beta2);
                p64[i] -= m64[i] * alpha / (v64[i].sqrt() + epsilon);
            }
        }
        assert_close(&m, &m64, 1e-6, "m");
        assert_close(&v, &v64, 1e-6, "v");
        assert_close(&p, &p64, 1e-6, "parameter");
    }
}

#[test]
fn a_zero_gradient_moves_nothing() {
    let adam =
        Adam { learning_rate: 0.1, beta1: 0.9, beta2: 0.999, epsilon: 1e-7, correction1: 0.1, correction2: 0.001 };
    let (mut p, mut m, mut v) = ([1.5, -2.0], [0.0; 2], [0.0; 2]);
    adam_update(adam, &mut p, &mut m, &mut v, &[0.0; 2]);
    assert_eq!((p, m, v), ([1.5, -2.0], [0.0; 2], [0.0; 2]));
}

#[test]
fn gradient_descent_with_and_without_momentum() {
    let (rate, momentum) = (0.05, 0.9);
    for n in LENGTHS {
        for nesterov in [None, Some(false), Some(true)] {
            let mut numbers = Numbers::new(2);
            let mut p = numbers.uniform(n);
            let (mut v, mut p64, mut v64) = (vec![0.0; n], wide(&p), vec![0.0; n]);
            for _ in 0..10 {
                let g = numbers.uniform(n);
                match nesterov {
                    None => sgd_update(rate, &mut p, &g),
                    Some(nesterov) => sgd_momentum_update(rate, momentum, nesterov, &mut p, &mut v, &g),
                }
                for i in 0..n {
                    let step = rate * f64::from(g[i]);
                    v64[i] = if nesterov.is_some() { momentum * v64[i] - step } else { -step };
                    p64[i] += if nesterov == Some(true) { momentum * v64[i] - step } else { v64[i] };
                }
            }
            assert_close(&p, &p64, 1e-6, &format!("{nesterov:?}"));
        }
    }
}
