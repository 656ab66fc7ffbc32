//! The backward of the epilogue: through the activation, and into the bias.

use super::epilogue::Activation;

/// Columns summed together: their sums stay in L1.
const COLUMNS: usize = 256;
/// Rows summed in float32 before they join the float64 sum.
const ROWS: usize = 32;

/// `dz = dy * activation'(y)` and `dbias[j] = sum over rows of dz[., j]`, from the output `y` of the activation.
///
/// All are `[rows, cols]`, `dbias` `[cols]`. ReLU passes `dy` where `y > 0`, gives 0 where `y` is 0 and NaN where it is
/// NaN. `dz` may be `None` when the activation is `None` (then `dz = dy`), `dbias` where there is no bias. Column sums
/// are float32 in blocks of rows, merged in float64.
pub fn bias_activation_backward(
    rows: usize,
    cols: usize,
    activation: Activation,
    y: &[f32],
    dy: &[f32],
    mut dz: Option<&mut [f32]>,
    mut dbias: Option<&mut [f32]>,
) {
    debug_assert!(dy.len() >= rows * cols);
    debug_assert!(activation == Activation::None || dz.is_some());
    if cols == 0 {
        return;
    }
    for first in (0..cols).step_by(COLUMNS) {
        let columns = first..cols.min(first + COLUMNS);
        let mut totals = [0.0f64; COLUMNS];
        for block in (0..rows).step_by(ROWS) {
            let mut sums = [0.0f32; COLUMNS];
            for row in block..rows.min(block + ROWS) {
                let at = row * cols + columns.start..row * cols + columns.end;
                let dy = &dy[at.clone()];
                match (activation, dz.as_deref_mut()) {
                    (Activation::Relu, Some(dz)) => relu_row(&y[at.clone()], dy, &mut dz[at], &mut sums),
                    (_, dz) => {
                        if let Some(dz) = dz {
                            dz[at].copy_from_slice(dy);
                        }
                        if dbias.is_some() {
                            dy.iter().zip(&mut sums).for_each(|(dy, sum)| *sum += dy);
                        }
                    }
                }
            }
            sums.iter().zip(&mut totals).for_each(|(&sum, total)| *total += f64::from(sum));
        }
        if let Some(dbias) = dbias.as_deref_mut() {
            dbias[columns].iter_mut().zip(totals).for_each(|(dbias, total)| *dbias = total as f32);
        }
    }
}

fn relu_row(y: &[f32], dy: &[f32], dz: &mut [f32], sums: &mut [f32; COLUMNS]) {
    for (((y, dy), dz), sum) in y.iter().zip(dy).zip(dz).zip(sums) {
        // A ReLU's output that is not positive is 0 or NaN, and so is its gradient.
        *dz = if *y > 0.0 { *dy } else { *y };
        *sum += *dz;
    }
}
