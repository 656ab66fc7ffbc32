//! Rows chosen by index.

use crate::elementwise::add_assign;

/// y[i] = x[indices[i]] for rows of `cols` 4-byte elements of any type. Indices are inside x.
pub fn gather_rows(cols: usize, indices: &[i32], x: &[u32], y: &mut [u32]) {
    debug_assert_eq!(y.len(), indices.len() * cols);
    for (&index, y) in indices.iter().zip(y.chunks_exact_mut(cols.max(1))) {
        let start = index as usize * cols;
        y.copy_from_slice(&x[start..start + cols]);
    }
}

/// dx[indices[i]] += dy[i] for rows of `cols`, in the order of i: the adjoint of [`gather_rows`].
pub fn scatter_add_rows(cols: usize, indices: &[i32], dy: &[f32], dx: &mut [f32]) {
    debug_assert_eq!(dy.len(), indices.len() * cols);
    for (&index, dy) in indices.iter().zip(dy.chunks_exact(cols.max(1))) {
        let start = index as usize * cols;
        add_assign(dy, &mut dx[start..start + cols]);
    }
}

/// y[i][j] = 1 where j = labels[i], else 0; y [labels, depth]. A label outside 0..depth gives a row of zeros.
pub fn one_hot(depth: usize, labels: &[i32], y: &mut [f32]) {
    debug_assert_eq!(y.len(), labels.len() * depth);
    y.fill(0.0);
    for (&label, row) in labels.iter().zip(y.chunks_exact_mut(depth.max(1))) {
        if let Some(place) = usize::try_from(label).ok().and_then(|label| row.get_mut(label)) {
            *place = 1.0;
        }
    }
}
