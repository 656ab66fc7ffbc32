//! aᵇ = ±e^(b·ln |a|) in float64, rounded to float32 at the end.

use core::f64::consts::{LN_2, LOG2_E};

/// From here on every float32 is whole, and even.
const EVEN: f32 = 16_777_216.0;

/// aᵇ within 0.51 ULP; special cases as in IEEE 754's pow: 1 to any power and anything to the power 0 are 1, even NaN.
#[inline(never)]
pub fn power(a: f32, b: f32) -> f32 {
    let magnitude = a.abs();
    let is_one = b == 0.0 || a == 1.0 || (magnitude == 1.0 && b.is_infinite());
    let size = if is_one { 1.0 } else { exp(f64::from(b) * log(f64::from(magnitude))) };
    let small = b.abs() < EVEN;
    let whole = b as i32;
    if small && whole as f32 != b && a < 0.0 && a.is_finite() {
        f32::NAN
    } else if small && whole as f32 == b && whole % 2 != 0 {
        size.copysign(a)
    } else {
        size
    }
}

/// c[0] + c[1]·x + c[2]·x² + …
#[inline(always)]
fn polynomial<const N: usize>(x: f64, c: [f64; N]) -> f64 {
    c.into_iter().rev().fold(0.0, |sum, c| sum * x + c)
}

/// ln x within 2e-12 of itself, for no negative x.
///
/// x = 2ᵉ·m with m in [√½, √2), s = (m - 1)/(m + 1), and ln m = 2·artanh s = 2·(s + s³/3 + s⁵/5 + …).
fn log(x: f64) -> f64 {
    if x == 0.0 {
        return f64::NEG_INFINITY;
    }
    if x.is_nan() || x == f64::INFINITY {
        return x;
    }
    let sqrt_half = 0x3fe6_a09e_667f_3bcd;
    let exponent = (x.to_bits() as i64 - sqrt_half) >> 52;
    let m = f64::from_bits((x.to_bits() as i64 - (exponent << 52)) as u64);
    let s = (m - 1.0) / (m + 1.0);
    let series = [1.0, 1.0 / 3.0, 1.0 / 5.0, 1.0 / 7.0, 1.0 / 9.0, 1.0 / 11.0, 1.0 / 13.0];
    exponent as f64 * LN_2 + 2.0 * s * polynomial(s * s, series)
}

/// eˣ within 1e-11 of itself where it is a float32, infinity or zero beyond.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2, and eˣ = 2ⁿ·(1 + r + r²/2 + r³/6 + …).
fn exp(x: f64) -> f32 {
    // NaN passes.
    let x = x.clamp(-110.0, 90.0);
    // Adding 1.5·2⁵² rounds to a whole number.
    let shifter = 6_755_399_441_055_744.0;
    let n = x * LOG2_E + shifter - shifter;
    let series = [
        1.0,
        1.0,
        1.0 / 2.0,
        1.0 / 6.0,
        1.0 / 24.0,
        1.0 / 120.0,
        1.0 / 720.0,
        1.0 / 5040.0,
        1.0 / 40_320.0,
        1.0 / 362_880.0,
    ];
    let power_of_two = f64::from_bits(((n as i64 + 1023) << 52) as u64);
    (power_of_two * polynomial(x - n * LN_2, series)) as f32
}
