"""The integer generator of all weights, inputs and cotangents, which aren't stored; generator.ts has the same.

    hash(seed, i) = mix(mix(seed) + i) mod 2^32,  mix = the finalizer of MurmurHash3 (Appleby 2011)
    uniform(seed, shape, low, high)[i] = float32(low + (high - low) * (hash(seed, i) >> 8) / 2^24)

All before the last rounding to float32 is float64 with +, *, / only, so every language gives the same bits.
"""

import numpy as np


def mix(x):
    x = x & 0xFFFFFFFF
    x = ((x ^ (x >> 16)) * 0x85EBCA6B) & 0xFFFFFFFF
    x = ((x ^ (x >> 13)) * 0xC2B2AE35) & 0xFFFFFFFF
    return x ^ (x >> 16)


def hashes(seed, count, first=0):
    """hash(seed, first), ..., hash(seed, first + count - 1), as uint64 below 2^32."""
    index = np.arange(first, first + count, dtype=np.uint64)
    return mix(index + np.uint64(mix(seed)))


def uniform(seed, shape, low=-1.0, high=1.0):
    """float32 values in [low, high]."""
    k = (hashes(seed, int(np.prod(shape))) >> np.uint64(8)).astype(np.float64)
    return (low + (high - low) * (k / 2.0**24)).astype(np.float32).reshape(shape)


def signs(seed, count):
    """+1 or -1, the lowest bit of the hash."""
    return 1.0 - 2.0 * (hashes(seed, count) & np.uint64(1)).astype(np.float64)


def sample_indices(seed, size, count):
    """One index out of each of `count` equal stretches of a tensor; all indices of a small one."""
    if size <= count:
        return np.arange(size)
    stride = size // count
    return np.arange(count) * stride + (hashes(seed, count) % np.uint64(stride)).astype(np.int64)


def labels(seed, first, count, classes):
    return (hashes(seed, count, first) % np.uint64(classes)).astype(np.int64)


def images(seed, first, count, shape, classes):
    """Images in [0, 1): noise whose brightness follows a pattern of 4 x 4 squares, one pattern a class; and the labels.

    Image n of class c at (y, x, k): float32((1 + pattern_c(y // 4, x // 4, k)) / 2 * noise_n(y, x, k)).
    """
    height, width, channels = shape
    size = height * width * channels
    classes_of = labels(seed, first, count, classes)
    pattern = uniform(seed + 1, (classes, -(-height // 4), -(-width // 4), channels), 0.0, 1.0).astype(np.float64)
    pattern = pattern[:, np.arange(height) // 4][:, :, np.arange(width) // 4]
    noise = (hashes(seed + 2, count * size, first * size) >> np.uint64(8)).astype(np.float64) / 2.0**24
    return ((1 + pattern[classes_of]) / 2 * noise.reshape(count, *shape)).astype(np.float32), classes_of
