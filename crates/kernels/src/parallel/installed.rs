//! As many threads as are installed.

use super::Task;
use core::cell::UnsafeCell;

type Work<'a> = dyn Fn(Task) + Sync + 'a;

/// Runs `work` for the tasks 0 to count - 1, in any order, at most one at a time per thread; returns when all are done.
#[derive(Clone, Copy)]
pub struct Executor {
    /// At least 1: the caller's is one of them.
    pub threads: usize,
    pub run: fn(count: usize, work: &Work),
}

const ALONE: Executor =
    Executor { threads: 1, run: |count, work| (0..count).for_each(|index| work(Task { index, thread: 0 })) };

struct Installed(UnsafeCell<Executor>);

// Safety: `install` asks that nobody reads meanwhile.
unsafe impl Sync for Installed {}

static EXECUTOR: Installed = Installed(UnsafeCell::new(ALONE));

/// From now on tasks run here; `None`: one after the other.
///
/// # Safety
/// No kernel runs meanwhile, in any thread.
pub unsafe fn install(executor: Option<Executor>) {
    // Safety: the caller's promise.
    unsafe { *EXECUTOR.0.get() = executor.unwrap_or(ALONE) };
}

fn executor() -> Executor {
    // Safety: nobody writes while a kernel runs.
    unsafe { *EXECUTOR.0.get() }
}

/// How many threads run tasks at the same time.
pub fn threads() -> usize {
    executor().threads
}

/// `work` for each of `count` tasks.
pub fn for_each(count: usize, work: impl Fn(Task) + Sync) {
    run(count, &work);
}

/// Behind one door, so that there is one copy of `work`.
#[inline(never)]
fn run(count: usize, work: &Work) {
    // One task is not worth waking anyone.
    let executor = if count == 1 { ALONE } else { executor() };
    (executor.run)(count, work);
}
