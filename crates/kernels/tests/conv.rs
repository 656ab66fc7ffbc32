//! Convolutions against float64, over a table of awkward geometries and random ones. Outputs are filled with NaN first.

mod common;

use common::convolution::{Data, assert_agrees, geometry, oracle, run};
use common::{Numbers, assert_exact, bits, dot, unwritten};
use evenkeel_kernels::conv::{Conv2d, conv2d_backward, conv2d_forward};
use evenkeel_kernels::matmul::{Activation, Epilogue, Normalization};
use evenkeel_kernels::workspace::Workspace;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[rustfmt::skip]
fn table() -> Vec<Conv2d> {
    vec![
        // The tutorial's two, smaller.
        geometry([2, 28, 28, 1], [3, 3, 32], [1, 1], [1, 1], [0; 4]),
        geometry([2, 19, 14, 16], [3, 3, 24], [1, 1], [1, 1], [0; 4]),
        // Same padding, ragged tiles, one row, one column, one pixel.
        geometry([1, 7, 9, 16], [3, 3, 16], [1, 1], [1, 1], [1; 4]),
        geometry([3, 4, 17, 20], [3, 3, 8], [1, 1], [1, 1], [0, 1, 1, 0]),
        geometry([1, 3, 31, 16], [3, 3, 17], [1, 1], [1, 1], [0; 4]),
        geometry([2, 33, 3, 17], [3, 3, 16], [1, 1], [1, 1], [0; 4]),
        geometry([1, 3, 3, 32], [3, 3, 32], [1, 1], [1, 1], [0; 4]),
        geometry([1, 5, 6, 19], [3, 3, 21], [1, 1], [1, 1], [2; 4]),
        // Padding beyond the kernel's reach.
        geometry([1, 4, 5, 16], [3, 3, 16], [1, 1], [1, 1], [5, 4, 3, 6]),
        geometry([2, 2, 2, 3], [2, 2, 5], [1, 1], [1, 1], [4, 3, 5, 2]),
        geometry([1, 1, 1, 1], [3, 3, 1], [2, 3], [1, 1], [7, 6, 5, 4]),
        // Strides, dilations, kernels of all forms.
        geometry([2, 11, 12, 5], [3, 3, 7], [2, 2], [1, 1], [1, 1, 0, 1]),
        geometry([1, 17, 13, 2], [5, 3, 6], [3, 2], [1, 1], [2, 2, 1, 1]),
        geometry([2, 13, 15, 4], [3, 2, 9], [1, 1], [2, 3], [2, 1, 3, 0]),
        geometry([1, 16, 16, 16], [3, 3, 16], [1, 1], [2, 2], [2; 4]),
        geometry([1, 10, 9, 3], [2, 4, 8], [2, 3], [3, 2], [1, 2, 3, 4]),
        geometry([1, 12, 12, 1], [5, 5, 8], [2, 1], [2, 1], [4, 4, 2, 2]),
        geometry([2, 9, 8, 3], [3, 3, 16], [1, 1], [1, 1], [1; 4]),
        geometry([2, 9, 8, 2], [7, 7, 8], [2, 2], [1, 1], [3; 4]),
        geometry([1, 8, 8, 40], [5, 5, 12], [1, 1], [1, 1], [2; 4]),
        geometry([1, 3, 70, 1], [1, 4, 8], [1, 3], [1, 1], [0, 0, 1, 2]),
        // Strides that leave rows of the input unseen.
        geometry([1, 9, 9, 2], [1, 2, 8], [4, 5], [1, 1], [0; 4]),
        // 1 x 1, with and without padding and strides.
        geometry([2, 5, 7, 9], [1, 1, 11], [1, 1], [1, 1], [0; 4]),
        geometry([2, 5, 7, 2], [1, 1, 3], [1, 1], [1, 1], [1; 4]),
        geometry([2, 5, 7, 9], [1, 1, 11], [2, 2], [1, 1], [0; 4]),
        // A dense layer in disguise, a kernel larger than the image, nothing at all.
        geometry([3, 6, 5, 4], [6, 5, 13], [1, 1], [1, 1], [0; 4]),
        geometry([2, 2, 3, 4], [5, 5, 3], [1, 1], [1, 1], [2; 4]),
        geometry([0, 6, 6, 16], [3, 3, 16], [1, 1], [1, 1], [0; 4]),
        geometry([1, 2, 2, 16], [3, 3, 16], [1, 1], [1, 1], [0; 4]),
        // Deeper than a block of the matrix product, more pixels than a block of patches.
        geometry([1, 6, 6, 70], [3, 3, 10], [2, 2], [1, 1], [1; 4]),
        geometry([2, 30, 30, 6], [4, 4, 6], [1, 1], [1, 1], [0; 4]),
        // Groups of several channels, and of one with one filter or more.
        Conv2d { groups: 3, ..geometry([2, 9, 8, 21], [3, 3, 12], [1, 1], [1, 1], [1; 4]) },
        Conv2d { groups: 2, ..geometry([2, 7, 9, 32], [3, 2, 64], [2, 1], [1, 3], [0, 1, 2, 2]) },
        Conv2d { groups: 4, ..geometry([1, 5, 6, 8], [1, 1, 20], [1, 1], [1, 1], [0; 4]) },
        Conv2d { groups: 33, ..geometry([2, 12, 11, 33], [3, 3, 33], [1, 1], [1, 1], [1; 4]) },
        Conv2d { groups: 16, ..geometry([2, 13, 14, 16], [3, 5, 16], [2, 3], [1, 1], [0, 1, 2, 3]) },
        Conv2d { groups: 7, ..geometry([2, 11, 12, 7], [3, 3, 21], [1, 2], [3, 2], [2, 3, 1, 4]) },
        Conv2d { groups: 2, ..geometry([1, 15, 16, 2], [5, 4, 38], [4, 6], [6, 4], [9, 8, 7, 6]) },
        Conv2d { groups: 5, ..geometry([2, 3, 3, 5], [2, 2, 10], [4, 3], [1, 1], [0; 4]) },
    ]
}

