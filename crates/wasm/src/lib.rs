//! The bridge: one thin export per kernel, under the kernel's name, numbers only.
//!
//! Arrays are addresses in this module's memory; address 0 stands for an absent one where that is allowed. Sizes are
//! counts of elements. JavaScript has checked everything: a wrong size is a trap, or worse. One thread at a time calls
//! the exports, and the module imports nothing; the build with threads imports its memory and a few functions.

#![cfg(target_arch = "wasm32")]
// std would bring the text of all panics, and an allocator for every purpose: 3 KB deflated.
#![no_std]

// wasm-pack builds this crate; the exports need nothing of its glue.
use wasm_bindgen as _;

mod allocator;
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
#[cfg(feature = "threads")]
mod threads;
mod update;
mod workspace;

/// A panic is a trap: JavaScript has checked the arguments, so that there is nobody to read a message.
#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    core::arch::wasm32::unreachable()
}
