//! Pooling. `geometry` is the address of the 12 sizes of [`Pool2d`], in its order.

use crate::slices::{optional_slice_mut, slice, slice_mut};
use evenkeel_kernels::pool::{self, Pool2d};

/// # Safety
/// `geometry` is readable for 12 numbers.
pub unsafe fn read_geometry(geometry: *const u32) -> Pool2d {
    // Safety: the caller's promise.
    let sizes = unsafe { slice(geometry, 12) };
    let size = |i: usize| sizes[i] as usize;
    Pool2d {
        batch: size(0),
        height: size(1),
        width: size(2),
        channels: size(3),
        kernel_h: size(4),
        kernel_w: size(5),
        stride_h: size(6),
        stride_w: size(7),
        pad_top: size(8),
        pad_left: size(9),
        out_h: size(10),
        out_w: size(11),
    }
}

/// # Safety
/// The arrays have the sizes that `geometry` says (`places` as `y`, or it is 0); `y` and `places` overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn max_pool_forward(geometry: *const u32, x: *const f32, y: *mut f32, places: *mut i16) {
    // Safety: the caller's promise.
    unsafe {
        let g = read_geometry(geometry);
        let (y, places) = (slice_mut(y, g.output_len()), optional_slice_mut(places, g.output_len()));
        pool::max_pool_forward(&g, slice(x, g.input_len()), y, places);
    }
}

/// # Safety
/// The arrays have the sizes that `geometry` says (`places` as `dy`); `dx` overlaps none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn max_pool_backward(geometry: *const u32, places: *const i16, dy: *const f32, dx: *mut f32) {
    // Safety: the caller's promise.
    unsafe {
        let g = read_geometry(geometry);
        let (places, dy) = (slice(places, g.output_len()), slice(dy, g.output_len()));
        pool::max_pool_backward(&g, places, dy, slice_mut(dx, g.input_len()));
    }
}

/// # Safety
/// The arrays have the sizes that `geometry` says; `y` does not overlap `x`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn average_pool_forward(geometry: *const u32, x: *const f32, y: *mut f32) {
    // Safety: the caller's promise.
    unsafe {
        let g = read_geometry(geometry);
        pool::average_pool_forward(&g, slice(x, g.input_len()), slice_mut(y, g.output_len()));
    }
}

/// # Safety
/// The arrays have the sizes that `geometry` says; `dx` does not overlap `dy`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn average_pool_backward(geometry: *const u32, dy: *const f32, dx: *mut f32) {
    // Safety: the caller's promise.
    unsafe {
        let g = read_geometry(geometry);
        pool::average_pool_backward(&g, slice(dy, g.output_len()), slice_mut(dx, g.input_len()));
    }
}
