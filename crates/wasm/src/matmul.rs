//! Matrix products.

use crate::slices::{optional_slice, slice, slice_mut};
use crate::workspace::with_workspace;
use evenkeel_kernels::matmul::{self, Activation, Epilogue, Normalization};

/// `bias` and `constants` may be 0.
///
/// # Safety
/// `bias` is readable for `columns` floats, `constants` for three times as many.
pub unsafe fn epilogue<'a>(columns: usize, bias: *const f32, activation: u32, constants: *const f32) -> Epilogue<'a> {
    // Safety: the caller's promise.
    let (bias, constants) = unsafe { (optional_slice(bias, columns), optional_slice(constants, 3 * columns)) };
    let normalization = constants.map(|constants| Normalization::of(constants, columns));
    Epilogue { bias, activation: Activation::from_code(activation), normalization }
}

/// # Safety
/// The arrays have the sizes of [`matmul::matmul`]; `c` overlaps none of them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn matmul(
    transpose_a: u32,
    transpose_b: u32,
    m: usize,
    n: usize,
    k: usize,
    a: *const f32,
    b: *const f32,
    bias: *const f32,
    activation: u32,
    constants: *const f32,
    c: *mut f32,
) -> u32 {
    // Safety: the caller's promise.
    let (a, b, c) = unsafe { (slice(a, m * k), slice(b, k * n), slice_mut(c, m * n)) };
    // Safety: the caller's promise.
    let epilogue = unsafe { epilogue(n, bias, activation, constants) };
    with_workspace(|workspace| {
        matmul::matmul(transpose_a != 0, transpose_b != 0, m, n, k, a, b, epilogue, c, workspace)
    })
}
