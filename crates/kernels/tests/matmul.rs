//! Matrix products against float64, over awkward sizes. Outputs are filled with NaN first.

mod common;

use common::{Numbers, assert_close, assert_exact, bits, unwritten};
use evenkeel_kernels::matmul::{Activation, Epilogue, Normalization, matmul};
use evenkeel_kernels::workspace::{OutOfMemory, Workspace};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

struct Case {
    transpose: [bool; 2],
    m: usize,
    n: usize,
    k: usize,
    bias: bool,
    activation: Activation,
    normalized: bool,
}

/// Means, scales and offsets that keep whole numbers whole.
fn constants(n: usize) -> Vec<f32> {
    (0..3 * n).map(|i| (i % 7) as f32 - 3.0).collect()
}

fn oracle(case: &Case, a: &[f32], b: &[f32], bias: &[f32]) -> Vec<f64> {
    let &Case { transpose, m, n, k, .. } = case;
    let mut c = vec![0.0; m * n];
    for i in 0..m {
        for j in 0..n {
            let mut sum = if case.bias { f64::from(bias[j]) } else { 0.0 };
            for p in 0..k {
                let a = a[if transpose[0] { p * m + i } else { i * k + p }];
                let b = b[if transpose[1] { j * k + p } else { p * n + j }];
                sum += f64::from(a) * f64::from(b);
            }
            let activated = if case.activation == Activation::Relu { sum.max(0.0) } else { sum };
            let [mean, scale, offset] = [0, 1, 2].map(|row| f64::from(constants(n)[row * n + j]));
            c[i * n + j] = if case.normalized { (activated - mean) * scale + offset } else { activated };
        }
    }
    c
}

fn run(case: &Case, a: &[f32], b: &[f32], bias: &[f32], workspace: &mut Workspace) -> Vec<f32> {
    let mut c = unwritten(case.m * case.n);
    let constants = constants(case.n);
    let normalization = case.normalized.then(|| Normalization::of(&constants, case.n));
    let epilogue = Epilogue { bias: case.bias.then_some(bias), activation: case.activation, normalization };
    let [transpose_a, transpose_b] = case.transpose;
    matmul(transpose_a, transpose_b, case.m, case.n, case.k, a, b, epilogue, &mut c, workspace).unwrap();
    c
}

const TRANSPOSES: [[bool; 2]; 4] = [[false, false], [false, true], [true, false], [true, true]];

fn check_whole(m: usize, n: usize, k: usize, numbers: &mut Numbers, workspace: &mut Workspace) {
    let (a, b, bias) = (numbers.whole(m * k), numbers.whole(k * n), numbers.whole(n));
    for transpose in TRANSPOSES {
        for (on, activation) in [(false, Activation::None), (true, Activation::Relu)] {
            let case = Case { transpose, m, n, k, bias: on, activation, normalized: on };
            let what = format!("{transpose:?} {m}x{n}x{k} {activation:?}");
            assert_exact(&run(&case, &a, &b, &bias, workspace), &oracle(&case, &a, &b, &bias), &what);
        }
    }
}

#[test]
fn whole_numbers_are_exact_for_small_sizes() {
    let (mut numbers, mut workspace) = (Numbers::new(1), Workspace::new());
    for m in 0..=12 {
        for n in 0..=12 {
            for k in [0, 1, 2, 3, 5, 8] {
                check_whole(m, n, k, &mut numbers, &mut workspace);
            }
        }
    }
}

#[test]
fn whole_numbers_are_exact_around_the_blocks() {
    let (mut numbers, mut workspace) = (Numbers::new(2), Workspace::new());
    for (m, n, k) in [
        (17, 31, 33),
        (63, 63, 63),
        (257, 17, 5),
        (5, 257, 17),
        (31, 33, 257),
        (129, 9, 513),
        (4, 513, 256),
        (1, 33, 1000),
        (2, 1, 257),
        (3, 1030, 3),
        (130, 1030, 2),
    ] {
        check_whole(m, n, k, &mut numbers, &mut workspace);
    }
}

#[test]
fn sums_of_reals_agree_with_float64() {
    let (mut numbers, mut workspace) = (Numbers::new(3), Workspace::new());
    for (m, n, k) in [(1, 10, 128), (33, 17, 1000), (64, 63, 257), (3, 128, 4096), (1, 16, 9216)] {
        let (a, b, bias) = (numbers.uniform(m * k), numbers.uniform(k * n), numbers.uniform(n));
        for transpose in TRANSPOSES {
            let case = Case { transpose, m, n, k, bias: true, activation: Activation::None, normalized: false };
            let actual = run(&case, &a, &b, &bias, &mut workspace);
            assert_close(&actual, &oracle(&case, &a, &b, &bias), 2e-6, &format!("{transpose:?} {m}x{n}x{k}"));
        }
    }
}

#[test]
fn not_a_number_and_infinity_stay_in_their_row_and_column() {
    let (mut numbers, mut workspace) = (Numbers::new(4), Workspace::new());
    let (m, n, k) = (9, 11, 7);
    let (mut a, b) = (numbers.uniform(m * k), numbers.uniform(k * n));
    (a[2 * k + 1], a[8 * k]) = (f32::NAN, f32::INFINITY);
    let case = Case { transpose: [false; 2], m, n, k, bias: false, activation: Activation::Relu, normalized: false };
    let c = run(&case, &a, &b, &[], &mut workspace);
    for (i, row) in c.chunks(n).enumerate() {
        assert!(row.iter().all(|x| if i == 2 { x.is_nan() } else { i == 8 || x.is_finite() }), "row {i}");
    }
}

#[test]
fn a_row_has_the_same_bits_in_every_place_and_call() {
    let (mut numbers, mut workspace) = (Numbers::new(5), Workspace::new());
    let (n, k) = (21, 600);
    let (row, b) = (numbers.uniform(k), numbers.uniform(k * n));
    let repeated: Vec<f32> = (0..7).flat_map(|_| row.clone()).collect();
    let case = Case { transpose: [false; 2], m: 7, n, k, bias: false, activation: Activation::None, normalized: false };
    let first = run(&case, &repeated, &b, &[], &mut workspace);
    for c in first.chunks(n) {
        assert_eq!(bits(c), bits(&first[..n]));
    }
    assert_eq!(bits(&first), bits(&run(&case, &repeated, &b, &[], &mut Workspace::new())));
}

#[test]
fn scratch_memory_that_cannot_be_had_is_refused() {
    let mut workspace = Workspace::new();
    assert_eq!(workspace.split([usize::MAX / 4]), Err(OutOfMemory));
    assert_eq!(workspace.split([usize::MAX, usize::MAX]), Err(OutOfMemory));
    let [a, b] = workspace.split([17, 3]).unwrap();
    assert_eq!((a.len(), b.len(), a.as_ptr() as usize % 64, b.as_ptr() as usize % 64), (17, 3, 0, 0));
}
