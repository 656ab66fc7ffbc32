//! exp, log, tanh, sigmoid, erf, softplus and the normal quantile on lanes; powers of one number.
//!
//! Made of rounded +, -, ×, ÷ and √ alone, so the bits are the same on every machine and in every engine. The bounds
//! are in units in the last place (ULP) of the correctly rounded result, tested over all exponents in tests/math.rs.
//! The coefficients are minimax fits (Chebyshev, in 40 digits) of the function named beside them.
//!
//! `let exp = exp();` before a loop, `exp(x)` in it: the function comes with its constants in variables. (Only those of
//! exp are hidden from the compiler: of more than that too many find no register.)

mod power;

pub use power::power;

use crate::lanes::{F32x4, F64x2, I32x4, constants};
use core::f32::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, LOG2_E};

/// ln 2 in two parts; the first has 15 bits, so that its product with an exponent is exact.
const LN_2_HIGH: f32 = 0.693_145_75;
const LN_2_LOW: f32 = 1.428_606_8e-6;

/// The bits of a float's fraction.
const MANTISSA: f32 = f32::from_bits(0x007f_ffff);

#[inline(always)]
fn splats<const N: usize>(values: [f32; N]) -> [F32x4; N] {
    values.map(F32x4::splat)
}

/// `c[0] + c[1]·x + c[2]·x² + …`, even and odd powers apart: two short chains of additions instead of a long one.
#[inline(always)]
fn polynomial<const N: usize>(x: F32x4, c: &[F32x4; N]) -> F32x4 {
    let square = x * x;
    let every_second = |from: usize| {
        let last = N - 1 - (N - 1 - from) % 2;
        (from..last).step_by(2).rev().fold(c[last], |sum, i| sum.mul_add(square, c[i]))
    };
    every_second(1).mul_add(x, every_second(0))
}

/// `|magnitude|` with the sign of `sign`.
#[inline(always)]
pub fn copy_sign(magnitude: F32x4, sign: F32x4) -> F32x4 {
    let bit = I32x4::splat(i32::MIN);
    F32x4::from_bits((magnitude.to_bits() & !bit) | (sign.to_bits() & bit))
}

/// The larger; NaN where either is NaN.
#[inline(always)]
pub fn maximum(a: F32x4, b: F32x4) -> F32x4 {
    b.ne(b).select(b, a.max(b))
}

/// The smaller; NaN where either is NaN.
#[inline(always)]
pub fn minimum(a: F32x4, b: F32x4) -> F32x4 {
    b.ne(b).select(b, a.min(b))
}

/// eˣ within 1.5 ULP; subnormal results too.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2, and eˣ = 2ⁿ·(1 + r + r²·P(r)).
#[inline(always)]
pub fn exp() -> impl Fn(F32x4) -> F32x4 + Copy {
    // Outside of the limits the result is infinity or zero. Adding 1.5·2²³ rounds to a whole number and leaves it in
    // the low bits.
    let [one, most, least, log2_e, shifter] = constants(&[1.0, 89.0, -104.0, LOG2_E, 12_582_912.0]);
    let [ln_2_high, ln_2_low] = constants(&[LN_2_HIGH, LN_2_LOW]);
    let p = constants(&[0.5, 0.166_665_78, 0.041_666_556, 0.008_363_173, 0.001_392_617_6]);
    // 2ⁿ for n from -126 to 127.
    let power_of_two = move |n: I32x4| F32x4::from_bits(n.shift_left(23) + one.to_bits());
    move |x| {
        // NaN passes.
        let x = x.min(most).max(least);
        let shifted = x.mul_add(log2_e, shifter);
        let whole = shifted - shifter;
        let n = shifted.to_bits() - shifter.to_bits();
        let r = x - whole * ln_2_high - whole * ln_2_low;
        let power = one + (r + r * r * polynomial(r, &p));
        // In two steps, since 2ⁿ alone overflows for n = 128 and underflows below -126.
        let half = n.shift_right(1);
        power * power_of_two(half) * power_of_two(n - half)
    }
}

/// ln x within 1 ULP; -infinity at 0, NaN below.
///
/// x = 2ᵉ·(1 + f) with 1 + f in [√½, √2), s = f/(2 + f), and ln(1 + f) = 2·artanh s = f - s·f + s·s²·P(s²).
#[inline(always)]
pub fn log() -> impl Fn(F32x4) -> F32x4 + Copy {
    let [half, one, two, infinity, nan] = splats([0.5, 1.0, 2.0, f32::INFINITY, f32::NAN]);
    let [normal, subnormal_scale, subnormal_exponent] = splats([f32::MIN_POSITIVE, 33_554_432.0, 25.0]);
    let [sqrt_half, mantissa] = splats([FRAC_1_SQRT_2, MANTISSA]);
    let [ln_2_high, ln_2_low] = splats([LN_2_HIGH, LN_2_LOW]);
    let p = splats([0.666_666_7, 0.400_001_23, 0.285_508_22, 0.233_304_68]);
    let zero = F32x4::zero();
    move |x| {
        let subnormal = x.lt(normal);
        let scaled = subnormal.select(x * subnormal_scale, x);
        let offset = scaled.to_bits() - sqrt_half.to_bits();
        let exponent = offset.shift_right(23).to_f32() - subnormal.select(subnormal_exponent, zero);
        let f = F32x4::from_bits((offset & mantissa.to_bits()) + sqrt_half.to_bits()) - one;
        let s = f / (f + two);
        let z = s * s;
        let r = z * polynomial(z, &p);
        let half_square = half * f * f;
        let small = s * (half_square + r) + exponent * ln_2_low;
        let value = f - (half_square - small) + exponent * ln_2_high;

        let positive = x.gt(zero).select(infinity, nan);
        let special = x.eq(zero).select(-infinity, positive);
        (x.gt(zero) & x.lt(infinity)).select(value, special)
    }
}

