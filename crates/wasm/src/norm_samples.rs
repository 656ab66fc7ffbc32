//! Normalization within samples: of rows, and of groups of channels.

use crate::slices::{optional_slice, optional_slice_mut, slice, slice_mut};
use crate::workspace::with_workspace;
use evenkeel_kernels::norm::{self, Affine, Gradients, Groups, ROW_STATISTICS, Rows, View};

/// # Safety
/// The arrays have their sizes, `gamma` and `beta` may be 0; the last two overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_rows_forward(
    rows: usize,
    cols: usize,
    centred: u32,
    x: *const f32,
    gamma: *const f32,
    beta: *const f32,
    epsilon: f64,
    statistics: *mut f32,
    y: *mut f32,
) {
    let shape = Rows { cols, centred: centred != 0, epsilon };
    // Safety: the caller's promise.
    unsafe {
        let affine = Affine { gamma: optional_slice(gamma, cols), beta: optional_slice(beta, cols) };
        let statistics = slice_mut(statistics, rows * ROW_STATISTICS);
        norm::norm_rows_forward(shape, slice(x, rows * cols), affine, statistics, slice_mut(y, rows * cols));
    }
}

/// 1 when there is no memory.
///
/// # Safety
/// The arrays have their sizes, `gamma` and the last two may be 0; the last three overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_rows_backward(
    rows: usize,
    cols: usize,
    centred: u32,
    x: *const f32,
    statistics: *const f32,
    gamma: *const f32,
    dy: *const f32,
    dx: *mut f32,
    dgamma: *mut f32,
    dbeta: *mut f32,
) -> u32 {
    // The statistics have it in them.
    let shape = Rows { cols, centred: centred != 0, epsilon: 0.0 };
    // Safety: the caller's promise.
    unsafe {
        let (x, dy) = (slice(x, rows * cols), slice(dy, rows * cols));
        let (statistics, gamma) = (slice(statistics, rows * ROW_STATISTICS), optional_slice(gamma, cols));
        let gradients = gradients(rows * cols, cols, dx, dgamma, dbeta);
        with_workspace(|workspace| norm::norm_rows_backward(shape, x, statistics, gamma, dy, gradients, workspace))
    }
}

/// # Safety
/// The arrays have their sizes, `gamma` and `beta` may be 0; the last two overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_groups_forward(
    samples: usize,
    outer: usize,
    channels: usize,
    inner: usize,
    groups: usize,
    x: *const f32,
    gamma: *const f32,
    beta: *const f32,
    epsilon: f64,
    moments: *mut f64,
    y: *mut f32,
) {
    let shape = Groups { samples, view: View { outer, channels, inner }, groups };
    let n = samples * shape.view.size();
    // Safety: the caller's promise.
    unsafe {
        let affine = Affine { gamma: optional_slice(gamma, channels), beta: optional_slice(beta, channels) };
        let moments = slice_mut(moments, samples * 2 * channels);
        norm::norm_groups_forward(shape, slice(x, n), affine, epsilon, moments, slice_mut(y, n));
    }
}

/// 1 when there is no memory.
///
/// # Safety
/// The arrays have their sizes, `gamma` and the last three may be 0; the last three overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_groups_backward(
    samples: usize,
    outer: usize,
    channels: usize,
    inner: usize,
    groups: usize,
    x: *const f32,
    moments: *const f64,
    gamma: *const f32,
    epsilon: f64,
    dy: *const f32,
    dx: *mut f32,
    dgamma: *mut f32,
    dbeta: *mut f32,
) -> u32 {
    let shape = Groups { samples, view: View { outer, channels, inner }, groups };
    let n = samples * shape.view.size();
    // Safety: the caller's promise.
    unsafe {
        let (x, dy) = (slice(x, n), slice(dy, n));
        let (moments, gamma) = (slice(moments, samples * 2 * channels), optional_slice(gamma, channels));
        let gradients = gradients(n, channels, dx, dgamma, dbeta);
        with_workspace(|workspace| {
            norm::norm_groups_backward(shape, x, moments, gamma, epsilon, dy, gradients, workspace)
        })
    }
}

/// # Safety
/// Each address is 0 or has its size, and they overlap nothing.
pub unsafe fn gradients<'a>(
    n: usize,
    channels: usize,
    dx: *mut f32,
    dgamma: *mut f32,
    dbeta: *mut f32,
) -> Gradients<'a> {
    // Safety: the caller's promise.
    unsafe {
        Gradients {
            dx: optional_slice_mut(dx, n),
            dgamma: optional_slice_mut(dgamma, channels),
            dbeta: optional_slice_mut(dbeta, channels),
            dbias: None,
        }
    }
}
