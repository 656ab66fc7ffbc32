//! Normalization: the one page of maths.
//!
//! S is the set of elements that share one mean and one variance, m = |S|, and ε ≥ 0 is inside the root always:
//!
//! ```text
//! mean = Σx / m        variance = Σ(x - mean)² / m (biased)        rstd = 1 / √(variance + ε)
//! x̂ = (x - mean)·rstd        y = γ·x̂ + β
//! ```
//!
//! Backward, with g = dy, sums over S, and mean and variance being functions of x ([`channels`]):
//!
//! ```text
//! dβ = Σg        dγ = Σg·x̂        dx = γ·rstd·(g - (Σg + x̂·Σg·x̂) / m)
//! ```
//!
//! and with mean and variance given ([`given`]): dx = γ·rstd·g.
//!
//! How rounding is kept out. Sums are taken of x - shift, the shift being the channel's first element: nothing is left
//! to cancel when the mean is large against the deviation, and a constant channel has variance 0 and y = β exactly.
//! (Should that element be an outlier, a second pass around the mean so found repairs it.) The output is (x -
//! mean)·scale + β, never x·scale + (β - mean·scale). What the float32 mean lost to rounding, up to 5e-4 at a mean of
//! 1e4, is put into β going forward, and into the sums going backward: moments stay float64 between the two.
//!
//! x is seen as [outer, channels, inner] ([`View`]): channels last has inner = 1, channels first has inner = space.

mod channels;
mod given;
mod groups;
mod moments;
mod pooled;
mod rows;
mod view;

pub use channels::{norm_channels_apply, norm_channels_backward, norm_channels_gradient};
pub use given::{norm_given_backward, norm_given_constants, norm_given_forward, running_update};
pub use groups::{Groups, norm_groups_backward, norm_groups_forward};
pub use moments::norm_channels_moments;
pub use pooled::{norm_pool_backward, norm_pool_forward, norm_pool_supports};
pub use rows::{ROW_STATISTICS, Rows, norm_rows_backward, norm_rows_forward};
pub use view::View;

use crate::columns::Columns;
use crate::math::sqrt_scalar;
use crate::parallel::Parts;
use view::Group;

/// γ and β; absent ones are 1 and 0.
#[derive(Clone, Copy, Default)]
pub struct Affine<'a> {
    pub gamma: Option<&'a [f32]>,
    pub beta: Option<&'a [f32]>,
}

fn gamma_of(gamma: Option<&[f32]>, channel: usize) -> f64 {
    gamma.map_or(1.0, |gamma| f64::from(gamma[channel]))
}

fn beta_of(beta: Option<&[f32]>, channel: usize) -> f64 {
    beta.map_or(0.0, |beta| f64::from(beta[channel]))
}

/// Where the gradients go; absent ones are not computed.
#[derive(Default)]
pub struct Gradients<'a> {
    pub dx: Option<&'a mut [f32]>,
    pub dgamma: Option<&'a mut [f32]>,
    pub dbeta: Option<&'a mut [f32]>,
    /// Of a bias that was added before.
    pub dbias: Option<&'a mut [f32]>,
}

impl Gradients<'_> {
    /// dγ and dβ of one channel.
    fn store(&mut self, channel: usize, dgamma: f64, dbeta: f64) {
        if let Some(all) = &mut self.dgamma {
            all[channel] = dgamma as f32;
        }
        if let Some(all) = &mut self.dbeta {
            all[channel] = dbeta as f32;
        }
    }
}

/// rstd = 1 / √(variance + ε).
fn reciprocal_deviation(variance: f64, epsilon: f64) -> f64 {
    1.0 / sqrt_scalar(variance + epsilon)
}

/// y = (x - mean)·scale + offset, with one of each per channel of the group.
#[inline(never)]
fn normalize(
    group: &Group,
    x: &[f32],
    mean: &Columns<f32>,
    scale: &Columns<f32>,
    offset: &Columns<f32>,
    y: &Parts<f32>,
) {
    group.for_each_part(|part| {
        // Safety: each part writes its own elements.
        unsafe {
            part.map::<1, 3, 4>([x], [mean, scale, offset], y, |[x], [mean, scale, offset]| {
                (x - mean) * scale + offset
            });
        }
    });
}

/// Σg and Σg·(x - mean) for each channel of the group.
#[inline(never)]
fn backward_sums(group: &Group, x: &[f32], dy: &[f32], mean: &Columns<f32>) -> [Columns<f64>; 2] {
    group.sums([x, dy], [mean], |[x, g], [mean]| [g, g * (x - mean)])
}
