//! Whole vectors for the functions of one number and of two.
//!
//! A run is cut into its whole vectors and a tail, which is padded here, once for all functions: each of them then has
//! no more than its loop over whole vectors. (A tail for each made the module 2 KB larger, deflated.)

use crate::lanes::{F32x4, LANES};
use crate::streams::Source;

/// The inputs of some whole vectors, and where their results go.
pub struct Whole<const K: usize> {
    pub vectors: usize,
    pub x: [Source; K],
    pub y: *mut f32,
}

/// `run` for the whole vectors of `n` elements, then for the tail in a padded one.
///
/// # Safety
/// The sources and `y` reach `n` floats; `y` is one of the sources, or overlaps none of them.
#[inline(always)]
pub unsafe fn in_whole_vectors<const K: usize>(n: usize, x: [Source; K], y: *mut f32, run: impl Fn(Whole<K>)) {
    let (vectors, tail) = (n / LANES, n % LANES);
    if vectors > 0 {
        run(Whole { vectors, x, y });
    }
    if tail == 0 {
        return;
    }
    let mut result = [0.0; LANES];
    // Safety: the caller's promise; sources that repeat their floats stay where they are.
    unsafe {
        let padded = x.map(|x| F32x4::load_partial(x.start.add((n - tail) * x.step), tail).to_array());
        let x = padded.each_ref().map(|lanes| Source { start: lanes.as_ptr(), step: 1 });
        run(Whole { vectors: 1, x, y: result.as_mut_ptr() });
        F32x4::from_array(result).store_partial(y.add(n - tail), tail);
    }
}
