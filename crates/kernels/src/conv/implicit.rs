//! Convolution by implicit GEMM, for any geometry: a block of patches is gathered, multiplied and forgotten.
//! The two gradients are the adjoints of the product and of the gathering.

use super::geometry::Conv2d;
use super::partial::{PartialSums, partial_sums};
use super::patches::{gather, scatter_add};
use crate::matmul::Epilogue;
use crate::matmul::blocks::{block_a_len, multiply_packed, pack_whole_b};
use crate::matmul::pack::{Matrix, packed_b_len};
use crate::matmul::tile::{KC, MR, NR};
use crate::parallel::{Parts, PerThread, for_each, share, tasks};
use crate::workspace::{OutOfMemory, Workspace, cut, cut_len};
use core::ops::Range;

/// Floats of a block of patches (256 KB): it stays in L2.
const BLOCK: usize = 64 * 1024;

/// Pixels of a task, at least.
const TASK: usize = 64;

/// Pixels of a block: a multiple of the tile's rows, at most the depth of a block of the filter gradient.
fn block_pixels(g: &Conv2d) -> usize {
    (BLOCK / g.patch()).next_multiple_of(MR).clamp(32, KC)
}

/// The pixels of each block of `pixels`.
fn blocks(g: &Conv2d, pixels: Range<usize>) -> impl Iterator<Item = Range<usize>> {
    let (block, end) = (block_pixels(g), pixels.end);
    pixels.step_by(block).map(move |first| first..end.min(first + block))
}

/// `y = epilogue(patches * w)`.
pub fn forward(
    g: &Conv2d,
    x: &[f32],
    w: &[f32],
    epilogue: Epilogue,
    y: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let (patch, filters, all) = (g.patch(), g.group_filters(), g.batch * g.pixels());
    let (mine, panels) = (block_pixels(g) * patch, packed_b_len::<NR>(patch, filters));
    let [packed_w, scratch] = workspace.split([g.groups * panels, PerThread::total(mine)])?;
    for (group, packed_w) in packed_w.chunks_exact_mut(panels).enumerate() {
        pack_whole_b(Matrix::rows(&w[group * filters..], g.filters), patch, filters, packed_w);
    }
    let (scratch, y, packed_w) = (PerThread::of(scratch, mine), Parts::of(y), &*packed_w);
    let count = tasks(all, TASK);
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let scratch = unsafe { scratch.of_task(task) };
        for pixels in blocks(g, share(task.index, count, all)) {
            // Safety: tasks share no pixel.
            let y = unsafe { y.part(pixels.start * g.filters..pixels.end * g.filters) };
            let patches = &mut scratch[..pixels.len() * patch];
            for (group, packed_w) in packed_w.chunks_exact(panels).enumerate() {
                gather(g, group, x, pixels.start, patches);
                let a = Matrix::rows(patches, patch);
                let (column, m) = (group * filters, pixels.len());
                let (y, epilogue) = (&mut y[column..], epilogue.columns_from(column));
                multiply_packed(m, filters, patch, a, packed_w, y, g.filters, false, epilogue, &mut []);
            }
        }
    });
    Ok(())
}

/// `dpatches = dy * w^T`, scattered into `dx`.
pub fn backward_input(
    g: &Conv2d,
    dy: &[f32],
    w: &[f32],
    dx: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let (patch, filters) = (g.patch(), g.group_filters());
    let (mine, panels) = (block_pixels(g) * patch, packed_b_len::<NR>(filters, patch));
    let [packed_w, scratch] = workspace.split([g.groups * panels, PerThread::total(mine)])?;
    for (group, packed_w) in packed_w.chunks_exact_mut(panels).enumerate() {
        pack_whole_b(Matrix::transposed(&w[group * filters..], g.filters), filters, patch, packed_w);
    }
    let (scratch, dx, packed_w) = (PerThread::of(scratch, mine), Parts::of(dx), &*packed_w);
    // Patches overlap: an image belongs to one task.
    let count = tasks(g.batch, 1);
    for_each(count, |task| {
        let images = share(task.index, count, g.batch);
        // Safety: this is the task that runs, and tasks share no image.
        let (scratch, dx) =
            unsafe { (scratch.of_task(task), dx.part(images.start * g.image()..images.end * g.image())) };
        dx.fill(0.0);
        for pixels in blocks(g, images.start * g.pixels()..images.end * g.pixels()) {
            let patches = &mut scratch[..pixels.len() * patch];
            for (group, packed_w) in packed_w.chunks_exact(panels).enumerate() {
                let dy = Matrix::rows(&dy[pixels.start * g.filters + group * filters..], g.filters);
                let m = pixels.len();
                multiply_packed(m, patch, filters, dy, packed_w, patches, patch, false, Epilogue::NONE, &mut []);
                scatter_add(g, group, patches, pixels.start - images.start * g.pixels(), dx);
            }
        }
    });
    Ok(())
}

/// `dw = patches^T * dy`.
pub fn backward_filter(
    g: &Conv2d,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let (block, patch, filters) = (block_pixels(g), g.patch(), g.group_filters());
    let count = partial_sums(g);
    let packed_a = block_a_len(Matrix::transposed(&[], patch), patch, filters, block);
    let lengths = [block * patch, packed_a, packed_b_len::<NR>(block, filters)];
    let mine = cut_len(&lengths);
    let [partials, scratch] = workspace.split([PartialSums::scratch_len(count, dw.len()), PerThread::total(mine)])?;
    let (sums, scratch) = (PartialSums::of(count, dw, partials), PerThread::of(scratch, mine));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let (scratch, dw) = unsafe { (scratch.of_task(task), sums.of_task(task)) };
        let [patches, packed_a, packed_b] = cut(scratch, lengths);
        dw.fill(0.0);
        let images = share(task.index, count, g.batch);
        for pixels in blocks(g, images.start * g.pixels()..images.end * g.pixels()) {
            let (depth, patches) = (pixels.len(), &mut patches[..pixels.len() * patch]);
            for group in 0..g.groups {
                gather(g, group, x, pixels.start, patches);
                let column = group * filters;
                let dy = Matrix::rows(&dy[pixels.start * g.filters + column..], g.filters);
                pack_whole_b(dy, depth, filters, packed_b);
                let (a, dw) = (Matrix::transposed(patches, patch), &mut dw[column..]);
                multiply_packed(patch, filters, depth, a, packed_b, dw, g.filters, true, Epilogue::NONE, packed_a);
            }
        }
    });
    sums.add_up();
    Ok(())
}
