//! Reductions over the middle axis of [outer, axis, inner]. The codes of `op` are those of [`Reduce`].

use crate::slices::{slice, slice_mut};
use evenkeel_kernels::reduce::{self, Reduce};

/// # Safety
/// `x` has [outer, axis, inner], `y` has [outer, inner]; they do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn reduce(op: u32, outer: usize, axis: usize, inner: usize, x: *const f32, y: *mut f32) {
    let shape = [outer, axis, inner];
    // Safety: the caller's promise.
    unsafe {
        let (x, y) = (slice(x, outer * axis * inner), slice_mut(y, outer * inner));
        reduce::reduce(Reduce::from_code(op), shape, x, y);
    }
}

/// # Safety
/// `x` has [outer, axis, inner], axis > 0, `y` has [outer, inner]; they do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn arg_max(outer: usize, axis: usize, inner: usize, x: *const f32, y: *mut i32) {
    // Safety: the caller's promise.
    unsafe { reduce::arg_max([outer, axis, inner], slice(x, outer * axis * inner), slice_mut(y, outer * inner)) }
}
