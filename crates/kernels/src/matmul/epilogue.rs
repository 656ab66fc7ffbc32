//! What happens to a tile of sums on its way to memory: earlier partial sums, bias, activation, normalization.

use super::tile::Tile;
use crate::lanes::{F32x4, LANES};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    None,
    Relu,
}

impl Activation {
    /// The bridge's code: 0 none, 1 relu.
    pub fn from_code(code: u32) -> Self {
        debug_assert!(code <= 1);
        if code == 1 { Self::Relu } else { Self::None }
    }
}

/// `(x - mean) * scale + offset`, one of each a column: the constants of [`crate::norm::norm_given_constants`].
#[derive(Clone, Copy)]
pub struct Normalization<'a> {
    constants: &'a [f32],
    columns: usize,
}

impl<'a> Normalization<'a> {
    /// `constants` is `[3, columns]`: means, scales, offsets.
    pub fn of(constants: &'a [f32], columns: usize) -> Self {
        debug_assert!(constants.len() == 3 * columns);
        Self { constants, columns }
    }

    fn columns_from(self, first: usize) -> Self {
        Self { constants: &self.constants[first..], ..self }
    }
}

/// `C = normalization(activation(sums + bias))`, the bias one value a column.
#[derive(Clone, Copy)]
pub struct Epilogue<'a> {
    pub bias: Option<&'a [f32]>,
    pub activation: Activation,
    pub normalization: Option<Normalization<'a>>,
}

impl<'a> Epilogue<'a> {
    pub const NONE: Epilogue<'static> = Epilogue { bias: None, activation: Activation::None, normalization: None };

    /// Whether sums stay as they are.
    pub fn is_none(&self) -> bool {
        self.bias.is_none() && self.activation == Activation::None && self.normalization.is_none()
    }

    /// The epilogue of columns `first..` alone.
    pub fn columns_from(self, first: usize) -> Self {
        Self {
            bias: self.bias.map(|bias| &bias[first..]),
            normalization: self.normalization.map(|each| each.columns_from(first)),
            ..self
        }
    }

    /// Finishes rows of `columns` sums where they are.
    pub fn finish_rows(&self, rows: &mut [f32], columns: usize) {
        if self.is_none() {
            return;
        }
        for column in (0..columns).step_by(LANES) {
            let lanes = LANES.min(columns - column);
            let finish = Finish::of(self, column, lanes);
            for row in rows.chunks_exact_mut(columns) {
                let place = row[column..][..lanes].as_mut_ptr();
                // Safety: sliced to as many lanes.
                unsafe { finish.apply(F32x4::load_partial(place, lanes)).store_partial(place, lanes) }
            }
        }
    }
}

/// An [`Epilogue`] for 4 columns, loaded once for the rows of a tile and with one branch: absent are a bias of -0 and a
/// least value of -infinity.
struct Finish {
    bias: F32x4,
    least: F32x4,
    normalization: Option<[F32x4; 3]>,
}

impl Finish {
    /// For the first `lanes` columns from `column` on.
    #[inline(always)]
    fn of(epilogue: &Epilogue, column: usize, lanes: usize) -> Self {
        let load = |from: &[f32], at: usize| {
            // Safety: sliced to as many lanes.
            unsafe { F32x4::load_partial(from[at..][..lanes].as_ptr(), lanes) }
        };
        let least = if epilogue.activation == Activation::Relu { 0.0 } else { f32::NEG_INFINITY };
        Self {
            bias: epilogue.bias.map_or(F32x4::splat(-0.0), |bias| load(bias, column)),
            least: F32x4::splat(least),
            normalization: epilogue
                .normalization
                .map(|each| [0, 1, 2].map(|row| load(each.constants, row * each.columns + column))),
        }
    }

    #[inline(always)]
    fn apply(&self, sums: F32x4) -> F32x4 {
        let activated = (sums + self.bias).max(self.least);
        match self.normalization {
            Some([mean, scale, offset]) => (activated - mean) * scale + offset,
            None => activated,
        }
    }
}

/// How a block of the depth meets C: the first one overwrites, later ones add, the last one finishes.
#[derive(Clone, Copy)]
pub struct Merge<'a> {
    accumulate: bool,
    epilogue: Option<Epilogue<'a>>,
}

impl<'a> Merge<'a> {
    /// `epilogue`: of the last block.
    pub fn new(accumulate: bool, epilogue: Option<Epilogue<'a>>) -> Self {
        // One that does nothing costs products of a short depth 7 %.
        Self { accumulate, epilogue: epilogue.filter(|epilogue| !epilogue.is_none()) }
    }

    /// Stores the upper left `rows` x `columns` of a tile at `c`, whose column is `column` of the epilogue.
    ///
    /// # Safety
    /// Those places of `c`, rows `stride` apart, are writable, and readable when this accumulates.
    #[inline(always)]
    pub unsafe fn store<const M: usize, const V: usize>(
        &self,
        tile: &Tile<M, V>,
        c: *mut f32,
        stride: usize,
        rows: usize,
        columns: usize,
        column: usize,
    ) {
        if rows == M && columns == V * LANES {
            for v in 0..V {
                // Safety: the whole tile is writable.
                unsafe { self.store_lanes(tile, v, c, stride, M, LANES, column) }
            }
        } else {
            for v in 0..columns.div_ceil(LANES) {
                // Safety: columns v * LANES.. of rows are inside.
                unsafe { self.store_lanes(tile, v, c, stride, rows, LANES.min(columns - v * LANES), column) }
            }
        }
    }

    /// The first `lanes` of vector `v` of every row.
    ///
    /// # Safety
    /// As [`Merge::store`].
    #[inline(always)]
    unsafe fn store_lanes<const M: usize, const V: usize>(
        &self,
        tile: &Tile<M, V>,
        v: usize,
        c: *mut f32,
        stride: usize,
        rows: usize,
        lanes: usize,
        column: usize,
    ) {
        let finish = self.epilogue.as_ref().map(|epilogue| Finish::of(epilogue, column + v * LANES, lanes));
        for (r, row) in tile.iter().enumerate().take(rows) {
            // Safety: the caller's promise.
            unsafe {
                let place = c.add(r * stride + v * LANES);
                let sums = if self.accumulate { F32x4::load_partial(place, lanes) + row[v] } else { row[v] };
                finish.as_ref().map_or(sums, |finish| finish.apply(sums)).store_partial(place, lanes);
            }
        }
    }
}