fn random(numbers: &mut Numbers) -> Conv2d {
    let mut pick = |from: usize, below: usize| from + numbers.below(below - from);
    let square = pick(0, 2) == 0;
    let kernel = if square { [3, 3] } else { [pick(1, 6), pick(1, 6)] };
    let ones = square && pick(0, 4) > 0;
    let mut small = |below: usize| if ones { 1 } else { pick(1, below) };
    let (stride, dilation) = ([small(4), small(4)], [small(3), small(3)]);
    let mut pick = |from: usize, below: usize| from + numbers.below(below - from);
    let size = [pick(1, 4), pick(1, 20), pick(1, 20), pick(1, 40)];
    let padding = [pick(0, 5), pick(0, 5), pick(0, 5), pick(0, 5)];
    let mut g = geometry(size, [kernel[0], kernel[1], pick(1, 40)], stride, dilation, padding);
    if pick(0, 4) == 0 {
        g.groups = if pick(0, 2) == 0 { g.channels } else { pick(1, 4) };
        g.channels = g.channels.next_multiple_of(g.groups);
        g.filters = g.filters.next_multiple_of(g.groups);
    }
    g
}

#[test]
fn reals_agree_with_float64_over_the_table() {
    let (mut numbers, mut workspace) = (Numbers::new(1), Workspace::new());
    for g in table() {
        let data = Data::of(&g, |n| numbers.uniform(n));
        assert_agrees(&g, &data, 3e-6, &mut workspace);
    }
}

#[test]
fn reals_agree_with_float64_for_random_geometries() {
    let (mut numbers, mut workspace) = (Numbers::new(2), Workspace::new());
    for _ in 0..150 {
        let g = random(&mut numbers);
        let data = Data::of(&g, |n| numbers.uniform(n));
        assert_agrees(&g, &data, 3e-6, &mut workspace);
    }
}

#[test]
fn the_gradients_are_adjoints_of_the_convolution() {
    let (mut numbers, mut workspace) = (Numbers::new(3), Workspace::new());
    for g in table().into_iter().chain((0..50).map(|seed| random(&mut Numbers::new(seed)))) {
        let Data { x, w, dy, .. } = Data::of(&g, |n| numbers.uniform(n));
        let (mut y, mut dx, mut dw) = (unwritten(dy.len()), unwritten(x.len()), unwritten(w.len()));
        conv2d_forward(&g, &x, &w, Epilogue::NONE, &mut y, &mut workspace).unwrap();
        conv2d_backward(&g, &x, &dy, &w, Some(&mut dx), Some(&mut dw), &mut workspace).unwrap();
        let norm = |v: &[f32]| dot(v, v).sqrt();
        let allowed = 2e-6 * (norm(&y) * norm(&dy)).max(1e-30);
        assert!((dot(&y, &dy) - dot(&x, &dx)).abs() <= allowed, "input gradient of {g:?}");
        assert!((dot(&y, &dy) - dot(&w, &dw)).abs() <= allowed, "filter gradient of {g:?}");
    }
}

