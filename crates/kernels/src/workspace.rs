//! Scratch memory for packed panels and transformed tiles: one buffer that grows to the largest need and is kept.

use alloc::vec::Vec;
use core::fmt;

/// Floats in a cache line: every part of the workspace starts on one.
pub const LINE: usize = 16;

#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([f32; LINE]);

/// The scratch memory that a kernel asked for could not be had. Nothing was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutOfMemory;

impl fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no memory for the workspace")
    }
}

impl core::error::Error for OutOfMemory {}

#[derive(Default)]
pub struct Workspace {
    lines: Vec<Line>,
}

impl Workspace {
    pub const fn new() -> Self {
        Self { lines: Vec::new() }
    }

    /// Disjoint slices of the lengths asked for, with unspecified contents.
    pub fn split<const N: usize>(&mut self, lengths: [usize; N]) -> Result<[&mut [f32]; N], OutOfMemory> {
        let mut total = 0usize;
        for length in lengths {
            total = total.checked_add(length.div_ceil(LINE)).ok_or(OutOfMemory)?;
        }
        self.grow(total)?;
        Ok(cut(floats(&mut self.lines), lengths))
    }

    fn grow(&mut self, lines: usize) -> Result<(), OutOfMemory> {
        if lines > self.lines.len() {
            // Freed first, so that the old and the new buffer never stand side by side.
            self.lines = Vec::new();
            self.lines.try_reserve_exact(lines).map_err(|_| OutOfMemory)?;
            self.lines.resize(lines, Line([0.0; LINE]));
        }
        Ok(())
    }
}

/// Disjoint slices of `scratch`, each on a cache line of its own, as `scratch` is.
pub fn cut<const N: usize>(scratch: &mut [f32], lengths: [usize; N]) -> [&mut [f32]; N] {
    let mut rest = scratch;
    lengths.map(|length| {
        let (part, others) = core::mem::take(&mut rest).split_at_mut(length.next_multiple_of(LINE));
        rest = others;
        &mut part[..length]
    })
}

/// Floats to ask for, so that [`cut`] has `lengths`.
pub fn cut_len(lengths: &[usize]) -> usize {
    lengths.iter().map(|length| length.next_multiple_of(LINE)).sum()
}

fn floats(lines: &mut [Line]) -> &mut [f32] {
    // Safety: a Line is 16 floats without padding.
    unsafe { core::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
}

/// Floats of a workspace as half as many doubles.
pub(crate) fn doubles(floats: &mut [f32]) -> &mut [f64] {
    // Safety: any bits are a float64.
    let (unaligned, doubles, _) = unsafe { floats.align_to_mut() };
    assert!(unaligned.is_empty(), "the floats start on a cache line");
    doubles
}
