//! The pool of `evenkeel/threads`: workers that take part in fork and join (`evenkeel_kernels::parallel`).
//!
//! Every worker is an instance of this module over the same memory, with a stack of its own. A job is a closure and a
//! count: whoever takes part claims task numbers from one counter, the caller too. When all are claimed the caller
//! closes the job and waits for those still inside; workers that sleep are not waited for. The caller never blocks,
//! because it may be the main thread of a page: it spins.
//!
//! The allocator is the caller's: tasks allocate nothing, so that workers do not touch it.

extern crate alloc;

use alloc::boxed::Box;
use core::cell::UnsafeCell;
use core::mem::transmute;
use core::sync::atomic::{AtomicPtr, AtomicU32, Ordering::SeqCst};
use evenkeel_kernels::parallel::{self, Executor, Task};

#[link(wasm_import_module = "host")]
unsafe extern "C" {
    /// Milliseconds of a clock.
    safe fn now() -> f64;
    /// Wakes sleeping workers, `count` at most.
    safe fn wake(count: usize);
    /// Throws, after it has ended the pool: a worker was lost. The frames below it are abandoned.
    safe fn fail() -> !;
}

/// Turns of a worker without a job before it sleeps: under a millisecond. Waking up takes about 10 µs, seeing a job
/// while spinning less than 1.
const TURNS: u32 = 100_000;

/// A worker that is still inside this long after the caller has run out of tasks, and 8 times as long as the caller
/// was busy, is lost: tasks of a job are of one size.
const PATIENCE: f64 = 5000.0;

/// Workers are bits of a word.
const MAX_THREADS: usize = 32;

type Work<'a> = dyn Fn(Task) + Sync + 'a;

/// The job slot of a pool. The first three words are read and written in JavaScript, too.
#[repr(C)]
struct Job {
    /// Odd while a job is open. Workers sleep on it.
    epoch: AtomicU32,
    /// The workers that are inside a job: bit i is thread i.
    inside: AtomicU32,
    /// The workers that have stopped.
    lost: AtomicU32,
    sleeping: AtomicU32,
    next: AtomicU32,
    count: UnsafeCell<u32>,
    work: UnsafeCell<Option<&'static Work<'static>>>,
}

// Safety: the cells are written while no worker is inside, and read by those who are.
unsafe impl Sync for Job {}

impl Job {
    const fn new(workers: usize) -> Self {
        Self {
            epoch: AtomicU32::new(0),
            inside: AtomicU32::new(0),
            lost: AtomicU32::new(0),
            sleeping: AtomicU32::new(workers as u32),
            next: AtomicU32::new(0),
            count: UnsafeCell::new(0),
            work: UnsafeCell::new(None),
        }
    }
}

static NONE: Job = Job::new(0);

/// The slot of the pool that there is.
static JOB: AtomicPtr<Job> = AtomicPtr::new((&raw const NONE).cast_mut());

fn job() -> &'static Job {
    // Safety: slots are never freed.
    unsafe { &*JOB.load(SeqCst) }
}

/// Makes a slot for a pool of so many threads; 1: no pool. Returns its address. Each pool has its own, and none is ever
/// freed: a worker of an earlier pool that has been told to end may look at its slot for a while, and finds no job.
#[unsafe(no_mangle)]
pub extern "C" fn set_threads(threads: usize) -> *const u32 {
    debug_assert!((1..=MAX_THREADS).contains(&threads));
    // A job that its caller left by a trap is closed.
    job().epoch.fetch_add(job().epoch.load(SeqCst) % 2, SeqCst);
    JOB.store(Box::leak(Box::new(Job::new(threads - 1))), SeqCst);
    // Safety: the caller runs no kernel, and no pool has tasks any more.
    unsafe { parallel::install((threads > 1).then_some(Executor { threads, run })) };
    job().epoch.as_ptr()
}

/// The life of worker `thread` between two sleeps: jobs, until none came for a while. Returns the epoch to sleep on.
///
/// # Safety
/// `job` came from [`set_threads`], and no other worker has this number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn work(job: *const u32, thread: usize) -> u32 {
    // Safety: the caller's promise; slots are never freed.
    let job = unsafe { &*job.cast::<Job>() };
    let (mut seen, mut turns) = (0, 0);
    job.sleeping.fetch_sub(1, SeqCst);
    while turns < TURNS {
        let epoch = job.epoch.load(SeqCst);
        turns += 1;
        if epoch != seen && epoch % 2 == 1 {
            job.inside.fetch_or(1 << thread, SeqCst);
            // Looked at again: the caller may have closed the job before it could see this worker.
            if job.epoch.load(SeqCst) == epoch {
                take_part(job, thread);
            }
            job.inside.fetch_and(!(1 << thread), SeqCst);
            turns = 0;
        }
        seen = epoch;
    }
    // First counted, then asleep: the caller changes the epoch first, then counts, so that no call is missed.
    job.sleeping.fetch_add(1, SeqCst);
    seen
}

fn run(count: usize, work: &Work<'_>) {
    let job = job();
    // An open job is one that its caller left by a trap.
    if job.lost.load(SeqCst) != 0 || job.epoch.load(SeqCst) % 2 == 1 {
        fail();
    }
    // Safety: no worker is inside, and none uses `work` after the join.
    unsafe {
        *job.work.get() = Some(transmute::<&Work<'_>, &'static Work<'static>>(work));
        *job.count.get() = count as u32;
    }
    job.next.store(0, SeqCst);
    job.epoch.fetch_add(1, SeqCst);
    if job.sleeping.load(SeqCst) > 0 {
        wake(count.saturating_sub(1));
    }
    let started = now();
    take_part(job, 0);
    job.epoch.fetch_add(1, SeqCst);
    join(job, started);
    if job.lost.load(SeqCst) != 0 {
        fail();
    }
}

fn take_part(job: &Job, thread: usize) {
    // Safety: the job is open, or this worker is known to be inside.
    let (Some(work), count) = (unsafe { *job.work.get() }, unsafe { *job.count.get() }) else { return };
    loop {
        let index = job.next.fetch_add(1, SeqCst);
        if index >= count {
            return;
        }
        work(Task { index: index as usize, thread });
    }
}

/// Waits for the workers inside.
fn join(job: &Job, started: f64) {
    let mut limit = None;
    let (mut turns, mut waited, mut before) = (0u32, 0.0, 0.0);
    while job.inside.load(SeqCst) != 0 {
        turns += 1;
        if turns.is_multiple_of(TURNS) {
            let time = now();
            match limit {
                None => limit = Some(PATIENCE + 8.0 * (time - started)),
                // A computer that was asleep itself is no reason to give up.
                Some(_) => waited += f64::min(time - before, 100.0),
            }
            before = time;
            if limit.is_some_and(|limit| waited > limit) {
                fail();
            }
        }
    }
}
