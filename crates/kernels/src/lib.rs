//! Neural-network arithmetic on slices. No JavaScript, no allocation of results, no threads of its own;
//! builds natively too.
//!
//! ```text
//! lanes      four float32 side by side: the one vector type
//! math       exp, log, tanh, ... on lanes
//! streams    the innermost loops over runs: map, update, sum
//! columns    the same over rows of columns, constants and sums per column
//! matmul conv pool elementwise strided indexing reduce softmax norm update random     the kernels
//! parallel   tasks for as many threads as there are, without a bit of difference
//! workspace  scratch memory, grown to the largest need and kept
//! ```
//!
//! Conventions. Arrays are row-major slices of float32 whose lengths the caller has checked: kernels only assert in
//! debug builds. Words: rows, cols, x and y for input and output, dy and dx for their gradients, mean, variance,
//! rstd = 1/√(variance + ε), gamma, beta. Outputs are written in full, never read, unless the name says update or
//! assign. A result depends on the shapes and values alone, with the same bits on every machine: multiply-adds are not
//! fused, sums have one fixed order, and nothing comes from a system's maths library.
//!
//! To add a kernel: its formula is the first line of its docstring, then shapes and what is written. Give the formula
//! to a driver of `streams` or `columns` if it streams. Test it in `tests/` against a slow float64 version, on sizes
//! around multiples of 4, into outputs filled with NaN. Then export it in `crates/wasm`, under the same name.

// For crates/wasm, which says why.
#![cfg_attr(target_arch = "wasm32", no_std)]

extern crate alloc;

mod columns;
pub mod conv;
pub mod elementwise;
pub mod indexing;
pub mod lanes;
pub mod math;
pub mod matmul;
pub mod norm;
pub mod parallel;
pub mod pool;
pub mod random;
pub mod reduce;
pub mod softmax;
mod streams;
pub mod strided;
pub mod update;
pub mod workspace;
