"""Where rounding to a format changes: in which numbers the quick stage may not mistake a value for another."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from chopper.formats.base import Format
from chopper.formats.finfo import significant_bits
from chopper.formats.table import TableFormat

__all__ = ["Turns", "turns_of"]


_SHORT = 12
"""Takums of so many bits are taken as lists: bits of their characteristic are cut off."""


class Turns(NamedTuple):
    """Rounding changes at numbers of at most `digits` bits, whose magnitudes lie between `least` and `most`."""

    digits: int
    least: float
    most: float


@lru_cache(maxsize=1024)
def turns_of(fmt: Format) -> Turns:
    """Return where rounding to a format changes in modes without chance.

    Examples
    --------
    >>> from chopper import get
    >>> turns_of(get("e4m3"))
    Turns(digits=5, least=0.000244140625, most=1792.0)
    """
    if isinstance(fmt, TableFormat) and (fmt.bits <= _SHORT or not hasattr(fmt, "precision")):
        points = [abs(point) for point in _points(fmt) if point]
        digits, least = max(map(significant_bits, points)), min(points)
    else:
        digits = max(int(getattr(fmt, "precision", fmt.bits)), 1 << getattr(fmt, "es", 0)) + 1
        least = fmt.smallest
    most = max(abs(fmt.max), abs(fmt.min)) * 4
    inside = most < 1 << 1023
    return Turns(digits, float(least / 8), float(most) if inside else float("inf"))


def _points(fmt: TableFormat) -> Iterator[Fraction]:
    """Yield the values of a list, the middles of neighbours, and where numbers beyond the last one overflow."""
    if fmt.least_overflow is not None:
        yield from (fmt.least_overflow, 2 * fmt.least_overflow - fmt.max)
    for low, high in pairwise(fmt.ascending):
        yield from (fmt.number(low), fmt.number(high), Fraction(fmt.middle(low, high)))  # type: ignore[arg-type]
