//! Normalization of x [outer, channels, inner]; arrays per channel have [channels], moments [2, channels].

use crate::norm_samples::gradients;
use crate::pool::read_geometry;
use crate::slices::{optional_slice, optional_slice_mut, slice, slice_mut};
use evenkeel_kernels::norm::{self, Affine, Gradients, View};

/// # Safety
/// The arrays have their sizes; `moments` overlaps nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_channels_moments(
    outer: usize,
    channels: usize,
    inner: usize,
    x: *const f32,
    moments: *mut f64,
) {
    let view = View { outer, channels, inner };
    // Safety: the caller's promise.
    unsafe { norm::norm_channels_moments(view, slice(x, view.size()), slice_mut(moments, 2 * channels)) }
}

/// # Safety
/// The arrays have their sizes, `gamma` and `beta` may be 0; the last three overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_channels_apply(
    outer: usize,
    channels: usize,
    inner: usize,
    x: *const f32,
    moments: *const f64,
    gamma: *const f32,
    beta: *const f32,
    epsilon: f64,
    mean: *mut f32,
    variance: *mut f32,
    y: *mut f32,
) {
    let view = View { outer, channels, inner };
    // Safety: the caller's promise.
    unsafe {
        let affine = Affine { gamma: optional_slice(gamma, channels), beta: optional_slice(beta, channels) };
        let moments = slice(moments, 2 * channels);
        let statistics = [mean, variance].map(|p| slice_mut(p, channels));
        let (x, y) = (slice(x, view.size()), slice_mut(y, view.size()));
        norm::norm_channels_apply(view, x, moments, affine, epsilon, statistics, y);
    }
}

/// # Safety
/// The arrays have their sizes, `gamma` and the last four may be 0; the last four overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_channels_backward(
    outer: usize,
    channels: usize,
    inner: usize,
    x: *const f32,
    moments: *const f64,
    gamma: *const f32,
    epsilon: f64,
    dy: *const f32,
    relu: u32,
    dx: *mut f32,
    dgamma: *mut f32,
    dbeta: *mut f32,
    dbias: *mut f32,
) {
    let view = View { outer, channels, inner };
    // Safety: the caller's promise.
    unsafe {
        let (moments, gamma) = (slice(moments, 2 * channels), optional_slice(gamma, channels));
        let (x, dy) = (slice(x, view.size()), slice(dy, view.size()));
        let dbias = optional_slice_mut(dbias, channels);
        let gradients = Gradients { dbias, ..gradients(view.size(), channels, dx, dgamma, dbeta) };
        norm::norm_channels_backward(view, x, moments, gamma, epsilon, dy, relu != 0, gradients);
    }
}

/// # Safety
/// The arrays have their sizes, `constants` 4 x channels; `dx` overlaps nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_channels_gradient(
    outer: usize,
    channels: usize,
    inner: usize,
    x: *const f32,
    dy: *const f32,
    constants: *const f32,
    dx: *mut f32,
) {
    let view = View { outer, channels, inner };
    // Safety: the caller's promise.
    unsafe {
        let (x, dy, dx) = (slice(x, view.size()), slice(dy, view.size()), slice_mut(dx, view.size()));
        norm::norm_channels_gradient(view, x, dy, slice(constants, 4 * channels), dx);
    }
}

/// # Safety
/// The arrays have their sizes, `gamma` and `beta` may be 0; `constants` has 3 x channels and overlaps nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_given_constants(
    channels: usize,
    mean: *const f32,
    variance: *const f32,
    gamma: *const f32,
    beta: *const f32,
    epsilon: f64,
    constants: *mut f32,
) {
    // Safety: the caller's promise.
    unsafe {
        let affine = Affine { gamma: optional_slice(gamma, channels), beta: optional_slice(beta, channels) };
        let statistics = [mean, variance].map(|p| slice(p, channels));
        norm::norm_given_constants(statistics, affine, epsilon, slice_mut(constants, 3 * channels));
    }
}

