//! Convolution straight from the image, where a patch is too short to be worth gathering: the rows of a patch are runs
//! of `kernel_w * channels` floats of the image, read where they lie. Needs a dilation of 1 along the width.

use super::geometry::Conv2d;
use super::partial::{PartialSums, partial_sums};
use crate::lanes::{F32x4, LANES};
use crate::matmul::Epilogue;
use crate::matmul::epilogue::Merge;
use crate::matmul::pack::{Matrix, pack_b, packed_b_len};
use crate::matmul::tile::{CONV_MR, CONV_NR, Tile, multiply_rows, zero_tile};
use crate::parallel::{Parts, PerThread, for_each, share, tasks};
use crate::workspace::{OutOfMemory, Workspace};

/// Pixels of a task, at least.
const TASK: usize = 256;

/// Floats of dy (16 KB) that stay in L1 while all taps pass over them.
const BLOCK: usize = 4 * 1024;

/// An image whose every patch is inside: x itself, or a copy with its padding.
struct Canvas {
    height: usize,
    width: usize,
    padded: bool,
}

impl Canvas {
    fn of(g: &Conv2d) -> Self {
        let height = (g.out_h - 1) * g.stride_h + (g.kernel_h - 1) * g.dilation_h + 1;
        let width = (g.out_w - 1) * g.stride_w + g.kernel_w;
        if g.pad_top == 0 && g.pad_left == 0 && height <= g.height && width <= g.width {
            Self { height: g.height, width: g.width, padded: false }
        } else {
            Self { height, width, padded: true }
        }
    }

    fn scratch_len(&self, g: &Conv2d) -> usize {
        if self.padded { self.height * self.width * g.channels } else { 0 }
    }

    /// Image `n` of x, in `scratch` when it has to be padded. The frame of `scratch` is zero and stays so.
    fn image<'a>(&self, g: &Conv2d, x: &'a [f32], n: usize, scratch: &'a mut [f32]) -> &'a [f32] {
        let image = &x[n * g.image()..][..g.image()];
        if !self.padded {
            return image;
        }
        let columns = g.width.min(self.width.saturating_sub(g.pad_left)) * g.channels;
        for y in 0..g.height.min(self.height.saturating_sub(g.pad_top)) {
            let to = ((y + g.pad_top) * self.width + g.pad_left) * g.channels;
            scratch[to..to + columns].copy_from_slice(&image[y * g.width * g.channels..][..columns]);
        }
        scratch
    }
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
    let canvas = Canvas::of(g);
    let padded = canvas.scratch_len(g);
    let [packed_w, scratch] =
        workspace.split([packed_b_len::<CONV_NR>(g.patch(), g.filters), PerThread::total(padded)])?;
    scratch.fill(0.0);
    pack_b::<CONV_NR>(Matrix::rows(w, g.filters), g.patch(), g.filters, packed_w);
    let (scratch, y, packed_w) = (PerThread::of(scratch, padded), Parts::of(y), &*packed_w);
    let (rows, row_len, len) = (g.batch * g.out_h, canvas.width * g.channels, g.out_w * g.filters);
    let count = tasks(rows, TASK.div_ceil(g.out_w));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let scratch = unsafe { scratch.of_task(task) };
        let rows = share(task.index, count, rows);
        for n in rows.start / g.out_h..rows.end.div_ceil(g.out_h) {
            let image = canvas.image(g, x, n, scratch);
            let rows = rows.start.max(n * g.out_h)..rows.end.min((n + 1) * g.out_h);
            // Safety: tasks share no row.
            let y = unsafe { y.part(rows.start * len..rows.end * len) };
            let image = &image[(rows.start - n * g.out_h) * g.stride_h * row_len..];
            forward_rows(g, image, row_len, packed_w, epilogue, y);
        }
    });
    Ok(())
}

/// Rows of y, which see `image` from its start on.
fn forward_rows(g: &Conv2d, image: &[f32], row_len: usize, packed_w: &[f32], epilogue: Epilogue, y: &mut [f32]) {
    let merge = Merge::new(false, Some(epilogue));
    let (run, all) = (g.kernel_w * g.channels, y.len() / g.filters);
    let mut places = (0..all / g.out_w)
        .flat_map(|row| (0..g.out_w).map(move |column| row * g.stride_h * row_len + column * g.stride_w * g.channels));
    for pixel in (0..all).step_by(CONV_MR) {
        let pixels = CONV_MR.min(all - pixel);
        let mut patches = [image.as_ptr(); CONV_MR];
        for (patch, place) in patches.iter_mut().zip(&mut places) {
            *patch = image[place..].as_ptr();
        }
        for column in (0..g.filters).step_by(CONV_NR) {
            let columns = CONV_NR.min(g.filters - column);
            let panel = &packed_w[column * g.patch()..][..CONV_NR * g.patch()];
            let place = y[pixel * g.filters + column..].as_mut_ptr();
            // Safety: every patch is inside the image; columns of the tile that are stored are inside y.
            unsafe {
                let tile = match run {
                    // The common runs of one and three channels, unrolled.
                    3 => multiply_patches(g, 3, row_len, patches, panel),
                    9 => multiply_patches(g, 9, row_len, patches, panel),
                    _ => multiply_patches(g, run, row_len, patches, panel),
                };
                merge.store(&tile, place, g.filters, pixels, columns, column);
            }
        }
    }
}

