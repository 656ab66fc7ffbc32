//! Matrix products: `C = epilogue(op(A) op(B))`, all row-major; the epilogue is bias, activation, normalization.
//!
//! [`tile`] is the micro-kernel and explains the block sizes, [`pack`] lays out its operands, [`blocks`] has the five
//! loops of the BLIS paper around it, [`epilogue`] what happens on the way to memory, [`few_rows`] the products that
//! are too small for packing. Every sum runs over the depth in the same order whatever the tile it falls in.

pub(crate) mod blocks;
pub(crate) mod epilogue;
mod few_rows;
pub(crate) mod pack;
pub(crate) mod tile;

use crate::parallel::{self, PerThread};
use crate::workspace::{OutOfMemory, Workspace};
use blocks::{block_a_len, block_b_len, multiply};
use pack::Matrix;

pub use epilogue::{Activation, Epilogue, Normalization};

/// Multiplications that are worth a task: some 5 us.
const LEAST_PRODUCTS: usize = 128 * 1024;

/// `C[m, n] = normalization(activation(op(A) op(B) + bias))`, as far as the epilogue has them.
///
/// `a` is `[m, k]`, or `[k, m]` when `transpose_a`; `b` is `[k, n]`, or `[n, k]` when `transpose_b`; `bias` has `n`
/// values. `c` is overwritten. A depth of 0 leaves the epilogue of 0. Sums are float32, in blocks of 256.
pub fn matmul(
    transpose_a: bool,
    transpose_b: bool,
    m: usize,
    n: usize,
    k: usize,
    a: &[f32],
    b: &[f32],
    epilogue: Epilogue,
    c: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    debug_assert!(a.len() >= m * k && b.len() >= k * n && c.len() >= m * n);
    debug_assert!(epilogue.bias.is_none_or(|bias| bias.len() >= n));
    if m == 0 || n == 0 {
        return Ok(());
    }
    let c = &mut c[..m * n];
    let b = Matrix { data: b, stride: if transpose_b { k } else { n }, transposed: transpose_b };
    if m < few_rows::LIMIT && !transpose_a {
        few_rows::multiply(n, k, a, b, c, epilogue);
    } else {
        let a = Matrix { data: a, stride: if transpose_a { m } else { k }, transposed: transpose_a };
        let block_a = block_a_len(a, m, n, k);
        let [packed_a, packed_b] = workspace.split([PerThread::total(block_a), block_b_len(n, k)])?;
        let packed_a = PerThread::of(packed_a, block_a);
        let tasks = parallel::tasks(m * n * k, LEAST_PRODUCTS);
        multiply(m, n, k, a, b, c, false, epilogue, tasks, &packed_a, packed_b);
    }
    Ok(())
}
