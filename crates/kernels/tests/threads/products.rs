//! Matrix products and convolutions.

use super::check;
use crate::common::convolution::{Data, geometry, run};
use crate::common::{Numbers, unwritten};
use evenkeel_kernels::conv::Conv2d;
use evenkeel_kernels::matmul::{Activation, Epilogue, matmul};
use evenkeel_kernels::workspace::Workspace;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn products() {
    let (mut numbers, mut workspace) = (Numbers::new(7), Workspace::new());
    for (m, n, k) in [(1, 300, 300), (97, 131, 257), (64, 600, 520), (301, 17, 300)] {
        let (a, b, bias) = (numbers.uniform(m * k), numbers.uniform(k * n), numbers.uniform(n));
        for (transpose_a, transpose_b) in [(false, false), (false, true), (true, false), (true, true)] {
            check(&format!("{transpose_a} {transpose_b} {m}x{n}x{k}"), || {
                let mut c = unwritten(m * n);
                let epilogue = Epilogue { bias: Some(&bias), activation: Activation::Relu, normalization: None };
                matmul(transpose_a, transpose_b, m, n, k, &a, &b, epilogue, &mut c, &mut workspace).unwrap();
                vec![c]
            });
        }
    }
}

/// Every algorithm, in shapes that are cut between and inside images.
#[test]
fn convolutions() {
    let (mut numbers, mut workspace) = (Numbers::new(8), Workspace::new());
    for g in [
        geometry([1, 26, 26, 32], [3, 3, 64], [1, 1], [1, 1], [0; 4]),
        geometry([33, 17, 18, 16], [3, 3, 24], [1, 1], [1, 1], [1; 4]),
        geometry([9, 28, 28, 1], [3, 3, 32], [1, 1], [1, 1], [0; 4]),
        geometry([7, 19, 21, 3], [3, 3, 16], [2, 1], [2, 1], [1; 4]),
        geometry([5, 15, 14, 20], [5, 3, 12], [1, 2], [1, 1], [2, 2, 1, 1]),
        geometry([1, 30, 31, 6], [4, 4, 6], [1, 1], [1, 2], [0; 4]),
        geometry([6, 13, 11, 33], [1, 1, 17], [1, 1], [1, 1], [0; 4]),
        Conv2d { groups: 3, ..geometry([9, 22, 23, 12], [3, 3, 15], [1, 1], [1, 1], [0; 4]) },
        Conv2d { groups: 20, ..geometry([11, 22, 21, 20], [3, 3, 40], [1, 1], [1, 1], [1; 4]) },
    ] {
        let data = Data::of(&g, |n| numbers.uniform(n));
        check(&format!("{g:?}"), || run(&g, &data, &mut workspace).to_vec());
    }
}
