//! Two-dimensional convolution. `geometry` is the address of the 16 sizes of [`Conv2d`], in its order.

use crate::matmul::epilogue;
use crate::slices::{optional_slice_mut, slice, slice_mut};
use crate::workspace::with_workspace;
use evenkeel_kernels::conv::{self, Conv2d};

/// # Safety
/// `geometry` is readable for 16 numbers.
unsafe fn read_geometry(geometry: *const u32) -> Conv2d {
    // Safety: the caller's promise.
    let sizes = unsafe { slice(geometry, 16) };
    let size = |i: usize| sizes[i] as usize;
    Conv2d {
        batch: size(0),
        height: size(1),
        width: size(2),
        channels: size(3),
        kernel_h: size(4),
        kernel_w: size(5),
        filters: size(6),
        stride_h: size(7),
        stride_w: size(8),
        dilation_h: size(9),
        dilation_w: size(10),
        pad_top: size(11),
        pad_left: size(12),
        out_h: size(13),
        out_w: size(14),
        groups: size(15),
    }
}

/// # Safety
/// The arrays have the sizes that `geometry` says; `y` overlaps none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn conv2d_forward(
    geometry: *const u32,
    x: *const f32,
    w: *const f32,
    bias: *const f32,
    activation: u32,
    constants: *const f32,
    y: *mut f32,
) -> u32 {
    // Safety: the caller's promise.
    let (g, x, w, y, epilogue) = unsafe {
        let g = read_geometry(geometry);
        let (x, w, y) = (slice(x, g.input_len()), slice(w, g.weights_len()), slice_mut(y, g.output_len()));
        (g, x, w, y, epilogue(g.filters, bias, activation, constants))
    };
    with_workspace(|workspace| conv::conv2d_forward(&g, x, w, epilogue, y, workspace))
}

/// `dx` and `dw` may be 0: not wanted.
///
/// # Safety
/// The arrays have the sizes that `geometry` says; `dx` and `dw` overlap none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn conv2d_backward(
    geometry: *const u32,
    x: *const f32,
    dy: *const f32,
    w: *const f32,
    dx: *mut f32,
    dw: *mut f32,
) -> u32 {
    // Safety: the caller's promise.
    let (g, x, dy, w, dx, dw) = unsafe {
        let g = read_geometry(geometry);
        let (x, dy, w) = (slice(x, g.input_len()), slice(dy, g.output_len()), slice(w, g.weights_len()));
        (g, x, dy, w, optional_slice_mut(dx, g.input_len()), optional_slice_mut(dw, g.weights_len()))
    };
    with_workspace(|workspace| conv::conv2d_backward(&g, x, dy, w, dx, dw, workspace))
}

/// The largest tile of Winograd's algorithm: 4 (default), 6 or, for none, 0.
#[unsafe(no_mangle)]
pub extern "C" fn set_winograd(largest_tile: u32) {
    conv::set_winograd(largest_tile);
}
