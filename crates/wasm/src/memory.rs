//! Blocks for tensors, and the area through which JavaScript hands over lists of sizes.

use crate::allocator;
use core::cell::UnsafeCell;

const ARGUMENTS: usize = 64;

struct Arguments(UnsafeCell<[u32; ARGUMENTS]>);

// Safety: one thread calls the exports; the area is written by JavaScript just before the call that reads it.
unsafe impl Sync for Arguments {}

static AREA: Arguments = Arguments(UnsafeCell::new([0; ARGUMENTS]));

/// The address of `bytes` new bytes, a multiple of 64; 0 when there is no room.
#[unsafe(no_mangle)]
pub extern "C" fn alloc(bytes: usize) -> *mut u8 {
    // Safety: one thread allocates.
    unsafe { allocator::allocate(bytes) }
}

/// Gives a block back.
///
/// # Safety
/// `p` came from `alloc(bytes)` and was not given back yet.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn free(p: *mut u8, bytes: usize) {
    // Safety: the caller's promise.
    unsafe { allocator::release(p, bytes) };
}

/// The address of 64 numbers of 4 bytes: geometries, dims and strides for the next call.
#[unsafe(no_mangle)]
pub extern "C" fn args() -> *mut u32 {
    AREA.0.get().cast()
}
