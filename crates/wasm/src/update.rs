//! Steps of the optimizers, in place, on arrays of `n` elements.

use crate::slices::{optional_slice_mut, slice, slice_mut};
use evenkeel_kernels::update::{self, Adam};

/// # Safety
/// The arrays have `n` elements and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn adam_update(
    n: usize,
    parameter: *mut f32,
    first: *mut f32,
    second: *mut f32,
    gradient: *const f32,
    learning_rate: f64,
    beta1: f64,
    beta2: f64,
    epsilon: f64,
    correction1: f64,
    correction2: f64,
) {
    let adam = Adam { learning_rate, beta1, beta2, epsilon, correction1, correction2 };
    // Safety: the caller's promise.
    unsafe {
        let [parameter, first, second] = [parameter, first, second].map(|p| slice_mut(p, n));
        update::adam_update(adam, parameter, first, second, slice(gradient, n));
    }
}

/// Without a velocity (address 0) there is no momentum.
///
/// # Safety
/// The arrays have `n` elements and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn sgd_update(
    n: usize,
    parameter: *mut f32,
    velocity: *mut f32,
    gradient: *const f32,
    learning_rate: f64,
    momentum: f64,
    nesterov: u32,
) {
    // Safety: the caller's promise.
    unsafe {
        let (parameter, gradient) = (slice_mut(parameter, n), slice(gradient, n));
        match optional_slice_mut(velocity, n) {
            None => update::sgd_update(learning_rate, parameter, gradient),
            Some(velocity) => {
                update::sgd_momentum_update(learning_rate, momentum, nesterov != 0, parameter, velocity, gradient)
            }
        }
    }
}
