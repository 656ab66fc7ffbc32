//! Two-dimensional convolution (cross-correlation, as everywhere in deep learning) and its two gradients.
//!
//! `y[n, i, j, f] = activation(bias[f] + sum over p, q, c of x[n, i s + p d - pad, j s + q d - pad, c] w[p, q, c, f])`
//! with stride s and dilation d of its axis and zeros outside x, c over the channels of f's group. [`geometry`] has the
//! sizes, [`choose`] picks an algorithm: [`implicit`] works for every shape, the others where they are faster.
//!
//! All are cut into tasks: y by its rows, dx by images, and dw, a sum over the images, into [`partial`] sums by shape.

mod choose;
mod depthwise;
mod direct;
pub mod geometry;
mod implicit;
mod partial;
mod patches;
mod steps;
mod winograd;

use crate::matmul::{Epilogue, matmul};
use crate::workspace::{OutOfMemory, Workspace};
use choose::Algorithm;

pub use choose::set_winograd;
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
    if let Some(tile) = choose::winograd(g) {
        return winograd::forward(tile, g, x, w, epilogue, y, workspace);
    }
    match choose::forward(g) {
        Algorithm::Pointwise => {
            matmul(false, false, g.batch * g.pixels(), g.filters, g.channels, x, w, epilogue, y, workspace)
        }
        Algorithm::Depthwise => depthwise::forward(g, x, w, epilogue, y, workspace),
        Algorithm::Direct => direct::forward(g, x, w, epilogue, y, workspace),
        Algorithm::Implicit => implicit::forward(g, x, w, epilogue, y, workspace),
    }
}

/// The adjoints of `x -> x * w` and of `w -> x * w`, applied to `dy`: `dx` and `dw` are overwritten where they are
/// wanted. Both together share what they need of `dy`.
pub fn conv2d_backward(
    g: &Conv2d,
    x: &[f32],
    dy: &[f32],
    w: &[f32],
    dx: Option<&mut [f32]>,
    dw: Option<&mut [f32]>,
    workspace: &mut Workspace,
) -> Result<(), OutOfMemory> {
    debug_assert!(x.len() == g.input_len() && dy.len() == g.output_len() && w.len() == g.weights_len());
    debug_assert!(dx.as_ref().is_none_or(|dx| dx.len() == x.len()));
    debug_assert!(dw.as_ref().is_none_or(|dw| dw.len() == w.len()));
    if dy.is_empty() || x.is_empty() || w.is_empty() {
        [dx, dw].into_iter().flatten().for_each(|gradient| gradient.fill(0.0));
        return Ok(());
    }
    if let Some(tile) = choose::winograd(g) {
        return winograd::backward(tile, g, x, dy, w, dx, dw, workspace);
    }
    let rows = g.batch * g.pixels();
    if let Some(dx) = dx {
        match choose::backward_input(g) {
            Algorithm::Pointwise => {
                matmul(false, true, rows, g.channels, g.filters, dy, w, Epilogue::NONE, dx, workspace)?
            }
            Algorithm::Depthwise => depthwise::backward_input(g, dy, w, dx, workspace)?,
            Algorithm::Direct | Algorithm::Implicit => implicit::backward_input(g, dy, w, dx, workspace)?,
        }
    }
    if let Some(dw) = dw {
        match choose::backward_filter(g) {
            Algorithm::Pointwise => {
                matmul(true, false, g.channels, g.filters, rows, x, dy, Epilogue::NONE, dw, workspace)?
            }
            Algorithm::Depthwise => depthwise::backward_filter(g, x, dy, dw, workspace)?,
            Algorithm::Direct => direct::backward_filter(g, x, dy, dw, workspace)?,
            Algorithm::Implicit => implicit::backward_filter(g, x, dy, dw, workspace)?,
        }
    }
    Ok(())
}
