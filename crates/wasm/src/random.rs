//! Random numbers. Seed and counter come as halves of 64 bits.

use crate::slices::slice_mut;
use evenkeel_kernels::random::{self, Position};

fn position(seed_lo: u32, seed_hi: u32, counter_lo: u32, counter_hi: u32) -> Position {
    let join = |low: u32, high: u32| u64::from(low) | u64::from(high) << 32;
    Position { seed: join(seed_lo, seed_hi), counter: join(counter_lo, counter_hi) }
}

/// # Safety
/// `y` has `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn random_bits(
    seed_lo: u32,
    seed_hi: u32,
    counter_lo: u32,
    counter_hi: u32,
    n: usize,
    y: *mut u32,
) {
    // Safety: the caller's promise.
    random::random_bits(position(seed_lo, seed_hi, counter_lo, counter_hi), unsafe { slice_mut(y, n) });
}

/// # Safety
/// `y` has `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn random_uniform(
    seed_lo: u32,
    seed_hi: u32,
    counter_lo: u32,
    counter_hi: u32,
    n: usize,
    min: f32,
    max: f32,
    y: *mut f32,
) {
    // Safety: the caller's promise.
    random::random_uniform(position(seed_lo, seed_hi, counter_lo, counter_hi), min, max, unsafe { slice_mut(y, n) });
}

/// # Safety
/// `y` has `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn random_normal(
    seed_lo: u32,
    seed_hi: u32,
    counter_lo: u32,
    counter_hi: u32,
    n: usize,
    mean: f32,
    stddev: f32,
    y: *mut f32,
) {
    let position = position(seed_lo, seed_hi, counter_lo, counter_hi);
    // Safety: the caller's promise.
    random::random_normal(position, mean, stddev, unsafe { slice_mut(y, n) });
}

/// # Safety
/// `y` has `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn random_truncated_normal(
    seed_lo: u32,
    seed_hi: u32,
    counter_lo: u32,
    counter_hi: u32,
    n: usize,
    mean: f32,
    stddev: f32,
    y: *mut f32,
) {
    let position = position(seed_lo, seed_hi, counter_lo, counter_hi);
    // Safety: the caller's promise.
    random::random_truncated_normal(position, mean, stddev, unsafe { slice_mut(y, n) });
}
