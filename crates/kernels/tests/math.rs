//! The functions of `math` against float64: errors in ULP over all exponents, special values, and lanes.

mod common;

use common::Numbers;
use core::f32::consts::LN_2;
use evenkeel_kernels::lanes::F32x4;
use evenkeel_kernels::math;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The distance of float32 neighbours at `x`.
fn spacing(x: f64) -> f64 {
    let x = x.abs().clamp(f64::from(f32::MIN_POSITIVE), f64::from(f32::MAX));
    let power_of_two = f64::from_bits(x.to_bits() & 0x7ff0_0000_0000_0000);
    power_of_two / f64::from(1 << 23)
}

fn ulp_error(actual: f32, expected: f64) -> f64 {
    if expected.is_nan() || expected.abs() > f64::from(f32::MAX) + spacing(f64::from(f32::MAX)) / 2.0 {
        let same = actual.is_nan() == expected.is_nan() && f64::from(actual).signum() == expected.signum();
        return if actual.is_finite() || !(same || expected.is_nan()) { f64::INFINITY } else { 0.0 };
    }
    (f64::from(actual) - expected).abs() / spacing(expected)
}

/// Every sign and exponent, with `per_exponent` mantissas each, some of them at the ends.
fn sweep(per_exponent: u32) -> impl Iterator<Item = f32> {
    let mut numbers = Numbers::new(1);
    (0..2 * 255u32).flat_map(move |head| {
        let ends = [0, 1, 0x7f_ffff];
        let random: Vec<u32> = (0..per_exponent).map(|_| numbers.below(1 << 23) as u32).collect();
        ends.into_iter().chain(random).map(move |mantissa| f32::from_bits(head << 23 | mantissa))
    })
}

fn lane(f: impl Fn(F32x4) -> F32x4, x: f32) -> f32 {
    f(F32x4::splat(x)).to_array()[0]
}

#[track_caller]
fn assert_ulp(f: impl Fn(F32x4) -> F32x4, exact: fn(f64) -> f64, bound: f64, range: impl Fn(f32) -> bool) {
    let mut worst = (0.0, 0.0);
    let near = (0..400_000).map(|i| (i - 200_000) as f32 * 5.2e-4);
    for x in sweep(400).chain(near).filter(|&x| range(x)) {
        let error = ulp_error(lane(&f, x), exact(f64::from(x)));
        assert!(!error.is_nan(), "NaN at {x:?}");
        if error > worst.0 {
            worst = (error, x);
        }
    }
    assert!(worst.0 <= bound, "{:.3} ULP at {:?} ({:08x})", worst.0, worst.1, worst.1.to_bits());
    assert!(worst.0 > bound / 2.0, "the bound {bound} is loose: {:.3} ULP", worst.0);
}

#[test]
fn exp_is_within_its_bound() {
    assert_ulp(math::exp(), f64::exp, 1.5, |_| true);
}

#[test]
fn log_is_within_its_bound() {
    assert_ulp(math::log(), f64::ln, 1.0, |x| x > 0.0);
}

#[test]
fn tanh_is_within_its_bound() {
    assert_ulp(math::tanh(), f64::tanh, 2.0, |_| true);
}

#[test]
fn sigmoid_is_within_its_bound() {
    assert_ulp(
        math::sigmoid(),
        |x| if x < 0.0 { x.exp() / (1.0 + x.exp()) } else { 1.0 / (1.0 + (-x).exp()) },
        3.0,
        |_| true,
    );
}

#[test]
fn softplus_is_within_its_bound() {
    assert_ulp(math::softplus(), |x| x.max(0.0) + (-x.abs()).exp().ln_1p(), 3.0, |_| true);
}

#[test]
fn erf_is_within_its_bound() {
    assert_ulp(math::erf(), libm::erf, 1.5, |_| true);
}

/// A function, and arguments with their exact results.
type Case = (&'static str, Box<dyn Fn(F32x4) -> F32x4>, &'static [(f32, f32)]);

