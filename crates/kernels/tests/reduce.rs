//! Reductions against float64, over shapes around vectors, joined rows and tiles.

mod common;

use common::{Numbers, assert_close, assert_exact, unwritten};
use evenkeel_kernels::reduce::{Reduce, arg_max, reduce};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn oracle(op: Reduce, [outer, axis, inner]: [usize; 3], x: &[f32]) -> Vec<f64> {
    let mut y = Vec::new();
    for n in 0..outer {
        for j in 0..inner {
            let values = (0..axis).map(|i| f64::from(x[(n * axis + i) * inner + j]));
            y.push(match op {
                Reduce::Sum => values.sum(),
                Reduce::Mean => values.sum::<f64>() / axis as f64,
                Reduce::Max => values.fold(f64::NEG_INFINITY, f64::max),
                Reduce::Min => values.fold(f64::INFINITY, f64::min),
            });
        }
    }
    y
}

const SIZES: [usize; 9] = [1, 2, 3, 5, 7, 13, 33, 66, 257];

#[test]
fn reductions_agree_with_float64() {
    for (code, op) in Reduce::ALL.into_iter().enumerate() {
        assert_eq!((op as usize, Reduce::from_code(code as u32)), (code, op));
        for axis in SIZES {
            for inner in [1, 2, 3, 4, 5, 30, 64, 257, 600, 1030] {
                for outer in [1, 3] {
                    let shape = [outer, axis, inner];
                    let x = Numbers::new(7).whole(outer * axis * inner);
                    let mut y = unwritten(outer * inner);
                    reduce(op, shape, &x, &mut y);
                    let expected = oracle(op, shape, &x);
                    if op == Reduce::Mean {
                        assert_close(&y, &expected, 1e-7, &format!("{op:?} {shape:?}"));
                    } else {
                        assert_exact(&y, &expected, &format!("{op:?} {shape:?}"));
                    }
                }
            }
        }
    }
}

#[test]
fn long_sums_keep_their_digits() {
    for (axis, inner) in [(300_001, 1), (100_001, 3), (20_001, 20)] {
        let x: Vec<f32> = Numbers::new(8).uniform(axis * inner).iter().map(|x| 100.0 + x).collect();
        let mut y = unwritten(inner);
        reduce(Reduce::Sum, [1, axis, inner], &x, &mut y);
        assert_close(&y, &oracle(Reduce::Sum, [1, axis, inner], &x), 2e-7, &format!("{axis} x {inner}"));
    }
}

#[test]
fn nan_propagates_and_infinity_stays() {
    for inner in [1, 3] {
        for place in 0..9 {
            for op in Reduce::ALL {
                let mut x = vec![1.0; 9 * inner];
                x[place * inner] = f32::NAN;
                let mut y = vec![0.0; inner];
                reduce(op, [1, 9, inner], &x, &mut y);
                assert!(y[0].is_nan() && y[1..].iter().all(|y| y.is_finite()), "{op:?} at {place}");
            }
        }
    }
    let mut y = [0.0; 2];
    reduce(Reduce::Max, [2, 2, 1], &[f32::NEG_INFINITY, f32::NEG_INFINITY, 1.0, f32::INFINITY], &mut y);
    assert_eq!(y, [f32::NEG_INFINITY, f32::INFINITY]);
}

#[test]
fn over_nothing() {
    for inner in [1, 3] {
        for (op, expected) in [(Reduce::Sum, 0.0), (Reduce::Max, f32::NEG_INFINITY), (Reduce::Min, f32::INFINITY)] {
            let mut y = unwritten(2 * inner);
            reduce(op, [2, 0, inner], &[], &mut y);
            assert_eq!(y, vec![expected; 2 * inner], "{op:?}");
        }
        let mut y = vec![0.0; 2 * inner];
        reduce(Reduce::Mean, [2, 0, inner], &[], &mut y);
        assert!(y.iter().all(|y| y.is_nan()));
    }
    reduce(Reduce::Sum, [3, 4, 0], &[], &mut []);
    reduce(Reduce::Max, [0, 4, 3], &[], &mut []);
}

#[test]
fn arg_max_takes_the_first_and_nan() {
    let cases: [(&[f32], i32); 6] = [
        (&[1.0, 3.0, 3.0], 1),
        (&[-1.0], 0),
        (&[f32::NEG_INFINITY, f32::NEG_INFINITY], 0),
        (&[1.0, f32::NAN, f32::INFINITY, f32::NAN], 1),
        (&[f32::NAN, 1.0], 0),
        (&[-0.0, 0.0], 0),
    ];
    for (x, expected) in cases {
        let mut y = [-1];
        arg_max([1, x.len(), 1], x, &mut y);
        assert_eq!(y[0], expected, "{x:?}");
    }
    let mut y = [-1; 4];
    arg_max([2, 3, 2], &[1.0, 9.0, 2.0, 8.0, 3.0, 7.0, 6.0, 0.0, 5.0, 1.0, 4.0, 2.0], &mut y);
    assert_eq!(y, [2, 0, 0, 2]);
}
