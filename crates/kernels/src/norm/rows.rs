//! Normalization of rows by their own statistics, γ and β per column: layer normalization over the last axes (Ba, Kiros
//! and Hinton 2016), and without centring RMS normalization (Zhang and Sennrich 2019).

use super::moments::Moment;
use super::{Affine, Gradients};
use crate::lanes::F32x4;
use crate::parallel::{LEAST, Parts, for_each, partials, share, tasks};
use crate::streams::{ONCE, Source, UNROLL, absorb, stream, sum};
use crate::workspace::{LINE, OutOfMemory, Workspace, doubles};

/// Rows of `cols` values; γ and β are [cols].
#[derive(Clone, Copy, Debug)]
pub struct Rows {
    pub cols: usize,
    /// Whether the mean is taken off: not for RMS normalization, which has no β either.
    pub centred: bool,
    pub epsilon: f64,
}

/// Numbers kept of each row.
pub const ROW_STATISTICS: usize = 3;

/// Rows whose float32 sums are merged into float64 at once.
const BLOCK: usize = 64;

/// x̂ = (x - mean)·rstd + rest, the rest being what rounding took from the mean.
#[derive(Clone, Copy)]
struct Normalized([F32x4; ROW_STATISTICS]);

impl Normalized {
    fn new(statistics: [f32; ROW_STATISTICS]) -> Self {
        Self(statistics.map(F32x4::splat))
    }

    #[inline(always)]
    fn of(self, x: F32x4) -> F32x4 {
        let Self([mean, rstd, rest]) = self;
        (x - mean) * rstd + rest
    }
}

/// y = γ·x̂ + β with x̂ = (x - mean)·rstd of each row, or x / √(mean x² + ε) uncentred; x, y [rows, cols].
/// Writes y, and statistics [rows, 3] for the backward pass.
pub fn norm_rows_forward(shape: Rows, x: &[f32], affine: Affine, statistics: &mut [f32], y: &mut [f32]) {
    let Rows { cols, .. } = shape;
    let rows = x.len() / cols.max(1);
    let count = tasks(rows, LEAST.div_ceil(cols.max(1)));
    let (statistics, y) = (Parts::of(statistics), Parts::of(y));
    let (one, zero) = ([1.0; 4], [0.0; 4]);
    let each = |values: Option<&[f32]>, absent: &[f32; 4]| match values {
        Some(values) => Source { start: values.as_ptr(), step: 1 },
        None => Source { start: absent.as_ptr(), step: 0 },
    };
    for_each(count, |task| {
        for row in share(task.index, count, rows) {
            let x = &x[row * cols..][..cols];
            let numbers = row_statistics(shape, x);
            let normalized = Normalized::new(numbers);
            let read = [Source { start: x.as_ptr(), step: 1 }, each(affine.gamma, &one), each(affine.beta, &zero)];
            // Safety: this row is in one task; γ and β have its length, or are four numbers over and over.
            unsafe {
                statistics.part(row * ROW_STATISTICS..(row + 1) * ROW_STATISTICS).copy_from_slice(&numbers);
                let y = y.part(row * cols..(row + 1) * cols);
                stream::<3, 1, UNROLL>(cols, read, [y.as_mut_ptr()], |[x, gamma, beta]| {
                    [normalized.of(x) * gamma + beta]
                });
            }
        }
    });
}

/// dβ = Σg, dγ = Σg·x̂ over the rows; with h = γ·g and means over each row,
/// dx = rstd·(h - mean h - x̂·mean(h·x̂)), without mean h where the rows are uncentred. x, dy, dx [rows, cols]; the
/// statistics as the forward pass wrote them. Absent gradients are skipped, but for dx.
pub fn norm_rows_backward(
    shape: Rows,
    x: &[f32],
    statistics: &[f32],
    gamma: Option<&[f32]>,
    dy: &[f32],
    mut gradients: Gradients,
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    let Rows { cols, centred, .. } = shape;
    let rows = x.len() / cols.max(1);
    let count = partials(rows, LEAST.div_ceil(cols.max(1)));
    let line = cols.next_multiple_of(LINE);
    // For each part Σg·x̂ and Σg: float64 totals, and float32 blocks.
    let [ones, sums] = workspace.split([line, count * 6 * line])?;
    ones.fill(1.0);
    let gamma = gamma.unwrap_or(&ones[..cols]);
    let parts = Parts::of(sums);
    let dx = Parts::of(gradients.dx.take().expect("dx is wanted"));
    for_each(count, |task| {
        // Safety: each task has its own part.
        let part = unsafe { parts.part(task.index * 6 * line..(task.index + 1) * 6 * line) };
        part.fill(0.0);
        let (blocks, totals) = part.split_at_mut(2 * line);
        let range = share(task.index, count, rows);
        for row in range.clone() {
            let at = row * cols..(row + 1) * cols;
            let (x, dy) = (&x[at.clone()], &dy[at.clone()]);
            let numbers = core::array::from_fn(|i| statistics[row * ROW_STATISTICS + i]);
            let normalized = Normalized::new(numbers);
            let [sum_h, sum_hx] = sum([x, dy, gamma], |[x, g, gamma]| {
                let h = g * gamma;
                [h, h * normalized.of(x)]
            });
            let mean = F32x4::splat(if centred { (sum_h / cols as f64) as f32 } else { 0.0 });
            let (slope, rstd) = (F32x4::splat((sum_hx / cols as f64) as f32), F32x4::splat(numbers[1]));
            // Safety: this row is in one task, and all have its length.
            unsafe {
                let dx = dx.part(at);
                let [gamma_sums, beta_sums] = [blocks.as_mut_ptr(), blocks.as_mut_ptr().add(line)];
                let read = [x.as_ptr(), dy.as_ptr(), gamma.as_ptr(), gamma_sums.cast_const(), beta_sums.cast_const()]
                    .map(|start| Source { start, step: 1 });
                let write = [dx.as_mut_ptr(), gamma_sums, beta_sums];
                stream::<5, 3, ONCE>(cols, read, write, |[x, g, gamma, gamma_sum, beta_sum]| {
                    let x = normalized.of(x);
                    [rstd * (g * gamma - mean - x * slope), gamma_sum + g * x, beta_sum + g]
                });
            }
            if (row + 1 - range.start).is_multiple_of(BLOCK) || row + 1 == range.end {
                absorb(doubles(totals), blocks);
            }
        }
    });
    let (first, others) = sums.split_at_mut(6 * line);
    let totals = doubles(&mut first[2 * line..]);
    for part in others.chunks_exact_mut(6 * line) {
        totals.iter_mut().zip(doubles(&mut part[2 * line..])).for_each(|(total, part)| *total += *part);
    }
    for column in 0..cols {
        gradients.store(column, totals[column], totals[line + column]);
    }
    Ok(())
}

fn row_statistics(shape: Rows, x: &[f32]) -> [f32; ROW_STATISTICS] {
    let moment = if shape.centred { Moment::of(x) } else { Moment::around_zero(x) };
    let rstd = super::reciprocal_deviation(moment.variance, shape.epsilon);
    let mean = moment.mean as f32;
    let lost = moment.mean - f64::from(mean);
    [mean, rstd as f32, if lost == 0.0 { 0.0 } else { (-lost * rstd) as f32 }]
}
