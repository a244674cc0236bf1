"""What the tests of scaled arrays share: formats, arrays, comparing."""

from __future__ import annotations

import numpy as np

import chopper

FORMATS = tuple(fmt for fmt in chopper.formats() if fmt.blocked)
NAMES = tuple(map(str, FORMATS))
ONE_LEVEL = tuple(name for name in NAMES if len(chopper.get(name).levels) == 1 and chopper.get(name).block[-1:] > (0,))


def encoded(x, fmt, **options):
    """Encode; a format that measures nothing is given a scale."""
    statistic = chopper.get(fmt).rule.statistic
    scale = {"scale": 2.0**-12} if getattr(statistic, "value", "") == "given" else {}
    return chopper.encode(x, fmt, **scale, **options)


def chopped(x, fmt, **options):
    """Round; a format that measures nothing is given a scale."""
    statistic = chopper.get(fmt).rule.statistic
    scale = {"scale": 2.0**-12} if getattr(statistic, "value", "") == "given" else {}
    return chopper.chop(x, fmt, **scale, **options)


def numbers(shape, seed=0, dtype=np.float32):
    """Return numbers of many sizes, with zeros of both signs and a block of zeros."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal(shape) * 2.0 ** rng.integers(-6, 6, shape)
    x = np.where(rng.random(shape) < 0.1, np.where(rng.random(shape) < 0.5, 0.0, -0.0), x)
    return np.asarray(x, dtype)


def same(got, want):
    """Assert that two arrays of floats have the same dtype, shape and bits; NaNs are one class."""
    assert (got.dtype, got.shape) == (want.dtype, want.shape)
    kind = f"u{got.itemsize}"
    one, two = (np.ascontiguousarray(a) for a in (got, want))
    assert ((one.view(kind) == two.view(kind)) | (np.isnan(one) & np.isnan(two))).all()


def suited(name, shape, axis):
    """Return the axis, or the last one where blocks over two axes do not lie along it."""
    rank = max(len(level.block) for level in chopper.get(name).levels)
    return axis if isinstance(axis, tuple) or rank < 2 or axis % max(len(shape), 1) >= rank - 1 else -1