/// # Safety
/// Each patch is inside the image: `kernel_h` rows of `run` floats.
#[inline(always)]
unsafe fn multiply_patches(
    g: &Conv2d,
    run: usize,
    row_len: usize,
    patches: [*const f32; CONV_MR],
    panel: &[f32],
) -> Tile<CONV_MR, { CONV_NR / LANES }> {
    let mut tile = zero_tile();
    for row in 0..g.kernel_h {
        // Safety: the caller's promise; the panel has the weights of every run.
        unsafe {
            let runs = patches.map(|patch| patch.add(row * g.dilation_h * row_len));
            tile = multiply_rows(tile, run, runs, panel.as_ptr().add(row * run * CONV_NR));
        }
    }
    tile
}

/// `dw = patches^T * dy`, summed over blocks of rows. Needs filters that fill whole tiles.
pub fn backward_filter(
    g: &Conv2d,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    debug_assert!(g.filters.is_multiple_of(CONV_NR));
    let canvas = Canvas::of(g);
    let (count, padded) = (partial_sums(g), canvas.scratch_len(g));
    let [partials, scratch] = workspace.split([PartialSums::scratch_len(count, dw.len()), PerThread::total(padded)])?;
    scratch.fill(0.0);
    let (sums, scratch) = (PartialSums::of(count, dw, partials), PerThread::of(scratch, padded));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let (scratch, dw) = unsafe { (scratch.of_task(task), sums.of_task(task)) };
        dw.fill(0.0);
        for n in share(task.index, count, g.batch) {
            let dy = &dy[n * g.pixels() * g.filters..][..g.pixels() * g.filters];
            filter_image(g, canvas.image(g, x, n, scratch), canvas.width * g.channels, dy, dw);
        }
    });
    sums.add_up();
    Ok(())
}

/// Adds the products of one image to dw.
fn filter_image(g: &Conv2d, image: &[f32], row_len: usize, dy: &[f32], dw: &mut [f32]) {
    let run = g.kernel_w * g.channels;
    // 9 taps are three tiles of 3 rather than two of 4 and one of 1.
    let height = if run.is_multiple_of(3) && !run.is_multiple_of(CONV_MR) { 3 } else { CONV_MR };
    let lines = (BLOCK / (g.out_w * g.filters)).clamp(1, g.out_h);
    for (block, dy) in dy.chunks(lines * g.out_w * g.filters).enumerate() {
        for row in 0..g.kernel_h {
            let image = &image[(block * lines * g.stride_h + row * g.dilation_h) * row_len..];
            for tap in (0..run).step_by(height) {
                let dw = &mut dw[(row * run + tap) * g.filters..];
                let image = &image[tap..];
                match height.min(run - tap) {
                    4 => filter_taps::<4>(g, image, row_len, dy, dw),
                    3 => filter_taps::<3>(g, image, row_len, dy, dw),
                    2 => filter_taps::<2>(g, image, row_len, dy, dw),
                    _ => filter_taps::<1>(g, image, row_len, dy, dw),
                }
            }
        }
    }
}

/// `dw[tap][filter] += sum over the rows of dy of image[pixel + tap] * dy[pixel][filter]` for TAPS neighbouring taps.
fn filter_taps<const TAPS: usize>(g: &Conv2d, image: &[f32], row_len: usize, dy: &[f32], dw: &mut [f32]) {
    let step = g.stride_w * g.channels;
    for column in (0..g.filters).step_by(CONV_NR) {
        let mut tile = [[F32x4::zero(); CONV_NR / LANES]; TAPS];
        for (y, dy) in dy.chunks_exact(g.out_w * g.filters).enumerate() {
            let row = &image[y * g.stride_h * row_len..];
            debug_assert!(row.len() >= (g.out_w - 1) * step + TAPS);
            // Safety: out_w pixels are left in both rows.
            tile = unsafe { filter_row(tile, g.out_w, row.as_ptr(), step, dy[column..].as_ptr(), g.filters) };
        }
        for (tap, sums) in tile.into_iter().enumerate() {
            for (v, sums) in sums.into_iter().enumerate() {
                let place = dw[tap * g.filters + column + v * LANES..][..LANES].as_mut_ptr();
                // Safety: the place was sliced to 4 floats.
                unsafe { (F32x4::load(place) + sums).store(place) }
            }
        }
    }
}

/// # Safety
/// `x` is readable for `pixels` groups of TAPS floats `step` apart, `dy` for as many of CONV_NR, `filters` apart.
#[inline(always)]
unsafe fn filter_row<const TAPS: usize>(
    mut tile: [[F32x4; CONV_NR / LANES]; TAPS],
    pixels: usize,
    mut x: *const f32,
    step: usize,
    mut dy: *const f32,
    filters: usize,
) -> [[F32x4; CONV_NR / LANES]; TAPS] {
    for _ in 0..pixels {
        // Safety: one group of each a pixel; the pointers may end one group behind the last.
        unsafe {
            let (dy0, dy1) = (F32x4::load(dy), F32x4::load(dy.add(LANES)));
            for (tap, sums) in tile.iter_mut().enumerate() {
                let x = F32x4::load_splat(x.add(tap));
                *sums = [x.mul_add(dy0, sums[0]), x.mul_add(dy1, sums[1])];
            }
            x = x.wrapping_add(step);
            dy = dy.wrapping_add(filters);
        }
    }
    tile
}
