//! The allocator: first fit in one list of the free blocks, in the order of their addresses.
//!
//! Tensors recycle their blocks in JavaScript (packages/evenkeel/src/wasm/heap.ts), so that few requests come here and
//! the list is short. Sizes are whole cache lines, and whoever gives a block back says its size: blocks in use carry no
//! header, and a free one keeps its size and its successor in its own first bytes. Neighbours that are both free become
//! one. The memory grows by what is missing and never shrinks.

use core::alloc::{GlobalAlloc, Layout};
use core::arch::wasm32::{memory_grow, memory_size};
use core::cell::UnsafeCell;
use core::ptr::null_mut;

/// A cache line: the alignment of every block.
const LINE: usize = 64;

const PAGE: usize = 1 << 16;

/// What a free block starts with.
struct Free {
    size: usize,
    next: *mut Free,
}

impl Free {
    fn end(&self) -> usize {
        core::ptr::from_ref(self) as usize + self.size
    }
}

struct Allocator(UnsafeCell<*mut Free>);

// Safety: one thread allocates.
unsafe impl Sync for Allocator {}

#[global_allocator]
static FIRST: Allocator = Allocator(UnsafeCell::new(null_mut()));

/// The size of the block for so many bytes; no slice may have more than `isize::MAX`.
fn whole_lines(bytes: usize) -> Option<usize> {
    (bytes <= isize::MAX as usize).then(|| bytes.max(1).next_multiple_of(LINE))
}

/// A block of `bytes`, on a cache line of its own; null when there is no room.
///
/// # Safety
/// One thread at a time allocates and releases.
pub unsafe fn allocate(bytes: usize) -> *mut u8 {
    let Some(size) = whole_lines(bytes) else { return null_mut() };
    // Safety: the list holds free blocks, which are nobody else's.
    unsafe {
        loop {
            let (mut link, mut spare) = (FIRST.0.get(), 0);
            while let Some(block) = (*link).as_mut() {
                if block.size >= size {
                    let rest = block.size - size;
                    let p = (*link).cast::<u8>();
                    *link = if rest == 0 { block.next } else { place(p.add(size), rest, block.next) };
                    return p;
                }
                spare = if block.end() == memory_size(0) * PAGE { block.size } else { 0 };
                link = &raw mut block.next;
            }
            if !grow(size - spare) {
                return null_mut();
            }
        }
    }
}

/// Gives a block back.
///
/// # Safety
/// `p` came from `allocate(bytes)` and was not released yet; one thread at a time.
pub unsafe fn release(p: *mut u8, bytes: usize) {
    if let Some(size) = whole_lines(bytes) {
        // Safety: the caller's promise.
        unsafe { insert(p, size) };
    }
}

/// Adds a free block to the list, one with its neighbours if they are free.
unsafe fn insert(p: *mut u8, mut size: usize) {
    // Safety: the blocks of the list and this one are free, and do not overlap.
    unsafe {
        let (mut link, mut before) = (FIRST.0.get(), null_mut::<Free>());
        while !(*link).is_null() && (*link).cast() < p {
            before = *link;
            link = &raw mut (*before).next;
        }
        let mut next = *link;
        if !next.is_null() && next.cast() == p.wrapping_add(size) {
            size += (*next).size;
            next = (*next).next;
        }
        match before.as_mut() {
            Some(before) if before.end() == p as usize => (before.size, before.next) = (before.size + size, next),
            _ => *link = place(p, size, next),
        }
    }
}

/// Makes `size` bytes at `p` a free block.
unsafe fn place(p: *mut u8, size: usize, next: *mut Free) -> *mut Free {
    let block = p.cast::<Free>();
    // Safety: blocks are aligned, and no smaller than a line.
    unsafe { block.write(Free { size, next }) };
    block
}

/// Grows the memory by at least so many bytes, a free block.
unsafe fn grow(bytes: usize) -> bool {
    let pages = bytes.div_ceil(PAGE);
    // The last page stays away: no block ends where addresses wrap around.
    if memory_size(0) + pages >= usize::MAX / PAGE {
        return false;
    }
    let start = memory_grow(0, pages);
    let grown = start != usize::MAX;
    if grown {
        // Safety: nobody else has these pages.
        unsafe { insert((start * PAGE) as *mut u8, pages * PAGE) };
    }
    grown
}

/// For the workspace of the kernels.
// Safety: blocks are lines of the memory, given to one owner at a time.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        debug_assert!(layout.align() <= LINE);
        // Safety: one thread allocates.
        unsafe { allocate(layout.size()) }
    }

    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // Safety: the caller's promise.
        unsafe { release(p, layout.size()) };
    }
}
