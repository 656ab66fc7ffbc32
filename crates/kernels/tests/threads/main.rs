//! Kernels on several threads have the bits of one. Every test of this folder installs threads for the whole process,
//! so that tests without them are elsewhere.

#[path = "../common/mod.rs"]
mod common;

mod products;
mod streams;

use common::bits;
use common::threads::with_threads;

/// The same bits on 1 to 4 threads, all written.
#[track_caller]
fn check(what: &str, run: impl FnMut() -> Vec<Vec<f32>>) {
    let results = with_threads(4, run);
    for (i, result) in results[0].iter().enumerate() {
        assert!(result.iter().all(|value| !value.is_nan()), "{what}: result {i} was not written everywhere");
        for (threads, other) in results.iter().enumerate() {
            assert!(bits(&other[i]) == bits(result), "{what}: result {i} differs with {} threads", threads + 1);
        }
    }
}
