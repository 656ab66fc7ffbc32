//! Four float32 side by side: the only vector type of the kernels.
//!
//! Two bodies carry the same operations with the same bits: [`simd128`](https://webassembly.github.io/spec/) on
//! WASM, plain arrays elsewhere, so that kernels are tested natively. Comparisons give an [`I32x4`] of all ones
//! (true) or all zeros (false) per lane, which [`I32x4::select`] takes.
//!
//! Rules that keep results equal everywhere: a multiply-add is a rounded product, then a rounded sum (never
//! fused), and a horizontal sum is always `(0 + 1) + (2 + 3)`. Only the build for `evenkeel/fast`, with relaxed SIMD,
//! gives the first rule up, in `F32x4::mul_add` alone.

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
mod portable;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod simd128;

#[cfg(not(all(target_arch = "wasm32", target_feature = "simd128")))]
pub use portable::{F32x4, F64x2, I32x4};
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub use simd128::{F32x4, F64x2, I32x4};

use core::array::from_fn;
use core::hint::black_box;

/// Lanes in a vector.
pub const LANES: usize = 4;

/// Each value in all lanes, out of the compiler's sight: it would write a constant where it is used, and V8 makes those
/// anew each time, in three instructions (exp takes 2.2 times as long). A variable that finds no register takes one.
#[inline(always)]
pub fn constants<const N: usize>(values: &'static [f32; N]) -> [F32x4; N] {
    let values = black_box(values);
    // Safety: all are inside.
    from_fn(|i| unsafe { F32x4::load_splat(&raw const values[i]) })
}

impl F32x4 {
    #[inline(always)]
    pub fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `self * a + b`, rounded after the product and after the sum; with relaxed SIMD once or twice, as the processor
    /// likes.
    #[inline(always)]
    pub fn mul_add(self, a: Self, b: Self) -> Self {
        #[cfg(target_feature = "relaxed-simd")]
        return Self(core::arch::wasm32::f32x4_relaxed_madd(self.0, a.0, b.0));
        #[cfg(not(target_feature = "relaxed-simd"))]
        return self * a + b;
    }

    /// `max(self, 0)`; NaN stays NaN.
    #[inline(always)]
    pub fn relu(self) -> Self {
        self.max(Self::zero())
    }

    /// `(0 + 1) + (2 + 3)`.
    #[inline(always)]
    pub fn sum(self) -> f32 {
        let [a, b, c, d] = self.to_array();
        (a + b) + (c + d)
    }

    /// The first `n <= 4` floats at `p`; the other lanes are zero.
    ///
    /// # Safety
    /// `p` is readable for `n` floats.
    #[inline(always)]
    pub unsafe fn load_partial(p: *const f32, n: usize) -> Self {
        if n >= LANES {
            // Safety: the caller's promise.
            return unsafe { Self::load(p) };
        }
        // Safety: the caller's promise.
        Self::from_array(unsafe { partial(p, n) })
    }

    /// Writes the first `n <= 4` lanes to `p`.
    ///
    /// # Safety
    /// `p` is writable for `n` floats.
    #[inline(always)]
    pub unsafe fn store_partial(self, p: *mut f32, n: usize) {
        if n >= LANES {
            // Safety: the caller's promise.
            return unsafe { self.store(p) };
        }
        // Safety: the caller's promise.
        unsafe { store_some(self.to_array(), p, n) }
    }
}

impl I32x4 {
    /// The first `n` integers of 16 bits at `p`; the other lanes are zero.
    ///
    /// # Safety
    /// `p` is readable for `n` of them, up to 4.
    #[inline(always)]
    pub unsafe fn load_i16(p: *const i16, n: usize) -> Self {
        if n >= LANES {
            // Safety: the caller's promise.
            return unsafe { Self::load_four_i16(p) };
        }
        // Safety: the caller's promise.
        Self::from_array(unsafe { partial(p, n) }.map(i32::from))
    }

    /// Writes the first `n` lanes to `p` in 16 bits.
    ///
    /// # Safety
    /// `p` is writable for `n` of them, up to 4; they are in range.
    #[inline(always)]
    pub unsafe fn store_i16(self, p: *mut i16, n: usize) {
        if n >= LANES {
            // Safety: the caller's promise.
            return unsafe { self.store_four_i16(p) };
        }
        // Safety: the caller's promise.
        unsafe { store_some(self.to_array().map(|lane| lane as i16), p, n) }
    }

    /// `a` where this mask is true, else `b`.
    #[inline(always)]
    pub fn choose(self, a: Self, b: Self) -> Self {
        self.select(F32x4::from_bits(a), F32x4::from_bits(b)).to_bits()
    }
}

impl F64x2 {
    #[inline(always)]
    pub fn zero() -> Self {
        Self::splat(0.0)
    }

    /// `self * a + b`, rounded after the product and after the sum.
    #[inline(always)]
    pub fn mul_add(self, a: Self, b: Self) -> Self {
        self * a + b
    }
}

/// The first `n < 4` values at `p`, then zeros. Not inlined, as every kernel has tails.
///
/// # Safety
/// `p` is readable for `n` values.
#[inline(never)]
unsafe fn partial<T: Copy + Default>(p: *const T, n: usize) -> [T; LANES] {
    let mut lanes = [T::default(); LANES];
    for (i, lane) in lanes.iter_mut().enumerate().take(n) {
        // Safety: the caller's promise, `i < n`.
        *lane = unsafe { *p.add(i) };
    }
    lanes
}

/// Writes the first `n < 4` lanes to `p`.
///
/// # Safety
/// `p` is writable for `n` values.
#[inline(never)]
unsafe fn store_some<T>(lanes: [T; LANES], p: *mut T, n: usize) {
    for (i, lane) in lanes.into_iter().enumerate().take(n) {
        // Safety: the caller's promise, `i < n`.
        unsafe { p.add(i).write(lane) };
    }
}
