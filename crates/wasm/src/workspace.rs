//! The one scratch memory of this instance, and what a kernel that needs it reports.

use evenkeel_kernels::workspace::{OutOfMemory, Workspace};
use std::sync::Mutex;

static WORKSPACE: Mutex<Workspace> = Mutex::new(Workspace::new());

/// Runs `kernel` with the scratch memory: 0 when it ran, 1 when the memory could not be had.
pub fn with_workspace(kernel: impl FnOnce(&mut Workspace) -> Result<(), OutOfMemory>) -> u32 {
    let mut workspace = WORKSPACE.lock().expect("kernels do not panic");
    u32::from(kernel(&mut workspace).is_err())
}
