//! One thread: a kernel's loop over its tasks is compiled in place, which makes the module of one thread 2 KB
//! smaller, deflated.

use super::Task;

/// How many threads run tasks at the same time.
pub const fn threads() -> usize {
    1
}

/// `work` for each of `count` tasks.
#[inline(always)]
pub fn for_each(count: usize, work: impl Fn(Task) + Sync) {
    (0..count).for_each(|index| work(Task { index, thread: 0 }));
}