#[test]
fn special_values() {
    const INFINITY: f32 = f32::INFINITY;
    let cases: [Case; 6] = [
        (
            "exp",
            Box::new(math::exp()),
            &[(0.0, 1.0), (-0.0, 1.0), (INFINITY, INFINITY), (-INFINITY, 0.0), (1e-45, 1.0)],
        ),
        (
            "log",
            Box::new(math::log()),
            &[(0.0, -INFINITY), (-0.0, -INFINITY), (INFINITY, INFINITY), (1.0, 0.0), (1e-45, -103.27893)],
        ),
        (
            "tanh",
            Box::new(math::tanh()),
            &[(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (1e-45, 1e-45), (-1e-45, -1e-45)],
        ),
        (
            "sigmoid",
            Box::new(math::sigmoid()),
            &[(0.0, 0.5), (-0.0, 0.5), (INFINITY, 1.0), (-INFINITY, 0.0), (-1e30, 0.0)],
        ),
        ("softplus", Box::new(math::softplus()), &[(INFINITY, INFINITY), (-INFINITY, 0.0), (1e30, 1e30), (0.0, LN_2)]),
        ("erf", Box::new(math::erf()), &[(0.0, 0.0), (-0.0, -0.0), (INFINITY, 1.0), (-INFINITY, -1.0), (1e-45, 1e-45)]),
    ];
    for (name, f, values) in cases {
        for &(x, expected) in values {
            assert_eq!(lane(&f, x).to_bits(), expected.to_bits(), "{name}({x:?}) = {:?}", lane(&f, x));
        }
        assert!(lane(&f, f32::NAN).is_nan(), "{name}(NaN)");
    }
    assert!(
        lane(math::log(), -1.0).is_nan() && lane(math::log(), -INFINITY).is_nan() && lane(math::log(), -1e-45).is_nan()
    );
}

#[test]
fn maximum_and_minimum_propagate_nan() {
    let values = [f32::NAN, -f32::INFINITY, -1.0, 0.0, 2.0, f32::INFINITY];
    for a in values {
        for b in values {
            let larger = math::maximum(F32x4::splat(a), F32x4::splat(b)).to_array()[0];
            let smaller = math::minimum(F32x4::splat(a), F32x4::splat(b)).to_array()[0];
            if a.is_nan() || b.is_nan() {
                assert!(larger.is_nan() && smaller.is_nan());
            } else {
                assert_eq!((larger, smaller), (a.max(b), a.min(b)));
            }
        }
    }
}

#[test]
fn normal_quantile_inverts_the_tail() {
    let mut worst = 0.0f64;
    for i in 0..200_000 {
        let tail = 0.5 * f64::from(i).mul_add(-1.16e-4, 0.0).exp() as f32 + 1.2e-10;
        let z = f64::from(lane(math::normal_quantile(), tail));
        // dz = d(tail) / density.
        let density = (-z * z / 2.0).exp() / (2.0 * core::f64::consts::PI).sqrt();
        worst = worst.max((libm::erfc(z / 2f64.sqrt()) / 2.0 - f64::from(tail)).abs() / density);
    }
    assert!(worst < 4e-6, "off by {worst:e}");
    assert_eq!(lane(math::normal_quantile(), 0.5), 0.0);
}

/// The same bits on every machine: these were taken once and hold natively and in WASM.
#[test]
fn bits_are_pinned() {
    let x = F32x4::from_array([0.3, -1.7, 12.5, 80.1]);
    let bits = |f: &dyn Fn(F32x4) -> F32x4| f(x).to_array().map(f32::to_bits);
    assert_eq!(bits(&math::exp()), [0x3fac_c82c, 0x3e3b_1163, 0x4883_0629, 0x793c_b085]);
    assert_eq!(bits(&|x: F32x4| math::log()(x.abs())), [0xbf9a_1bc8, 0x3f07_d741, 0x4021_a58a, 0x408c_43cc]);
    assert_eq!(bits(&math::tanh()), [0x3e95_26ee, 0xbf6f_76f8, 0x3f80_0000, 0x3f80_0000]);
    assert_eq!(bits(&math::sigmoid()), [0x3f13_0eaa, 0x3e1e_2c24, 0x3f7f_ffc2, 0x3f80_0000]);
    assert_eq!(bits(&math::softplus()), [0x3f5a_b706, 0x3e2b_d01a, 0x4148_0004, 0x42a0_3333]);
    assert_eq!(bits(&math::erf()), [0x3ea8_41c5, 0xbf7b_d9b1, 0x3f80_0000, 0x3f80_0000]);
}

#[test]
fn powers_are_within_their_bound() {
    let mut worst: f64 = 0.0;
    let mut check = |a: f32, b: f32| {
        worst = worst.max(ulp_error(math::power(a, b), f64::from(a).powf(f64::from(b))));
    };
    let mut numbers = Numbers::new(9);
    for a in sweep(200) {
        // Any power, whole ones, and those that keep the result in range.
        let any = numbers.uniform(2);
        for b in [20.0 * any[0], (10.0 * any[1]).round(), any[0] * 80.0 / a.abs().ln(), 0.5, -1.0, 2.0, 3.0] {
            check(a, b);
        }
    }
    assert!((0.49..=0.51).contains(&worst), "{worst} ULP");
}

#[test]
fn powers_of_special_numbers() {
    let special = [0.0, 1.0, 2.0, 3.0, 0.5, 1e-40, 16_777_215.0, 16_777_216.0, 1e30, f32::INFINITY, f32::NAN];
    let special = special.into_iter().flat_map(|x| [x, -x]);
    for (a, b) in special.clone().flat_map(|a| special.clone().map(move |b| (a, b))) {
        let (actual, exact) = (math::power(a, b), f64::from(a).powf(f64::from(b)) as f32);
        let same = actual.to_bits() == exact.to_bits() || (actual.is_nan() && exact.is_nan());
        assert!(same, "{a}^{b} = {exact}, not {actual}");
    }
}
