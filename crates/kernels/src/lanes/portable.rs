//! The body for every other target: arrays, and the meaning of each method in plain Rust.

use core::array::from_fn;
use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

#[derive(Clone, Copy, Debug)]
pub struct F32x4(pub(crate) [f32; 4]);

/// Four int32, also the mask that comparisons give. Arithmetic wraps.
#[derive(Clone, Copy, Debug)]
pub struct I32x4(pub(crate) [i32; 4]);

/// Two float64, for the few sums that need them.
#[derive(Clone, Copy, Debug)]
pub struct F64x2(pub(crate) [f64; 2]);

macro_rules! operators {
    ($($type:ident $trait:ident $method:ident($($other:ident)?) $lane:expr;)*) => { $(
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self $(, $other: Self)?) -> Self {
                Self(from_fn(|i| $lane(self.0[i] $(, $other.0[i])?)))
            }
        }
    )* };
}

operators! {
    F32x4 Add add(b) f32::add; F32x4 Sub sub(b) f32::sub; F32x4 Mul mul(b) f32::mul; F32x4 Div div(b) f32::div;
    F64x2 Add add(b) f64::add; F64x2 Sub sub(b) f64::sub; F64x2 Mul mul(b) f64::mul; F64x2 Div div(b) f64::div;
    I32x4 Add add(b) i32::wrapping_add; I32x4 Sub sub(b) i32::wrapping_sub; I32x4 Mul mul(b) i32::wrapping_mul;
    I32x4 BitAnd bitand(b) i32::bitand; I32x4 BitOr bitor(b) i32::bitor; I32x4 BitXor bitxor(b) i32::bitxor;
    F32x4 Neg neg() f32::neg; F64x2 Neg neg() f64::neg; I32x4 Not not() i32::not;
}

