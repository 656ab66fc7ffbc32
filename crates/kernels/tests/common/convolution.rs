//! Two-dimensional convolution by its definition, in float64.

use super::{bits, error, unwritten};
use evenkeel_kernels::conv::{Conv2d, conv2d_backward, conv2d_forward};
use evenkeel_kernels::matmul::{Activation, Epilogue};
use evenkeel_kernels::workspace::Workspace;

/// Calls `each(x, w, y)` with the index of every product in the convolution.
pub fn for_each_product(g: &Conv2d, mut each: impl FnMut(usize, usize, usize)) {
    for n in 0..g.batch {
        for (i, j) in (0..g.out_h).flat_map(|i| (0..g.out_w).map(move |j| (i, j))) {
            for (p, q) in (0..g.kernel_h).flat_map(|p| (0..g.kernel_w).map(move |q| (p, q))) {
                let (row, column) = (i * g.stride_h + p * g.dilation_h, j * g.stride_w + q * g.dilation_w);
                let inside_h = row >= g.pad_top && row < g.pad_top + g.height;
                let inside_w = column >= g.pad_left && column < g.pad_left + g.width;
                if !(inside_h && inside_w) {
                    continue;
                }
                let x = ((n * g.height + row - g.pad_top) * g.width + column - g.pad_left) * g.channels;
                let w = (p * g.kernel_w + q) * g.group_channels();
                let y = ((n * g.out_h + i) * g.out_w + j) * g.filters;
                for f in 0..g.filters {
                    let group = f / g.group_filters();
                    for c in 0..g.group_channels() {
                        each(x + group * g.group_channels() + c, (w + c) * g.filters + f, y + f);
                    }
                }
            }
        }
    }
}

pub struct Data {
    pub x: Vec<f32>,
    pub w: Vec<f32>,
    pub bias: Vec<f32>,
    pub dy: Vec<f32>,
}

impl Data {
    pub fn of(g: &Conv2d, mut draw: impl FnMut(usize) -> Vec<f32>) -> Self {
        Self { x: draw(g.input_len()), w: draw(g.weights_len()), bias: draw(g.filters), dy: draw(g.output_len()) }
    }
}

/// Forward with bias and ReLU, input gradient, filter gradient. Each gradient has the same bits alone.
pub fn run(g: &Conv2d, data: &Data, workspace: &mut Workspace) -> [Vec<f32>; 3] {
    let Data { x, w, bias, dy } = data;
    let (mut y, mut dx, mut dw) = (unwritten(dy.len()), unwritten(x.len()), unwritten(w.len()));
    let epilogue = Epilogue { bias: Some(bias), activation: Activation::Relu, normalization: None };
    conv2d_forward(g, x, w, epilogue, &mut y, workspace).unwrap();
    conv2d_backward(g, x, dy, w, Some(&mut dx), Some(&mut dw), workspace).unwrap();
    let (mut dx_alone, mut dw_alone) = (unwritten(x.len()), unwritten(w.len()));
    conv2d_backward(g, x, dy, w, Some(&mut dx_alone), None, workspace).unwrap();
    conv2d_backward(g, x, dy, w, None, Some(&mut dw_alone), workspace).unwrap();
    assert_eq!([bits(&dx), bits(&dw)], [bits(&dx_alone), bits(&dw_alone)], "each alone of {g:?}");
    [y, dx, dw]
}

pub fn oracle(g: &Conv2d, data: &Data) -> [Vec<f64>; 3] {
    let Data { x, w, bias, dy } = data;
    let (mut y, mut dx, mut dw) = (vec![0.0; dy.len()], vec![0.0; x.len()], vec![0.0; w.len()]);
    for_each_product(g, |i, j, k| {
        y[k] += f64::from(x[i]) * f64::from(w[j]);
        dx[i] += f64::from(dy[k]) * f64::from(w[j]);
        dw[j] += f64::from(dy[k]) * f64::from(x[i]);
    });
    for (k, y) in y.iter_mut().enumerate() {
        *y = (*y + f64::from(bias[k % g.filters])).max(0.0);
    }
    [y, dx, dw]
}

#[rustfmt::skip]
pub fn geometry(
    [batch, height, width, channels]: [usize; 4],
    [kernel_h, kernel_w, filters]: [usize; 3],
    [stride_h, stride_w]: [usize; 2],
    [dilation_h, dilation_w]: [usize; 2],
    [top, bottom, left, right]: [usize; 4],
) -> Conv2d {
    let out = |size: usize, kernel: usize, stride: usize, dilation: usize| {
        (size + stride).saturating_sub((kernel - 1) * dilation + 1) / stride
    };
    Conv2d {
        batch, height, width, channels, kernel_h, kernel_w, filters, stride_h, stride_w, dilation_h, dilation_w,
        pad_top: top,
        pad_left: left,
        out_h: out(height + top + bottom, kernel_h, stride_h, dilation_h),
        out_w: out(width + left + right, kernel_w, stride_w, dilation_w),
        groups: 1,
    }
}

/// The worst errors of forward, input gradient and filter gradient, as shares of the largest values.
pub fn errors(g: &Conv2d, data: &Data, workspace: &mut Workspace) -> [f64; 3] {
    let (actual, expected) = (run(g, data, workspace), oracle(g, data));
    [0, 1, 2].map(|i| error(&actual[i], &expected[i]))
}

#[track_caller]
pub fn assert_agrees(g: &Conv2d, data: &Data, tolerance: f64, workspace: &mut Workspace) {
    for (error, name) in errors(g, data, workspace).into_iter().zip(["forward", "backward input", "backward filter"]) {
        assert!(error <= tolerance, "{name} of {g:?}: error {error:.2e} of the largest value, allowed {tolerance:.0e}");
    }
}
