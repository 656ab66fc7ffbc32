//! The body for WASM: one `v128` a vector. The meaning of every method is written in `portable.rs`.

use core::arch::wasm32::*;
use core::ops::{Add, BitAnd, BitOr, BitXor, Div, Mul, Neg, Not, Sub};

#[derive(Clone, Copy, Debug)]
pub struct F32x4(pub(crate) v128);

#[derive(Clone, Copy, Debug)]
pub struct I32x4(pub(crate) v128);

#[derive(Clone, Copy, Debug)]
pub struct F64x2(pub(crate) v128);

macro_rules! operators {
    ($($type:ident $trait:ident $method:ident($($other:ident)?) $intrinsic:ident;)*) => { $(
        impl $trait for $type {
            type Output = Self;
            #[inline(always)]
            fn $method(self $(, $other: Self)?) -> Self {
                Self($intrinsic(self.0 $(, $other.0)?))
            }
        }
    )* };
}

operators! {
    F32x4 Add add(b) f32x4_add; F32x4 Sub sub(b) f32x4_sub; F32x4 Mul mul(b) f32x4_mul; F32x4 Div div(b) f32x4_div;
    F64x2 Add add(b) f64x2_add; F64x2 Sub sub(b) f64x2_sub; F64x2 Mul mul(b) f64x2_mul; F64x2 Div div(b) f64x2_div;
    I32x4 Add add(b) i32x4_add; I32x4 Sub sub(b) i32x4_sub; I32x4 Mul mul(b) i32x4_mul;
    I32x4 BitAnd bitand(b) v128_and; I32x4 BitOr bitor(b) v128_or; I32x4 BitXor bitxor(b) v128_xor;
    F32x4 Neg neg() f32x4_neg; F64x2 Neg neg() f64x2_neg; I32x4 Not not() v128_not;
}

/// Methods that are one instruction: `name(arguments) -> result, instruction`.
macro_rules! methods {
    ($($type:ident { $($method:ident($($other:ident)?) -> $result:ident $intrinsic:ident;)* })*) => { $(
        impl $type {
            $(
                #[inline(always)]
                pub fn $method(self $(, $other: Self)?) -> $result {
                    $result($intrinsic(self.0 $(, $other.0)?))
                }
            )*
        }
    )* };
}

methods! {
    F32x4 {
        min(b) -> F32x4 f32x4_pmin; max(b) -> F32x4 f32x4_pmax;
        sqrt() -> F32x4 f32x4_sqrt; abs() -> F32x4 f32x4_abs; floor() -> F32x4 f32x4_floor;
        nearest() -> F32x4 f32x4_nearest;
        lt(b) -> I32x4 f32x4_lt; le(b) -> I32x4 f32x4_le; gt(b) -> I32x4 f32x4_gt; ge(b) -> I32x4 f32x4_ge;
        eq(b) -> I32x4 f32x4_eq; ne(b) -> I32x4 f32x4_ne;
        to_i32() -> I32x4 i32x4_trunc_sat_f32x4;
    }
    I32x4 {
        min(b) -> I32x4 i32x4_min; max(b) -> I32x4 i32x4_max; eq(b) -> I32x4 i32x4_eq;
        lt(b) -> I32x4 i32x4_lt; gt(b) -> I32x4 i32x4_gt;
        to_f32() -> F32x4 f32x4_convert_i32x4;
    }
    F64x2 {
        sqrt() -> F64x2 f64x2_sqrt;
    }
}

impl F32x4 {
    #[inline(always)]
    pub fn splat(value: f32) -> Self {
        Self(f32x4_splat(value))
    }

    #[inline(always)]
    pub fn from_array(a: [f32; 4]) -> Self {
        Self(f32x4(a[0], a[1], a[2], a[3]))
    }

    #[inline(always)]
    pub fn to_array(self) -> [f32; 4] {
        let v = self.0;
        [f32x4_extract_lane::<0>(v), f32x4_extract_lane::<1>(v), f32x4_extract_lane::<2>(v), f32x4_extract_lane::<3>(v)]
    }

    /// # Safety
    /// `p` is readable for 4 floats.
    #[inline(always)]
    pub unsafe fn load(p: *const f32) -> Self {
        // Safety: the caller's promise; v128.load needs no alignment.
        Self(unsafe { v128_load(p.cast()) })
    }

    /// # Safety
    /// `p` is readable.
    #[inline(always)]
    pub unsafe fn load_splat(p: *const f32) -> Self {
        // Safety: the caller's promise.
        Self(unsafe { v128_load32_splat(p.cast()) })
    }

    /// # Safety
    /// `p` is writable for 4 floats.
    #[inline(always)]
    pub unsafe fn store(self, p: *mut f32) {
        // Safety: the caller's promise; v128.store needs no alignment.
        unsafe { v128_store(p.cast(), self.0) }
    }

