//! x as [outer, channels, inner]: sums per channel, and maps with constants per channel, for either place of the
//! channels; in parts for threads.

use crate::columns::{ColumnSums, Columns, TILE, Tile};
use crate::lanes::F32x4;
use crate::parallel::{self, LEAST, Parts, for_each, partials, tasks};
use crate::streams;
use core::array::from_fn;
use core::ops::Range;

/// From this many neighbours of one channel on, each run of them is summed by itself; shorter ones are columns.
const LONG_RUN: usize = 64;

/// The shape [outer, channels, inner] of x.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View {
    pub outer: usize,
    pub channels: usize,
    pub inner: usize,
}

impl View {
    /// Elements of x.
    pub fn size(&self) -> usize {
        self.outer * self.channels * self.inner
    }

    /// m: elements that share one mean.
    pub fn per_channel(&self) -> usize {
        self.outer * self.inner
    }

    /// The channels in groups whose values per channel fit on the stack.
    pub(super) fn groups(self) -> impl Iterator<Item = Group> {
        let (channels, inner) = (self.channels, self.inner);
        let long = inner >= LONG_RUN;
        let runs = (0..if long { channels.div_ceil(TILE) } else { 0 }).map(move |i| {
            let channels = i * TILE..channels.min((i + 1) * TILE);
            Group { view: self, channels, in_task: false, outer: 0..self.outer, tile: None }
        });
        let (cols, unit) = if long { (0, 1) } else { (channels * inner, inner.max(1)) };
        let columns = Tile::of(self.outer, cols, unit).map(move |tile| {
            let first = tile.first / inner;
            let channels = first..first + tile.columns / inner;
            Group { view: self, channels, in_task: false, outer: 0..self.outer, tile: Some(tile) }
        });
        runs.chain(columns)
    }
}

/// Some channels of a view; arrays of [`Columns`] have their values in the order of `channels`.
pub(super) struct Group {
    pub view: View,
    pub channels: Range<usize>,
    /// Whose runs to walk, where every channel is walked by runs.
    outer: Range<usize>,
    /// Else the columns to walk.
    tile: Option<Tile>,
    in_task: bool,
}

impl Group {
    /// `f` of each channel.
    pub fn each(&self, mut f: impl FnMut(usize) -> f32) -> Columns<f32> {
        let mut values = [0.0; TILE];
        for (value, channel) in values.iter_mut().zip(self.channels.clone()) {
            *value = f(channel);
        }
        values
    }

    /// The same, never cut: for work that is in a task already.
    pub fn in_task(self) -> Self {
        Self { in_task: true, ..self }
    }

    /// Rows or samples between which a group can be cut, and how many of them are worth a task.
    #[inline(never)]
    fn cuts(&self) -> (usize, usize) {
        let (rows, width) = match &self.tile {
            Some(tile) => (tile.rows, tile.width),
            None => (self.outer.len(), self.channels.len() * self.view.inner),
        };
        (rows, if self.in_task { usize::MAX } else { LEAST.div_ceil(width.max(1)) })
    }

    /// Part `index` of `count`: the same channels of some rows.
    #[inline(never)]
    fn share(&self, index: usize, count: usize) -> Self {
        let rows = parallel::share(index, count, self.outer.len());
        Self {
            outer: self.outer.start + rows.start..self.outer.start + rows.end,
            tile: self.tile.map(|tile| tile.share(index, count)),
            channels: self.channels.clone(),
            ..*self
        }
    }

    /// `work` on parts of the group: what it writes for an element does not depend on the part.
    pub fn for_each_part(&self, work: impl Fn(&Self) + Sync) {
        let (rows, least) = self.cuts();
        let count = tasks(rows, least);
        for_each(count, |task| work(&self.share(task.index, count)));
    }

    /// The sums that `work` takes of parts of the group, the same for any number of threads.
    pub fn merged<const M: usize>(&self, work: impl Fn(&Self) -> [Columns<f64>; M] + Sync) -> [Columns<f64>; M] {
        let (rows, least) = self.cuts();
        let count = partials(rows, least);
        parallel::merged(
            count,
            |task| work(&self.share(task.index, count)),
            |totals, part| {
                for (total, part) in totals.as_flattened_mut().iter_mut().zip(part.as_flattened()) {
                    *total += part;
                }
            },
        )
    }

    /// Where each run of the group lies in x, and which of the group's channels it is.
    fn runs(&self) -> impl Iterator<Item = (Range<usize>, usize)> {
        let View { channels, inner, .. } = self.view;
        let group = self.channels.clone();
        self.outer.clone().flat_map(move |n| {
            group.clone().enumerate().map(move |(i, channel)| {
                let start = (n * channels + channel) * inner;
                (start..start + inner, i)
            })
        })
    }

    /// Per channel of the group: the sums of the `M` terms that `f(x…, constants…)` gives for its elements.
    #[inline(always)]
    pub fn sums<const K: usize, const L: usize, const M: usize>(
        &self,
        x: [&[f32]; K],
        constants: [&Columns<f32>; L],
        f: impl Fn([F32x4; K], [F32x4; L]) -> [F32x4; M],
    ) -> [Columns<f64>; M] {
        let Some(tile) = &self.tile else {
            let mut totals = [[0.0; TILE]; M];
            for (run, i) in self.runs() {
                let c = constants.map(|constant| F32x4::splat(constant[i]));
                let sums = streams::sum(x.map(|x| &x[run.clone()]), |x| f(x, c));
                for m in 0..M {
                    totals[m][i] += sums[m];
                }
            }
            return totals;
        };
        let constants = constants.map(|each| tile.spread(&each[..self.channels.len()], self.view.inner));
        let mut sums = ColumnSums::new();
        sums.add(tile, x, from_fn(|l| &constants[l]), f);
        sums.totals.map(|places| tile.gather(&places, self.view.inner))
    }

    /// `y = f(x…, constants…)` for each element of the group's channels. `R` is `K + L`.
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
        let Some(tile) = &self.tile else {
            for (run, i) in self.runs() {
                let c = constants.map(|constant| F32x4::splat(constant[i]));
                // Safety: the caller's promise; runs do not overlap.
                let y = unsafe { y.part(run.clone()) };
                streams::map(x.map(|x| &x[run.clone()]), y, |x| f(x, c));
            }
            return;
        };
        let constants = constants.map(|each| tile.spread(&each[..self.channels.len()], self.view.inner));
        // Safety: the caller's promise.
        unsafe { tile.map::<K, L, R>(x, from_fn(|l| &constants[l]), y, f) };
    }

    /// Per channel of the group, in float64: Σ(x - centre) and Σ(x - centre)².
    pub fn central_sums(&self, x: &[f32], centre: &Columns<f64>) -> [Columns<f64>; 2] {
        let mut totals = [[0.0; TILE]; 2];
        for (run, i) in self.runs() {
            for &value in &x[run] {
                let d = f64::from(value) - centre[i];
                totals[0][i] += d;
                totals[1][i] += d * d;
            }
        }
        totals
    }
}
