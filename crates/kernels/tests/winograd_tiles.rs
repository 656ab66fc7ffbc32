//! The tiles of Winograd's algorithm that can be chosen. Every test of this file chooses them for the whole process, so
//! that it has one test only.

mod common;

use common::Numbers;
use common::convolution::{Data, errors, geometry, oracle, run};
use common::{assert_exact, bits};
use evenkeel_kernels::conv::set_winograd;
use evenkeel_kernels::workspace::Workspace;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn tiles_of_6_and_none() {
    let (mut numbers, mut workspace) = (Numbers::new(1), Workspace::new());
    for (size, filters, padding) in [
        ([4, 26, 26, 32], 64, [0; 4]),
        ([9, 7, 8, 16], 16, [0; 4]),
        ([2, 17, 33, 8], 24, [1, 0, 2, 3]),
        ([33, 2, 6, 24], 16, [1; 4]),
        ([2, 33, 1, 40], 8, [0, 0, 4, 3]),
        ([1, 60, 61, 16], 24, [1; 4]),
        ([33, 12, 7, 8], 8, [0, 1, 0, 1]),
    ] {
        let g = geometry(size, [3, 3, filters], [1, 1], [1, 1], padding);
        let data = Data::of(&g, |n| numbers.uniform(n));
        set_winograd(4);
        let by_4 = run(&g, &data, &mut workspace);
        set_winograd(6);
        let by_6 = run(&g, &data, &mut workspace);
        assert!(by_4.iter().zip(&by_6).all(|(a, b)| bits(a) != bits(b)), "{g:?} is cut into tiles of 6");
        for error in errors(&g, &data, &mut workspace) {
            assert!(error <= 2e-5, "{g:?}: error {error:.2e} of the largest value");
        }
        set_winograd(0);
        let whole = Data::of(&g, |n| numbers.whole(n));
        for (actual, expected) in run(&g, &whole, &mut workspace).iter().zip(oracle(&g, &whole)) {
            assert_exact(actual, &expected, &format!("{g:?} without Winograd"));
        }
        set_winograd(4);
    }
}
