//! Pooling against a plain loop in float64. Outputs are filled with NaN first.

mod common;

use common::{Numbers, assert_close, assert_exact, dot, unwritten};
use evenkeel_kernels::pool::{
    Pool2d, average_pool_backward, average_pool_forward, max_pool_backward, max_pool_forward,
};

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The places in x of a window's pixels, each with its index in the window.
fn window(g: &Pool2d, output: usize) -> Vec<(usize, usize)> {
    let (c, pixel) = (output % g.channels, output / g.channels);
    let (n, i, j) = (pixel / (g.out_h * g.out_w), pixel / g.out_w % g.out_h, pixel % g.out_w);
    let mut places = Vec::new();
    for (p, q) in (0..g.kernel_h).flat_map(|p| (0..g.kernel_w).map(move |q| (p, q))) {
        let (row, column) = (i * g.stride_h + p, j * g.stride_w + q);
        let (rows, columns) = (g.pad_top..g.pad_top + g.height, g.pad_left..g.pad_left + g.width);
        if rows.contains(&row) && columns.contains(&column) {
            let place = ((n * g.height + row - g.pad_top) * g.width + column - g.pad_left) * g.channels + c;
            places.push((p * g.kernel_w + q, place));
        }
    }
    places
}

#[rustfmt::skip]
fn geometry(
    [batch, height, width, channels]: [usize; 4],
    [kernel_h, kernel_w]: [usize; 2],
    [stride_h, stride_w]: [usize; 2],
    [pad_top, pad_left, out_h, out_w]: [usize; 4],
) -> Pool2d {
    Pool2d { batch, height, width, channels, kernel_h, kernel_w, stride_h, stride_w, pad_top, pad_left, out_h, out_w }
}

#[rustfmt::skip]
fn table() -> Vec<Pool2d> {
    vec![
        geometry([2, 24, 24, 64], [2, 2], [2, 2], [0, 0, 12, 12]),
        geometry([1, 5, 7, 3], [2, 2], [2, 2], [0, 0, 2, 3]),
        geometry([2, 5, 7, 5], [2, 2], [2, 2], [0, 0, 3, 4]),
        geometry([1, 8, 9, 17], [3, 3], [2, 2], [1, 0, 4, 5]),
        geometry([3, 6, 6, 1], [3, 2], [1, 1], [1, 1, 6, 6]),
        geometry([1, 1, 1, 13], [1, 1], [1, 1], [0, 0, 1, 1]),
        geometry([1, 26, 26, 2], [26, 26], [1, 1], [0, 0, 1, 1]),
        geometry([1, 9, 9, 4], [1, 1], [4, 5], [0, 0, 3, 2]),
        geometry([0, 4, 4, 4], [2, 2], [2, 2], [0, 0, 2, 2]),
        // The first window lies in the padding altogether.
        geometry([1, 3, 3, 6], [2, 2], [2, 2], [3, 3, 4, 4]),
    ]
}

#[test]
fn max_takes_the_first_maximum() {
    let mut numbers = Numbers::new(1);
    for g in table() {
        let (x, dy) = (numbers.whole(g.input_len()), numbers.whole(g.output_len()));
        let (mut y, mut dx, mut places) = (unwritten(dy.len()), unwritten(x.len()), vec![99i16; dy.len()]);
        max_pool_forward(&g, &x, &mut y, Some(&mut places));
        max_pool_backward(&g, &places, &dy, &mut dx);
        let mut without_places = unwritten(y.len());
        max_pool_forward(&g, &x, &mut without_places, None);
        assert_eq!(without_places, y, "without places of {g:?}");
        let mut expected = vec![0.0; x.len()];
        for output in 0..y.len() {
            let mut best = (-1, f32::NEG_INFINITY, None);
            for (tap, place) in window(&g, output) {
                if best.2.is_none() || x[place] > best.1 {
                    best = (tap as i32, x[place], Some(place));
                }
            }
            assert_eq!((i32::from(places[output]), y[output]), (best.0, best.1), "output {output} of {g:?}");
            if let Some(place) = best.2 {
                expected[place] += f64::from(dy[output]);
            }
        }
        assert_exact(&dx, &expected, &format!("backward of {g:?}"));
    }
}

#[test]
fn max_of_a_window_with_nan_is_nan_and_of_infinities_is_one_of_them() {
    let g = geometry([1, 2, 4, 5], [2, 2], [2, 2], [0, 0, 1, 2]);
    for tap in 0..4 {
        let mut x = vec![1.0; g.input_len()];
        for c in 0..g.channels {
            x[(tap / 2 * g.width + tap % 2) * g.channels + c] = f32::NAN;
        }
        let (mut y, mut places) = (unwritten(10), vec![99i16; 10]);
        max_pool_forward(&g, &x, &mut y, Some(&mut places));
        assert!(y[..5].iter().all(|y| y.is_nan()) && y[5..].iter().all(|&y| y == 1.0));
        assert!(places[..5].iter().all(|&i| i == tap as i16) && places[5..].iter().all(|&i| i == 0));
        max_pool_forward(&g, &x, &mut y, None);
        assert!(y[..5].iter().all(|y| y.is_nan()) && y[5..].iter().all(|&y| y == 1.0));
    }
    let (mut y, mut places) = (unwritten(10), vec![99i16; 10]);
    max_pool_forward(&g, &[f32::NEG_INFINITY; 40], &mut y, Some(&mut places));
    assert!(y.iter().all(|&y| y == f32::NEG_INFINITY) && places.iter().all(|&i| i == 0));
}

#[test]
fn average_divides_by_the_pixels_inside() {
    let mut numbers = Numbers::new(2);
    for g in table() {
        let (x, dy) = (numbers.uniform(g.input_len()), numbers.uniform(g.output_len()));
        let (mut y, mut dx) = (unwritten(dy.len()), unwritten(x.len()));
        average_pool_forward(&g, &x, &mut y);
        average_pool_backward(&g, &dy, &mut dx);
        let (mut expected, mut gradient) = (vec![0.0; y.len()], vec![0.0; x.len()]);
        for output in 0..y.len() {
            let places = window(&g, output);
            for &(_, place) in &places {
                expected[output] += f64::from(x[place]) / places.len() as f64;
                gradient[place] += f64::from(dy[output]) / places.len() as f64;
            }
        }
        assert_close(&y, &expected, 2e-6, &format!("forward of {g:?}"));
        assert_close(&dx, &gradient, 1e-6, &format!("backward of {g:?}"));
        let allowed = 1e-6 * (dot(&y, &y) * dot(&dy, &dy)).sqrt().max(1e-30);
        assert!((dot(&y, &dy) - dot(&x, &dx)).abs() <= allowed, "adjoint of {g:?}");
    }
}
