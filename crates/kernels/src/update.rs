//! Steps of the optimizers, in place.

use crate::lanes::F32x4;
use crate::math::sqrt_scalar;
use crate::streams::update_all;

/// The numbers of Adam, in float64; `correction1` = 1 - β₁ᵗ and `correction2` = 1 - β₂ᵗ for step t = 1, 2, …
#[derive(Clone, Copy, Debug)]
pub struct Adam {
    pub learning_rate: f64,
    pub beta1: f64,
    pub beta2: f64,
    pub epsilon: f64,
    pub correction1: f64,
    pub correction2: f64,
}

/// m += (1 - β₁)·(g - m); v += (1 - β₂)·(g² - v); p -= α·m / (√v + ε), α = learning_rate·√correction2/correction1.
///
/// Kingma and Ba (2014) in the form at the end of their section 2, which Keras uses: ε is not bias-corrected.
pub fn adam_update(adam: Adam, parameter: &mut [f32], first: &mut [f32], second: &mut [f32], gradient: &[f32]) {
    let rate = F32x4::splat((adam.learning_rate * sqrt_scalar(adam.correction2) / adam.correction1) as f32);
    let (rate1, rate2) = (F32x4::splat((1.0 - adam.beta1) as f32), F32x4::splat((1.0 - adam.beta2) as f32));
    let epsilon = F32x4::splat(adam.epsilon as f32);
    update_all::<3, 1, 4>([parameter, first, second], [gradient], |[p, m, v], [g]| {
        let m = m + (g - m) * rate1;
        let v = v + (g * g - v) * rate2;
        [p - m * rate / (v.sqrt() + epsilon), m, v]
    });
}

/// p -= learning_rate·g.
pub fn sgd_update(learning_rate: f64, parameter: &mut [f32], gradient: &[f32]) {
    let rate = F32x4::splat(learning_rate as f32);
    update_all::<1, 1, 2>([parameter], [gradient], |[p], [g]| [p - rate * g]);
}

/// v = momentum·v - learning_rate·g; p += v, or with Nesterov's momentum p += momentum·v - learning_rate·g.
pub fn sgd_momentum_update(
    learning_rate: f64,
    momentum: f64,
    nesterov: bool,
    parameter: &mut [f32],
    velocity: &mut [f32],
    gradient: &[f32],
) {
    let (rate, momentum) = (F32x4::splat(learning_rate as f32), F32x4::splat(momentum as f32));
    update_all::<2, 1, 3>([parameter, velocity], [gradient], |[p, v], [g]| {
        let v = momentum * v - rate * g;
        [if nesterov { p + (momentum * v - rate * g) } else { p + v }, v]
    });
}
