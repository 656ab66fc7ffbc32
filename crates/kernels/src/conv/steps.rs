//! Along one axis, the taps of a kernel and the places that go with them: both move by constant steps.

use super::geometry::{Axis, taps};

/// `count` pairs of a tap of the kernel and a place in an image.
#[derive(Clone, Copy)]
pub struct Steps {
    pub count: usize,
    pub tap: usize,
    pub place: usize,
    pub tap_step: usize,
    pub place_step: isize,
}

impl Steps {
    /// The inputs that output `index` sees.
    pub fn of_output(index: usize, axis: Axis) -> Self {
        let start = index * axis.stride;
        let taps = taps(start, axis.dilation, axis.pad, axis.kernel, axis.size);
        Self {
            count: taps.len(),
            tap: taps.start,
            // Without taps the place does not matter.
            place: (start + taps.start * axis.dilation).saturating_sub(axis.pad),
            tap_step: 1,
            place_step: axis.dilation as isize,
        }
    }

    /// The outputs that see input `index`: tap t belongs to output `(index + pad - t * dilation) / stride` where that
    /// is whole. Every so many taps it is.
    pub fn of_input(index: usize, axis: Axis) -> Self {
        let output = |tap: usize| {
            let distance = (index + axis.pad).checked_sub(tap * axis.dilation)?;
            // The common stride without a division.
            if axis.stride == 1 {
                return Some(distance);
            }
            distance.is_multiple_of(axis.stride).then_some(distance / axis.stride)
        };
        let mut seen = (0..axis.kernel).filter_map(|tap| Some((tap, output(tap).filter(|&place| place < axis.out)?)));
        let Some((tap, place)) = seen.next() else {
            return Self { count: 0, tap: 0, place: 0, tap_step: 0, place_step: 0 };
        };
        let Some((second, next)) = seen.next() else {
            return Self { count: 1, tap, place, tap_step: 0, place_step: 0 };
        };
        Self { count: 2 + seen.count(), tap, place, tap_step: second - tap, place_step: next as isize - place as isize }
    }
}
