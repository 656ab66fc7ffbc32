//! What has no formula worth a name: accumulating, scaling, casting, looking for NaN.

use crate::lanes::{F32x4, I32x4, LANES};
use crate::streams::{map_all, update_all};

/// y += x.
pub fn add_assign(x: &[f32], y: &mut [f32]) {
    update_all::<1, 1, 2>([y], [x], |[y], [x]| [y + x]);
}

/// y = factor·x.
pub fn scale(factor: f32, x: &[f32], y: &mut [f32]) {
    let factor = F32x4::splat(factor);
    map_all([x], y, |[x]| x * factor);
}

/// y = factor·y.
pub fn scale_in_place(factor: f32, y: &mut [f32]) {
    let factor = F32x4::splat(factor);
    update_all::<1, 0, 1>([y], [], |[y], []| [y * factor]);
}

/// y = x, rounded to nearest where |x| > 2²⁴.
pub fn cast_i32_to_f32(x: &[i32], y: &mut [f32]) {
    debug_assert_eq!(x.len(), y.len());
    let ((vectors, tail), (quads, rest)) = (x.as_chunks(), y.as_chunks_mut());
    for (y, &x) in quads.iter_mut().zip(vectors) {
        *y = I32x4::from_array(x).to_f32().to_array();
    }
    rest.iter_mut().zip(tail).for_each(|(y, &x)| *y = x as f32);
}

/// y = x without its fraction, clamped to the range of int32; NaN gives 0.
pub fn cast_f32_to_i32(x: &[f32], y: &mut [i32]) {
    debug_assert_eq!(x.len(), y.len());
    let ((vectors, tail), (quads, rest)) = (x.as_chunks(), y.as_chunks_mut());
    for (y, &x) in quads.iter_mut().zip(vectors) {
        *y = F32x4::from_array(x).to_i32().to_array();
    }
    rest.iter_mut().zip(tail).for_each(|(y, &x)| *y = x as i32);
}

/// The index of the first NaN or infinity, or the length of x.
pub fn first_non_finite(x: &[f32]) -> usize {
    const STEP: usize = 4;
    let (vectors, _) = x.as_chunks::<LANES>();
    let suspicious = |vectors: &[[f32; LANES]]| {
        // The exponents of NaN and infinity alone are all ones.
        let exponent = I32x4::splat(0x7f80_0000);
        vectors.iter().fold(I32x4::splat(0), |any, &v| any | (F32x4::from_array(v).to_bits() & exponent).eq(exponent))
    };
    let clean = vectors.chunks_exact(STEP).take_while(|&vectors| !suspicious(vectors).any()).count();
    let start = clean * STEP * LANES;
    x[start..].iter().position(|value| !value.is_finite()).map_or(x.len(), |i| start + i)
}
