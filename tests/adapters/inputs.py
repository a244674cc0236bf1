"""Inputs that find mistakes, for every family, in arrays of one size."""

from __future__ import annotations

from functools import cache

import numpy as np

import chopper
from chopper.errors import RangeError
from chopper.formats.base import Format

__all__ = ["difficult", "holds", "named"]

LONG = ("lns16", "takum_log16", "takum_linear16")
"""Formats whose tables take seconds to make, for each mode: for long runs."""


def named(dtype: str, at_length: bool = False) -> list[Format]:
    """Return every named format of single numbers that a carrier holds; those with large tables for long runs."""
    scalar = [fmt for fmt in chopper.formats() if not fmt.blocked]
    return [fmt for fmt in scalar if (at_length or str(fmt) not in LONG) and holds(fmt, dtype)]


@cache
def holds(fmt: Format, dtype: str) -> bool:
    """Whether float32 or float64 holds every value of a format."""
    try:
        chopper.decode(0, fmt, dtype)
    except RangeError:
        return False
    return True


def difficult(fmt: Format, dtype: str, size: int, seed: int = 0) -> np.ndarray:
    """Return inputs of a carrier that holds the format: random patterns, and the neighbours of values and midpoints."""
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    unsigned = np.dtype(f"u{kind.itemsize}")
    few = fmt.bits <= 12
    codes = np.arange(1 << fmt.bits) if few else rng.integers(0, 1 << fmt.bits, 4 * size, np.uint64)
    with np.errstate(all="ignore"):
        values = np.unique(chopper.decode(codes, fmt, np.float64))
        values = values[np.isfinite(values)]
        points = np.concatenate([values, (values[1:] + values[:-1]) / 2, values[[0, -1]] * 1.5]).astype(kind)
        steps = rng.integers(-2, 3, size).astype(unsigned)  # in ulps of the carrier
        near = rng.choice(points, size).view(unsigned) + steps
        spread = (rng.standard_normal(size) * np.exp2(rng.integers(-30, 30, size))).astype(kind)
    edge = np.array([0.0, np.inf, np.nan, np.finfo(kind).max, np.finfo(kind).tiny, np.finfo(kind).smallest_subnormal])
    special = np.concatenate([edge, -edge]).astype(kind)
    third = (size - special.size) // 3
    patterns = np.frombuffer(rng.bytes(third * kind.itemsize), kind)
    return np.concatenate([special, patterns, spread[:third], near.view(kind)])[:size]