#[test]
fn every_part_of_the_epilogue_by_itself() {
    let (mut numbers, mut workspace) = (Numbers::new(7), Workspace::new());
    for g in table().into_iter().filter(|g| g.output_len() > 0) {
        let Data { x, w, bias, .. } = Data::of(&g, |n| numbers.uniform(n));
        let constants = numbers.uniform(3 * g.filters);
        let mut run = |epilogue| {
            let mut y = unwritten(g.output_len());
            conv2d_forward(&g, &x, &w, epilogue, &mut y, &mut workspace).unwrap();
            y
        };
        let plain = run(Epilogue::NONE);
        let by_hand = |f: &dyn Fn(f32, usize) -> f32| {
            plain.iter().enumerate().map(|(i, &sum)| f(sum, i % g.filters).to_bits()).collect::<Vec<_>>()
        };
        let biased = run(Epilogue { bias: Some(&bias), ..Epilogue::NONE });
        assert_eq!(bits(&biased), by_hand(&|sum, i| sum + bias[i]), "bias of {g:?}");
        let relu = run(Epilogue { activation: Activation::Relu, ..Epilogue::NONE });
        assert_eq!(bits(&relu), by_hand(&|sum, _| if sum > 0.0 { sum } else { 0.0 }), "ReLU of {g:?}");
        let normalization = Some(Normalization::of(&constants, g.filters));
        let normalized = run(Epilogue { normalization, ..Epilogue::NONE });
        let [mean, scale, offset] = [0, 1, 2].map(|row| &constants[row * g.filters..][..g.filters]);
        let expected = by_hand(&|sum, i| (sum - mean[i]) * scale[i] + offset[i]);
        assert_eq!(bits(&normalized), expected, "normalization of {g:?}");
    }
}

#[test]
fn whole_numbers_are_exact_without_winograd() {
    let (mut numbers, mut workspace) = (Numbers::new(4), Workspace::new());
    for g in table().into_iter().filter(|g| [g.kernel_h, g.kernel_w] != [3, 3] || g.stride_h > 1 || g.groups > 1) {
        let data = Data::of(&g, |n| numbers.whole(n));
        for (actual, expected) in run(&g, &data, &mut workspace).iter().zip(oracle(&g, &data)) {
            assert_exact(actual, &expected, &format!("{g:?}"));
        }
    }
}

#[test]
fn an_image_has_the_same_bits_in_every_place_and_call() {
    let mut numbers = Numbers::new(5);
    let swap = |x: &[f32]| [&x[x.len() / 2..], &x[..x.len() / 2]].concat();
    for g in table().into_iter().filter(|g| g.batch == 2) {
        let data = Data::of(&g, |n| numbers.uniform(n));
        let [y, dx, dw] = run(&g, &data, &mut Workspace::new());
        let again = run(&g, &data, &mut Workspace::new());
        assert_eq!([&y, &dx, &dw].map(|v| bits(v)), again.map(|v| bits(&v)));
        let swapped = Data { x: swap(&data.x), dy: swap(&data.dy), ..data };
        let [swapped_y, swapped_dx, _] = run(&g, &swapped, &mut Workspace::new());
        assert_eq!(bits(&swapped_y), bits(&swap(&y)), "forward of {g:?}");
        assert_eq!(bits(&swapped_dx), bits(&swap(&dx)), "backward input of {g:?}");
    }
}

/// FNV-1a over the bits.
fn hash(results: &[Vec<f32>]) -> u64 {
    let bytes = results.iter().flatten().flat_map(|x| x.to_bits().to_le_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}

#[test]
fn bits_are_the_same_on_every_target() {
    let (mut numbers, mut workspace) = (Numbers::new(6), Workspace::new());
    let results: Vec<_> =
        table().iter().flat_map(|g| run(g, &Data::of(g, |n| numbers.uniform(n)), &mut workspace)).collect();
    assert_eq!(hash(&results), 0xc71f_ea81_fa10_fb07);
}
