//! The loops around the micro-kernel, numbered from the outside in as in Van Zee and van de Geijn, "BLIS" (2015).
//!
//! The rows of a block are cut into tasks: every element of C is one sum in one order, whoever computes it.

use super::epilogue::{Epilogue, Merge};
use super::pack::{Matrix, pack_a, pack_b, packed_b_len};
use super::tile::{KC, MC, MR, NC, NR, multiply_rows, zero_tile};
use crate::lanes::LANES;
use crate::parallel::{self, Parts, PerThread, share};

/// From this many columns on, rows of A are worth copying into one piece: every row is on a page of its own where it
/// lies, and the pages are looked up again for every panel of B (1024 columns: 6 % faster; 128: 3 % slower).
const WIDE: usize = 256;

/// Rows that a task has at least.
const LEAST_ROWS: usize = 16;

/// Floats of scratch that a block of A takes on each thread: none where its rows are read in place.
pub fn block_a_len(a: Matrix, m: usize, n: usize, k: usize) -> usize {
    if is_packed(a, n) { m.min(MC) * k.min(KC) } else { 0 }
}

fn is_packed(a: Matrix, n: usize) -> bool {
    a.transposed || n >= WIDE
}

/// Floats of scratch that the blocks of B take.
pub fn block_b_len(n: usize, k: usize) -> usize {
    packed_b_len::<NR>(k.min(KC), n.min(NC))
}

/// `C = epilogue(A B)` for C of `m` rows, `n` columns, rows `n` apart; `accumulate` adds to what C holds. On up to
/// `tasks` threads, whose scratch is [`block_a_len`] each, and [`block_b_len`] for all.
pub fn multiply(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    b: Matrix,
    c: &mut [f32],
    accumulate: bool,
    epilogue: Epilogue,
    tasks: usize,
    packed_a: &PerThread,
    packed_b: &mut [f32],
) {
    // Loop 5: columns of B and C, NC at a time.
    for column in (0..n).step_by(NC) {
        let columns = NC.min(n - column);
        // Loop 4: the depth, KC at a time. A depth of 0 still has its epilogue.
        for depth in (0..k.max(1)).step_by(KC) {
            let kb = KC.min(k - depth);
            pack_panels(b.from(depth, column), kb, columns, tasks, packed_b);
            let last = (depth + kb == k).then_some(epilogue.columns_from(column));
            let merge = Merge::new(accumulate || depth > 0, last);
            multiply_depth(m, columns, kb, a.from(0, depth), packed_b, &mut c[column..], n, merge, tasks, packed_a);
        }
    }
}

/// All of B (`k` x `n`) packed at once, for many products with the same B: one depth block after the other.
pub fn pack_whole_b(b: Matrix, k: usize, n: usize, packed: &mut [f32]) {
    for depth in (0..k).step_by(KC) {
        let kb = KC.min(k - depth);
        pack_b::<NR>(b.from(depth, 0), kb, n, &mut packed[packed_b_len::<NR>(depth, n)..]);
    }
}

/// [`multiply`] by the running task alone, with B from [`pack_whole_b`] and scratch of [`block_a_len`]; rows of C are
/// `stride` apart.
pub fn multiply_packed(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    packed_b: &[f32],
    c: &mut [f32],
    stride: usize,
    accumulate: bool,
    epilogue: Epilogue,
    packed_a: &mut [f32],
) {
    for depth in (0..k.max(1)).step_by(KC) {
        let kb = KC.min(k - depth);
        let merge = Merge::new(accumulate || depth > 0, (depth + kb == k).then_some(epilogue));
        let b = &packed_b[packed_b_len::<NR>(depth, n)..];
        multiply_rows_of(m, n, kb, a.from(0, depth), b, c, stride, &merge, packed_a);
    }
}

/// Panels are packed side by side: each thread some of them.
fn pack_panels(b: Matrix, k: usize, columns: usize, tasks: usize, packed: &mut [f32]) {
    let panels = columns.div_ceil(NR);
    let count = tasks.min(panels);
    let packed = Parts::of(&mut packed[..packed_b_len::<NR>(k, columns)]);
    parallel::for_each(count, |task| {
        let panels = share(task.index, count, panels);
        let end = columns.min(panels.end * NR);
        // Safety: tasks share no panel.
        let packed = unsafe { packed.part(panels.start * NR * k..panels.end * NR * k) };
        pack_b::<NR>(b.from(0, panels.start * NR), k, end - panels.start * NR, packed);
    });
}

/// Loop 3 cut into tasks: each has its rows of A and C.
fn multiply_depth(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    packed_b: &[f32],
    c: &mut [f32],
    stride: usize,
    merge: Merge,
    tasks: usize,
    packed_a: &PerThread,
) {
    let tiles = m.div_ceil(MR);
    let count = tasks.min(m.div_ceil(LEAST_ROWS));
    let c = Parts::of(c);
    parallel::for_each(count, |task| {
        let tiles = share(task.index, count, tiles);
        let (start, end) = (tiles.start * MR, m.min(tiles.end * MR));
        // Safety: tasks share no row.
        let (c, packed_a) = unsafe { (c.part(start * stride..(end - 1) * stride + n), packed_a.of_task(task)) };
        multiply_rows_of(end - start, n, k, a.from(start, 0), packed_b, c, stride, &merge, packed_a);
    });
}

/// Loop 3: rows of A and C, MC at a time.
fn multiply_rows_of(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    packed_b: &[f32],
    c: &mut [f32],
    stride: usize,
    merge: &Merge,
    packed_a: &mut [f32],
) {
    for row in (0..m).step_by(MC) {
        let rows = MC.min(m - row);
        let mut a = a.from(row, 0);
        if k > 0 && !packed_a.is_empty() {
            pack_a(a, rows, k, packed_a);
            a = Matrix::rows(packed_a, k);
        }
        multiply_block(rows, n, k, a, packed_b, &mut c[row * stride..], stride, merge);
    }
}

/// Loops 2 and 1: the panels of B, which stay in L1, against all tiles of a block of A, which stays in L2.
fn multiply_block(m: usize, n: usize, k: usize, a: Matrix, b: &[f32], c: &mut [f32], stride: usize, merge: &Merge) {
    debug_assert!(m == 0 || k == 0 || (!a.transposed && a.data.len() >= (m - 1) * a.stride + k));
    debug_assert!(m == 0 || n == 0 || c.len() >= (m - 1) * stride + n);
    debug_assert!(b.len() >= packed_b_len::<NR>(k, n));
    let (a, a_stride, c) = (a.data.as_ptr(), a.stride, c.as_mut_ptr());
    // Loop 2.
    for column in (0..n).step_by(NR) {
        let columns = NR.min(n - column);
        let panel = b[column * k..].as_ptr();
        // Loop 1.
        for row in (0..m).step_by(MR) {
            let rows = MR.min(m - row);
            // Safety: the asserts above; rows beyond the last one are read from the last one and never stored.
            unsafe {
                let pointers = core::array::from_fn(|r| a.wrapping_add((row + r.min(rows - 1)) * a_stride));
                let tile = multiply_rows::<MR, { NR / LANES }>(zero_tile(), k, pointers, panel);
                merge.store(&tile, c.add(row * stride + column), stride, rows, columns, column);
            }
        }
    }
}
