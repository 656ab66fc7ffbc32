//! A 3 x 3 convolution of stride 1 by Winograd's F(n x n, 3 x 3), as in Lavin and Gray, "Fast Algorithms for
//! Convolutional Neural Networks" (2015): `y = A^T [(G w G^T) . (B^T x B)] A` for each tile of n x n outputs.
//!
//! n = 4 ([`f4`]) takes a quarter of the direct algorithm's multiplications, with a float32 error of about 1e-6 of the
//! largest value; n = 6 ([`f6`]) a fifth, with about 1e-5. [`tile`] applies the transforms, [`bands`] cuts images,
//! [`weights`] transforms filters, [`products`] multiplies, [`plan`] has the order: block by block of tile rows, so
//! that what is transformed stays in cache until it is multiplied.
//!
//! A tile mixes what it reads: one value that is NaN or infinite can reach all results of its tile, and one that is
//! 1e7 times its neighbours hides them.

mod backward;
mod bands;
mod f4;
mod f6;
mod forward;
mod plan;
mod products;
mod tile;
mod weights;

pub use backward::backward;
pub use f4::F4;
pub use f6::F6;
pub use forward::forward;
pub use tile::Tile;
