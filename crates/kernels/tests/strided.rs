//! Strided copies and rows by index against plain index arithmetic.

mod common;

use common::{Numbers, bits};
use evenkeel_kernels::indexing::{gather_rows, one_hot, scatter_add_rows};
use evenkeel_kernels::strided::{Walk, strided_copy};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const UNTOUCHED: u32 = 0xffff_fffe;

/// The origin and the length of the piece that a walk touches.
fn extent(dims: &[i32], strides: &[i32]) -> (usize, usize) {
    let reaches: Vec<i32> = dims.iter().zip(strides).map(|(d, s)| (d - 1) * s).collect();
    let before = -reaches.iter().filter(|&&r| r < 0).sum::<i32>();
    let after = reaches.iter().filter(|&&r| r > 0).sum::<i32>();
    (before as usize, (before + after + 1) as usize)
}

fn check(dims: &[i32], from: &[i32], to: &[i32]) {
    let ((x_origin, x_len), (y_origin, y_len)) = (extent(dims, from), extent(dims, to));
    let x: Vec<u32> = (0..x_len as u32).map(|i| i.wrapping_mul(0x9e37_79b9) | 1).collect();
    let (mut y, mut expected) = (vec![UNTOUCHED; y_len], vec![UNTOUCHED; y_len]);
    strided_copy(dims, Walk { origin: x_origin, strides: from }, &x, Walk { origin: y_origin, strides: to }, &mut y);
    for mut i in 0..dims.iter().product::<i32>() {
        let (mut source, mut target) = (x_origin as i32, y_origin as i32);
        for axis in (0..dims.len()).rev() {
            let index = i % dims[axis];
            i /= dims[axis];
            (source, target) = (source + index * from[axis], target + index * to[axis]);
        }
        expected[target as usize] = x[source as usize];
    }
    assert_eq!(y, expected, "{dims:?} {from:?} -> {to:?}");
}

#[test]
fn copies_of_every_kind() {
    check(&[], &[], &[]);
    for n in [1, 2, 3, 4, 5, 7, 33, 65] {
        check(&[n], &[1], &[1]);
        check(&[n], &[-1], &[1]);
        check(&[n], &[0], &[1]);
        check(&[n], &[2], &[3]);
        for m in [1, 3, 4, 5, 31, 66] {
            check(&[m, n], &[n, 1], &[n, 1]);
            check(&[m, n], &[1, m], &[n, 1]);
            check(&[m, n], &[1, m + 2], &[n + 3, 1]);
            check(&[m, n], &[n, 1], &[1, m]);
            check(&[m, n], &[-n, -1], &[n, 1]);
            check(&[m, n], &[0, 1], &[n, 1]);
            check(&[m, n], &[1, 0], &[n, 1]);
        }
    }
    check(&[2, 3, 4, 5], &[60, 20, 5, 1], &[1, 2, 6, 24]);
    check(&[5, 2, 4, 3], &[1, 60, 5, 20], &[24, 12, 3, 1]);
    check(&[3, 5, 6], &[1, 3, 15], &[30, 6, 1]);
    check(&[3, 5, 6], &[1, 18, 3], &[30, 6, 1]);
}

#[test]
fn nothing_is_copied_of_nothing() {
    for dims in [&[0][..], &[3, 0], &[0, 3]] {
        let strides = &[1, 1][..dims.len()];
        strided_copy(dims, Walk { origin: 0, strides }, &[], Walk { origin: 0, strides }, &mut []);
    }
}

#[test]
fn rows_are_gathered_and_scattered() {
    for cols in [0, 1, 3, 4, 17] {
        let (rows, indices) = (6, [5, 0, 0, 3, 5, 5, 2]);
        let mut numbers = Numbers::new(2);
        let (x, dy) = (numbers.whole(rows * cols), numbers.whole(indices.len() * cols));
        let mut y = vec![UNTOUCHED; indices.len() * cols];
        gather_rows(cols, &indices, &bits(&x), &mut y);
        let mut dx = vec![1.0; rows * cols];
        let mut expected = dx.clone();
        scatter_add_rows(cols, &indices, &dy, &mut dx);
        for (i, &index) in indices.iter().enumerate() {
            for j in 0..cols {
                assert_eq!(y[i * cols + j], x[index as usize * cols + j].to_bits());
                expected[index as usize * cols + j] += dy[i * cols + j];
            }
        }
        assert_eq!(dx, expected);
    }
}

#[test]
fn one_hot_rows() {
    let mut y = vec![f32::NAN; 12];
    one_hot(3, &[2, 0, -1, 3], &mut y);
    assert_eq!(y, [0.0, 0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    one_hot(0, &[0, 1], &mut []);
}
