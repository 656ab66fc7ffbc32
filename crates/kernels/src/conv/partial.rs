//! The gradient of the weights as a sum over the tasks, added up in their order.

use super::geometry::Conv2d;
use crate::parallel::{Parts, Task, for_each, partials, share, tasks};
use crate::streams;

/// Floats that are worth a task of adding up.
const LEAST: usize = 64 * 1024;

/// Output pixels of a partial sum, at least: half a thousandth of its work is then to begin and to add it up.
const PIXELS: usize = 4096;

/// How many sums to make of the images of a batch, by shape alone. A sum has as many pixels as a patch has floats, so
/// that all of them together take no more memory than dy.
pub fn partial_sums(g: &Conv2d) -> usize {
    partials(g.batch, PIXELS.max(g.patch()).div_ceil(g.pixels()))
}

/// The sum of task 0 is made in `dw` itself, the others in scratch memory.
pub struct PartialSums<'a> {
    dw: Parts<'a, f32>,
    others: Parts<'a, f32>,
    len: usize,
    count: usize,
}

impl<'a> PartialSums<'a> {
    pub fn scratch_len(count: usize, len: usize) -> usize {
        (count - 1) * len
    }

    pub fn of(count: usize, dw: &'a mut [f32], scratch: &'a mut [f32]) -> Self {
        let len = dw.len();
        Self { dw: Parts::of(dw), others: Parts::of(scratch), len, count }
    }

    /// Where `task` makes its sum, with unspecified contents.
    ///
    /// # Safety
    /// Called once a task, with the task that is running.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn of_task(&self, task: Task) -> &mut [f32] {
        // Safety: every task has its own part.
        unsafe {
            match task.index {
                0 => self.dw.part(0..self.len),
                other => self.others.part((other - 1) * self.len..other * self.len),
            }
        }
    }

    /// After all tasks: `dw` becomes their sum.
    pub fn add_up(self) {
        let count = tasks(self.len, LEAST);
        for_each(count, |task| {
            let range = share(task.index, count, self.len);
            // Safety: the tasks' ranges do not overlap, and nobody writes the other sums any more.
            let dw = unsafe { self.dw.part(range.clone()) };
            for other in 1..self.count {
                let start = (other - 1) * self.len;
                // Safety: as above.
                let sum = unsafe { self.others.part(start + range.start..start + range.end) };
                streams::update::<1, 1, 2>([dw], [sum], |[dw], [sum]| [dw + sum]);
            }
        });
    }
}
