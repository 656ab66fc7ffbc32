//! y = f(x), and dx = dy·f′(x).

use super::whole::{Whole, in_whole_vectors};
use crate::lanes::{F32x4, LANES};
use crate::math;
use crate::parallel::{LEAST, Parts, for_each_range};
use crate::streams::{ONCE, Source, UNROLL, stream};

/// The functions of one number; their numbers are those of the bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Unary {
    Neg = 0,
    Abs = 1,
    Square = 2,
    Sqrt = 3,
    Exp = 4,
    Log = 5,
    /// max(x, 0); NaN stays NaN.
    Relu = 6,
    Tanh = 7,
    Sigmoid = 8,
    Reciprocal = 9,
    /// 1/√x.
    Rsqrt = 10,
    /// -1, 0 or 1; zeros and NaN stay as they are.
    Sign = 11,
    Erf = 12,
    /// ln(1 + eˣ).
    Softplus = 13,
}

impl Unary {
    pub const ALL: [Self; 14] = [
        Self::Neg,
        Self::Abs,
        Self::Square,
        Self::Sqrt,
        Self::Exp,
        Self::Log,
        Self::Relu,
        Self::Tanh,
        Self::Sigmoid,
        Self::Reciprocal,
        Self::Rsqrt,
        Self::Sign,
        Self::Erf,
        Self::Softplus,
    ];

    /// The inverse of `as u32`.
    pub fn from_code(code: u32) -> Self {
        Self::ALL[code as usize]
    }
}

/// y = f(x).
pub fn unary_forward(op: Unary, x: &[f32], y: &mut [f32]) {
    debug_assert_eq!(x.len(), y.len());
    let (n, y) = (y.len(), Parts::of(y));
    for_each_range(n, LEAST, |range| {
        let x = &x[range.clone()];
        // Safety: the lengths are equal, y overlaps nothing, and each range is in one task.
        unsafe {
            let y = y.part(range);
            unary(op, y.len(), x.as_ptr(), y.as_mut_ptr());
        }
    });
}

/// y = f(y).
pub fn unary_in_place(op: Unary, y: &mut [f32]) {
    let (n, y) = (y.len(), Parts::of(y));
    for_each_range(n, LEAST, |range| {
        // Safety: source and destination are the same array, and each range is in one task.
        unsafe {
            let y = y.part(range);
            let p = y.as_mut_ptr();
            unary(op, y.len(), p, p);
        }
    });
}

/// # Safety
/// `x` and `y` reach `n` floats, and are the same or do not overlap.
unsafe fn unary(op: Unary, n: usize, x: *const f32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe { in_whole_vectors(n, [each(x)], y, |whole| forward(op, whole)) }
}

/// # Safety
/// As [`stream`] says.
#[inline(never)]
unsafe fn forward(op: Unary, Whole { vectors, x, y }: Whole<1>) {
    let x = x.map(|x| each(x.start));
    let one = F32x4::splat(1.0);
    macro_rules! apply {
        ($unroll:ident, $f:expr) => {{
            let f = $f;
            // Safety: the caller's promise.
            unsafe { stream::<1, 1, $unroll>(vectors * LANES, x, [y], |[x]| [f(x)]) }
        }};
    }
    match op {
        Unary::Neg => apply!(UNROLL, |x: F32x4| -x),
        Unary::Abs => apply!(UNROLL, F32x4::abs),
        Unary::Square => apply!(UNROLL, |x: F32x4| x * x),
        Unary::Sqrt => apply!(ONCE, F32x4::sqrt),
        Unary::Exp => apply!(ONCE, math::exp()),
        Unary::Log => apply!(ONCE, math::log()),
        Unary::Relu => apply!(UNROLL, F32x4::relu),
        Unary::Tanh => apply!(ONCE, math::tanh()),
        Unary::Sigmoid => apply!(ONCE, math::sigmoid()),
        Unary::Reciprocal => apply!(ONCE, |x: F32x4| one / x),
        Unary::Rsqrt => apply!(ONCE, |x: F32x4| one / x.sqrt()),
        Unary::Sign => apply!(ONCE, sign),
        Unary::Erf => apply!(ONCE, math::erf()),
        Unary::Softplus => apply!(ONCE, math::softplus()),
    }
}

