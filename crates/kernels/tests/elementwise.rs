//! Elementwise kernels against float64, over lengths around the vectors; broadcasts against index arithmetic.

mod common;

use common::{Numbers, assert_close, bits, unwritten};
use evenkeel_kernels::elementwise::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const LENGTHS: [usize; 13] = [0, 1, 2, 3, 4, 5, 7, 13, 17, 31, 33, 64, 257];

/// Arguments inside the domain of every function.
fn arguments(op: Unary, n: usize) -> Vec<f32> {
    let positive = matches!(op, Unary::Sqrt | Unary::Log | Unary::Rsqrt);
    let x = Numbers::new(n as u64).uniform(n);
    x.iter().map(|x| if positive { x.abs() * 3.0 + 0.1 } else { x * 3.0 }).collect()
}

fn exact(op: Unary, x: f64) -> f64 {
    match op {
        Unary::Neg => -x,
        Unary::Abs => x.abs(),
        Unary::Square => x * x,
        Unary::Sqrt => x.sqrt(),
        Unary::Exp => x.exp(),
        Unary::Log => x.ln(),
        Unary::Relu => x.max(0.0),
        Unary::Tanh => x.tanh(),
        Unary::Sigmoid => 1.0 / (1.0 + (-x).exp()),
        Unary::Reciprocal => 1.0 / x,
        Unary::Rsqrt => 1.0 / x.sqrt(),
        Unary::Sign => x.signum(),
        Unary::Erf => libm::erf(x),
        Unary::Softplus => x.exp().ln_1p(),
    }
}

#[test]
fn unary_agrees_with_float64() {
    for (code, op) in Unary::ALL.into_iter().enumerate() {
        assert_eq!((op as usize, Unary::from_code(code as u32)), (code, op));
        for n in LENGTHS {
            let x = arguments(op, n);
            let mut y = unwritten(n);
            unary_forward(op, &x, &mut y);
            let expected: Vec<f64> = x.iter().map(|&x| exact(op, f64::from(x))).collect();
            assert_close(&y, &expected, 3e-7, &format!("{op:?} of {n}"));
            let mut in_place = x.clone();
            unary_in_place(op, &mut in_place);
            assert_eq!(bits(&in_place), bits(&y), "{op:?} in place");
        }
    }
}

#[test]
fn no_result_depends_on_its_place() {
    for op in Unary::ALL {
        let x = arguments(op, 23);
        let mut whole = unwritten(23);
        unary_forward(op, &x, &mut whole);
        for i in 0..x.len() {
            let mut one = [f32::NAN];
            unary_forward(op, &x[i..=i], &mut one);
            assert_eq!(one[0].to_bits(), whole[i].to_bits(), "{op:?} of element {i}");
        }
    }
}

#[test]
fn unary_gradients_are_the_slopes() {
    for op in Unary::ALL {
        let n = 33;
        let (x, dy) = (arguments(op, n), Numbers::new(9).uniform(n));
        let (mut y, mut dx) = (unwritten(n), unwritten(n));
        unary_forward(op, &x, &mut y);
        unary_backward(op, &x, &y, &dy, &mut dx);
        let step = 1e-5;
        let slope = |x: f64| (exact(op, x + step) - exact(op, x - step)) / (2.0 * step);
        let expected: Vec<f64> = x.iter().zip(&dy).map(|(&x, &dy)| slope(f64::from(x)) * f64::from(dy)).collect();
        assert_close(&dx, &expected, 1e-6, &format!("gradient of {op:?}"));
    }
}

