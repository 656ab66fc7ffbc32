//! What streams over memory, on sizes that are cut unevenly.

use super::check;
use crate::common::{Numbers, unwritten};
use evenkeel_kernels::elementwise::{Binary, Broadcast, Unary, add_assign, binary, unary_backward, unary_forward};
use evenkeel_kernels::norm::{Affine, Gradients, View, norm_channels_apply, norm_channels_backward};
use evenkeel_kernels::norm::{Groups, norm_groups_backward, norm_groups_forward};
use evenkeel_kernels::norm::{ROW_STATISTICS, Rows, norm_rows_backward, norm_rows_forward};
use evenkeel_kernels::norm::{norm_channels_moments, norm_given_backward, norm_given_forward};
use evenkeel_kernels::pool::{Pool2d, max_pool_backward, max_pool_forward};
use evenkeel_kernels::pool::{average_pool_backward, average_pool_forward};
use evenkeel_kernels::reduce::{Reduce, reduce};
use evenkeel_kernels::softmax::{softmax_cross_entropy_backward, softmax_cross_entropy_forward, softmax_forward};
use evenkeel_kernels::update::{Adam, adam_update, sgd_update};
use evenkeel_kernels::workspace::Workspace;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// Not a multiple of anything, and enough for several tasks.
const N: usize = 517_003;

#[test]
fn normalization() {
    for (outer, channels, inner) in [(40_001, 13, 1), (1001, 517, 1), (300, 3, 677), (700, 5, 150)] {
        let view = View { outer, channels, inner };
        let mut numbers = Numbers::new(1);
        let (x, dy) = (numbers.uniform(view.size()), numbers.uniform(view.size()));
        let (gamma, beta) = (numbers.uniform(channels), numbers.uniform(channels));
        check("normalization", || {
            let mut moments = vec![f64::NAN; 2 * channels];
            let [mut mean, mut variance, mut dgamma, mut dbeta, mut dbias, mut rstd] =
                [(); 6].map(|()| unwritten(channels));
            let [mut y, mut dx, mut given, mut given_dx] = [(); 4].map(|()| unwritten(view.size()));
            let affine = Affine { gamma: Some(&gamma), beta: Some(&beta) };
            norm_channels_moments(view, &x, &mut moments);
            norm_channels_apply(view, &x, &moments, affine, 1e-3, [&mut mean, &mut variance], &mut y);
            let (dgamma_, dbeta_) = (Some(&mut dgamma[..]), Some(&mut dbeta[..]));
            let dbias_ = (inner == 1).then_some(&mut dbias[..]);
            let gradients = Gradients { dx: Some(&mut dx), dgamma: dgamma_, dbeta: dbeta_, dbias: dbias_ };
            norm_channels_backward(view, &x, &moments, Some(&gamma), 1e-3, &dy, true, gradients);
            norm_given_forward(view, &x, [&mean, &variance], affine, 1e-3, &mut rstd, &mut given);
            let gradients = Gradients { dx: Some(&mut given_dx), ..Gradients::default() };
            norm_given_backward(view, &x, [&mean, &rstd], Some(&gamma), &dy, gradients);
            let mut results = vec![mean, variance, y, dx, dgamma, dbeta, given, given_dx];
            results.extend((inner == 1).then_some(dbias));
            results
        });
    }
}

#[test]
fn rows_and_groups() {
    let mut numbers = Numbers::new(6);
    let shape = Groups { samples: 23, view: View { outer: 97, channels: 102, inner: 1 }, groups: 6 };
    let rows = Rows { cols: 102, centred: true, epsilon: 1e-3 };
    let n = shape.samples * shape.view.size();
    let (x, dy, gamma) = (numbers.uniform(n), numbers.uniform(n), numbers.uniform(102));
    let affine = Affine { gamma: Some(&gamma), beta: None };
    check("rows and groups", || {
        let [mut y, mut dx, mut row_y, mut row_dx] = [(); 4].map(|()| unwritten(n));
        let [mut dgamma, mut dbeta, mut row_dgamma, mut row_dbeta] = [(); 4].map(|()| unwritten(102));
        let (mut moments, mut statistics) = (vec![f64::NAN; 2 * 23 * 102], unwritten(n / 102 * ROW_STATISTICS));
        let mut workspace = Workspace::new();
        norm_groups_forward(shape, &x, affine, 1e-3, &mut moments, &mut y);
        let (dgamma_, dbeta_) = (Some(&mut dgamma[..]), Some(&mut dbeta[..]));
        let gradients = Gradients { dx: Some(&mut dx), dgamma: dgamma_, dbeta: dbeta_, dbias: None };
        norm_groups_backward(shape, &x, &moments, Some(&gamma), 1e-3, &dy, gradients, &mut workspace).unwrap();
        norm_rows_forward(rows, &x, affine, &mut statistics, &mut row_y);
        let (dgamma_, dbeta_) = (Some(&mut row_dgamma[..]), Some(&mut row_dbeta[..]));
        let gradients = Gradients { dx: Some(&mut row_dx), dgamma: dgamma_, dbeta: dbeta_, dbias: None };
        norm_rows_backward(rows, &x, &statistics, Some(&gamma), &dy, gradients, &mut workspace).unwrap();
        vec![y, dx, row_y, row_dx, dgamma, dbeta, row_dgamma, row_dbeta]
    });
}

