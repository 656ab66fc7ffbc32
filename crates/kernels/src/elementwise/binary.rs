//! y = f(a, b) with broadcasting.

use super::whole::{Whole, in_whole_vectors};
use crate::lanes::{F32x4, I32x4, LANES};
use crate::math::{maximum, minimum, power};
use crate::parallel::{LEAST, Parts, for_each_range};
use crate::streams::{ONCE, Source, UNROLL, stream};
use crate::strided::Odometer;
use core::array::from_fn;

/// The functions of two numbers; their numbers are those of the bridge. Comparisons give 1 or 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Binary {
    Add = 0,
    Sub = 1,
    Mul = 2,
    Div = 3,
    /// NaN where either is NaN, as is the minimum.
    Maximum = 4,
    Minimum = 5,
    Equal = 6,
    Greater = 7,
    Less = 8,
    GreaterEqual = 9,
    LessEqual = 10,
    /// (a - b)².
    SquaredDifference = 11,
    Pow = 12,
}

impl Binary {
    pub const ALL: [Self; 13] = [
        Self::Add,
        Self::Sub,
        Self::Mul,
        Self::Div,
        Self::Maximum,
        Self::Minimum,
        Self::Equal,
        Self::Greater,
        Self::Less,
        Self::GreaterEqual,
        Self::LessEqual,
        Self::SquaredDifference,
        Self::Pow,
    ];

    /// The inverse of `as u32`.
    pub fn from_code(code: u32) -> Self {
        Self::ALL[code as usize]
    }
}

/// The shape of y, and the strides of a and b along it in elements; 0 repeats a value.
#[derive(Clone, Copy, Debug)]
pub struct Broadcast<'a> {
    pub dims: &'a [i32],
    pub a_strides: &'a [i32],
    pub b_strides: &'a [i32],
}

/// y = f(a, b); y [dims] is contiguous. Fast where the last strides are 1 or 0.
pub fn binary(op: Binary, shape: Broadcast, a: &[f32], b: &[f32], y: &mut [f32]) {
    let Broadcast { dims, a_strides, b_strides } = shape;
    let Some((&n, outer)) = dims.split_last() else {
        return row(op, [Operand::new(a, 0), Operand::new(b, 0)], y);
    };
    let steps = [a_strides, b_strides].map(|strides| strides[outer.len()] as usize);
    let places = Odometer::new(outer, [a_strides, b_strides].map(|strides| &strides[..outer.len()]));
    for (y, [i, j]) in y.chunks_exact_mut(n.max(1) as usize).zip(places) {
        let (a, b) = (&a[i as usize..], &b[j as usize..]);
        let (n, y) = (y.len(), Parts::of(y));
        for_each_range(n, LEAST, |range| {
            let (a, b) = (&a[range.start * steps[0]..], &b[range.start * steps[1]..]);
            // Safety: each range is in one task.
            let y = unsafe { y.part(range) };
            if steps.iter().all(|&step| step <= 1) {
                row(op, [Operand::new(a, steps[0]), Operand::new(b, steps[1])], y);
            } else {
                strided_row(op, [a, b], steps, y);
            }
        });
    }
}

/// y[i] = f(a[i·steps[0]], b[i·steps[1]]): brings the operands together first, some at a time.
fn strided_row(op: Binary, operands: [&[f32]; 2], steps: [usize; 2], y: &mut [f32]) {
    const SOME: usize = 64;
    for (c, y) in y.chunks_mut(SOME).enumerate() {
        let gathered: [[f32; SOME]; 2] =
            from_fn(|k| from_fn(|i| if i < y.len() { operands[k][(c * SOME + i) * steps[k]] } else { 0.0 }));
        row(op, gathered.each_ref().map(|values| Operand::new(values, 1)), y);
    }
}

/// One operand of a row: a number for each element, or one for all.
enum Operand<'a> {
    Each(&'a [f32]),
    All([f32; LANES]),
}

impl<'a> Operand<'a> {
    fn new(values: &'a [f32], step: usize) -> Self {
        if step == 1 { Self::Each(values) } else { Self::All([values[0]; LANES]) }
    }

    fn source(&self) -> Source {
        match self {
            Self::Each(values) => Source { start: values.as_ptr(), step: 1 },
            Self::All(lanes) => Source { start: lanes.as_ptr(), step: 0 },
        }
    }
}

/// y = f(a, b) for one row.
#[inline(never)]
fn row(op: Binary, operands: [Operand; 2], y: &mut [f32]) {
    debug_assert!(operands.iter().all(|each| !matches!(each, Operand::Each(values) if values.len() < y.len())));
    // Safety: the operands reach as far as y, which overlaps neither.
    unsafe {
        let sources = operands.each_ref().map(Operand::source);
        in_whole_vectors(y.len(), sources, y.as_mut_ptr(), |whole| apply(op, whole));
    }
}

/// # Safety
/// As [`stream`] says.
#[inline(never)]
unsafe fn apply(op: Binary, Whole { vectors, x: operands, y }: Whole<2>) {
    let one = F32x4::splat(1.0);
    let truth = |mask: I32x4| mask.select(one, F32x4::zero());
    macro_rules! apply {
        ($unroll:ident, $f:expr) => {
            // Safety: the caller's promise.
            unsafe { stream::<2, 1, $unroll>(vectors * LANES, operands, [y], |[a, b]| [$f(a, b)]) }
        };
    }
    match op {
        Binary::Add => apply!(UNROLL, |a, b| a + b),
        Binary::Sub => apply!(UNROLL, |a, b| a - b),
        Binary::Mul => apply!(UNROLL, |a, b| a * b),
        Binary::Div => apply!(ONCE, |a, b| a / b),
        Binary::Maximum => apply!(UNROLL, maximum),
        Binary::Minimum => apply!(UNROLL, minimum),
        Binary::Equal => apply!(UNROLL, |a: F32x4, b| truth(a.eq(b))),
        Binary::Greater => apply!(UNROLL, |a: F32x4, b| truth(a.gt(b))),
        Binary::Less => apply!(UNROLL, |a: F32x4, b| truth(a.lt(b))),
        Binary::GreaterEqual => apply!(UNROLL, |a: F32x4, b| truth(a.ge(b))),
        Binary::LessEqual => apply!(UNROLL, |a: F32x4, b| truth(a.le(b))),
        Binary::SquaredDifference => apply!(UNROLL, |a: F32x4, b: F32x4| (a - b) * (a - b)),
        Binary::Pow => apply!(ONCE, powers),
    }
}

/// aᵇ, lane by lane.
fn powers(a: F32x4, b: F32x4) -> F32x4 {
    let (a, b) = (a.to_array(), b.to_array());
    F32x4::from_array(from_fn(|i| power(a[i], b[i])))
}
