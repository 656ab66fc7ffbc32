//! Rows chosen by index. Gathering and scattering need to know how far x reaches: as far as the largest index.

use crate::slices::{slice, slice_mut};
use evenkeel_kernels::indexing;

fn reach(indices: &[i32], cols: usize) -> usize {
    indices.iter().max().map_or(0, |&last| (last as usize + 1) * cols)
}

/// # Safety
/// `indices` has `rows` elements from 0 on, `x` a row for each of them, `y` has [rows, cols]; nothing overlaps `y`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn gather_rows(rows: usize, cols: usize, indices: *const i32, x: *const u32, y: *mut u32) {
    // Safety: the caller's promise.
    unsafe {
        let indices = slice(indices, rows);
        indexing::gather_rows(cols, indices, slice(x, reach(indices, cols)), slice_mut(y, rows * cols));
    }
}

/// # Safety
/// `indices` has `rows` elements from 0 on, `dx` a row for each of them, `dy` has [rows, cols]; nothing overlaps `dx`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn scatter_add_rows(rows: usize, cols: usize, indices: *const i32, dy: *const f32, dx: *mut f32) {
    // Safety: the caller's promise.
    unsafe {
        let indices = slice(indices, rows);
        indexing::scatter_add_rows(cols, indices, slice(dy, rows * cols), slice_mut(dx, reach(indices, cols)));
    }
}

/// # Safety
/// `labels` has `n` elements, `y` has [n, depth]; they do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn one_hot(n: usize, depth: usize, labels: *const i32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe { indexing::one_hot(depth, slice(labels, n), slice_mut(y, n * depth)) }
}