/// dx = dy·f′(x), with y = f(x). At their kinks abs and relu have slope 0; a NaN in x makes relu's gradient NaN.
pub fn unary_backward(op: Unary, x: &[f32], y: &[f32], dy: &[f32], dx: &mut [f32]) {
    let (n, dx) = (dx.len(), Parts::of(dx));
    for_each_range(n, LEAST, |range| {
        // Safety: each range is in one task.
        let dx = unsafe { dx.part(range.clone()) };
        let (x, y, dy) = (&x[range.clone()], &y[range.clone()], &dy[range]);
        let v = match op {
            Unary::Neg | Unary::Sign => dy,
            Unary::Abs | Unary::Square | Unary::Log | Unary::Relu | Unary::Erf | Unary::Softplus => x,
            Unary::Sqrt | Unary::Exp | Unary::Tanh | Unary::Sigmoid | Unary::Reciprocal | Unary::Rsqrt => y,
        };
        // Safety: the lengths are equal, and dx overlaps nothing.
        unsafe {
            let sources = [v, dy].map(|values| each(values.as_ptr()));
            in_whole_vectors(dx.len(), sources, dx.as_mut_ptr(), |whole| backward(op, whole));
        }
    });
}

/// dx = dy·f′(x) from v, which is y where the derivative is simpler in it, else x.
///
/// # Safety
/// As [`stream`] says.
#[inline(never)]
unsafe fn backward(op: Unary, Whole { vectors, x, y: dx }: Whole<2>) {
    let sources = x.map(|x| each(x.start));
    let (zero, one) = (F32x4::zero(), F32x4::splat(1.0));
    macro_rules! apply {
        ($unroll:ident, $f:expr) => {{
            let f = $f;
            // Safety: the caller's promise.
            unsafe { stream::<2, 1, $unroll>(vectors * LANES, sources, [dx], |[v, dy]| [f(v, dy)]) }
        }};
    }
    match op {
        Unary::Neg => apply!(UNROLL, |_, dy: F32x4| -dy),
        Unary::Abs => apply!(UNROLL, |x, dy| dy * sign(x)),
        Unary::Square => apply!(UNROLL, |x: F32x4, dy| dy * (x + x)),
        Unary::Sqrt => apply!(ONCE, |y: F32x4, dy| dy / (y + y)),
        Unary::Exp => apply!(UNROLL, |y, dy| dy * y),
        Unary::Log => apply!(ONCE, |x, dy| dy / x),
        Unary::Relu => apply!(UNROLL, |x: F32x4, dy| x.gt(zero).select(dy, x.ne(x).select(x, zero))),
        Unary::Tanh => apply!(UNROLL, |y, dy| dy * ((one - y) * (one + y))),
        Unary::Sigmoid => apply!(UNROLL, |y, dy| dy * (y * (one - y))),
        Unary::Reciprocal => apply!(UNROLL, |y: F32x4, dy: F32x4| -(dy * (y * y))),
        Unary::Rsqrt => apply!(UNROLL, |y: F32x4, dy| dy * (F32x4::splat(-0.5) * y * (y * y))),
        Unary::Sign => apply!(UNROLL, |_, _| zero),
        Unary::Erf => apply!(ONCE, scaled(math::erf_derivative())),
        Unary::Softplus => apply!(ONCE, scaled(math::sigmoid())),
    }
}

/// dy·f′(x).
#[inline(always)]
fn scaled(derivative: impl Fn(F32x4) -> F32x4) -> impl Fn(F32x4, F32x4) -> F32x4 {
    move |x, dy| dy * derivative(x)
}

/// A source of one float after the other: said again before a loop, so that it is compiled for this step.
fn each(start: *const f32) -> Source {
    Source { start, step: 1 }
}

#[inline(always)]
fn sign(x: F32x4) -> F32x4 {
    let zero = F32x4::zero();
    x.lt(zero).select(F32x4::splat(-1.0), x.gt(zero).select(F32x4::splat(1.0), x))
}
