//! Packing: blocks of A and B copied into panels that the micro-kernel reads front to back.

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
}

/// Floats that `columns` of B take when packed to depth `k`: whole panels, the last one filled up with zeros.
pub fn packed_b_len<const WIDTH: usize>(k: usize, columns: usize) -> usize {
    k * columns.next_multiple_of(WIDTH)
}

/// `B -> B~`: panels of WIDTH columns, each `k` rows of WIDTH floats.
pub fn pack_b<const WIDTH: usize>(b: Matrix, k: usize, columns: usize, packed: &mut [f32]) {
    if k == 0 {
        return;
    }
    for (p, panel) in packed.chunks_exact_mut(k * WIDTH).take(columns.div_ceil(WIDTH)).enumerate() {
        let first = p * WIDTH;
        let width = WIDTH.min(columns - first);
        let source = b.from(0, first);
        if width < WIDTH {
            pack_edge::<WIDTH>(source, k, width, panel);
        } else if b.transposed {
            transpose(source, WIDTH, k, panel, WIDTH);
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

/// `A -> A~`: rows of `k` floats, one behind the other.
pub fn pack_a(a: Matrix, rows: usize, k: usize, packed: &mut [f32]) {
    if a.transposed {
        transpose(a, k, rows, packed, k);
        return;
    }
    for (i, row) in packed.chunks_exact_mut(k).take(rows).enumerate() {
        row.copy_from_slice(&a.data[i * a.stride..][..k]);
    }
}

/// `to[j * stride + i] = from.data[i * from.stride + j]` for i < lines, j < length: squares of 4 x 4 turned in
/// registers.
fn transpose(from: Matrix, lines: usize, length: usize, to: &mut [f32], stride: usize) {
    debug_assert!(from.transposed);
    let (whole_lines, whole_length) = (lines / LANES * LANES, length / LANES * LANES);
    for i in (0..whole_lines).step_by(LANES) {
        for j in (0..whole_length).step_by(LANES) {
            let line = |c: usize| &from.data[(i + c) * from.stride + j..][..LANES];
            // Safety: each line was sliced to 4 floats.
            let square = [0, 1, 2, 3].map(|c| unsafe { F32x4::load(line(c).as_ptr()) });
            for (r, row) in F32x4::transpose(square).into_iter().enumerate() {
                let target = &mut to[(j + r) * stride + i..][..LANES];
                // Safety: the target was sliced to 4 floats.
                unsafe { row.store(target.as_mut_ptr()) }
            }
        }
    }
    for i in 0..lines {
        let rest = if i < whole_lines { whole_length } else { 0 };
        for j in rest..length {
            to[j * stride + i] = from.data[i * from.stride + j];
        }
    }
}
