//! Winograd's error against float64, on shapes that take it (3 x 3, stride 1, channels and filters in multiples of 8,
//! enough outputs), and what it does with values that are not finite.

mod common;

use common::convolution::{Data, assert_agrees, errors, geometry, run};
use common::{Numbers, bits};
use evenkeel_kernels::conv::Conv2d;
use evenkeel_kernels::workspace::Workspace;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn three_by_three(size: [usize; 4], filters: usize, padding: [usize; 4]) -> Conv2d {
    geometry(size, [3, 3, filters], [1, 1], [1, 1], padding)
}

/// What is promised; the gradient of the weights is the longest sum.
#[track_caller]
fn assert_precise(g: &Conv2d, data: &Data, workspace: &mut Workspace) {
    let [forward, input, filter] = errors(g, data, workspace);
    assert!(forward <= 2e-6, "forward of {g:?}: {forward:.2e}");
    assert!(input <= 2e-6, "backward input of {g:?}: {input:.2e}");
    assert!(filter <= 3e-6, "backward filter of {g:?}: {filter:.2e}");
}

#[test]
fn error_is_about_1e_6_of_the_largest_value() {
    let (mut numbers, mut workspace) = (Numbers::new(1), Workspace::new());
    let g = three_by_three([4, 26, 26, 32], 64, [0; 4]);
    let [forward, input, filter] = errors(&g, &Data::of(&g, |n| numbers.uniform(n)), &mut workspace);
    assert!(forward < 1.5e-6, "forward {forward:.2e}");
    assert!(input < 1.5e-6, "backward input {input:.2e}");
    assert!(filter < 2e-6, "backward filter {filter:.2e}");
}

#[test]
fn error_stays_with_weights_and_inputs_of_many_scales() {
    let (mut numbers, mut workspace) = (Numbers::new(2), Workspace::new());
    let g = three_by_three([2, 13, 18, 24], 16, [1; 4]);
    for (mean, spread) in [(0.0, 1.0), (10.0, 1.0), (0.0, 1e3), (3.0, 1e-3)] {
        let mut data = Data::of(&g, |n| numbers.uniform(n));
        data.x.iter_mut().for_each(|x| *x += mean);
        // Every filter has its own scale, from 1 down to 1 / spread.
        data.w.iter_mut().enumerate().for_each(|(i, w)| *w *= f32::powf(spread, -((i % 16) as f32) / 15.0));
        assert_agrees(&g, &data, 3e-6, &mut workspace);
    }
}

#[test]
fn every_padding_and_ragged_edge() {
    let (mut numbers, mut workspace) = (Numbers::new(3), Workspace::new());
    for height in [1, 2, 3, 4, 5, 6, 7, 10, 13, 17, 31, 33] {
        for width in [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 33] {
            let padding = [0; 4].map(|_| numbers.below(5));
            let g = three_by_three([9, height, width, 8], 8 + 8 * numbers.below(2), padding);
            assert_precise(&g, &Data::of(&g, |n| numbers.uniform(n)), &mut workspace);
        }
    }
}

#[test]
fn blocks_of_many_images_and_of_part_of_one() {
    let (mut numbers, mut workspace) = (Numbers::new(4), Workspace::new());
    for g in [
        three_by_three([9, 7, 8, 16], 16, [1; 4]),
        three_by_three([67, 3, 4, 24], 16, [1, 1, 0, 1]),
        three_by_three([1, 60, 61, 16], 24, [1; 4]),
        three_by_three([4, 12, 11, 160], 16, [1; 4]),
    ] {
        assert_precise(&g, &Data::of(&g, |n| numbers.uniform(n)), &mut workspace);
    }
}

#[test]
fn not_a_number_reaches_its_tile_and_no_further() {
    let mut numbers = Numbers::new(5);
    let g = three_by_three([2, 18, 18, 16], 16, [0; 4]);
    let mut data = Data::of(&g, |n| numbers.uniform(n));
    let clean = run(&g, &data, &mut Workspace::new());
    // Inputs 9..=11 of each axis feed output 9; its tile is 8..12 and reads 8..14.
    data.dy[(9 * 16 + 9) * 16] = f32::NAN;
    data.x[(9 * 18 + 9) * 16] = f32::NAN;
    let [y, dx, _] = run(&g, &data, &mut Workspace::new());
    // Input 9 feeds outputs 7..=9 of each axis, in tiles 4..8 and 8..12.
    for (side, values, clean, sees, tile) in [(16, &y, &clean[0], 7..10, 4..12), (18, &dx, &clean[1], 9..12, 8..14)] {
        for (i, (values, clean)) in values.chunks(16).zip(clean.chunks(16)).enumerate() {
            let (row, column) = (i / side, i % side);
            let sees = sees.contains(&row) && sees.contains(&column);
            let near = tile.contains(&row) && tile.contains(&column);
            assert!(!sees || values.iter().all(|value| value.is_nan()), "pixel {row}, {column} sees it");
            assert!(near || bits(values) == bits(clean), "pixel {row}, {column} is far from it");
        }
    }
}