#[test]
fn pooling() {
    for (kernel, stride, out) in [(2, 2, 11), (3, 2, 11), (2, 3, 8)] {
        let (batch, height, width, channels) = (37, 23, 23, 19);
        let g = Pool2d {
            batch,
            height,
            width,
            channels,
            kernel_h: kernel,
            kernel_w: kernel,
            stride_h: stride,
            stride_w: stride,
            pad_top: 0,
            pad_left: 0,
            out_h: out,
            out_w: out,
        };
        let mut numbers = Numbers::new(2);
        let (x, dy) = (numbers.uniform(g.input_len()), numbers.uniform(g.output_len()));
        check("pooling", || {
            let [mut y, mut mean] = [(); 2].map(|()| unwritten(g.output_len()));
            let [mut dx, mut dx_mean] = [(); 2].map(|()| unwritten(g.input_len()));
            let mut places = vec![99; y.len()];
            max_pool_forward(&g, &x, &mut y, Some(&mut places));
            max_pool_backward(&g, &places, &dy, &mut dx);
            average_pool_forward(&g, &x, &mut mean);
            average_pool_backward(&g, &dy, &mut dx_mean);
            vec![y, places.into_iter().map(f32::from).collect(), dx, mean, dx_mean]
        });
    }
}

#[test]
fn elements() {
    let mut numbers = Numbers::new(3);
    let (a, b) = (numbers.uniform(N), numbers.uniform(N));
    check("elements", || {
        let [mut relu, mut tanh, mut dx, mut total, mut less] = [(); 5].map(|()| unwritten(N));
        unary_forward(Unary::Relu, &a, &mut relu);
        unary_forward(Unary::Tanh, &a, &mut tanh);
        unary_backward(Unary::Tanh, &a, &tanh, &b, &mut dx);
        let shape = |strides| Broadcast { dims: &[N as i32], a_strides: &[1], b_strides: strides };
        binary(Binary::Add, shape(&[1]), &a, &b, &mut total);
        binary(Binary::Sub, shape(&[0]), &a, &b, &mut less);
        add_assign(&less, &mut total);
        vec![relu, tanh, dx, total, less]
    });
}

#[test]
fn updates() {
    let mut numbers = Numbers::new(4);
    let (start, gradient) = (numbers.uniform(N), numbers.uniform(N));
    let numbers =
        Adam { learning_rate: 0.01, beta1: 0.9, beta2: 0.99, epsilon: 1e-7, correction1: 0.1, correction2: 0.01 };
    check("updates", || {
        let (mut p, mut m, mut v, mut q) = (start.clone(), start.clone(), vec![0.5; N], start.clone());
        adam_update(numbers, &mut p, &mut m, &mut v, &gradient);
        sgd_update(0.1, &mut q, &gradient);
        vec![p, m, v, q]
    });
}

#[test]
fn softmax_and_sums() {
    for cols in [10, 1003] {
        let rows = N / cols;
        let mut numbers = Numbers::new(5);
        let [z, t, dloss] = [rows * cols, rows * cols, rows].map(|n| numbers.uniform(n));
        check("softmax_and_sums", || {
            let [mut y, mut p, mut dz] = [(); 3].map(|()| unwritten(rows * cols));
            let mut loss = unwritten(rows);
            softmax_forward(cols, &z, &mut y);
            softmax_cross_entropy_forward(cols, &z, &t, &mut loss, &mut p);
            softmax_cross_entropy_backward(cols, &p, &t, &dloss, &mut dz);
            let (mut all, mut columns) = (unwritten(1), unwritten(cols));
            reduce(Reduce::Sum, [1, rows * cols, 1], &z, &mut all);
            reduce(Reduce::Mean, [1, rows, cols], &z, &mut columns);
            vec![y, p, dz, loss, all, columns]
        });
    }
}
