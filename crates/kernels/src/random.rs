//! Random numbers by counting: Philox4x32-10 (Salmon, Moraes, Dror and Shaw 2011).
//!
//! Element i of a fill depends on nothing but (seed, counter + i/4), so a stream can be cut, continued and filled in
//! any order, and has the same bits everywhere.

use crate::lanes::{F32x4, I32x4, LANES};
use crate::math::{copy_sign, normal_quantile};

/// Where a stream stands: block `counter` of the stream `seed`.
#[derive(Clone, Copy, Debug)]
pub struct Position {
    pub seed: u64,
    pub counter: u64,
}

/// Four random words: ten rounds of Philox on `counter` with `key`.
pub fn philox(mut counter: [u32; 4], mut key: [u32; 2]) -> [u32; 4] {
    for _ in 0..10 {
        let a = u64::from(counter[0]) * 0xd251_1f53;
        let b = u64::from(counter[2]) * 0xcd9e_8d57;
        counter = [(b >> 32) as u32 ^ counter[1] ^ key[0], b as u32, (a >> 32) as u32 ^ counter[3] ^ key[1], a as u32];
        // The golden ratio and √3 - 1, as in the paper.
        key = [key[0].wrapping_add(0x9e37_79b9), key[1].wrapping_add(0xbb67_ae85)];
    }
    counter
}

/// Four elements of `y` from each block of four words; the last block may have more words than are needed.
#[inline(always)]
fn fill<T: Copy>(position: Position, y: &mut [T], f: impl Fn([u32; LANES]) -> [T; LANES]) {
    let key = [position.seed as u32, (position.seed >> 32) as u32];
    for (i, y) in y.chunks_mut(LANES).enumerate() {
        let counter = position.counter.wrapping_add(i as u64);
        let values = f(philox([counter as u32, (counter >> 32) as u32, 0, 0], key));
        match y.as_mut_array() {
            Some(whole) => *whole = values,
            None => y.copy_from_slice(&values[..y.len()]),
        }
    }
}

#[inline(always)]
fn fill_floats(position: Position, y: &mut [f32], f: impl Fn(I32x4) -> F32x4) {
    fill(position, y, |words| f(I32x4::from_array(words.map(|word| word as i32))).to_array());
}

/// y uniform over all 32-bit words.
pub fn random_bits(position: Position, y: &mut [u32]) {
    fill(position, y, |words| words);
}

/// y uniform in [min, max): a multiple of 2⁻²⁴ of the way. All of them min where max <= min.
pub fn random_uniform(position: Position, min: f32, max: f32, y: &mut [f32]) {
    let (low, high) = (F32x4::splat(min), F32x4::splat(max));
    // Rounding could reach max itself.
    let last = F32x4::splat(max.next_down().max(min));
    fill_floats(position, y, |words| {
        let u = words.shift_right_unsigned(8).to_f32() * F32x4::splat(1.0 / 16_777_216.0);
        (low * (F32x4::splat(1.0) - u) + high * u).min(last).max(low)
    });
}

/// y = mean + stddev·z, z standard normal by the inverse of its distribution: |z| < 6.4, a step of 2⁻³² in probability.
pub fn random_normal(position: Position, mean: f32, stddev: f32, y: &mut [f32]) {
    // The tail is never 0.
    from_quantile(position, mean, stddev, [1.164_153_2e-10, 0.5], f32::INFINITY, y);
}

/// y = mean + stddev·z, z standard normal given that |z| ≤ 2, by the inverse of its distribution.
pub fn random_truncated_normal(position: Position, mean: f32, stddev: f32, y: &mut [f32]) {
    // The probability of z > 2.
    const BEYOND: f32 = 0.022_750_132;
    from_quantile(position, mean, stddev, [BEYOND, 0.5 - BEYOND], 2.0, y);
}

/// y = mean + stddev·(±z), the sign being one bit of a word; the others, as a fraction in [0, 1], say what z ≤ `most`
/// exceeds with probability tail[0] + tail[1]·fraction.
#[inline(never)]
fn from_quantile(position: Position, mean: f32, stddev: f32, tail: [f32; 2], most: f32, y: &mut [f32]) {
    let [mean, stddev, least, span, most] = [mean, stddev, tail[0], tail[1], most].map(F32x4::splat);
    let normal_quantile = normal_quantile();
    fill_floats(position, y, |words| {
        let fraction = (words & I32x4::splat(i32::MAX)).to_f32() * F32x4::splat(1.0 / 2_147_483_648.0);
        let z = normal_quantile(span * fraction + least).min(most);
        mean + stddev * copy_sign(z, F32x4::from_bits(words))
    });
}
