"""What the loop of truncated fused sums in floats takes."""

from __future__ import annotations

from typing import Any, NamedTuple

__all__ = ["WIDE", "Bounds", "Limits"]

WIDE = 64
"""Columns that are worked on at a time."""


class Bounds(NamedTuple):
    """A model in integers."""

    terms: int
    fraction: int
    mask: int  # of the pattern of a truncated sum


class Limits(NamedTuple):
    """A model in numbers, each an array of one: so they are of the dtype of the loop."""

    least: Any  # power of two of an exponent
    normal: Any  # result
    units: Any  # in which subnormal results are counted: their number in 1
    quantum: Any  # of results
    infinite: Any  # results are infinite from here on
    magic: Any  # rounding to nearest: 3/2 of the power of two whose ulp is that of the result, for results in [1, 2)
    infinity: Any
