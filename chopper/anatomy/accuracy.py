"""How finely a format divides the numbers: the gaps between its positive values, and the error each can make."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from chopper.anatomy.order import count_below, positive_codes
from chopper.anatomy.turn import turn_between
from chopper.formats.base import Format
from chopper.formats.finfo import exponent_of
from chopper.formats.reals import nearest
from chopper.formats.registry import get

__all__ = ["Binade", "Gap", "binades", "gaps"]

_FEW = 1 << 9
"""Formats with at most so many positive values are taken whole."""


class Gap(NamedTuple):
    """Two neighbouring values and the largest relative error of rounding a number between them to nearest."""

    low: Fraction
    high: Fraction
    error: Fraction

    @property
    def decimals(self) -> float:
        """Decimal accuracy: -log10 of the largest relative error."""
        return math.log10(self.error.denominator) - math.log10(self.error.numerator)


class Binade(NamedTuple):
    """The numbers from 2^exponent to 2^(exponent + 1): where they begin among the positive ones, and how many."""

    exponent: int
    start: int
    size: int


def gaps(fmt: str | Format, per_binade: int = 12) -> Iterator[Gap]:
    """Yield the gaps between the positive values of a format: all of few, else some of each binade.

    The first and the last gap of a binade are always among them.  Errors are exact; the values and turning points of
    logarithmic formats are those to 64 bits.

    Examples
    --------
    >>> [(float(gap.low), float(gap.error)) for gap in gaps("e2m1")][:2]
    [(0.5, 0.3333333333333333), (1.0, 0.2)]
    >>> [round(gap.decimals, 2) for gap in gaps("posit8")][-1]
    -0.48
    """
    fmt = get(fmt)
    codes = positive_codes(fmt)
    for i in _some(fmt, codes, per_binade):
        low, high = (Fraction(fmt.value(codes[at])) for at in (i, i + 1))
        point = turn_between(fmt, codes[i], codes[i + 1]).point
        turn = (low + high) / 2 if point is None else nearest(point, 64)
        yield Gap(low, high, max(turn - low, high - turn) / turn)


def _some(fmt: Format, codes: Sequence[int], per_binade: int) -> list[int]:
    last = len(codes) - 1
    if last < _FEW:
        return list(range(last))
    found: set[int] = set()
    for one in binades(fmt):
        steps = min(per_binade, one.size) - 1
        found |= {one.start + (one.size - 1) * k // max(steps, 1) for k in range(steps + 1)}
        found |= {one.start - 1}
    return sorted(i for i in found if 0 <= i < last)


def binades(fmt: str | Format) -> Iterator[Binade]:
    """Yield the binades of a format that hold numbers, from the lowest.

    Examples
    --------
    >>> [tuple(one) for one in binades("e2m1")]
    [(-1, 0, 1), (0, 1, 2), (1, 3, 2), (2, 5, 2)]
    """
    fmt = get(fmt)
    start = 0
    for exponent in range(exponent_of(fmt.smallest), exponent_of(fmt.max) + 1):
        stop = count_below(fmt, Fraction(2) ** (exponent + 1), start)
        if stop > start:
            yield Binade(exponent, start, stop - start)
        start = stop
