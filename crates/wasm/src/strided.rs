//! Strided copies.

use crate::slices::{slice, slice_mut};
use evenkeel_kernels::strided::{self, Walk};

/// The elements that a walk over `dims` touches: it starts `origin` elements into a piece of `length`.
pub struct Extent {
    pub origin: usize,
    pub length: usize,
}

pub fn extent(dims: &[i32], strides: &[i32]) -> Extent {
    if dims.contains(&0) {
        return Extent { origin: 0, length: 0 };
    }
    let reaches = || dims.iter().zip(strides).map(|(&dim, &stride)| (dim as isize - 1) * stride as isize);
    let origin = reaches().filter(|&reach| reach < 0).sum::<isize>().unsigned_abs();
    let beyond = reaches().filter(|&reach| reach > 0).sum::<isize>().unsigned_abs();
    Extent { origin, length: origin + beyond + 1 }
}

/// `geometry`: dims, strides of x, strides of y, `rank` numbers each; x and y are the addresses of the first places.
///
/// # Safety
/// `geometry` is readable, the arrays reach as far as it says, and they do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn strided_copy(rank: usize, geometry: *const i32, x: *const u32, y: *mut u32) {
    // Safety: the caller's promise.
    unsafe {
        let (dims, strides) = slice(geometry, 3 * rank).split_at(rank);
        let (x_strides, y_strides) = strides.split_at(rank);
        let (from, to) = (extent(dims, x_strides), extent(dims, y_strides));
        strided::strided_copy(
            dims,
            Walk { origin: from.origin, strides: x_strides },
            slice(x.wrapping_sub(from.origin), from.length),
            Walk { origin: to.origin, strides: y_strides },
            slice_mut(y.wrapping_sub(to.origin), to.length),
        );
    }
}
