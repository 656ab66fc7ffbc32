//! Layer, RMS, group and instance normalization against float64: their sets of elements are listed one by one.

mod common;

use common::{Numbers, assert_close, unwritten};
use evenkeel_kernels::norm::*;
use evenkeel_kernels::workspace::Workspace;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const EPSILON: f64 = 1e-3;

/// Which elements share a mean, and which share γ and β.
struct Family {
    sets: usize,
    set: Box<dyn Fn(usize) -> usize>,
    parameters: usize,
    parameter: Box<dyn Fn(usize) -> usize>,
    centred: bool,
}

/// y, dx, dγ, dβ by the formulas.
fn oracle(f: &Family, x: &[f32], gamma: &[f32], beta: &[f32], dy: &[f32]) -> [Vec<f64>; 4] {
    let mean_of = |values: &dyn Fn(usize) -> f64| {
        let (mut sums, mut counts) = (vec![0.0; f.sets], vec![0.0f64; f.sets]);
        for i in 0..x.len() {
            sums[(f.set)(i)] += values(i);
            counts[(f.set)(i)] += 1.0;
        }
        sums.iter().zip(counts).map(|(sum, count)| sum / count.max(1.0)).collect::<Vec<f64>>()
    };
    let mean = if f.centred { mean_of(&|i| f64::from(x[i])) } else { vec![0.0; f.sets] };
    let variance = mean_of(&|i| (f64::from(x[i]) - mean[(f.set)(i)]).powi(2));
    let rstd: Vec<f64> = variance.iter().map(|v| 1.0 / (v + EPSILON).sqrt()).collect();
    let hat = |i: usize| (f64::from(x[i]) - mean[(f.set)(i)]) * rstd[(f.set)(i)];
    let h = |i: usize| f64::from(dy[i]) * f64::from(gamma[(f.parameter)(i)]);
    let (mean_h, mean_hx) = (mean_of(&h), mean_of(&|i| h(i) * hat(i)));
    let (mut dgamma, mut dbeta) = (vec![0.0; f.parameters], vec![0.0; f.parameters]);
    for i in 0..x.len() {
        dgamma[(f.parameter)(i)] += f64::from(dy[i]) * hat(i);
        dbeta[(f.parameter)(i)] += f64::from(dy[i]);
    }
    let y = |i| hat(i) * f64::from(gamma[(f.parameter)(i)]) + f64::from(beta[(f.parameter)(i)]);
    let dx = |i: usize| {
        let set = (f.set)(i);
        rstd[set] * (h(i) - if f.centred { mean_h[set] } else { 0.0 } - hat(i) * mean_hx[set])
    };
    [(0..x.len()).map(y).collect(), (0..x.len()).map(dx).collect(), dgamma, dbeta]
}

type Run = dyn Fn(&[f32], Affine, &[f32]) -> [Vec<f32>; 4];

struct Case {
    family: Family,
    n: usize,
    /// y, dx, dγ, dβ for x, γ, β and dy.
    run: Box<Run>,
    name: String,
}

fn rows_case(rows: usize, cols: usize, centred: bool) -> Case {
    let shape = Rows { cols, centred, epsilon: EPSILON };
    let run = move |x: &[f32], affine: Affine, dy: &[f32]| {
        let mut results = [x.len(), x.len(), cols, cols].map(unwritten);
        let [y, dx, dgamma, dbeta] = &mut results;
        let mut statistics = unwritten(rows * ROW_STATISTICS);
        norm_rows_forward(shape, x, affine, &mut statistics, y);
        let gradients = Gradients { dx: Some(dx), dgamma: Some(dgamma), dbeta: Some(dbeta), dbias: None };
        norm_rows_backward(shape, x, &statistics, affine.gamma, dy, gradients, &mut Workspace::new()).unwrap();
        results
    };
    let set = Box::new(move |i| i / cols);
    let family = Family { sets: rows, set, parameters: cols, parameter: Box::new(move |i| i % cols), centred };
    Case { family, n: rows * cols, run: Box::new(run), name: format!("{rows} rows of {cols}, centred {centred}") }
}

fn groups_case(samples: usize, view: View, groups: usize) -> Case {
    let shape = Groups { samples, view, groups };
    let View { channels, inner, .. } = view;
    let run = move |x: &[f32], affine: Affine, dy: &[f32]| {
        let mut results = [x.len(), x.len(), channels, channels].map(unwritten);
        let [y, dx, dgamma, dbeta] = &mut results;
        let mut moments = vec![f64::NAN; samples * 2 * channels];
        norm_groups_forward(shape, x, affine, EPSILON, &mut moments, y);
        let gradients = Gradients { dx: Some(dx), dgamma: Some(dgamma), dbeta: Some(dbeta), dbias: None };
        let mut workspace = Workspace::new();
        norm_groups_backward(shape, x, &moments, affine.gamma, EPSILON, dy, gradients, &mut workspace).unwrap();
        results
    };
    let set = move |i: usize| i / view.size() * groups + i / inner % channels / (channels / groups);
    let parameter = Box::new(move |i| i / inner % channels);
    let sets = samples * groups;
    let family = Family { sets, set: Box::new(set), parameters: channels, parameter, centred: true };
    Case { family, n: samples * view.size(), run: Box::new(run), name: format!("{shape:?}") }
}

