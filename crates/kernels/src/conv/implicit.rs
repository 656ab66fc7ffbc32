//! Convolution by implicit GEMM, for any geometry: a block of patches is gathered, multiplied and forgotten.
//! The two gradients are the adjoints of the product and of the gathering.

use super::geometry::Conv2d;
use super::patches::{gather, scatter_add};
use crate::matmul::Epilogue;
use crate::matmul::blocks::{block_a_len, block_b_len, multiply, multiply_packed, pack_whole_b};
use crate::matmul::pack::{Matrix, packed_b_len};
use crate::matmul::tile::{KC, MR, NR};
use crate::parallel::PerThread;
use crate::workspace::{OutOfMemory, Workspace};

/// Floats of a block of patches (256 KB): it stays in L2.
const BLOCK: usize = 64 * 1024;

/// Pixels of a block: a multiple of the tile's rows, at most the depth of a block of the filter gradient.
fn block_pixels(g: &Conv2d) -> usize {
    (BLOCK / g.patch()).next_multiple_of(MR).clamp(8 * MR, KC)
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
    let (block, patch) = (block_pixels(g), g.patch());
    let [patches, packed_w] = workspace.split([block * patch, packed_b_len::<NR>(patch, g.filters)])?;
    pack_whole_b(Matrix::rows(w, g.filters), patch, g.filters, packed_w);
    for (i, y) in y.chunks_mut(block * g.filters).enumerate() {
        let pixels = y.len() / g.filters;
        let patches = &mut patches[..pixels * patch];
        gather(g, x, i * block, patches);
        let patches = Matrix::rows(patches, patch);
        multiply_packed(pixels, g.filters, patch, patches, packed_w, y, epilogue, &mut []);
    }
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
    let (block, patch) = (block_pixels(g), g.patch());
    let [patches, packed_w] = workspace.split([block * patch, packed_b_len::<NR>(g.filters, patch)])?;
    pack_whole_b(Matrix::transposed(w, g.filters), g.filters, patch, packed_w);
    dx.fill(0.0);
    for (i, dy) in dy.chunks(block * g.filters).enumerate() {
        let pixels = dy.len() / g.filters;
        let patches = &mut patches[..pixels * patch];
        let dy = Matrix::rows(dy, g.filters);
        multiply_packed(pixels, patch, g.filters, dy, packed_w, patches, Epilogue::NONE, &mut []);
        scatter_add(g, patches, i * block, dx);
    }
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
    let (block, patch) = (block_pixels(g), g.patch());
    let shape = Matrix::transposed(&[], patch);
    let lengths =
        [block * patch, PerThread::total(block_a_len(shape, patch, g.filters, block)), block_b_len(g.filters, block)];
    let [patches, packed_a, packed_b] = workspace.split(lengths)?;
    let packed_a = PerThread::of(packed_a, block_a_len(shape, patch, g.filters, block));
    dw.fill(0.0);
    for (i, dy) in dy.chunks(block * g.filters).enumerate() {
        let pixels = dy.len() / g.filters;
        let patches = &mut patches[..pixels * patch];
        gather(g, x, i * block, patches);
        let (patches, dy) = (Matrix::transposed(patches, patch), Matrix::rows(dy, g.filters));
        multiply(patch, g.filters, pixels, patches, dy, dw, true, Epilogue::NONE, 1, &packed_a, packed_b);
    }
    Ok(())
}
