//! The bridge: one thin export per kernel, under the kernel's name, numbers only.
//!
//! Arrays are addresses in this module's memory; address 0 stands for an absent one where that is allowed. Sizes are
//! counts of elements. The module imports nothing. JavaScript has checked everything: a wrong size is a trap, or worse.

// wasm-pack builds this crate; the exports need nothing of its glue.
use wasm_bindgen as _;

mod conv;
mod elementwise;
mod indexing;
mod matmul;
mod memory;
mod norm;
mod norm_samples;
mod pool;
mod random;
mod reduce;
mod slices;
mod softmax;
mod strided;
mod update;
mod workspace;
