//! Elementwise kernels. The codes of `op` are those of [`Unary`] and [`Binary`].

use crate::slices::{slice, slice_mut};
use crate::strided::extent;
use evenkeel_kernels::elementwise::{self, Binary, Broadcast, Unary};

/// # Safety
/// `y` has `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn fill(n: usize, value: f32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe { slice_mut(y, n) }.fill(value);
}

/// # Safety
/// The arrays have `n` elements and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn add_assign(n: usize, x: *const f32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe { elementwise::add_assign(slice(x, n), slice_mut(y, n)) }
}

/// # Safety
/// The arrays have `n` elements; they are the same or do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scale(n: usize, factor: f32, x: *const f32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe {
        if x == y.cast_const() {
            elementwise::scale_in_place(factor, slice_mut(y, n));
        } else {
            elementwise::scale(factor, slice(x, n), slice_mut(y, n));
        }
    }
}

/// # Safety
/// The arrays have `n` elements; they are the same or do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unary_forward(op: u32, n: usize, x: *const f32, y: *mut f32) {
    let op = Unary::from_code(op);
    // Safety: the caller's promise.
    unsafe {
        if x == y.cast_const() {
            elementwise::unary_in_place(op, slice_mut(y, n));
        } else {
            elementwise::unary_forward(op, slice(x, n), slice_mut(y, n));
        }
    }
}

/// # Safety
/// The arrays have `n` elements; `dx` overlaps none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn unary_backward(op: u32, n: usize, x: *const f32, y: *const f32, dy: *const f32, dx: *mut f32) {
    let op = Unary::from_code(op);
    // Safety: the caller's promise.
    unsafe { elementwise::unary_backward(op, slice(x, n), slice(y, n), slice(dy, n), slice_mut(dx, n)) }
}

/// `geometry`: dims, strides of a, strides of b, `rank` numbers each. Strides are not negative.
///
/// # Safety
/// `geometry` is readable, the arrays reach as far as it says, and `y` overlaps neither.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn binary(op: u32, rank: usize, geometry: *const i32, a: *const f32, b: *const f32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe {
        let (dims, strides) = slice(geometry, 3 * rank).split_at(rank);
        let (a_strides, b_strides) = strides.split_at(rank);
        let size = dims.iter().map(|&dim| dim as usize).product();
        let operands = [(a, a_strides), (b, b_strides)].map(|(p, strides)| slice(p, extent(dims, strides).length));
        let shape = Broadcast { dims, a_strides, b_strides };
        elementwise::binary(Binary::from_code(op), shape, operands[0], operands[1], slice_mut(y, size));
    }
}

/// # Safety
/// The arrays have `n` elements and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cast_i32_to_f32(n: usize, x: *const i32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe { elementwise::cast_i32_to_f32(slice(x, n), slice_mut(y, n)) }
}

/// # Safety
/// The arrays have `n` elements and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cast_f32_to_i32(n: usize, x: *const f32, y: *mut i32) {
    // Safety: the caller's promise.
    unsafe { elementwise::cast_f32_to_i32(slice(x, n), slice_mut(y, n)) }
}

/// # Safety
/// `x` has `n` elements.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn first_non_finite(n: usize, x: *const f32) -> usize {
    // Safety: the caller's promise.
    elementwise::first_non_finite(unsafe { slice(x, n) })
}
