//! Runs kernels on several threads: their bits must be those of one thread.

use evenkeel_kernels::parallel::{Executor, Task, install};
use std::sync::Mutex;

/// The executor belongs to the whole process: one test at a time.
static INSTALLED: Mutex<()> = Mutex::new(());

type Run = fn(usize, &(dyn Fn(Task) + Sync));

/// `f` with kernels that run on 1, 2, … threads: all results, in that order.
pub fn with_threads<T>(most: usize, mut f: impl FnMut() -> T) -> Vec<T> {
    let _guard = INSTALLED.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let runs: [Option<Run>; 4] = [None, Some(run::<2>), Some(run::<3>), Some(run::<4>)];
    let results = runs.into_iter().take(most).enumerate().map(|(i, run)| {
        // Safety: all kernels of such tests run under this lock.
        unsafe { install(run.map(|run| Executor { threads: i + 1, run })) };
        f()
    });
    let results = results.collect();
    // Safety: as above.
    unsafe { install(None) };
    results
}

/// Task i by thread i mod THREADS.
#[cfg(not(target_arch = "wasm32"))]
fn run<const THREADS: usize>(count: usize, work: &(dyn Fn(Task) + Sync)) {
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            scope.spawn(move || (thread..count).step_by(THREADS).for_each(|index| work(Task { index, thread })));
        }
    });
}

/// No threads here: the tasks in another order than theirs.
#[cfg(target_arch = "wasm32")]
fn run<const THREADS: usize>(count: usize, work: &(dyn Fn(Task) + Sync)) {
    (0..count).rev().for_each(|index| work(Task { index, thread: index % THREADS }));
}
