"""The last stage: one element at a time, in integers, to as many bits as it takes."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

from chopper.functions.enclosure import Dyadic, dyadic, to_odd
from chopper.functions.rows import Function

__all__ = ["MOST", "Grid", "exactly", "odd_number"]

MOST = 1 << 15
"""Bits after which an evaluation gives up: no value of a function comes that close to a number it does not reach."""

_START = 16
"""Bits beyond the grid's of the first attempt, which fails once in 2^15 times."""

_ENDLESS = Dyadic(1, 1 << 20)
"""What stands for infinity where the value there is a number: the same to MOST bits."""


class Grid(NamedTuple):
    """The numbers of a binary carrier."""

    width: int  # bits of a pattern
    precision: int  # significand bits
    bottom: int  # all numbers are multiples of 2^bottom
    top: int  # and below 2^top

    def clipped(self, x: Dyadic) -> Dyadic:
        """Return an exact number rounded to odd, to the grid; the largest number for larger ones.

        Examples
        --------
        >>> Grid(16, 11, -24, 16).clipped(Dyadic(4097, -12))
        Dyadic(m=1025, e=-10)
        """
        sign, m = (-1, -x.m) if x.m < 0 else (1, x.m)
        if m and m.bit_length() + x.e > self.top:
            return Dyadic(sign * ((1 << self.precision) - 1), self.top - self.precision)
        by = max(m.bit_length() - self.precision, self.bottom - x.e)
        if by <= 0 or m == 0:
            return x
        return Dyadic(sign * (m >> by | ((m & ((1 << by) - 1)) != 0)), x.e + by)

    def pattern(self, x: Dyadic) -> int:
        """Return the pattern of a number of the grid, as a signed integer.

        Examples
        --------
        >>> hex(Grid(16, 11, -24, 16).pattern(Dyadic(3, -1)))
        '0x3e00'
        """
        m = abs(x.m)
        field = max(m.bit_length() + x.e - self.bottom - self.precision + 1, 1)
        by = x.e - self.bottom - field + 1
        pattern = ((field - 1) << (self.precision - 1)) + (m << by if by >= 0 else m >> -by)
        return pattern - (1 << (self.width - 1) if x.m < 0 else 0)


def odd_number(row: Function, operands: tuple[float, ...], grid: Grid) -> Dyadic:
    """Return the value of a function at finite numbers, or infinity, rounded to odd on a grid.

    Raises
    ------
    ArithmeticError
        If MOST bits do not decide it.
    """
    xs = [dyadic(x) if math.isfinite(x) else _endless(x) for x in operands]
    known = exactly(row, operands, xs)
    if known is not None:
        return grid.clipped(known)
    n = grid.precision + _START
    while n < MOST:
        sign, enclosure = row.enclose(*xs, n)
        found = to_odd(enclosure, grid.precision, grid.bottom)
        if found is not None:
            return grid.clipped(Dyadic(sign * found.m, found.e))
        n *= 2
    raise ArithmeticError(f"{MOST} bits do not decide {row.formula} at {', '.join(map(repr, operands))}")


def exactly(row: Function, operands: tuple[float, ...], xs: list[Dyadic]) -> Dyadic | None:
    """Return the value where it is a binary fraction, else None."""
    if row.exact is not None:
        known: Any = row.exact(*xs)
        if known is not None:
            return Dyadic(*known)
    return None


def _endless(x: float) -> Dyadic:
    return _ENDLESS if x > 0 else Dyadic(-_ENDLESS.m, _ENDLESS.e)
