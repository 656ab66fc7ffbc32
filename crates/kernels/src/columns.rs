//! The innermost loops over rows of columns: sums down the columns, and maps with one constant per column.
//!
//! Memory is read in its own order, row after row; the sums of a [`Tile`] of columns stay in the first cache. Narrow
//! rows are joined: 3 columns are walked as rows of 192, the pattern of 3 repeated, so that every vector is full.

use crate::lanes::{F32x4, LANES};
use crate::parallel::{self, Parts};
use crate::streams::{Source, UNROLL, absorb, stream};
use core::array::from_fn;

/// The most columns whose sums are kept at once.
pub const TILE: usize = 512;

/// Joined rows are at least this wide, if the columns allow.
const JOINED: usize = 64;

/// Vectors of a row that are added up in one step.
const VECTORS: usize = 2;

/// Rows whose float32 sums are merged into float64 at once; a multiple of 4.
const BLOCK: usize = 64;

/// Floats of the rows that a map walks forward, as processors fetch ahead, before it takes those in front of them.
const STRETCH: usize = 1 << 14;

/// One value for each column of a tile.
pub type Columns<T> = [T; TILE];

/// `rows` rows of `width` columns, `stride` apart, then one row of the first `rest` columns; in a [rows, cols] array.
#[derive(Clone, Copy, Debug)]
pub struct Tile {
    /// The first column.
    pub first: usize,
    /// How many columns of the array the tile covers; `width` is a multiple of it.
    pub columns: usize,
    pub width: usize,
    pub rows: usize,
    /// Where the first row starts.
    start: usize,
    stride: usize,
    rest: usize,
}

impl Tile {
    /// The tiles of a [rows, cols] array. A tile's columns are a multiple of `unit`, a divisor of `cols` up to `TILE`.
    pub fn of(rows: usize, cols: usize, unit: usize) -> impl Iterator<Item = Tile> {
        let joined = joined_rows(cols);
        let widest = TILE - TILE % unit;
        (0..cols.div_ceil(widest)).map(move |i| {
            let first = i * widest;
            let columns = widest.min(cols - first);
            let (stride, rest) = (joined * cols, rows % joined * cols);
            Tile { first, columns, width: joined * columns, rows: rows / joined, start: first, stride, rest }
        })
    }

    /// Part `index` of `count`, cut between rows.
    #[inline(never)]
    pub fn share(&self, index: usize, count: usize) -> Tile {
        let rows = parallel::share(index, count, self.rows);
        let rest = if index + 1 == count { self.rest } else { 0 };
        Tile { start: self.start + rows.start * self.stride, rows: rows.len(), rest, ..*self }
    }

    /// `values[column]` for each place of the tile: the pattern of columns repeated, each `repeat` times.
    #[inline(never)]
    pub fn spread(&self, values: &[f32], repeat: usize) -> Columns<f32> {
        let mut places = [0.0; TILE];
        for (place, &value) in places[..self.columns].chunks_exact_mut(repeat).zip(values) {
            place.fill(value);
        }
        for start in (self.columns..self.width).step_by(self.columns) {
            places.copy_within(..self.columns, start);
        }
        places
    }

    /// Adds up what `places` holds for each group of `repeat` columns: the adjoint of [`Tile::spread`].
    #[inline(never)]
    pub fn gather(&self, places: &Columns<f64>, repeat: usize) -> Columns<f64> {
        let mut sums = [0.0; TILE];
        for pattern in places[..self.width].chunks_exact(self.columns) {
            for (sum, place) in sums.iter_mut().zip(pattern.chunks_exact(repeat)) {
                *sum += place.iter().sum::<f64>();
            }
        }
        sums
    }

    /// `y = f(x…, constants…)` for each element of the tile. `R` is `K + L`.
    ///
    /// # Safety
    /// Nothing else uses these elements of y.
    #[inline(always)]
    pub unsafe fn map<const K: usize, const L: usize, const R: usize>(
        &self,
        x: [&[f32]; K],
        constants: [&Columns<f32>; L],
        y: &Parts<f32>,
        f: impl Fn([F32x4; K], [F32x4; L]) -> F32x4,
    ) {
        debug_assert!(self.end() <= y.len() && x.iter().all(|x| x.len() == y.len()));
        let (x, y) = (x.map(<[f32]>::as_ptr), y.start());
        // From the end: a sum over the same rows came before, which left the last ones in the cache ([4096, 512],
        // backward: 15 % less time).
        let stretch = (STRETCH / self.width.max(1)).max(1);
        // The row after the last is the rest.
        let rows = |i: usize| i * stretch..(self.rows + 1).min((i + 1) * stretch);
        for row in (0..=self.rows / stretch).rev().flat_map(rows) {
            let width = if row < self.rows { self.width } else { self.rest };
            let start = self.start + row * self.stride;
            let read: [Source; R] = from_fn(|i| match i.checked_sub(K) {
                None => Source { start: x[i].wrapping_add(start), step: 1 },
                Some(l) => Source { start: constants[l].as_ptr(), step: 1 },
            });
            // Safety: start + width is inside x and y, and width <= TILE.
            unsafe {
                stream::<R, 1, UNROLL>(width, read, [y.wrapping_add(start)], |all| {
                    [f(from_fn(|k| all[k]), from_fn(|l| all[K + l]))]
                });
            }
        }
    }

