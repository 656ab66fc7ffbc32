//! Depthwise convolution: every filter sees one channel, so that there is no matrix product. Vectors lie along the
//! filters, one behind the other in x, w and y; where a channel has several filters, x is spread first: every channel
//! repeated for each.

use super::geometry::{Conv2d, taps};
use super::partial::{PartialSums, partial_sums};
use super::steps::Steps;
use crate::lanes::{F32x4, LANES};
use crate::matmul::Epilogue;
use crate::parallel::{Parts, PerThread, for_each, share, tasks};
use crate::workspace::{OutOfMemory, Workspace};

/// Floats of y or dx in a task, at least.
const TASK: usize = 16 * 1024;
/// Vectors summed together.
const VECTORS: usize = 4;
const WIDTH: usize = VECTORS * LANES;

/// Floats of a spread image; none where x serves.
fn spread_len(g: &Conv2d) -> usize {
    if g.group_filters() == 1 { 0 } else { g.height * g.width * g.filters }
}

/// Image `n` of x, a pixel as long as one of y.
fn spread<'a>(g: &Conv2d, x: &'a [f32], n: usize, scratch: &'a mut [f32]) -> &'a [f32] {
    let image = &x[n * g.image()..][..g.image()];
    if g.group_filters() == 1 {
        return image;
    }
    for (filters, &channel) in scratch.chunks_exact_mut(g.group_filters()).zip(image) {
        filters.fill(channel);
    }
    scratch
}

/// `y = epilogue(sum over p, q of x[i s + p d - pad, j s + q d - pad] w[p, q])` for each filter.
pub fn forward(
    g: &Conv2d,
    x: &[f32],
    w: &[f32],
    epilogue: Epilogue,
    y: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let mine = spread_len(g);
    let [scratch] = workspace.split([PerThread::total(mine)])?;
    let (scratch, y) = (PerThread::of(scratch, mine), Parts::of(y));
    let (rows, len) = (g.batch * g.out_h, g.out_w * g.filters);
    let count = tasks(rows, TASK.div_ceil(len));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let scratch = unsafe { scratch.of_task(task) };
        let rows = share(task.index, count, rows);
        for n in rows.start / g.out_h..rows.end.div_ceil(g.out_h) {
            let image = spread(g, x, n, scratch);
            for row in rows.start.max(n * g.out_h)..rows.end.min((n + 1) * g.out_h) {
                // Safety: tasks share no row.
                let y = unsafe { y.part(row * len..(row + 1) * len) };
                let in_rows = Steps::of_output(row - n * g.out_h, g.vertical());
                for (column, y) in y.chunks_exact_mut(g.filters).enumerate() {
                    let in_columns = Steps::of_output(column, g.horizontal());
                    sum_taps(g, [in_rows, in_columns], image, g.width, w, y);
                }
                epilogue.finish_rows(y, g.filters);
            }
        }
    });
    Ok(())
}

/// `dx = sum over the taps p, q through which a pixel was seen of dy[i, j] w[p, q]`, then over a channel's filters.
pub fn backward_input(
    g: &Conv2d,
    dy: &[f32],
    w: &[f32],
    dx: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let mine = if g.group_filters() == 1 { 0 } else { g.filters };
    let [scratch] = workspace.split([PerThread::total(mine)])?;
    let (scratch, dx) = (PerThread::of(scratch, mine), Parts::of(dx));
    let (rows, len) = (g.batch * g.height, g.width * g.channels);
    let count = tasks(rows, TASK.div_ceil(len));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let pixel = unsafe { scratch.of_task(task) };
        for row in share(task.index, count, rows) {
            // Safety: tasks share no row.
            let dx = unsafe { dx.part(row * len..(row + 1) * len) };
            let image = &dy[row / g.height * g.pixels() * g.filters..][..g.pixels() * g.filters];
            let in_rows = Steps::of_input(row % g.height, g.vertical());
            for (column, dx) in dx.chunks_exact_mut(g.channels).enumerate() {
                let steps = [in_rows, Steps::of_input(column, g.horizontal())];
                if g.group_filters() == 1 {
                    sum_taps(g, steps, image, g.out_w, w, dx);
                } else {
                    sum_taps(g, steps, image, g.out_w, w, pixel);
                    for (dx, filters) in dx.iter_mut().zip(pixel.chunks_exact(g.group_filters())) {
                        *dx = filters.iter().sum();
                    }
                }
            }
        }
    });
    Ok(())
}

/// `dw[p, q] = sum over images and pixels of x[i s + p d - pad, j s + q d - pad] dy[i, j]` for each filter.
pub fn backward_filter(
    g: &Conv2d,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let (count, mine) = (partial_sums(g), spread_len(g));
    let [partials, scratch] = workspace.split([PartialSums::scratch_len(count, dw.len()), PerThread::total(mine)])?;
    let (sums, scratch) = (PartialSums::of(count, dw, partials), PerThread::of(scratch, mine));
    for_each(count, |task| {
        // Safety: this is the task that runs.
        let (scratch, dw) = unsafe { (scratch.of_task(task), sums.of_task(task)) };
        dw.fill(0.0);
        for n in share(task.index, count, g.batch) {
            let image = spread(g, x, n, scratch);
            for row in 0..g.out_h {
                let dy = &dy[(n * g.out_h + row) * g.out_w * g.filters..][..g.out_w * g.filters];
                for p in g.kernel_rows(row) {
                    let line = (row * g.stride_h + p * g.dilation_h - g.pad_top) * g.width * g.filters;
                    filter_row(g, &image[line..][..g.width * g.filters], dy, &mut dw[p * g.kernel_w * g.filters..]);
                }
            }
        }
    });
    sums.add_up();
    Ok(())
}