#[test]
fn kinks_and_nan() {
    let x = [f32::NAN, -0.0, 0.0, f32::INFINITY, -f32::INFINITY, -1.0];
    let mut y = unwritten(6);
    unary_forward(Unary::Relu, &x, &mut y);
    assert!(y[0].is_nan());
    assert_eq!(y[1..], [0.0, 0.0, f32::INFINITY, 0.0, 0.0]);
    let mut dx = unwritten(6);
    unary_backward(Unary::Relu, &x, &y, &[1.0; 6], &mut dx);
    assert!(dx[0].is_nan());
    assert_eq!(dx[1..], [0.0, 0.0, 1.0, 0.0, 0.0]);
    unary_forward(Unary::Sign, &x, &mut y);
    assert!(y[0].is_nan());
    assert_eq!(y[1..], [0.0, 0.0, 1.0, -1.0, -1.0]);
    unary_backward(Unary::Abs, &x, &y, &[1.0; 6], &mut dx);
    assert_eq!(dx[1..], [0.0, 0.0, 1.0, -1.0, -1.0]);
}

fn exact_binary(op: Binary, a: f64, b: f64) -> f64 {
    let truth = |t: bool| f64::from(u8::from(t));
    match op {
        Binary::Add => a + b,
        Binary::Sub => a - b,
        Binary::Mul => a * b,
        Binary::Div => a / b,
        Binary::Maximum => a.max(b),
        Binary::Minimum => a.min(b),
        Binary::Equal => truth(a == b),
        Binary::Greater => truth(a > b),
        Binary::Less => truth(a < b),
        Binary::GreaterEqual => truth(a >= b),
        Binary::LessEqual => truth(a <= b),
        Binary::SquaredDifference => (a - b) * (a - b),
        Binary::Pow => a.powf(b),
    }
}

/// Walks y of `dims` by hand and compares.
fn check_binary(op: Binary, dims: &[i32], a_strides: &[i32], b_strides: &[i32]) {
    let reach = |strides: &[i32]| dims.iter().zip(strides).map(|(d, s)| ((d - 1) * s) as usize).sum::<usize>() + 1;
    let mut numbers = Numbers::new(5);
    // Few different values, so that some are equal; positive, for powers.
    let mut values = |n: usize| (0..n).map(|_| numbers.below(7) as f32 / 2.0 + 0.5).collect::<Vec<f32>>();
    let (a, b) = (values(reach(a_strides)), values(reach(b_strides)));
    let size = dims.iter().product::<i32>() as usize;
    let mut y = unwritten(size);
    binary(op, Broadcast { dims, a_strides, b_strides }, &a, &b, &mut y);
    let expected: Vec<f64> = (0..size)
        .map(|mut i| {
            let (mut at, mut bt) = (0, 0);
            for axis in (0..dims.len()).rev() {
                let index = (i % dims[axis] as usize) as i32;
                i /= dims[axis] as usize;
                (at, bt) = (at + index * a_strides[axis], bt + index * b_strides[axis]);
            }
            exact_binary(op, f64::from(a[at as usize]), f64::from(b[bt as usize]))
        })
        .collect();
    assert_close(&y, &expected, 1.3e-7, &format!("{op:?} {dims:?} {a_strides:?} {b_strides:?}"));
}

#[test]
fn binary_agrees_with_float64() {
    for (code, op) in Binary::ALL.into_iter().enumerate() {
        assert_eq!((op as usize, Binary::from_code(code as u32)), (code, op));
        check_binary(op, &[], &[], &[]);
        for n in [1, 3, 4, 17, 257] {
            check_binary(op, &[n], &[1], &[1]);
            check_binary(op, &[n], &[1], &[0]);
            check_binary(op, &[n], &[0], &[1]);
            check_binary(op, &[5, n], &[n, 1], &[0, 1]);
            check_binary(op, &[5, n], &[0, 1], &[n, 1]);
            check_binary(op, &[5, n], &[1, 0], &[n, 1]);
            check_binary(op, &[5, n], &[1, 5], &[n, 1]);
            check_binary(op, &[3, 2, n], &[2, 1, 0], &[0, n, 1]);
            check_binary(op, &[3, 2, n], &[0, 0, 2], &[2, 1, 6]);
        }
    }
    for dims in [&[0][..], &[3, 0], &[0, 3]] {
        let strides = &[1, 1][..dims.len()];
        binary(Binary::Add, Broadcast { dims, a_strides: strides, b_strides: strides }, &[], &[], &mut []);
    }
}

