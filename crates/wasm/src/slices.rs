//! Addresses from JavaScript to slices.

/// The `n` values at `p`. Nothing is read when `n` is 0: then any address will do.
///
/// # Safety
/// The values are readable and nobody writes them while the slice lives.
pub unsafe fn slice<'a, T>(p: *const T, n: usize) -> &'a [T] {
    debug_assert!(n == 0 || p.is_aligned());
    // Safety: the caller's promise.
    if n == 0 { &[] } else { unsafe { core::slice::from_raw_parts(p, n) } }
}

/// The `n` values at `p`, to write.
///
/// # Safety
/// The values are writable and nobody else uses them while the slice lives.
pub unsafe fn slice_mut<'a, T>(p: *mut T, n: usize) -> &'a mut [T] {
    debug_assert!(n == 0 || p.is_aligned());
    // Safety: the caller's promise.
    if n == 0 { &mut [] } else { unsafe { core::slice::from_raw_parts_mut(p, n) } }
}

/// As [`slice`], `None` for address 0.
///
/// # Safety
/// As [`slice`].
pub unsafe fn optional_slice<'a, T>(p: *const T, n: usize) -> Option<&'a [T]> {
    // Safety: the caller's promise.
    (!p.is_null()).then(|| unsafe { slice(p, n) })
}

/// As [`slice_mut`], `None` for address 0.
///
/// # Safety
/// As [`slice_mut`].
pub unsafe fn optional_slice_mut<'a, T>(p: *mut T, n: usize) -> Option<&'a mut [T]> {
    // Safety: the caller's promise.
    (!p.is_null()).then(|| unsafe { slice_mut(p, n) })
}
