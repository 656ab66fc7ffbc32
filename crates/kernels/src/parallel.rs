//! Fork and join: independent tasks, run by as many threads as there are.
//!
//! The kernels know no threads. They cut their work into tasks; whoever has threads installs an `Executor`, and
//! without one the tasks run one after the other. Bits must not depend on the number of threads:
//!
//! * where every result is computed by itself (rows of a product, images, elements) the cut is free: [`tasks`];
//! * where results are sums over the work, it is cut by its size alone, and the partial sums are added up in their
//!   order afterwards: [`partials`].
//!
//! A task allocates nothing, forks no further, and finds its scratch memory by its thread's number ([`PerThread`]).

use crate::workspace::LINE;
use core::marker::PhantomData;
use core::mem::MaybeUninit;
use core::ops::Range;

#[cfg(not(feature = "threads"))]
mod alone;
#[cfg(feature = "threads")]
mod installed;

#[cfg(not(feature = "threads"))]
pub use alone::{for_each, threads};
#[cfg(feature = "threads")]
pub use installed::{Executor, for_each, install, threads};

/// What a task gets: its number, and the number of the thread that runs it.
#[derive(Clone, Copy, Debug)]
pub struct Task {
    pub index: usize,
    pub thread: usize,
}

/// More tasks than this for each thread make nothing more even.
const TASKS_PER_THREAD: usize = 4;

/// The most partial sums: the largest number of threads that a sum can keep busy.
const PARTIALS: usize = 8;

/// Elements that are worth a task of their own in kernels that do little with each.
pub const LEAST: usize = 1 << 16;

/// How many tasks to make of `items` whose results do not depend on the cut, each of at least `least` items: one when
/// there is one thread.
pub fn tasks(items: usize, least: usize) -> usize {
    match threads() {
        1 => 1,
        threads => (items / least.max(1)).clamp(1, threads * TASKS_PER_THREAD),
    }
}

/// How many partial sums to make of `items`, each of at least `least`: the same for any number of threads.
pub fn partials(items: usize, least: usize) -> usize {
    (items / least.max(1)).clamp(1, PARTIALS)
}

/// `work` for the items of each task, the results being independent of the cut; it falls between cache lines where the
/// items are floats.
pub fn for_each_range(items: usize, least: usize, work: impl Fn(Range<usize>) + Sync) {
    let count = tasks(items, least);
    let edge = |range: usize| if range == items { items } else { range / LINE * LINE };
    for_each(count, |task| {
        let range = share(task.index, count, items);
        work(edge(range.start)..edge(range.end));
    });
}

/// The results of `count` tasks, merged in their order; `count` is of [`partials`].
pub fn merged<T: Copy + Send>(count: usize, work: impl Fn(Task) -> T + Sync, mut merge: impl FnMut(&mut T, &T)) -> T {
    let mut results = [const { MaybeUninit::uninit() }; PARTIALS];
    let parts = Parts::of(&mut results[..count]);
    for_each(count, |task| {
        // Safety: each task has a result of its own.
        let result = unsafe { parts.part(task.index..task.index + 1) };
        result[0].write(work(task));
    });
    // Safety: each task wrote its result.
    let mut results = results[..count].iter().map(|result| unsafe { result.assume_init_ref() });
    let mut total = *results.next().expect("partials are at least one");
    results.for_each(|result| merge(&mut total, result));
    total
}

/// The items of task `index` of `count`: as even as can be.
pub fn share(index: usize, count: usize, items: usize) -> Range<usize> {
    index * items / count..(index + 1) * items / count
}

/// A slice that tasks write at the same time, each its own part.
pub struct Parts<'a, T> {
    start: *mut T,
    len: usize,
    slice: PhantomData<&'a mut [T]>,
}

// Safety: `part` leaves it to its callers that parts do not overlap; then they are like any other slices.
unsafe impl<T: Send> Sync for Parts<'_, T> {}

impl<'a, T> Parts<'a, T> {
    pub fn of(slice: &'a mut [T]) -> Self {
        Self { start: slice.as_mut_ptr(), len: slice.len(), slice: PhantomData }
    }

    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where the slice starts, for parts that are no slices, such as columns of its rows.
    pub fn start(&self) -> *mut T {
        self.start
    }

    /// The items of `range`.
    ///
    /// # Safety
    /// No other part that overlaps it is in use.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn part(&self, range: Range<usize>) -> &mut [T] {
        assert!(range.start <= range.end && range.end <= self.len);
        // Safety: inside the slice, and the caller's promise.
        unsafe { core::slice::from_raw_parts_mut(self.start.add(range.start), range.len()) }
    }
}

/// Scratch memory for each thread, on cache lines of its own.
pub struct PerThread<'a> {
    parts: Parts<'a, f32>,
    len: usize,
}

impl<'a> PerThread<'a> {
    /// Floats to ask the workspace for, so that each thread has `len`.
    pub fn total(len: usize) -> usize {
        threads() * len.next_multiple_of(LINE)
    }

    /// `scratch` has [`PerThread::total`] floats.
    pub fn of(scratch: &'a mut [f32], len: usize) -> Self {
        debug_assert!(scratch.len() >= Self::total(len));
        Self { parts: Parts::of(scratch), len }
    }

    /// The scratch memory of the thread that runs `task`, with unspecified contents.
    ///
    /// # Safety
    /// Called once a task, with the task that is running.
    #[allow(clippy::mut_from_ref)]
    pub unsafe fn of_task(&self, task: Task) -> &mut [f32] {
        let start = task.thread * self.len.next_multiple_of(LINE);
        // Safety: a thread runs one task at a time.
        unsafe { self.parts.part(start..start + self.len) }
    }
}
