//! Moments of rows that come in bands, from several parts of the work.

use super::{moments, spread};
use crate::common::Numbers;
use evenkeel_kernels::norm::{MomentSums, View, norm_channels_moments};
use evenkeel_kernels::parallel::share;

#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// An aligned scratch memory, of bad values.
#[repr(align(64))]
struct Scratch([f32; 32 * 1024]);

/// The moments of `x` in `parts` parts, each in bands of `band` rows.
fn accumulated(view: View, x: &[f32], parts: usize, band: usize) -> Vec<f64> {
    let mut scratch = Box::new(Scratch([f32::NAN; 32 * 1024]));
    let floats = MomentSums::floats(view.channels);
    for (index, scratch) in scratch.0.chunks_exact_mut(floats).take(parts).enumerate() {
        let rows = share(index, parts, view.outer);
        let mut sums = MomentSums::new(view.channels, scratch);
        for rows in x[rows.start * view.channels..rows.end * view.channels].chunks(band * view.channels) {
            sums.add(rows);
        }
    }
    let mut states = scratch.0.chunks_exact_mut(floats).map(|scratch| MomentSums::resume(view.channels, scratch));
    let mut total = states.next().unwrap();
    states.take(parts - 1).for_each(|mut state| total.merge(&mut state));
    let mut result = vec![f64::NAN; 2 * view.channels];
    total.moments(x, &mut result);
    result
}

fn assert_moments(actual: &[f64], view: View, x: &[f32], what: &str) {
    let [mean, variance] = moments(view, x);
    for (c, (mean, variance)) in mean.iter().zip(&variance).enumerate() {
        let deviation = variance.sqrt().max(1e-30);
        let error = (actual[c] - mean).abs() / deviation;
        assert!(error <= 1e-6, "{what} {view:?}: mean of channel {c} is {error:.1e} deviations off");
        let error = (actual[view.channels + c] / variance.max(1e-300) - 1.0).abs();
        assert!(error <= 1e-6 || *variance == 0.0, "{what} {view:?}: variance of channel {c} off by {error:.1e}");
    }
}

#[test]
fn bands_and_parts_make_the_whole() {
    for channels in [1, 3, 17, 32, 513] {
        for (mean, outlier) in [(0.5, None), (1e4, None), (1.0, Some(1e6))] {
            let view = View { outer: 331, channels, inner: 1 };
            let mut x = spread(&mut Numbers::new(channels as u64), view.size(), mean, 1.0);
            if let Some(outlier) = outlier {
                x[channels / 2] = outlier;
            }
            let mut whole = vec![f64::NAN; 2 * channels];
            norm_channels_moments(view, &x, &mut whole);
            assert_moments(&whole, view, &x, "at once");
            for (parts, band) in [(1, 400), (1, 1), (2, 7), (3, 64), (5, 13)] {
                let what = format!("{parts} parts, bands of {band}, mean {mean}, outlier {outlier:?}");
                assert_moments(&accumulated(view, &x, parts, band), view, &x, &what);
            }
        }
    }
}

#[test]
fn parts_without_rows_add_nothing_and_constants_are_exact() {
    let view = View { outer: 2, channels: 5, inner: 1 };
    let x = vec![1.234_567e4; view.size()];
    let expected: Vec<f64> = (0..10).map(|i| if i < 5 { f64::from(x[0]) } else { 0.0 }).collect();
    assert_eq!(accumulated(view, &x, 4, 1), expected);
}

#[test]
fn a_channel_whose_first_row_stands_out_is_measured_again() {
    // As behind a ReLU: nearly always 0.
    let view = View { outer: 4000, channels: 3, inner: 1 };
    let mut x = vec![0.0; view.size()];
    for channel in 0..3 {
        x[channel] = 5.0;
        x[300 * 3 + channel] = 1e-3 * (channel + 1) as f32;
    }
    assert_moments(&accumulated(view, &x, 1, 100), view, &x, "one part");
    assert_moments(&accumulated(view, &x, 3, 100), view, &x, "three parts");
}
