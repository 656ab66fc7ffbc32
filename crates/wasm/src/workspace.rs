//! The one scratch memory of this instance, and what a kernel that needs it reports.

use core::cell::UnsafeCell;
use evenkeel_kernels::workspace::{OutOfMemory, Workspace};

struct Scratch(UnsafeCell<Workspace>);

// Safety: kernels are called by one thread, and one at a time.
unsafe impl Sync for Scratch {}

static SCRATCH: Scratch = Scratch(UnsafeCell::new(Workspace::new()));

/// Runs `kernel` with the scratch memory: 0 when it ran, 1 when the memory could not be had. No lock guards it: one
/// would stay locked when an error ends a kernel half-way.
pub fn with_workspace(kernel: impl FnOnce(&mut Workspace) -> Result<(), OutOfMemory>) -> u32 {
    // Safety: no kernel calls another export.
    let workspace = unsafe { &mut *SCRATCH.0.get() };
    u32::from(kernel(workspace).is_err())
}
