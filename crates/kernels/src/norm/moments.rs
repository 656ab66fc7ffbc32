//! Mean and variance of each channel, in float64 until they are used.

use super::view::{Group, View};
use crate::columns::{Columns, TILE};
use crate::lanes::F32x4;
use crate::streams::sum;

/// mean = Σx / m, variance = Σ(x - mean)² / m, for each channel of x [outer, channels, inner], m > 0.
/// Writes moments [2, channels]: the means, then the variances.
pub fn norm_channels_moments(view: View, x: &[f32], moments: &mut [f64]) {
    view.groups().for_each(|group| Moments::of(&group, x).store(&group, moments));
}

/// Mean and variance of each channel of a group.
pub(super) struct Moments {
    pub mean: Columns<f64>,
    pub variance: Columns<f64>,
}

impl Moments {
    /// Into moments [2, channels] of all channels.
    pub fn store(&self, group: &Group, moments: &mut [f64]) {
        let (means, variances) = moments.split_at_mut(group.view.channels);
        let channels = group.channels.len();
        means[group.channels.clone()].copy_from_slice(&self.mean[..channels]);
        variances[group.channels.clone()].copy_from_slice(&self.variance[..channels]);
    }

    #[inline(never)]
    pub fn of(group: &Group, x: &[f32]) -> Self {
        let m = group.view.per_channel() as f64;
        debug_assert!(m > 0.0, "no elements to take a mean of");
        let mut moments = Self { mean: [0.0; TILE], variance: [0.0; TILE] };
        let mut shift = group.each(|channel| x[channel * group.view.inner]);
        // The second time around a mean that is nearly right.
        for _ in 0..2 {
            let [sum, squares] = group.merged(|part| shifted_sums(part, x, &shift));
            let mut trusted = true;
            for i in 0..group.channels.len() {
                let one = Moment::of_sums(f64::from(shift[i]), sum[i] / m, squares[i] / m);
                (moments.mean[i], moments.variance[i]) = (one.mean, one.variance);
                trusted &= one.trusted;
            }
            if trusted {
                return moments;
            }
            shift = moments.mean.map(|mean| mean as f32);
        }
        // The range of float32 is too small for the squares.
        let [sum, squares] = group.merged(|part| part.central_sums(x, &moments.mean));
        for i in 0..group.channels.len() {
            let one = Moment::of_sums(moments.mean[i], sum[i] / m, squares[i] / m);
            (moments.mean[i], moments.variance[i]) = (one.mean, one.variance);
        }
        moments
    }
}

/// Σ(x - shift) and Σ(x - shift)² for each channel of the group.
#[inline(never)]
pub(super) fn shifted_sums(group: &Group, x: &[f32], shift: &Columns<f32>) -> [Columns<f64>; 2] {
    group.sums([x], [shift], |[x], [shift]| {
        let d = x - shift;
        [d, d * d]
    })
}

/// Mean and variance of one channel.
pub(super) struct Moment {
    pub mean: f64,
    pub variance: f64,
    /// False where float32 sums of squares may be wrong.
    pub trusted: bool,
}

impl Moment {
    /// From the means of d = x - shift and of d². Not to be trusted where the shift is more than 4 deviations off, so
    /// that digits cancel, or d² left the range of float32. (NaN and infinity in x are in order.)
    pub fn of_sums(shift: f64, d: f64, squares: f64) -> Self {
        let difference = squares - d * d;
        // Not f64::max, which would turn NaN into 0.
        let variance = if difference < 0.0 { 0.0 } else { difference };
        let cancelled = d * d > 16.0 * variance;
        let overflowed = squares == f64::INFINITY && d.is_finite();
        let underflowed = squares < 1e-30 && (d != 0.0 || squares != 0.0);
        Self { mean: shift + d, variance, trusted: !(cancelled || overflowed || underflowed) }
    }

    /// Of a row.
    pub fn of(x: &[f32]) -> Self {
        let m = x.len() as f64;
        let mut moment = Self { mean: 0.0, variance: 0.0, trusted: false };
        let mut shift = x[0];
        for _ in 0..2 {
            let around = F32x4::splat(shift);
            let [d, squares] = sum([x], |[x]| [x - around, (x - around) * (x - around)]);
            moment = Self::of_sums(f64::from(shift), d / m, squares / m);
            if moment.trusted {
                return moment;
            }
            shift = moment.mean as f32;
        }
        let [d, squares] = exact_sums(x, moment.mean);
        Self::of_sums(moment.mean, d / m, squares / m)
    }

    /// Of a row whose mean is said to be 0: the variance is the mean of x².
    pub fn around_zero(x: &[f32]) -> Self {
        let m = x.len() as f64;
        let [squares] = sum([x], |[x]| [x * x]);
        let trusted = squares.is_finite() && squares >= 1e-30 * m;
        let squares = if trusted { squares } else { exact_sums(x, 0.0)[1] };
        Self { mean: 0.0, variance: squares / m, trusted: true }
    }
}

/// Σ(x - centre) and Σ(x - centre)² in float64.
#[inline(never)]
fn exact_sums(x: &[f32], centre: f64) -> [f64; 2] {
    x.iter().fold([0.0; 2], |[sum, squares], &x| {
        let d = f64::from(x) - centre;
        [sum + d, squares + d * d]
    })
}
