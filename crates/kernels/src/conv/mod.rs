//! Two-dimensional convolution (cross-correlation, as everywhere in deep learning) and its two gradients.
//!
//! `y[n, i, j, f] = activation(bias[f] + sum over p, q, c of x[n, i s + p d - pad, j s + q d - pad, c] w[p, q, c, f])`
//! with stride s and dilation d of its axis and zeros outside x. [`geometry`] has the sizes, [`choose`] picks an
//! algorithm: [`implicit`] works for every shape, the others where they are faster.

mod choose;
mod direct;
pub mod geometry;
mod implicit;
mod patches;
mod winograd;

use crate::matmul::{Epilogue, matmul};
use crate::workspace::{OutOfMemory, Workspace};
use choose::Algorithm;

pub use geometry::Conv2d;

/// `y = activation(x * w + bias)`; `y` is overwritten.
pub fn conv2d_forward(
    g: &Conv2d,
    x: &[f32],
    w: &[f32],
    epilogue: Epilogue,
    y: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    debug_assert!(x.len() == g.input_len() && w.len() == g.weights_len() && y.len() == g.output_len());
    if g.output_len() == 0 {
        return Ok(());
    }
    if g.patch() == 0 {
        return matmul(false, false, g.batch * g.pixels(), g.filters, 0, x, w, epilogue, y, workspace);
    }
    match choose::forward(g) {
        Algorithm::Pointwise => {
            matmul(false, false, g.batch * g.pixels(), g.filters, g.channels, x, w, epilogue, y, workspace)
        }
        Algorithm::Direct => direct::forward(g, x, w, epilogue, y, workspace),
        _ => implicit::forward(g, x, w, epilogue, y, workspace),
    }
}

/// `dx = ` the adjoint of `x -> x * w`, applied to `dy`; `dx` is overwritten.
pub fn conv2d_backward_input(
    g: &Conv2d,
    dy: &[f32],
    w: &[f32],
    dx: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    debug_assert!(dy.len() == g.output_len() && w.len() == g.weights_len() && dx.len() == g.input_len());
    if g.output_len() == 0 || dx.is_empty() || w.is_empty() {
        dx.fill(0.0);
        return Ok(());
    }
    match choose::backward_input(g) {
        Algorithm::Pointwise => {
            let rows = g.batch * g.pixels();
            matmul(false, true, rows, g.channels, g.filters, dy, w, Epilogue::NONE, dx, workspace)
        }
        Algorithm::Winograd => winograd::backward_input(g, dy, w, dx, workspace),
        _ => implicit::backward_input(g, dy, w, dx, workspace),
    }
}

/// `dw = ` the adjoint of `w -> x * w`, applied to `dy`; `dw` is overwritten.
pub fn conv2d_backward_filter(
    g: &Conv2d,
    x: &[f32],
    dy: &[f32],
    dw: &mut [f32],
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    debug_assert!(x.len() == g.input_len() && dy.len() == g.output_len() && dw.len() == g.weights_len());
    if g.output_len() == 0 || x.is_empty() || dw.is_empty() {
        dw.fill(0.0);
        return Ok(());
    }
    match choose::backward_filter(g) {
        Algorithm::Pointwise => {
            let pixels = g.batch * g.pixels();
            matmul(true, false, g.channels, g.filters, pixels, x, dy, Epilogue::NONE, dw, workspace)
        }
        Algorithm::Direct => direct::backward_filter(g, x, dy, dw, workspace),
        Algorithm::Winograd => winograd::backward_filter(g, x, dy, dw, workspace),
        Algorithm::Implicit => implicit::backward_filter(g, x, dy, dw, workspace),
    }
}