/// Methods that act lane by lane.
macro_rules! methods {
    ($($type:ident { $($(#[$doc:meta])* $method:ident($($other:ident)?) -> $result:ident $lane:expr;)* })*) => { $(
        impl $type {
            $(
                $(#[$doc])*
                #[inline(always)]
                pub fn $method(self $(, $other: Self)?) -> $result {
                    $result(from_fn(|i| $lane(self.0[i] $(, $other.0[i])?)))
                }
            )*
        }
    )* };
}

fn mask(truth: bool) -> i32 {
    -i32::from(truth)
}

methods! {
    F32x4 {
        /// `b` where `b < self`, else `self`: with a NaN on either side, `self`.
        min(b) -> F32x4 |a: f32, b: f32| if b < a { b } else { a };
        /// `b` where `self < b`, else `self`: with a NaN on either side, `self`.
        max(b) -> F32x4 |a: f32, b: f32| if a < b { b } else { a };
        sqrt() -> F32x4 f32::sqrt;
        abs() -> F32x4 f32::abs;
        floor() -> F32x4 f32::floor;
        /// The nearest whole number, ties to even.
        nearest() -> F32x4 f32::round_ties_even;
        lt(b) -> I32x4 |a: f32, b: f32| mask(a < b);
        le(b) -> I32x4 |a: f32, b: f32| mask(a <= b);
        gt(b) -> I32x4 |a: f32, b: f32| mask(a > b);
        ge(b) -> I32x4 |a: f32, b: f32| mask(a >= b);
        eq(b) -> I32x4 |a: f32, b: f32| mask(a == b);
        ne(b) -> I32x4 |a: f32, b: f32| mask(a != b);
        /// Truncated towards zero, saturating; NaN gives 0.
        to_i32() -> I32x4 |a: f32| a as i32;
    }
    I32x4 {
        min(b) -> I32x4 |a: i32, b: i32| a.min(b);
        max(b) -> I32x4 |a: i32, b: i32| a.max(b);
        eq(b) -> I32x4 |a: i32, b: i32| mask(a == b);
        lt(b) -> I32x4 |a: i32, b: i32| mask(a < b);
        gt(b) -> I32x4 |a: i32, b: i32| mask(a > b);
        to_f32() -> F32x4 |a: i32| a as f32;
    }
    F64x2 {
        sqrt() -> F64x2 f64::sqrt;
    }
}

impl F32x4 {
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    pub fn from_array(a: [f32; 4]) -> Self {
        Self(a)
    }

    #[inline(always)]
    pub fn to_array(self) -> [f32; 4] {
        self.0
    }

    /// # Safety
    /// `p` is readable for 4 floats.
    #[inline(always)]
    pub unsafe fn load(p: *const f32) -> Self {
        // Safety: the caller's promise.
        Self(unsafe { p.cast::<[f32; 4]>().read_unaligned() })
    }

    /// The float at `p` in every lane.
    ///
    /// # Safety
    /// `p` is readable.
    #[inline(always)]
    pub unsafe fn load_splat(p: *const f32) -> Self {
        // Safety: the caller's promise.
        Self::splat(unsafe { *p })
    }

    /// # Safety
    /// `p` is writable for 4 floats.
    #[inline(always)]
    pub unsafe fn store(self, p: *mut f32) {
        // Safety: the caller's promise.
        unsafe { p.cast::<[f32; 4]>().write_unaligned(self.0) }
    }

    #[inline(always)]
    pub fn to_bits(self) -> I32x4 {
        I32x4(self.0.map(|a| a.to_bits() as i32))
    }

    #[inline(always)]
    pub fn from_bits(bits: I32x4) -> Self {
        Self(bits.0.map(|a| f32::from_bits(a as u32)))
    }

    /// Lanes 0, 1 and lanes 2, 3 as float64.
    #[inline(always)]
    pub fn to_f64(self) -> [F64x2; 2] {
        let [a, b, c, d] = self.0.map(f64::from);
        [F64x2([a, b]), F64x2([c, d])]
    }

    /// The inverse of [`F32x4::to_f64`], rounded to nearest.
    #[inline(always)]
    pub fn from_f64([low, high]: [F64x2; 2]) -> Self {
        Self([low.0[0] as f32, low.0[1] as f32, high.0[0] as f32, high.0[1] as f32])
    }

    /// Rows of a 4x4 matrix to its columns.
    #[inline(always)]
    pub fn transpose(rows: [Self; 4]) -> [Self; 4] {
        from_fn(|column| Self(from_fn(|row| rows[row].0[column])))
    }
}

impl I32x4 {
    #[inline(always)]
    pub fn splat(value: i32) -> Self {
        Self([value; 4])
    }

    #[inline(always)]
    pub fn from_array(a: [i32; 4]) -> Self {
        Self(a)
    }

    #[inline(always)]
    pub fn to_array(self) -> [i32; 4] {
        self.0
    }

    #[inline(always)]
    pub fn shift_left(self, bits: u32) -> Self {
        Self(self.0.map(|a| a.wrapping_shl(bits)))
    }

    /// Arithmetic: the sign bit is repeated.
    #[inline(always)]
    pub fn shift_right(self, bits: u32) -> Self {
        Self(self.0.map(|a| a.wrapping_shr(bits)))
    }

    /// Logical: zeros come in.
    #[inline(always)]
    pub fn shift_right_unsigned(self, bits: u32) -> Self {
        Self(self.0.map(|a| (a as u32).wrapping_shr(bits) as i32))
    }

    /// `a` where this mask is true, else `b`.
    #[inline(always)]
    pub fn select(self, a: F32x4, b: F32x4) -> F32x4 {
        let (a, b) = (a.to_bits(), b.to_bits());
        F32x4::from_bits((a & self) | (b & !self))
    }

    /// Four integers of 16 bits.
    ///
    /// # Safety
    /// `p` is readable for 4 integers.
    #[inline(always)]
    pub unsafe fn load_four_i16(p: *const i16) -> Self {
        // Safety: the caller's promise.
        Self(unsafe { p.cast::<[i16; 4]>().read_unaligned() }.map(i32::from))
    }

    /// Writes the lanes in 16 bits, saturated.
    ///
    /// # Safety
    /// `p` is writable for 4 integers.
    #[inline(always)]
    pub unsafe fn store_four_i16(self, p: *mut i16) {
        let lanes = self.0.map(|lane| lane.clamp(i16::MIN.into(), i16::MAX.into()) as i16);
        // Safety: the caller's promise.
        unsafe { p.cast::<[i16; 4]>().write_unaligned(lanes) }
    }

    /// Whether any lane is not zero.
    #[inline(always)]
    pub fn any(self) -> bool {
        self.0.iter().any(|&lane| lane != 0)
    }

    /// Whether every lane is not zero.
    #[inline(always)]
    pub fn all(self) -> bool {
        self.0.iter().all(|&lane| lane != 0)
    }
}

impl F64x2 {
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self([value; 2])
    }

    #[inline(always)]
    pub fn from_array(a: [f64; 2]) -> Self {
        Self(a)
    }

    #[inline(always)]
    pub fn to_array(self) -> [f64; 2] {
        self.0
    }

    /// # Safety
    /// `p` is readable for 2 doubles.
    #[inline(always)]
    pub unsafe fn load(p: *const f64) -> Self {
        // Safety: the caller's promise.
        Self(unsafe { p.cast::<[f64; 2]>().read_unaligned() })
    }

    /// # Safety
    /// `p` is writable for 2 doubles.
    #[inline(always)]
    pub unsafe fn store(self, p: *mut f64) {
        // Safety: the caller's promise.
        unsafe { p.cast::<[f64; 2]>().write_unaligned(self.0) }
    }
}