    fn end(&self) -> usize {
        let rows = if self.rows == 0 { 0 } else { self.start + (self.rows - 1) * self.stride + self.width };
        rows.max(if self.rest == 0 { 0 } else { self.start + self.rows * self.stride + self.rest })
    }
}

/// How many rows of `cols` are walked as one: full vectors, and long enough rows to be worth their loop.
fn joined_rows(cols: usize) -> usize {
    let mut rows = match cols % LANES {
        0 => 1,
        2 => 2,
        _ => 4,
    };
    if rows * cols > TILE {
        return 1;
    }
    while cols > 0 && rows * cols < JOINED {
        rows *= 2;
    }
    rows
}

/// `M` sums for each place of a tile.
pub struct ColumnSums<const M: usize> {
    block: [Columns<f32>; M],
    pub totals: [Columns<f64>; M],
}

impl<const M: usize> ColumnSums<M> {
    pub fn new() -> Self {
        Self { block: [[0.0; TILE]; M], totals: [[0.0; TILE]; M] }
    }

    /// Adds `f(x…, constants…)` of each element of the tile to the sums of its place.
    #[inline(always)]
    pub fn add<const K: usize, const L: usize>(
        &mut self,
        tile: &Tile,
        x: [&[f32]; K],
        constants: [&Columns<f32>; L],
        f: impl Fn([F32x4; K], [F32x4; L]) -> [F32x4; M],
    ) {
        debug_assert!(x.iter().all(|x| tile.end() <= x.len()));
        let start = |row: usize| tile.start + row * tile.stride;
        let joint = tile.width - tile.width % (VECTORS * LANES);
        // Rows that are read at once; more than four streams are slow to fetch.
        let most = if K == 1 { 4 } else { 2 };
        let mut row = 0;
        // The row after the last is the rest.
        while row <= tile.rows {
            let together = row + most <= tile.rows;
            if together {
                let x = x.map(|x| x.as_ptr().wrapping_add(start(row)));
                // Safety: `joint` columns of these rows are inside.
                unsafe {
                    if K == 1 {
                        self.add_rows::<K, L, 4>(joint, x, tile.stride, constants, &f);
                    } else {
                        self.add_rows::<K, L, 2>(joint, x, tile.stride, constants, &f);
                    }
                }
            }
            let (rows, first) = if together { (most, joint) } else { (1, 0) };
            let width = if row < tile.rows { tile.width } else { tile.rest };
            for start in (row..row + rows).map(start) {
                for j in (first..width).step_by(LANES) {
                    // Safety: the columns up to `width` are inside. Sums of padding are dropped by `merge`.
                    unsafe {
                        let x = from_fn(|k| F32x4::load_partial(x[k].as_ptr().add(start + j), width - j));
                        let terms = f(x, from_fn(|l| F32x4::load(constants[l].as_ptr().add(j))));
                        for (block, term) in self.block.iter_mut().zip(terms) {
                            let place = block.as_mut_ptr().add(j);
                            (F32x4::load(place) + term).store(place);
                        }
                    }
                }
            }
            row += rows;
            if row % BLOCK == 0 || row >= tile.rows {
                self.merge(width);
            }
        }
    }

    /// Adds the terms of `R` rows, from `x` on and `stride` apart, to the sums of the first `width` columns.
    ///
    /// Safety: `width`, a multiple of `VECTORS` vectors up to TILE, floats are readable in each row.
    #[inline(always)]
    unsafe fn add_rows<const K: usize, const L: usize, const R: usize>(
        &mut self,
        width: usize,
        x: [*const f32; K],
        stride: usize,
        constants: [&Columns<f32>; L],
        f: &impl Fn([F32x4; K], [F32x4; L]) -> [F32x4; M],
    ) {
        let mut x: [[*const f32; R]; K] = x.map(|x| from_fn(|r| x.wrapping_add(r * stride)));
        let mut c = constants.map(|each| each.as_ptr());
        let mut place = self.block.as_mut_ptr().cast::<f32>();
        let step = VECTORS * LANES;
        // Pointers that move on, as the WASM build leaves indices as they are written.
        for _ in 0..width / step {
            for u in (0..step).step_by(LANES) {
                // Safety: the caller's promise; the sums of column j stand `TILE` apart.
                unsafe {
                    let c = from_fn(|l| F32x4::load(c[l].add(u)));
                    let terms: [[F32x4; M]; R] = from_fn(|r| f(from_fn(|k| F32x4::load(x[k][r].add(u))), c));
                    for m in 0..M {
                        let place = place.add(m * TILE + u);
                        // First among themselves: the fewer additions to a large sum, the less is rounded away.
                        let sum = terms[1..].iter().fold(terms[0][m], |sum, term| sum + term[m]);
                        (F32x4::load(place) + sum).store(place);
                    }
                }
            }
            x = x.map(|rows| rows.map(|p| p.wrapping_add(step)));
            c = c.map(|p| p.wrapping_add(step));
            place = place.wrapping_add(step);
        }
    }

    /// Moves the block's sums into the totals.
    fn merge(&mut self, width: usize) {
        // Sums of padding are dropped with those behind `width`.
        for (block, total) in self.block.iter_mut().zip(&mut self.totals) {
            absorb(&mut total[..width], &mut block[..width]);
            block[width..width.next_multiple_of(LANES)].fill(0.0);
        }
    }
}
