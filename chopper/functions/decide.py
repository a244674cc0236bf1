"""The last stage: one element at a time, in integers, to as many bits as it takes."""

from __future__ import annotations

import math
from typing import NamedTuple

from chopper.functions.enclosure import HUGE, Dyadic, dyadic, to_odd
from chopper.functions.rows import Function

__all__ = ["MOST", "Grid", "odd_number", "operands_of", "wrapped_number"]

MOST = 1 << 15
"""Bits after which an evaluation gives up: no value of a function comes that close to a number it does not reach."""

_START = 16
"""Bits beyond the grid's of the first attempt, which fails once in 2^15 times."""

_FIRST = 160
"""The most bits of a first attempt."""

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
    found, sign = _settle(row, operands, grid.precision, grid.bottom)
    return grid.clipped(Dyadic(sign * found.m, found.e))


def wrapped_number(row: Function, operands: tuple[float, ...], bottom: int, top: int) -> Dyadic:
    """Return what is left of the value when multiples of 2^top are taken away, rounded to odd to one of 2^bottom.

    It has the sign of the value.

    Raises
    ------
    ArithmeticError
        If the value has too many bits.
    """
    found, sign = _settle(row, operands, MOST, bottom)
    m = found.m << max(found.e - bottom, 0)
    by = max(bottom - found.e, 0)
    m = (m >> by | ((m & ((1 << by) - 1)) != 0)) & ((1 << (top - bottom)) - 1)
    return Dyadic(sign * m, bottom)


def _settle(row: Function, operands: tuple[float, ...], precision: int, bottom: int) -> tuple[Dyadic, int]:
    """Return the magnitude, exact or rounded to odd to so many bits or a multiple of 2^bottom, and the sign."""
    xs = operands_of(operands)
    known = None if row.exact is None else row.exact(*xs)
    if known is not None:
        return Dyadic(abs(known.m), known.e), -1 if known.m < 0 else 1
    n = min(precision + _START, _FIRST)
    while n < MOST:
        sign, enclosure = row.enclose(*xs, n)
        found = to_odd(enclosure, precision, bottom)
        if found is not None and not (precision == MOST and enclosure is HUGE):
            return found, sign
        n *= 2
    numbers = ", ".join(map(repr, operands))
    raise ArithmeticError(
        f"{MOST} bits do not decide {row.formula} at {numbers}; use another policy than 'wrap'"
        if precision == MOST
        else f"{MOST} bits do not decide {row.formula} at {numbers}"
    )


def operands_of(numbers: tuple[float, ...]) -> list[Dyadic]:
    """Return floats as numbers; infinities as something so large that the value there is the same to MOST bits."""
    return [dyadic(x) if math.isfinite(x) else _endless(x) for x in numbers]


def _endless(x: float) -> Dyadic:
    return _ENDLESS if x > 0 else Dyadic(-_ENDLESS.m, _ENDLESS.e)