/// # Safety
/// The arrays have the sizes that `geometry` says (`places` and `peaks` as `y`), `gamma` and `beta` may be 0; the last
/// five overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_pool_forward(
    geometry: *const u32,
    x: *const f32,
    moments: *const f64,
    gamma: *const f32,
    beta: *const f32,
    epsilon: f64,
    mean: *mut f32,
    variance: *mut f32,
    y: *mut f32,
    peaks: *mut f32,
    places: *mut i16,
) {
    // Safety: the caller's promise.
    unsafe {
        let g = read_geometry(geometry);
        let affine = Affine { gamma: optional_slice(gamma, g.channels), beta: optional_slice(beta, g.channels) };
        let statistics = [mean, variance].map(|p| slice_mut(p, g.channels));
        let outputs = [y, peaks].map(|p| slice_mut(p, g.output_len()));
        let (x, moments) = (slice(x, g.input_len()), slice(moments, 2 * g.channels));
        let places = slice_mut(places, g.output_len());
        norm::norm_pool_forward(&g, x, moments, affine, epsilon, statistics, outputs, places);
    }
}

/// # Safety
/// The arrays have the sizes that `geometry` says (`places` and `peaks` as `dy`), `gamma` and the last four may be 0;
/// the last four overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_pool_backward(
    geometry: *const u32,
    x: *const f32,
    peaks: *const f32,
    places: *const i16,
    moments: *const f64,
    gamma: *const f32,
    epsilon: f64,
    dy: *const f32,
    relu: u32,
    dx: *mut f32,
    dgamma: *mut f32,
    dbeta: *mut f32,
    dbias: *mut f32,
) {
    // Safety: the caller's promise.
    unsafe {
        let g = read_geometry(geometry);
        let (places, dy) = (slice(places, g.output_len()), slice(dy, g.output_len()));
        let inputs = [slice(x, g.input_len()), slice(peaks, g.output_len())];
        let (moments, gamma) = (slice(moments, 2 * g.channels), optional_slice(gamma, g.channels));
        let dbias = optional_slice_mut(dbias, g.channels);
        let gradients = Gradients { dbias, ..gradients(g.input_len(), g.channels, dx, dgamma, dbeta) };
        norm::norm_pool_backward(&g, inputs, places, moments, gamma, epsilon, dy, relu != 0, gradients);
    }
}

/// # Safety
/// The arrays have their sizes, `gamma` and `beta` may be 0; the last two overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_given_forward(
    outer: usize,
    channels: usize,
    inner: usize,
    x: *const f32,
    mean: *const f32,
    variance: *const f32,
    gamma: *const f32,
    beta: *const f32,
    epsilon: f64,
    rstd: *mut f32,
    y: *mut f32,
) {
    let view = View { outer, channels, inner };
    // Safety: the caller's promise.
    unsafe {
        let affine = Affine { gamma: optional_slice(gamma, channels), beta: optional_slice(beta, channels) };
        let statistics = [mean, variance].map(|p| slice(p, channels));
        let (x, y) = (slice(x, view.size()), slice_mut(y, view.size()));
        norm::norm_given_forward(view, x, statistics, affine, epsilon, slice_mut(rstd, channels), y);
    }
}

/// # Safety
/// The arrays have their sizes, `gamma` and the last three may be 0; the last three overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn norm_given_backward(
    outer: usize,
    channels: usize,
    inner: usize,
    x: *const f32,
    mean: *const f32,
    rstd: *const f32,
    gamma: *const f32,
    dy: *const f32,
    dx: *mut f32,
    dgamma: *mut f32,
    dbeta: *mut f32,
) {
    let view = View { outer, channels, inner };
    // Safety: the caller's promise.
    unsafe {
        let statistics = [mean, rstd].map(|p| slice(p, channels));
        let gamma = optional_slice(gamma, channels);
        let (x, dy) = (slice(x, view.size()), slice(dy, view.size()));
        let gradients = gradients(view.size(), channels, dx, dgamma, dbeta);
        norm::norm_given_backward(view, x, statistics, gamma, dy, gradients);
    }
}

/// # Safety
/// The arrays have `n` elements and do not overlap.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn running_update(n: usize, rate: f64, batch: *const f32, running: *mut f32) {
    // Safety: the caller's promise.
    unsafe { norm::running_update(rate, slice(batch, n), slice_mut(running, n)) }
}
