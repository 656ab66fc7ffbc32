//! Softmax and cross-entropy against float64, their gradients, and logits that are huge or infinite.

mod common;

use common::{Numbers, assert_close, unwritten};
use evenkeel_kernels::softmax::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const COLS: [usize; 10] = [1, 2, 3, 5, 7, 10, 13, 33, 257, 1030];
const ROWS: usize = 3;

fn log_softmax(z: &[f64]) -> Vec<f64> {
    let max = z.iter().fold(f64::NEG_INFINITY, |max, &z| max.max(z));
    let total: f64 = z.iter().map(|z| (z - max).exp()).sum();
    z.iter().map(|z| z - max - total.ln()).collect()
}

fn softmax(z: &[f64]) -> Vec<f64> {
    log_softmax(z).into_iter().map(f64::exp).collect()
}

fn wide(x: &[f32]) -> Vec<f64> {
    x.iter().map(|&x| f64::from(x)).collect()
}

/// `f` of each row, one after the other.
fn by_rows(cols: usize, x: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    wide(x).chunks(cols).flat_map(f).collect()
}

/// Σ dy·∂y/∂x by differences, for each row.
fn slopes(cols: usize, x: &[f32], dy: &[f32], f: impl Fn(&[f64]) -> Vec<f64>) -> Vec<f64> {
    let mut result = Vec::new();
    for (x, dy) in wide(x).chunks(cols).zip(wide(dy).chunks(cols)) {
        for j in 0..cols {
            let at = |step: f64| {
                let mut x = x.to_vec();
                x[j] += step;
                f(&x).iter().zip(dy).map(|(y, dy)| y * dy).sum::<f64>()
            };
            result.push((at(1e-5) - at(-1e-5)) / 2e-5);
        }
    }
    result
}

#[test]
fn softmax_and_its_logarithm() {
    for cols in COLS {
        let mut numbers = Numbers::new(cols as u64);
        let x: Vec<f32> = numbers.uniform(ROWS * cols).iter().map(|x| 50.0 + x * 8.0).collect();
        let dy = numbers.uniform(ROWS * cols);
        let (mut y, mut dx) = (unwritten(ROWS * cols), unwritten(ROWS * cols));
        softmax_forward(cols, &x, &mut y);
        assert_close(&y, &by_rows(cols, &x, softmax), 5e-7, &format!("softmax of {cols}"));
        softmax_backward(cols, &y, &dy, &mut dx);
        if cols <= 33 {
            let (expected, floor) = (slopes(cols, &x, &dy, softmax), 1e-6);
            let worst = dx.iter().zip(&expected).map(|(&a, e)| (f64::from(a) - e).abs()).fold(0.0, f64::max);
            assert!(worst < floor, "softmax gradient of {cols}: {worst:e}");
        }
        log_softmax_forward(cols, &x, &mut y);
        assert_close(&y, &by_rows(cols, &x, log_softmax), 5e-7, &format!("log softmax of {cols}"));
        log_softmax_backward(cols, &y, &dy, &mut dx);
        if cols <= 33 {
            let expected = slopes(cols, &x, &dy, log_softmax);
            let worst = dx.iter().zip(&expected).map(|(&a, e)| (f64::from(a) - e).abs()).fold(0.0, f64::max);
            assert!(worst < 3e-6, "log softmax gradient of {cols}: {worst:e}");
        }
    }
}

#[test]
fn cross_entropy_and_its_gradient() {
    for cols in COLS {
        let mut numbers = Numbers::new(cols as u64);
        let z: Vec<f32> = numbers.uniform(ROWS * cols).iter().map(|x| x * 6.0).collect();
        // Targets need not sum to 1.
        let t: Vec<f32> = numbers.uniform(ROWS * cols).iter().map(|t| t.max(0.0)).collect();
        let dloss = numbers.uniform(ROWS);
        let (mut loss, mut p, mut dz) = (unwritten(ROWS), unwritten(ROWS * cols), unwritten(ROWS * cols));
        softmax_cross_entropy_forward(cols, &z, &t, &mut loss, &mut p);
        let terms = by_rows(cols, &z, log_softmax);
        let weighted: Vec<f64> = terms.iter().zip(&t).map(|(l, &t)| -l * f64::from(t)).collect();
        let expected: Vec<f64> = weighted.chunks(cols).map(|row| row.iter().sum()).collect();
        assert_close(&loss, &expected, 5e-7, &format!("loss over {cols}"));
        assert_close(&p, &by_rows(cols, &z, softmax), 5e-7, &format!("probabilities of {cols}"));
        softmax_cross_entropy_backward(cols, &p, &t, &dloss, &mut dz);
        if cols <= 33 {
            for (row, &dloss) in dloss.iter().enumerate() {
                let at = row * cols..(row + 1) * cols;
                let cotangent: Vec<f32> = t[at.clone()].iter().map(|t| -t * dloss).collect();
                let expected = slopes(cols, &z[at.clone()], &cotangent, log_softmax);
                let pairs = dz[at].iter().zip(&expected);
                let worst = pairs.map(|(&a, e)| (f64::from(a) - e).abs()).fold(0.0, f64::max);
                assert!(worst < 3e-6, "gradient over {cols}: {worst:e}");
            }
        }
    }
}

#[test]
fn logits_of_any_size() {
    let run = |z: &[f32], t: &[f32]| {
        let (mut loss, mut p) = (unwritten(1), unwritten(z.len()));
        softmax_cross_entropy_forward(z.len(), z, t, &mut loss, &mut p);
        (loss[0], p)
    };
    assert_eq!(run(&[1e30, 0.0], &[1.0, 0.0]), (0.0, vec![1.0, 0.0]));
    assert_eq!(run(&[1e4, 0.0], &[0.0, 1.0]), (1e4, vec![1.0, 0.0]));
    assert_eq!(run(&[-3e38, -3e38], &[0.5, 0.5]).1, [0.5, 0.5]);
    // A logit of -infinity costs nothing where the target is 0, everything elsewhere.
    let (loss, p) = run(&[f32::NEG_INFINITY, 2.0, 2.0], &[0.0, 1.0, 0.0]);
    assert!((loss - core::f32::consts::LN_2).abs() < 1e-7);
    assert_eq!(p, [0.0, 0.5, 0.5]);
    assert_eq!(run(&[f32::NEG_INFINITY, 0.0], &[1.0, 0.0]).0, f32::INFINITY);
    assert!(run(&[f32::NAN, 0.0], &[0.0, 1.0]).1.iter().all(|p| p.is_nan()));
}

#[test]
fn a_bad_row_stays_alone() {
    let mut y = unwritten(6);
    softmax_forward(3, &[f32::NAN, 0.0, 1.0, 0.0, 0.0, f32::NEG_INFINITY], &mut y);
    assert!(y[..3].iter().all(|y| y.is_nan()));
    assert_eq!(y[3..], [0.5, 0.5, 0.0]);
    log_softmax_forward(3, &[1e30, 0.0, 1.0, 0.0, 0.0, f32::NEG_INFINITY], &mut y);
    assert_eq!(y[..3], [0.0, -1e30, -1e30]);
    assert_eq!(y[5], f32::NEG_INFINITY);
}

#[test]
fn no_rows_and_no_columns() {
    softmax_forward(0, &[], &mut []);
    log_softmax_forward(3, &[], &mut []);
    let mut loss = unwritten(2);
    softmax_cross_entropy_forward(0, &[], &[], &mut loss, &mut []);
    assert_eq!(loss, [0.0; 2]);
}