    #[inline(always)]
    pub fn to_bits(self) -> I32x4 {
        I32x4(self.0)
    }

    #[inline(always)]
    pub fn from_bits(bits: I32x4) -> Self {
        Self(bits.0)
    }

    #[inline(always)]
    pub fn to_f64(self) -> [F64x2; 2] {
        let high = i64x2_shuffle::<1, 1>(self.0, self.0);
        [F64x2(f64x2_promote_low_f32x4(self.0)), F64x2(f64x2_promote_low_f32x4(high))]
    }

    #[inline(always)]
    pub fn from_f64([low, high]: [F64x2; 2]) -> Self {
        Self(i64x2_shuffle::<0, 2>(f32x4_demote_f64x2_zero(low.0), f32x4_demote_f64x2_zero(high.0)))
    }

    #[inline(always)]
    pub fn transpose([a, b, c, d]: [Self; 4]) -> [Self; 4] {
        let (ab, cd) = (i32x4_shuffle::<0, 4, 1, 5>(a.0, b.0), i32x4_shuffle::<0, 4, 1, 5>(c.0, d.0));
        let (ef, gh) = (i32x4_shuffle::<2, 6, 3, 7>(a.0, b.0), i32x4_shuffle::<2, 6, 3, 7>(c.0, d.0));
        [
            Self(i64x2_shuffle::<0, 2>(ab, cd)),
            Self(i64x2_shuffle::<1, 3>(ab, cd)),
            Self(i64x2_shuffle::<0, 2>(ef, gh)),
            Self(i64x2_shuffle::<1, 3>(ef, gh)),
        ]
    }
}

impl I32x4 {
    #[inline(always)]
    pub fn splat(value: i32) -> Self {
        Self(i32x4_splat(value))
    }

    #[inline(always)]
    pub fn from_array(a: [i32; 4]) -> Self {
        Self(i32x4(a[0], a[1], a[2], a[3]))
    }

    #[inline(always)]
    pub fn to_array(self) -> [i32; 4] {
        let v = self.0;
        [i32x4_extract_lane::<0>(v), i32x4_extract_lane::<1>(v), i32x4_extract_lane::<2>(v), i32x4_extract_lane::<3>(v)]
    }

    #[inline(always)]
    pub fn shift_left(self, bits: u32) -> Self {
        Self(i32x4_shl(self.0, bits))
    }

    #[inline(always)]
    pub fn shift_right(self, bits: u32) -> Self {
        Self(i32x4_shr(self.0, bits))
    }

    #[inline(always)]
    pub fn shift_right_unsigned(self, bits: u32) -> Self {
        Self(u32x4_shr(self.0, bits))
    }

    #[inline(always)]
    pub fn select(self, a: F32x4, b: F32x4) -> F32x4 {
        F32x4(v128_bitselect(a.0, b.0, self.0))
    }

    /// # Safety
    /// `p` is readable for 4 integers.
    #[inline(always)]
    pub unsafe fn load_four_i16(p: *const i16) -> Self {
        // Safety: the caller's promise.
        Self(unsafe { i32x4_load_extend_i16x4(p) })
    }

    /// # Safety
    /// `p` is writable for 4 integers.
    #[inline(always)]
    pub unsafe fn store_four_i16(self, p: *mut i16) {
        // Safety: the caller's promise.
        unsafe { v128_store64_lane::<0>(i16x8_narrow_i32x4(self.0, self.0), p.cast()) }
    }

    #[inline(always)]
    pub fn any(self) -> bool {
        v128_any_true(self.0)
    }

    #[inline(always)]
    pub fn all(self) -> bool {
        i32x4_all_true(self.0)
    }
}

impl F64x2 {
    #[inline(always)]
    pub fn splat(value: f64) -> Self {
        Self(f64x2_splat(value))
    }

    #[inline(always)]
    pub fn from_array(a: [f64; 2]) -> Self {
        Self(f64x2(a[0], a[1]))
    }

    #[inline(always)]
    pub fn to_array(self) -> [f64; 2] {
        [f64x2_extract_lane::<0>(self.0), f64x2_extract_lane::<1>(self.0)]
    }

    /// # Safety
    /// `p` is readable for 2 doubles.
    #[inline(always)]
    pub unsafe fn load(p: *const f64) -> Self {
        // Safety: the caller's promise.
        Self(unsafe { v128_load(p.cast()) })
    }

    /// # Safety
    /// `p` is writable for 2 doubles.
    #[inline(always)]
    pub unsafe fn store(self, p: *mut f64) {
        // Safety: the caller's promise.
        unsafe { v128_store(p.cast(), self.0) }
    }
}
