//! Patches: what one output pixel sees of a group's input, as a row of a matrix ("im2col"). A convolution is then a
//! product `patches [pixels, patch] * weights [patch, filters]`. Only a block of patches exists at a time.

use super::geometry::Conv2d;
use crate::streams::update;

/// A run of floats that lie together in the input and in the patch.
struct Run {
    patch: usize,
    input: usize,
    len: usize,
}

/// Calls `each` with the runs of output pixel `pixel` (counted over the whole batch). What no run covers is padding.
#[inline(always)]
fn for_each_run(g: &Conv2d, group: usize, pixel: usize, mut each: impl FnMut(Run)) {
    let (image, y, x) = (pixel / g.pixels(), pixel / g.out_w % g.out_h, pixel % g.out_w);
    let columns = g.kernel_columns(x);
    if columns.is_empty() {
        return;
    }
    for row in g.kernel_rows(y) {
        let input_row = (image * g.height + y * g.stride_h + row * g.dilation_h - g.pad_top) * g.width;
        let channels = g.group_channels();
        let run = |column: usize, taps: usize| Run {
            patch: (row * g.kernel_w + column) * channels,
            input: (input_row + x * g.stride_w + column * g.dilation_w - g.pad_left) * g.channels + group * channels,
            len: taps * channels,
        };
        if g.dilation_w == 1 && g.groups == 1 {
            each(run(columns.start, columns.len()));
        } else {
            columns.clone().for_each(|column| each(run(column, 1)));
        }
    }
}

/// `patches[i] = what pixel first + i sees of x`, for as many pixels as `patches` has rows.
pub fn gather(g: &Conv2d, group: usize, x: &[f32], first: usize, patches: &mut [f32]) {
    for (i, patch) in patches.chunks_exact_mut(g.patch()).enumerate() {
        let mut covered = 0;
        for_each_run(g, group, first + i, |run| {
            patch[covered..run.patch].fill(0.0);
            covered = run.patch + run.len;
            patch[run.patch..covered].copy_from_slice(&x[run.input..run.input + run.len]);
        });
        patch[covered..].fill(0.0);
    }
}

/// The adjoint of [`gather`]: adds each patch to the places of `dx` that it came from.
pub fn scatter_add(g: &Conv2d, group: usize, patches: &[f32], first: usize, dx: &mut [f32]) {
    for (i, patch) in patches.chunks_exact(g.patch()).enumerate() {
        for_each_run(g, group, first + i, |run| {
            let (from, to) = (&patch[run.patch..], &mut dx[run.input..run.input + run.len]);
            update::<1, 1, 2>([to], [&from[..run.len]], |[to], [from]| [to + from]);
        });
    }
}