fn cases() -> Vec<Case> {
    let sizes = [(1, 1), (3, 2), (5, 3), (2, 5), (7, 13), (33, 17), (70, 31), (130, 33), (3, 1500), (0, 3)];
    let mut cases: Vec<Case> =
        sizes.into_iter().flat_map(|(r, c)| [true, false].map(|centred| rows_case(r, c, centred))).collect();
    for (samples, outer, channels, inner, groups) in [
        (2, 9, 6, 1, 3),
        (3, 5, 4, 1, 1),
        (2, 13, 32, 1, 8),
        (1, 7, 5, 1, 5),
        (2, 3, 1030, 1, 5),
        (3, 1, 6, 31, 2),
        (2, 1, 4, 77, 4),
        (2, 1, 3, 2, 1),
        (0, 4, 2, 1, 1),
    ] {
        cases.push(groups_case(samples, View { outer, channels, inner }, groups));
    }
    cases
}

#[test]
fn forward_and_backward_agree_with_float64() {
    for case in cases() {
        for mean in [0.3, 1e4] {
            let mut numbers = Numbers::new(case.n as u64);
            let x: Vec<f32> = numbers.uniform(case.n).iter().map(|x| mean + 2.0 * x).collect();
            let dy: Vec<f32> = numbers.uniform(case.n).iter().map(|dy| dy + 0.5).collect();
            let [gamma, beta] = [(); 2].map(|()| numbers.uniform(case.family.parameters));
            let (ones, zeros) = (vec![1.0; gamma.len()], vec![0.0; gamma.len()]);
            for with in [true, false] {
                let affine = Affine { gamma: with.then_some(&gamma), beta: with.then_some(&beta) };
                let (gamma, beta) = if with { (&gamma, &beta) } else { (&ones, &zeros) };
                let expected = oracle(&case.family, &x, gamma, beta, &dy);
                let actual = (case.run)(&x, affine, &dy);
                for (i, name) in ["y", "dx", "dgamma", "dbeta"].into_iter().enumerate() {
                    // At least 1: sets of one or two elements cancel, after a division by as little as √ε.
                    let scale = if i == 1 { 4.0 } else { 1.0 };
                    let with_scale = |values: &[f64]| [values, &[scale]].concat();
                    let actual = [&actual[i][..], &[scale as f32]].concat();
                    let what = format!("{name} of {}, mean {mean}", case.name);
                    assert_close(&actual, &with_scale(&expected[i]), 3e-6, &what);
                }
            }
        }
    }
}

#[test]
fn constant_sets_give_beta_exactly() {
    for case in cases().into_iter().filter(|case| case.family.centred) {
        let x: Vec<f32> = (0..case.n).map(|i| 1.234_567e4 + (case.family.set)(i) as f32).collect();
        let mut numbers = Numbers::new(1);
        let [gamma, beta] = [(); 2].map(|()| numbers.uniform(case.family.parameters));
        let [y, ..] = (case.run)(&x, Affine { gamma: Some(&gamma), beta: Some(&beta) }, &x);
        for (i, &y) in y.iter().enumerate() {
            assert_eq!(y, beta[(case.family.parameter)(i)], "{}", case.name);
        }
    }
}

#[test]
fn outliers_and_values_out_of_range_are_measured_again() {
    for (first, size) in [(1e6, 1.0), (-1e12, 1.0), (0.0, 1e25), (0.0, 1e-25)] {
        for case in [
            rows_case(3, 200, true),
            rows_case(3, 200, false),
            groups_case(2, View { outer: 200, channels: 2, inner: 1 }, 1),
        ] {
            let mut x: Vec<f32> = Numbers::new(2).uniform(case.n).iter().map(|x| x * size).collect();
            if first != 0.0 {
                x[0] = first;
            }
            let ones = vec![1.0; case.family.parameters];
            let zeros = vec![0.0; case.family.parameters];
            let [expected, ..] = oracle(&case.family, &x, &ones, &zeros, &vec![0.0; case.n]);
            let [y, ..] = (case.run)(&x, Affine::default(), &vec![0.0; case.n]);
            assert_close(&y, &expected, 2e-6, &format!("{} with {first}, {size}", case.name));
        }
    }
}

#[test]
fn nan_stays_in_its_set() {
    for case in cases().into_iter().filter(|case| case.n > 0) {
        let mut x = Numbers::new(3).uniform(case.n);
        let bad = case.n / 2;
        x[bad] = f32::NAN;
        let [y, dx, ..] = (case.run)(&x, Affine::default(), &vec![1.0; case.n]);
        for i in 0..case.n {
            let expected = (case.family.set)(i) == (case.family.set)(bad);
            assert_eq!((y[i].is_nan(), dx[i].is_nan()), (expected, expected), "{}", case.name);
        }
    }
}
