//! Kernels on single elements.

mod binary;
mod simple;
mod unary;
mod whole;

pub use binary::{Binary, Broadcast, binary};
pub use simple::{add_assign, cast_f32_to_i32, cast_i32_to_f32, first_non_finite, scale, scale_in_place};
pub use unary::{Unary, unary_backward, unary_forward, unary_in_place};
