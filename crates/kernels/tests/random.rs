//! Philox's known answers, moments and ranges of the distributions, and that elements depend on their counter alone.

mod common;

use common::{bits, unwritten};
use evenkeel_kernels::random::*;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const N: usize = 200_000;

#[test]
fn philox_gives_the_known_answers() {
    // From the authors' distribution of Random123.
    let ones = u32::MAX;
    assert_eq!(philox([0; 4], [0; 2]), [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]);
    assert_eq!(philox([ones; 4], [ones; 2]), [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]);
    let pi = [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344];
    assert_eq!(philox(pi, [0xa409_3822, 0x299f_31d0]), [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1]);
}

#[test]
fn an_element_depends_on_seed_and_counter_alone() {
    let position = Position { seed: 0x1234_5678_9abc_def0, counter: 0xffff_fffe };
    let mut whole = [0; 23];
    random_bits(position, &mut whole);
    for length in 0..whole.len() {
        let mut part = vec![0; length];
        random_bits(position, &mut part);
        assert_eq!(part, whole[..length]);
    }
    // The counter carries into its upper half.
    for block in 0..5 {
        let mut part = [0; 3];
        random_bits(Position { counter: position.counter + block, ..position }, &mut part);
        assert_eq!(part, whole[4 * block as usize..][..3]);
    }
    let mut normals = [0.0; 23];
    random_normal(position, 0.0, 1.0, &mut normals);
    let mut later = [0.0; 3];
    random_normal(Position { counter: position.counter + 5, ..position }, 0.0, 1.0, &mut later);
    assert_eq!(bits(&normals[20..]), bits(&later));
}

/// Mean, variance, third and fourth moment about 0.
fn moments(x: &[f32]) -> [f64; 4] {
    [1, 2, 3, 4].map(|power| x.iter().map(|&x| f64::from(x).powi(power)).sum::<f64>() / x.len() as f64)
}

#[test]
fn uniform_numbers() {
    let mut y = unwritten(N);
    random_uniform(Position { seed: 1, counter: 0 }, -1.0, 1.0, &mut y);
    assert!(y.iter().all(|y| (-1.0..1.0).contains(y)));
    let [mean, square, cube, fourth] = moments(&y);
    assert!(mean.abs() < 5e-3 && (square - 1.0 / 3.0).abs() < 5e-3 && cube.abs() < 5e-3 && (fourth - 0.2).abs() < 5e-3);
    // Neighbours do not know of each other.
    let product = y.windows(2).map(|pair| f64::from(pair[0] * pair[1])).sum::<f64>() / N as f64;
    assert!(product.abs() < 3e-3);
}

#[test]
fn a_uniform_number_is_below_its_maximum() {
    // So few numbers lie between that rounding would reach the maximum often.
    let (min, max) = (1.0, 1.0 + 4.0 * f32::EPSILON);
    let mut y = unwritten(10_000);
    random_uniform(Position { seed: 2, counter: 0 }, min, max, &mut y);
    assert!(y.iter().all(|y| (min..max).contains(y)));
    random_uniform(Position { seed: 2, counter: 0 }, f32::MIN, f32::MAX, &mut y);
    assert!(y.iter().all(|y| y.is_finite()));
    random_uniform(Position { seed: 2, counter: 0 }, 3.0, 3.0, &mut y);
    assert!(y.iter().all(|&y| y == 3.0));
}

#[test]
fn normal_numbers() {
    let mut y = unwritten(N);
    random_normal(Position { seed: 3, counter: 0 }, 0.0, 1.0, &mut y);
    let [mean, square, cube, fourth] = moments(&y);
    assert!(mean.abs() < 0.01 && (square - 1.0).abs() < 0.015 && cube.abs() < 0.04 && (fourth - 3.0).abs() < 0.1);
    for (bound, probability) in [(0.5, 0.691_46), (1.0, 0.841_34), (-1.5, 0.066_81), (3.0, 0.998_65)] {
        let share = y.iter().filter(|&&y| y < bound).count() as f64 / N as f64;
        assert!((share - probability).abs() < 0.004, "{share} below {bound}");
    }
    random_normal(Position { seed: 3, counter: 0 }, 5.0, 0.5, &mut y);
    assert!((moments(&y)[0] - 5.0).abs() < 0.01);
}

#[test]
fn truncated_normal_numbers() {
    let mut y = unwritten(N);
    random_truncated_normal(Position { seed: 4, counter: 0 }, 0.0, 1.0, &mut y);
    assert!(y.iter().all(|y| y.abs() <= 2.0));
    assert!(y.iter().any(|&y| y > 1.99) && y.iter().any(|&y| y < -1.99));
    let [mean, square, cube, _] = moments(&y);
    assert!(mean.abs() < 0.01 && (square - 0.773_741).abs() < 0.01 && cube.abs() < 0.02);
}

/// The same bits on every machine: these were taken once and hold natively and in WASM.
#[test]
fn bits_are_pinned() {
    let position = Position { seed: 42, counter: 7 };
    let mut y = [0.0; 5];
    random_uniform(position, -1.0, 1.0, &mut y);
    assert_eq!(bits(&y), [0xbe91_09f4, 0xbe3c_3da0, 0xbf51_bf32, 0xbf23_2916, 0x3dc4_a520]);
    random_normal(position, 0.0, 1.0, &mut y);
    assert_eq!(bits(&y), [0x3eb9_c6c6, 0x3e6e_0d35, 0x3fab_59b7, 0x3f69_0aa4, 0xbfd5_0d6b]);
    random_truncated_normal(position, 0.0, 1.0, &mut y);
    assert_eq!(bits(&y), [0x3eb0_f841, 0x3e63_0959, 0x3f9d_b195, 0x3f5b_4b94, 0xbfbe_454d]);
}