/// `dw[q] += sum over a row's pixels of x[j s + q d - pad] dy[j]`: summed by itself first, so that sums stay short.
fn filter_row(g: &Conv2d, x: &[f32], dy: &[f32], dw: &mut [f32]) {
    for (q, dw) in dw.chunks_exact_mut(g.filters).take(g.kernel_w).enumerate() {
        let pixels = taps(q * g.dilation_w, g.stride_w, g.pad_left, g.out_w, g.width);
        if pixels.is_empty() {
            continue;
        }
        let x = &x[(pixels.start * g.stride_w + q * g.dilation_w - g.pad_left) * g.filters..];
        let dy = &dy[pixels.start * g.filters..];
        let products = Products {
            count: [1, pixels.len()],
            a: x.as_ptr(),
            a_steps: [0, (g.stride_w * g.filters) as isize],
            b: dy.as_ptr(),
            b_steps: [0, g.filters as isize],
        };
        // Safety: x and dy have as many pixels from there on.
        unsafe { products.sum(true, dw) }
    }
}

/// `to = sum over the steps of from * w` for a pixel of all filters, in rows of `width` pixels.
fn sum_taps(g: &Conv2d, [rows, columns]: [Steps; 2], from: &[f32], width: usize, w: &[f32], to: &mut [f32]) {
    let (pixel, line) = (g.filters as isize, (width * g.filters) as isize);
    let start = (rows.place * width + columns.place) * g.filters;
    let tap = (rows.tap * g.kernel_w + columns.tap) * g.filters;
    let products = Products {
        count: [rows.count, columns.count],
        a: from.as_ptr().wrapping_add(start),
        a_steps: [rows.place_step * line, columns.place_step * pixel],
        b: w.as_ptr().wrapping_add(tap),
        b_steps: [(rows.tap_step * g.kernel_w) as isize * pixel, columns.tap_step as isize * pixel],
    };
    // Safety: the steps stay inside.
    unsafe { products.sum(false, to) }
}

/// `sum over i < count[0], j < count[1] of a[i, j] b[i, j]`, each a pixel, their steps in floats.
struct Products {
    count: [usize; 2],
    a: *const f32,
    a_steps: [isize; 2],
    b: *const f32,
    b_steps: [isize; 2],
}

impl Products {
    /// Writes the sum to `to`, a pixel, or adds it. In one place for all, as it is long.
    ///
    /// # Safety
    /// Every pixel of a and b is readable for as many floats as `to` has.
    #[inline(never)]
    unsafe fn sum(&self, add: bool, to: &mut [f32]) {
        let store = |to: &mut [f32], sums: F32x4| {
            let (place, lanes) = (to.as_mut_ptr(), to.len());
            // Safety: `to` has as many lanes.
            unsafe {
                let sums = if add { F32x4::load_partial(place, lanes) + sums } else { sums };
                sums.store_partial(place, lanes);
            }
        };
        let whole = to.len() / WIDTH * WIDTH;
        let (blocks, rest) = to.split_at_mut(whole);
        for (i, block) in blocks.chunks_exact_mut(WIDTH).enumerate() {
            // Safety: the caller's promise.
            let sums = unsafe { self.sum_columns::<VECTORS>(i * WIDTH, LANES) };
            block.chunks_exact_mut(LANES).zip(sums).for_each(|(to, sums)| store(to, sums));
        }
        for (i, to) in rest.chunks_mut(LANES).enumerate() {
            // Safety: the caller's promise.
            let [sums] = unsafe { self.sum_columns::<1>(whole + i * LANES, to.len()) };
            store(to, sums);
        }
    }

    /// # Safety
    /// Every pixel of a and b is readable from `column` on for V vectors of `lanes`.
    #[inline(always)]
    unsafe fn sum_columns<const V: usize>(&self, column: usize, lanes: usize) -> [F32x4; V] {
        let mut sums = [F32x4::zero(); V];
        let (mut a_line, mut b_line) = (self.a.wrapping_add(column), self.b.wrapping_add(column));
        for _ in 0..self.count[0] {
            let (mut a, mut b) = (a_line, b_line);
            for _ in 0..self.count[1] {
                for (v, sum) in sums.iter_mut().enumerate() {
                    // Safety: the caller's promise.
                    let load = |from: *const f32| unsafe { F32x4::load_partial(from.add(v * LANES), lanes) };
                    *sum = load(a).mul_add(load(b), *sum);
                }
                (a, b) = (a.wrapping_offset(self.a_steps[1]), b.wrapping_offset(self.b_steps[1]));
            }
            a_line = a_line.wrapping_offset(self.a_steps[0]);
            b_line = b_line.wrapping_offset(self.b_steps[0]);
        }
        sums
    }
}
