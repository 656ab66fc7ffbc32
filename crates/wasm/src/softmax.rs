//! Softmax over the rows of [rows, cols].

use crate::slices::{slice, slice_mut};
use evenkeel_kernels::softmax;

/// # Safety
/// The arrays have [rows, cols] and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn softmax_forward(rows: usize, cols: usize, x: *const f32, y: *mut f32) {
    let n = rows * cols;
    // Safety: the caller's promise.
    unsafe { softmax::softmax_forward(cols, slice(x, n), slice_mut(y, n)) }
}

/// # Safety
/// The arrays have [rows, cols]; `dx` overlaps none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn softmax_backward(rows: usize, cols: usize, y: *const f32, dy: *const f32, dx: *mut f32) {
    let n = rows * cols;
    // Safety: the caller's promise.
    unsafe { softmax::softmax_backward(cols, slice(y, n), slice(dy, n), slice_mut(dx, n)) }
}

/// # Safety
/// The arrays have [rows, cols] and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn log_softmax_forward(rows: usize, cols: usize, x: *const f32, y: *mut f32) {
    let n = rows * cols;
    // Safety: the caller's promise.
    unsafe { softmax::log_softmax_forward(cols, slice(x, n), slice_mut(y, n)) }
}

/// # Safety
/// The arrays have [rows, cols]; `dx` overlaps none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn log_softmax_backward(rows: usize, cols: usize, y: *const f32, dy: *const f32, dx: *mut f32) {
    let n = rows * cols;
    // Safety: the caller's promise.
    unsafe { softmax::log_softmax_backward(cols, slice(y, n), slice(dy, n), slice_mut(dx, n)) }
}

/// # Safety
/// `loss` has [rows], the other arrays have [rows, cols]; `loss` and `probabilities` overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn softmax_cross_entropy_forward(
    rows: usize,
    cols: usize,
    logits: *const f32,
    targets: *const f32,
    loss: *mut f32,
    probabilities: *mut f32,
) {
    let n = rows * cols;
    // Safety: the caller's promise.
    unsafe {
        let (logits, targets) = (slice(logits, n), slice(targets, n));
        let (loss, probabilities) = (slice_mut(loss, rows), slice_mut(probabilities, n));
        softmax::softmax_cross_entropy_forward(cols, logits, targets, loss, probabilities);
    }
}

/// # Safety
/// `dloss` has [rows], the other arrays have [rows, cols]; `dx` overlaps none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn softmax_cross_entropy_backward(
    rows: usize,
    cols: usize,
    probabilities: *const f32,
    targets: *const f32,
    dloss: *const f32,
    dx: *mut f32,
) {
    let n = rows * cols;
    // Safety: the caller's promise.
    unsafe {
        let (probabilities, targets, dloss) = (slice(probabilities, n), slice(targets, n), slice(dloss, rows));
        softmax::softmax_cross_entropy_backward(cols, probabilities, targets, dloss, slice_mut(dx, n));
    }
}
