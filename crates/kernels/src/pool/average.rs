//! Average pooling.

use super::{Pool2d, for_each_image};
use crate::lanes::F32x4;
use crate::streams::update;

/// `y = mean over the window`.
pub fn average_pool_forward(g: &Pool2d, x: &[f32], y: &mut [f32]) {
    debug_assert!(x.len() == g.input_len() && y.len() == g.output_len());
    for_each_image(g, x, y, |_, x, y| {
        g.for_each_window(|output, window| {
            let y = &mut y[output];
            y.fill(0.0);
            window.for_each_tap(g, |_, at| update::<1, 1, 2>([y], [&x[at..at + g.channels]], |[y], [x]| [y + x]));
            let count = F32x4::splat(window.count().max(1) as f32);
            update::<1, 0, 1>([y], [], |[y], []| [y / count]);
        });
    });
}

/// `dx += dy / count` for every pixel of each window, from 0.
pub fn average_pool_backward(g: &Pool2d, dy: &[f32], dx: &mut [f32]) {
    debug_assert!(dx.len() == g.input_len() && dy.len() == g.output_len());
    for_each_image(g, dy, dx, |_, dy, dx| {
        dx.fill(0.0);
        g.for_each_window(|output, window| {
            let (dy, count) = (&dy[output], F32x4::splat(window.count().max(1) as f32));
            window.for_each_tap(g, |_, at| {
                update::<1, 1, 2>([&mut dx[at..at + g.channels]], [dy], |[dx], [dy]| [dx + dy / count]);
            });
        });
    });
}
