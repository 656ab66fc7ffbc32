//! The moments of rows that come in bands: a kernel that makes rows measures them while they are in the cache.

use super::moments::{Moment, norm_channels_moments, shifted_sums};
use super::view::View;
use crate::workspace::{LINE, doubles};

/// Count, mean and squared deviations of each channel of the rows seen so far, [rows, channels]. One for each part of
/// the work, merged in the order of the parts: then the result does not depend on who did them.
///
/// ```text
/// mean = mean_a + δ·n_b/n        Σ(x - mean)² = M_a + M_b + δ²·n_a·n_b/n        δ = mean_b - mean_a
/// ```
///
/// (Chan, Golub and LeVeque 1979), in float64. Between merges, rows are summed around the first one that came.
pub struct MomentSums<'a> {
    channels: usize,
    state: &'a mut [f64],
}

/// What a state begins with: rows that are merged, rows that are not yet, whether sums were not to be trusted.
const MERGED: usize = 0;
const OPEN: usize = 1;
const DOUBTFUL: usize = 2;
const HEAD: usize = 3;

/// Then for each channel: the merged mean and squared deviations; shift, Σ(x - shift), Σ(x - shift)² of the others.
const PER_CHANNEL: usize = 5;

impl<'a> MomentSums<'a> {
    /// Floats of scratch memory: whole cache lines.
    pub fn floats(channels: usize) -> usize {
        (2 * (HEAD + PER_CHANNEL * channels)).next_multiple_of(LINE)
    }

    /// Of no rows. `scratch` starts on a cache line, with room for [`MomentSums::floats`].
    pub fn new(channels: usize, scratch: &'a mut [f32]) -> Self {
        let sums = Self::resume(channels, scratch);
        sums.state.fill(0.0);
        sums
    }

    /// Of the rows that were added in this scratch memory before.
    pub fn resume(channels: usize, scratch: &'a mut [f32]) -> Self {
        Self { channels, state: &mut doubles(scratch)[..HEAD + PER_CHANNEL * channels] }
    }

    /// The next rows.
    pub fn add(&mut self, rows: &[f32]) {
        let view = View { outer: rows.len() / self.channels.max(1), channels: self.channels, inner: 1 };
        if view.outer == 0 {
            return;
        }
        let (head, channels) = self.state.split_at_mut(HEAD);
        let (channels, _) = channels.as_chunks_mut::<PER_CHANNEL>();
        if head[OPEN] == 0.0 {
            for ([_, _, shift, sum, squares], &first) in channels.iter_mut().zip(rows) {
                (*shift, *sum, *squares) = (f64::from(first), 0.0, 0.0);
            }
        }
        head[OPEN] += view.outer as f64;
        for group in view.groups() {
            let shift = group.each(|channel| channels[channel][2] as f32);
            let [sums, squares] = shifted_sums(&group, rows, &shift);
            for (i, [_, _, _, sum, square]) in channels[group.channels.clone()].iter_mut().enumerate() {
                *sum += sums[i];
                *square += squares[i];
            }
        }
    }

    /// The rows of `other` after its own.
    pub fn merge(&mut self, other: &mut MomentSums) {
        debug_assert_eq!(self.channels, other.channels);
        self.close();
        other.close();
        let (head, channels) = self.state.split_at_mut(HEAD);
        let (other_head, others) = other.state.split_at(HEAD);
        let (others, _) = others.as_chunks::<PER_CHANNEL>();
        for ([mean, squares, ..], &[other_mean, other_squares, ..]) in
            channels.as_chunks_mut::<PER_CHANNEL>().0.iter_mut().zip(others)
        {
            let added = [other_head[MERGED], other_mean, other_squares];
            [*mean, *squares] = chan([head[MERGED], *mean, *squares], added);
        }
        head[MERGED] += other_head[MERGED];
        head[DOUBTFUL] += other_head[DOUBTFUL];
    }

    /// Writes moments [2, channels], mean and biased variance of the rows. `x`: all of them, at least one, in any
    /// order; they are read again only where the sums are not to be trusted.
    pub fn moments(&mut self, x: &[f32], moments: &mut [f64]) {
        self.close();
        let rows = self.state[MERGED];
        debug_assert!(rows > 0.0 && rows as usize * self.channels == x.len());
        if self.state[DOUBTFUL] != 0.0 {
            let view = View { outer: rows as usize, channels: self.channels, inner: 1 };
            return norm_channels_moments(view, x, moments);
        }
        let (means, variances) = moments.split_at_mut(self.channels);
        let (channels, _) = self.state[HEAD..].as_chunks::<PER_CHANNEL>();
        for ((mean, variance), channel) in means.iter_mut().zip(variances).zip(channels) {
            (*mean, *variance) = (channel[0], channel[1] / rows);
        }
    }

    /// Merges the rows that are only summed.
    fn close(&mut self) {
        let (head, channels) = self.state.split_at_mut(HEAD);
        let open = head[OPEN];
        if open == 0.0 {
            return;
        }
        for [mean, squares, shift, sum, square_sum] in channels.as_chunks_mut::<PER_CHANNEL>().0 {
            let one = Moment::of_sums(*shift, *sum / open, *square_sum / open);
            [*mean, *squares] = chan([head[MERGED], *mean, *squares], [open, one.mean, one.variance * open]);
            head[DOUBTFUL] += f64::from(u8::from(!one.trusted));
        }
        head[MERGED] += open;
        head[OPEN] = 0.0;
    }
}

/// Mean and squared deviations of two sets, from the count, mean and squared deviations of each.
fn chan([n_a, mean_a, squares_a]: [f64; 3], [n_b, mean_b, squares_b]: [f64; 3]) -> [f64; 2] {
    if n_a == 0.0 {
        return [mean_b, squares_b];
    }
    if n_b == 0.0 {
        return [mean_a, squares_a];
    }
    let (n, delta) = (n_a + n_b, mean_b - mean_a);
    [mean_a + delta * (n_b / n), squares_a + squares_b + delta * delta * (n_a * n_b / n)]
}