#[test]
fn maximum_and_minimum_keep_nan_and_comparisons_do_not() {
    let (a, b) = ([f32::NAN, 1.0, f32::NAN, 2.0], [1.0, f32::NAN, f32::NAN, 1.0]);
    let shape = Broadcast { dims: &[4], a_strides: &[1], b_strides: &[1] };
    for op in [Binary::Maximum, Binary::Minimum] {
        let mut y = [0.0; 4];
        binary(op, shape, &a, &b, &mut y);
        assert!(y[..3].iter().all(|y| y.is_nan()) && !y[3].is_nan());
    }
    for op in [Binary::Equal, Binary::Greater, Binary::Less, Binary::GreaterEqual, Binary::LessEqual] {
        let mut y = unwritten(4);
        binary(op, shape, &a, &b, &mut y);
        assert_eq!(y[..3], [0.0; 3], "{op:?}");
    }
}

#[test]
fn powers_of_the_difficult() {
    let cases = [
        (-2.0, 3.0, -8.0),
        (-2.0, 2.0, 4.0),
        (0.0, 0.0, 1.0),
        (0.0, -1.0, f32::INFINITY),
        (2.0, -149.0, 1e-45),
        (10.0, 39.0, f32::INFINITY),
        (f32::NAN, 0.0, 1.0),
        (1.0, f32::NAN, 1.0),
    ];
    let shape = Broadcast { dims: &[], a_strides: &[], b_strides: &[] };
    for (a, b, expected) in cases {
        let mut y = [f32::NAN];
        binary(Binary::Pow, shape, &[a], &[b], &mut y);
        assert_eq!(y[0], expected, "{a}^{b}");
    }
    let mut y = [0.0];
    binary(Binary::Pow, shape, &[-2.0], &[0.5], &mut y);
    assert!(y[0].is_nan());
}

#[test]
fn adding_scaling_casting() {
    for n in LENGTHS {
        let mut numbers = Numbers::new(3);
        let (x, y) = (numbers.uniform(n), numbers.uniform(n));
        let mut sum = y.clone();
        add_assign(&x, &mut sum);
        assert!(sum.iter().zip(&x).zip(&y).all(|((sum, x), y)| *sum == y + x));
        let mut scaled = unwritten(n);
        scale(3.0, &x, &mut scaled);
        assert!(scaled.iter().zip(&x).all(|(scaled, x)| *scaled == 3.0 * x));
        let mut in_place = x.clone();
        scale_in_place(3.0, &mut in_place);
        assert_eq!(in_place, scaled);
    }
    let mut integers = [7; 7];
    cast_f32_to_i32(&[1.9, -1.9, f32::NAN, f32::INFINITY, -1e30, 3e9, -0.5], &mut integers);
    assert_eq!(integers, [1, -1, 0, i32::MAX, i32::MIN, i32::MAX, 0]);
    let mut floats = unwritten(3);
    cast_i32_to_f32(&[-3, i32::MAX, 16_777_217], &mut floats);
    assert_eq!(floats, [-3.0, 2_147_483_648.0, 16_777_216.0]);
}

#[test]
fn the_first_non_finite_is_found_at_any_place() {
    for n in LENGTHS {
        let x = Numbers::new(1).uniform(n);
        assert_eq!(first_non_finite(&x), n);
        for i in 0..n {
            for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                let mut x = x.clone();
                x[i] = bad;
                x[n - 1] = if i < n - 1 { f32::NAN } else { bad };
                assert_eq!(first_non_finite(&x), i);
            }
        }
    }
    assert_eq!(first_non_finite(&[f32::MAX, f32::MIN, 1e-45, -0.0]), 4);
}
