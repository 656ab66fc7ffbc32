//! Packing: blocks of A and B copied into panels that the micro-kernel reads front to back.

use super::tile::{MR, NR};
use crate::lanes::{F32x4, LANES};

/// A row-major matrix, or its transpose: element (row, column) is `data[row * stride + column]`, or
/// `data[column * stride + row]` when transposed.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    pub data: &'a [f32],
    pub stride: usize,
    pub transposed: bool,
}

impl<'a> Matrix<'a> {
    pub fn rows(data: &'a [f32], stride: usize) -> Self {
        Self { data, stride, transposed: false }
    }

    pub fn transposed(data: &'a [f32], stride: usize) -> Self {
        Self { data, stride, transposed: true }
    }

    #[inline(always)]
    pub fn index(&self, row: usize, column: usize) -> usize {
        if self.transposed { column * self.stride + row } else { row * self.stride + column }
    }

    /// The matrix of `self`'s rows from `row` and columns from `column` on.
    pub fn from(&self, row: usize, column: usize) -> Self {
        let start = self.index(row, column).min(self.data.len());
        Self { data: &self.data[start..], ..*self }
    }

    fn transpose(self) -> Self {
        Self { transposed: !self.transposed, ..self }
    }
}

/// Floats that `columns` of B take when packed to depth `k`: whole panels, the last one filled up with zeros.
pub fn packed_b_len(k: usize, columns: usize) -> usize {
    k * columns.next_multiple_of(NR)
}

/// Floats that `rows` of A take when packed to depth `k`.
pub fn packed_a_len(rows: usize, k: usize) -> usize {
    k * rows.next_multiple_of(MR)
}

/// `B -> B~`: the panel of columns 8p..8p+8 is `k` rows of 8 floats.
pub fn pack_b(b: Matrix, k: usize, columns: usize, packed: &mut [f32]) {
    pack::<NR>(b, k, columns, packed);
}

/// `A -> A~`: the panel of rows 4p..4p+4 is `k` columns of 4 floats.
pub fn pack_a(a: Matrix, rows: usize, k: usize, packed: &mut [f32]) {
    pack::<MR>(a.transpose(), k, rows, packed);
}

/// Panels of `WIDTH` columns of a `k` x `columns` matrix.
fn pack<const WIDTH: usize>(matrix: Matrix, k: usize, columns: usize, packed: &mut [f32]) {
    if k == 0 {
        return;
    }
    for (p, panel) in packed.chunks_exact_mut(k * WIDTH).take(columns.div_ceil(WIDTH)).enumerate() {
        let first = p * WIDTH;
        let width = WIDTH.min(columns - first);
        let source = matrix.from(0, first);
        if width < WIDTH {
            pack_edge::<WIDTH>(source, k, width, panel);
        } else if matrix.transposed {
            pack_transposed::<WIDTH>(source, k, panel);
        } else {
            for (i, row) in panel.chunks_exact_mut(WIDTH).enumerate() {
                row.copy_from_slice(&source.data[i * source.stride..][..WIDTH]);
            }
        }
    }
}

fn pack_edge<const WIDTH: usize>(source: Matrix, k: usize, width: usize, panel: &mut [f32]) {
    for (i, row) in panel.chunks_exact_mut(WIDTH).enumerate().take(k) {
        for (j, value) in row.iter_mut().enumerate() {
            *value = if j < width { source.data[source.index(i, j)] } else { 0.0 };
        }
    }
}

/// Columns that lie along the memory: 4 x 4 squares turned in registers.
fn pack_transposed<const WIDTH: usize>(source: Matrix, k: usize, panel: &mut [f32]) {
    let squares = k / LANES * LANES;
    for j in (0..WIDTH).step_by(LANES) {
        for i in (0..squares).step_by(LANES) {
            let column = |c: usize| &source.data[(j + c) * source.stride + i..][..LANES];
            // Safety: each column was sliced to 4 floats.
            let columns = [0, 1, 2, 3].map(|c| unsafe { F32x4::load(column(c).as_ptr()) });
            for (r, row) in F32x4::transpose(columns).into_iter().enumerate() {
                let target = &mut panel[(i + r) * WIDTH + j..][..LANES];
                // Safety: the target was sliced to 4 floats.
                unsafe { row.store(target.as_mut_ptr()) }
            }
        }
        for i in squares..k {
            for c in j..j + LANES {
                panel[i * WIDTH + c] = source.data[c * source.stride + i];
            }
        }
    }
}
