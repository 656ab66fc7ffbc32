//! Softmax, its logarithm, and cross-entropy, over the rows of [rows, cols]; some rows a task.

use crate::lanes::F32x4;
use crate::math::{exp, log_scalar};
use crate::parallel::{LEAST, Parts, for_each, share, tasks};
use crate::streams::{extreme, map, map_long, sum, update};

/// y = e^(x - shift); returns Σy. One copy for all.
#[inline(never)]
fn exponentials(x: &[f32], shift: f32, y: &mut [f32]) -> f64 {
    let shift = F32x4::splat(shift);
    let exp = exp();
    map_long([x], y, |[x]| exp(x - shift));
    let [total] = sum([&*y], |[y]| [y]);
    total
}

/// y = eˣ / Σeˣ for each row; x, y [rows, cols]. A row with NaN, or with nothing above -infinity, is NaN.
pub fn softmax_forward(cols: usize, x: &[f32], y: &mut [f32]) {
    for_each_block(cols, [x], y, |_, [x], y| {
        for (x, y) in rows(cols, x).zip(rows_mut(cols, y)) {
            let total = F32x4::splat(exponentials(x, extreme(x, false), y) as f32);
            update::<1, 0, 1>([y], [], |[y], []| [y / total]);
        }
    });
}

/// dx = y·(dy - Σdy·y) for each row; y as the forward pass wrote it.
pub fn softmax_backward(cols: usize, y: &[f32], dy: &[f32], dx: &mut [f32]) {
    for_each_block(cols, [y, dy], dx, |_, [y, dy], dx| {
        for ((y, dy), dx) in rows(cols, y).zip(rows(cols, dy)).zip(rows_mut(cols, dx)) {
            let [dot] = sum([y, dy], |[y, dy]| [y * dy]);
            let dot = F32x4::splat(dot as f32);
            map([y, dy], dx, |[y, dy]| y * (dy - dot));
        }
    });
}

/// y = x - ln Σeˣ for each row; x, y [rows, cols].
pub fn log_softmax_forward(cols: usize, x: &[f32], y: &mut [f32]) {
    for_each_block(cols, [x], y, |_, [x], y| {
        for (x, y) in rows(cols, x).zip(rows_mut(cols, y)) {
            let max = extreme(x, false);
            let log_total = F32x4::splat(log_scalar(exponentials(x, max, y) as f32));
            let max = F32x4::splat(max);
            map([x], y, |[x]| (x - max) - log_total);
        }
    });
}

/// dx = dy - eʸ·Σdy for each row; y as the forward pass wrote it.
pub fn log_softmax_backward(cols: usize, y: &[f32], dy: &[f32], dx: &mut [f32]) {
    for_each_block(cols, [y, dy], dx, |_, [y, dy], dx| {
        for ((y, dy), dx) in rows(cols, y).zip(rows(cols, dy)).zip(rows_mut(cols, dx)) {
            let [total] = sum([dy], |[dy]| [dy]);
            let total = F32x4::splat(total as f32);
            exponentials(y, 0.0, dx);
            update::<1, 1, 2>([dx], [dy], |[p], [dy]| [dy - p * total]);
        }
    });
}

/// loss = Σⱼ tⱼ·(ln Σe^z - zⱼ) for each row, with p = softmax(z).
/// z (logits), t (targets), p (probabilities) [rows, cols]; loss [rows]. A target of 0 adds 0, whatever its logit.
pub fn softmax_cross_entropy_forward(cols: usize, z: &[f32], t: &[f32], loss: &mut [f32], p: &mut [f32]) {
    if cols == 0 {
        return loss.fill(0.0);
    }
    let loss = Parts::of(loss);
    for_each_block(cols, [z, t], p, |first, [z, t], p| {
        // Safety: each row is in one task.
        let loss = unsafe { loss.part(first..first + p.len() / cols) };
        let inputs = rows(cols, z).zip(rows(cols, t));
        for (((z, t), loss), p) in inputs.zip(loss).zip(rows_mut(cols, p)) {
            let max = extreme(z, false);
            let total = exponentials(z, max, p) as f32;
            let (max, log_total) = (F32x4::splat(max), F32x4::splat(log_scalar(total)));
            let [row_loss] = sum([z, t], |[z, t]| {
                let term = t * ((max - z) + log_total);
                [F32x4::from_bits(term.to_bits() & !t.eq(F32x4::zero()))]
            });
            *loss = row_loss as f32;
            let factor = F32x4::splat(1.0 / total);
            update::<1, 0, 1>([p], [], |[p], []| [p * factor]);
        }
    });
}

/// dz = (p·Σt - t)·dloss for each row; p as the forward pass wrote it, dloss [rows].
pub fn softmax_cross_entropy_backward(cols: usize, p: &[f32], t: &[f32], dloss: &[f32], dz: &mut [f32]) {
    for_each_block(cols, [p, t], dz, |first, [p, t], dz| {
        for (((p, t), &dloss), dz) in rows(cols, p).zip(rows(cols, t)).zip(&dloss[first..]).zip(rows_mut(cols, dz)) {
            let [total] = sum([t], |[t]| [t]);
            let (total, dloss) = (F32x4::splat(total as f32), F32x4::splat(dloss));
            map([p, t], dz, |[p, t]| (p * total - t) * dloss);
        }
    });
}

/// `work` for blocks of rows: the number of the first, the block of each x, and that of y.
fn for_each_block<const K: usize>(
    cols: usize,
    x: [&[f32]; K],
    y: &mut [f32],
    work: impl Fn(usize, [&[f32]; K], &mut [f32]) + Sync,
) {
    let rows = y.len() / cols.max(1);
    let (count, y) = (tasks(rows, LEAST.div_ceil(cols.max(1))), Parts::of(y));
    for_each(count, |task| {
        let block = share(task.index, count, rows);
        let range = block.start * cols..block.end * cols;
        // Safety: each row is in one task.
        work(block.start, x.map(|x| &x[range.clone()]), unsafe { y.part(range.clone()) });
    });
}

fn rows(cols: usize, x: &[f32]) -> impl Iterator<Item = &[f32]> {
    x.chunks_exact(cols.max(1))
}

fn rows_mut(cols: usize, x: &mut [f32]) -> impl Iterator<Item = &mut [f32]> {
    x.chunks_exact_mut(cols.max(1))
}
