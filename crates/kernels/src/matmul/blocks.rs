//! The loops around the micro-kernel, numbered from the outside in as in Van Zee and van de Geijn, "BLIS" (2015).

use super::epilogue::{Epilogue, Merge};
use super::pack::{Matrix, pack_a, pack_b, packed_a_len, packed_b_len};
use super::tile::{KC, MC, MR, NC, NR, multiply_columns, multiply_rows, zero_tile};

/// A block of A: rows where they lie, or packed panels.
#[derive(Clone, Copy)]
enum BlockA<'a> {
    Rows { data: &'a [f32], stride: usize },
    Panels(&'a [f32]),
}

/// Floats of scratch that the blocks of A take: none where its rows are read in place.
pub fn block_a_len(a: Matrix, m: usize, k: usize) -> usize {
    if a.transposed { packed_a_len(m.min(MC), k.min(KC)) } else { 0 }
}

/// Floats of scratch that the blocks of B take.
pub fn block_b_len(n: usize, k: usize) -> usize {
    packed_b_len(k.min(KC), n.min(NC))
}

/// `C = epilogue(A B)` for C of `m` rows, `n` columns, rows `n` apart; `accumulate` adds to what C holds. Scratch of
/// [`block_a_len`] and [`block_b_len`].
pub fn multiply(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    b: Matrix,
    c: &mut [f32],
    accumulate: bool,
    epilogue: Epilogue,
    packed_a: &mut [f32],
    packed_b: &mut [f32],
) {
    // Loop 5: columns of B and C, NC at a time.
    for column in (0..n).step_by(NC) {
        let columns = NC.min(n - column);
        // Loop 4: the depth, KC at a time. A depth of 0 still has its epilogue.
        for depth in (0..k.max(1)).step_by(KC) {
            let kb = KC.min(k - depth);
            pack_b(b.from(depth, column), kb, columns, packed_b);
            let merge = Merge {
                accumulate: accumulate || depth > 0,
                epilogue: (depth + kb == k).then_some(epilogue.columns_from(column)),
            };
            multiply_depth(m, columns, kb, a.from(0, depth), packed_b, &mut c[column..], n, merge, packed_a);
        }
    }
}

/// All of B (`k` x `n`) packed at once, for many products with the same B: one depth block after the other.
pub fn pack_whole_b(b: Matrix, k: usize, n: usize, packed: &mut [f32]) {
    for depth in (0..k).step_by(KC) {
        let kb = KC.min(k - depth);
        pack_b(b.from(depth, 0), kb, n, &mut packed[packed_b_len(depth, n)..]);
    }
}

/// [`multiply`] with B from [`pack_whole_b`] and scratch of [`block_a_len`].
pub fn multiply_packed(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    packed_b: &[f32],
    c: &mut [f32],
    epilogue: Epilogue,
    packed_a: &mut [f32],
) {
    for depth in (0..k.max(1)).step_by(KC) {
        let kb = KC.min(k - depth);
        let merge = Merge { accumulate: depth > 0, epilogue: (depth + kb == k).then_some(epilogue) };
        let b = &packed_b[packed_b_len(depth, n)..];
        multiply_depth(m, n, kb, a.from(0, depth), b, c, n, merge, packed_a);
    }
}

/// Loop 3: rows of A and C, MC at a time.
fn multiply_depth(
    m: usize,
    n: usize,
    k: usize,
    a: Matrix,
    packed_b: &[f32],
    c: &mut [f32],
    stride: usize,
    merge: Merge,
    packed_a: &mut [f32],
) {
    for row in (0..m).step_by(MC) {
        let rows = MC.min(m - row);
        let a = a.from(row, 0);
        let a = if a.transposed {
            pack_a(a, rows, k, packed_a);
            BlockA::Panels(packed_a)
        } else {
            BlockA::Rows { data: a.data, stride: a.stride }
        };
        multiply_block(rows, n, k, a, packed_b, &mut c[row * stride..], stride, &merge);
    }
}

/// Loops 2 and 1: the panels of B, which stay in L1, against all tiles of a block of A, which stays in L2.
fn multiply_block(m: usize, n: usize, k: usize, a: BlockA, b: &[f32], c: &mut [f32], stride: usize, merge: &Merge) {
    debug_assert!(m == 0 || n == 0 || c.len() >= (m - 1) * stride + n);
    debug_assert!(b.len() >= packed_b_len(k, n));
    let c = c.as_mut_ptr();
    // Loop 2.
    for column in (0..n).step_by(NR) {
        let columns = NR.min(n - column);
        let panel = b[column * k..].as_ptr();
        // Loop 1.
        for row in (0..m).step_by(MR) {
            let rows = MR.min(m - row);
            // Safety: the asserts above; rows beyond the last one are read from the last one and never stored.
            unsafe {
                let tile = match a {
                    BlockA::Rows { data, stride } => {
                        debug_assert!(data.len() >= (m - 1) * stride + k);
                        let pointers = core::array::from_fn(|r| data.as_ptr().add((row + r.min(rows - 1)) * stride));
                        multiply_rows(zero_tile(), k, pointers, panel)
                    }
                    BlockA::Panels(panels) => {
                        debug_assert!(panels.len() >= packed_a_len(m, k));
                        multiply_columns(zero_tile(), k, panels.as_ptr().add(row * k), MR, panel, NR)
                    }
                };
                merge.store(&tile, c.add(row * stride + column), stride, rows, columns, column);
            }
        }
    }
}
