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

    #[inline(always)]
    pub fn apply(self, x: F32x4) -> F32x4 {
        match self {
            Self::None => x,
            Self::Relu => x.relu(),
        }
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

    #[inline(always)]
    fn apply(&self, x: F32x4, column: usize, lanes: usize) -> F32x4 {
        debug_assert!(2 * self.columns + column + lanes <= self.constants.len());
        let constant = |row: usize| {
            // Safety: a column that is stored has its constants.
            unsafe { F32x4::load_partial(self.constants.as_ptr().add(row * self.columns + column), lanes) }
        };
        (x - constant(0)) * constant(1) + constant(2)
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

    /// A vector of finished sums, its first `lanes` at column `column`.
    #[inline(always)]
    pub fn apply(&self, sums: F32x4, column: usize, lanes: usize) -> F32x4 {
        let sums = match self.bias {
            // Safety: a column that is stored has a bias.
            Some(bias) => sums + unsafe { F32x4::load_partial(bias.as_ptr().add(column), lanes) },
            None => sums,
        };
        let activated = self.activation.apply(sums);
        match &self.normalization {
            Some(normalization) => normalization.apply(activated, column, lanes),
            None => activated,
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
    #[inline(always)]
    fn of(epilogue: &Epilogue, column: usize) -> Self {
        // Safety: sliced to 4 floats.
        let load = |from: &[f32], at: usize| unsafe { F32x4::load(from[at..][..LANES].as_ptr()) };
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
    pub accumulate: bool,
    pub epilogue: Option<Epilogue<'a>>,
}

impl Merge<'_> {
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
            // Safety: the whole tile is writable.
            unsafe { self.store_whole(tile, c, stride, column) }
        } else {
            for (r, row) in tile.iter().enumerate().take(rows) {
                for (v, &sums) in row.iter().enumerate() {
                    let lanes = columns.saturating_sub(v * LANES).min(LANES);
                    if lanes > 0 {
                        // Safety: row r < rows, columns v * LANES .. v * LANES + lanes <= columns.
                        unsafe { self.store_lanes(sums, c.add(r * stride + v * LANES), lanes, column + v * LANES) }
                    }
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn store_whole<const M: usize, const V: usize>(
        &self,
        tile: &Tile<M, V>,
        c: *mut f32,
        stride: usize,
        column: usize,
    ) {
        let finish = self.epilogue.unwrap_or(Epilogue::NONE);
        for v in 0..V {
            let finish = Finish::of(&finish, column + v * LANES);
            for (r, row) in tile.iter().enumerate() {
                // Safety: the caller's promise; 4 lanes are inside the tile.
                unsafe {
                    let place = c.add(r * stride + v * LANES);
                    let sums = if self.accumulate { F32x4::load(place) + row[v] } else { row[v] };
                    finish.apply(sums).store(place);
                }
            }
        }
    }

    #[inline(always)]
    unsafe fn store_lanes(&self, sums: F32x4, c: *mut f32, lanes: usize, column: usize) {
        // Safety: the caller's promise.
        unsafe {
            let earlier = if self.accumulate { F32x4::load_partial(c, lanes) } else { F32x4::zero() };
            let sums = if self.accumulate { earlier + sums } else { sums };
            let sums = match &self.epilogue {
                Some(epilogue) => epilogue.apply(sums, column, lanes),
                None => sums,
            };
            sums.store_partial(c, lanes);
        }
    }
}