/// [`log`] of one number: one copy for all.
#[inline(never)]
pub fn log_scalar(x: f32) -> f32 {
    log()(F32x4::splat(x)).to_array()[0]
}

/// √x of one number; `f64::sqrt` is in std alone.
pub fn sqrt_scalar(x: f64) -> f64 {
    F64x2::splat(x).sqrt().to_array()[0]
}

/// tanh x within 2 ULP.
///
/// x + x³·P(x²) up to |x| = 0.625; 1 - 2/(e^(2|x|) + 1) beyond, where nothing cancels.
#[inline(always)]
pub fn tanh() -> impl Fn(F32x4) -> F32x4 + Copy {
    let exp = exp();
    let [one, two, limit] = splats([1.0, 2.0, 0.625]);
    let p = splats([-0.333_333_28, 0.133_327_7, -0.053_850_908, 0.020_997_18, -0.006_096_714]);
    move |x| {
        let (a, z) = (x.abs(), x * x);
        let near = a + a * (z * polynomial(z, &p));
        let far = one - two / (exp(a + a) + one);
        copy_sign(a.lt(limit).select(near, far), x)
    }
}

/// 1/(1 + e⁻ˣ) within 3 ULP, also where it is subnormal.
///
/// With z = e^(-|x|): 1/(1 + z) for x ≥ 0, z/(1 + z) below; neither overflows nor cancels.
#[inline(always)]
pub fn sigmoid() -> impl Fn(F32x4) -> F32x4 + Copy {
    let exp = exp();
    let [one] = splats([1.0]);
    move |x| {
        let z = exp(-x.abs());
        x.lt(F32x4::zero()).select(z, one) / (one + z)
    }
}

/// ln(1 + eˣ) within 3 ULP: max(x, 0) + ln(1 + z) with z = e^(-|x|).
///
/// u = 1 + z is rounded; ln(1 + z) = ln u + (z - (u - 1))/u gives back what rounding took.
#[inline(always)]
pub fn softplus() -> impl Fn(F32x4) -> F32x4 + Copy {
    let (exp, log) = (exp(), log());
    let [one] = splats([1.0]);
    move |x| {
        let z = exp(-x.abs());
        let u = one + z;
        x.relu() + (log(u) + (z - (u - one)) / u)
    }
}

/// erf x = 2/√π·∫₀ˣ e^(-t²) dt within 1.5 ULP.
///
/// x·P(x²) up to |x| = 0.92; 1 - e^(-Q(|x|)) with Q = -ln erfc beyond.
#[inline(always)]
pub fn erf() -> impl Fn(F32x4) -> F32x4 + Copy {
    let exp = exp();
    // erf 4 rounds to 1.
    let [one, limit, most] = splats([1.0, 0.92, 4.0]);
    let p = splats([
        0.128_379_17,
        -0.376_126_35,
        0.112_837_01,
        -0.026_859_691,
        0.005_201_714_6,
        -0.000_815_005,
        8.399_778e-5,
    ]);
    let q = splats([
        1.849_605_6,
        2.638_967_5,
        0.843_105_2,
        0.041_575_48,
        -0.010_078_116,
        0.002_054_810_8,
        -0.000_320_518_04,
        3.302_935_5e-5,
        -1.643_569_7e-6,
    ]);
    move |x| {
        // NaN passes.
        let a = x.abs().min(most);
        let near = a + a * polynomial(x * x, &p);
        let far = one - exp(-polynomial(a - one, &q));
        copy_sign(a.lt(limit).select(near, far), x)
    }
}

/// d erf x / dx = 2/√π·e^(-x²).
#[inline(always)]
pub fn erf_derivative() -> impl Fn(F32x4) -> F32x4 + Copy {
    let exp = exp();
    let [factor] = splats([FRAC_2_SQRT_PI]);
    move |x| factor * exp(-(x * x))
}

/// The z ≥ 0 that a standard normal exceeds with probability `tail` in [2⁻³³, ½]; off by at most 4e-6.
///
/// As Giles (2010) approximates the inverse of erf: (1 - 2·tail)·P(w) with w = -ln(4·tail·(1 - tail)), and P in √w
/// where w ≥ 5.
#[inline(always)]
pub fn normal_quantile() -> impl Fn(F32x4) -> F32x4 + Copy {
    let log = log();
    let [one, four, limit, near, far] = splats([1.0, 4.0, 5.0, 2.5, 3.4]);
    let centre = splats([
        2.123_313_4,
        0.348_802_72,
        -0.005_907_66,
        -0.001_773_082_8,
        0.000_308_741_18,
        -6.194_745e-6,
        -4.885_796e-6,
        4.839_788_5e-7,
        3.196_968e-8,
    ]);
    let tails = splats([
        4.574_674_6,
        1.423_610_6,
        0.005_625_327_6,
        -0.003_600_049_3,
        0.002_077_154,
        -0.001_540_864_4,
        0.000_973_173,
        -0.000_274_071_7,
    ]);
    move |tail| {
        let w = -log(four * tail * (one - tail));
        let z = w.lt(limit).select(polynomial(w - near, &centre), polynomial(w.sqrt() - far, &tails));
        (one - (tail + tail)) * z
    }
}
