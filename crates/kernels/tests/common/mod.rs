//! What the tests of the kernels share: seeded numbers, and float64 comparisons.
#![allow(dead_code)]

pub mod convolution;
pub mod threads;

/// SplitMix64 (Steele, Lea, Flood 2014): seeded test data, the same on every target.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A whole number in `0..n`.
    pub fn below(&mut self, n: usize) -> usize {
        (self.bits() % n as u64) as usize
    }

    /// Uniform in [-1, 1).
    pub fn uniform(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| (self.bits() >> 40) as f32 / (1 << 23) as f32 - 1.0).collect()
    }

    /// Whole numbers in -4..=4: sums of their products are exact in float32.
    pub fn whole(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.below(9) as f32 - 4.0).collect()
    }
}

/// An output before its kernel ran: what is not overwritten shows.
pub fn unwritten(n: usize) -> Vec<f32> {
    vec![f32::NAN; n]
}

/// The largest difference, as a share of the largest magnitude expected. NaN where either has one the other lacks.
pub fn error(actual: &[f32], expected: &[f64]) -> f64 {
    assert_eq!(actual.len(), expected.len());
    let scale = expected.iter().fold(0.0f64, |scale, x| scale.max(x.abs()));
    let mut worst = 0.0f64;
    for (&a, &e) in actual.iter().zip(expected) {
        let difference = (f64::from(a) - e).abs();
        if difference.is_nan() {
            return f64::NAN;
        }
        worst = worst.max(difference);
    }
    if scale > 0.0 { worst / scale } else { worst }
}

#[track_caller]
pub fn assert_close(actual: &[f32], expected: &[f64], tolerance: f64, what: &str) {
    let error = error(actual, expected);
    assert!(error <= tolerance, "{what}: error {error:.2e} of the largest value, allowed {tolerance:.0e}");
}

#[track_caller]
pub fn assert_exact(actual: &[f32], expected: &[f64], what: &str) {
    assert_eq!(actual.len(), expected.len());
    for (i, (&a, &e)) in actual.iter().zip(expected).enumerate() {
        assert!(f64::from(a) == e, "{what}: element {i} is {a}, expected {e}");
    }
}

pub fn dot(a: &[f32], b: &[f32]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(&a, &b)| f64::from(a) * f64::from(b)).sum()
}

pub fn bits(x: &[f32]) -> Vec<u32> {
    x.iter().map(|x| x.to_bits()).collect()
}
