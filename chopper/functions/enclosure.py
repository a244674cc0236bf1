"""Open enclosures in integers, and rounding to odd of what lies within."""

from __future__ import annotations

from typing import NamedTuple

__all__ = [
    "BEYOND",
    "HUGE",
    "TINY",
    "Dyadic",
    "Enclosure",
    "Signed",
    "beside",
    "dyadic",
    "height",
    "odd_part",
    "scaled",
    "to_odd",
]

BEYOND = 1200
"""Magnitudes above 2^1200, and those below 2^-1200, are alike to every format that float64 holds."""


class Dyadic(NamedTuple):
    """The number m 2^e."""

    m: int
    e: int


class Enclosure(NamedTuple):
    """A positive number strictly between low 2^e and high 2^e."""

    low: int
    high: int
    e: int


_FINE = 512
"""Bits of the two stand-ins: more than any grid has."""

Signed = tuple[int, Enclosure]
"""The sign of a number, 1 or -1, and its magnitude."""

HUGE = Enclosure(1 << _FINE, (1 << _FINE) + 1, BEYOND - _FINE)
"""What stands for a number beyond every format."""

TINY = Enclosure(1 << _FINE, (1 << _FINE) + 1, -BEYOND - _FINE)
"""What stands for a number that no format tells from zero but by its sign."""


def dyadic(x: float) -> Dyadic:
    """Return a finite float as m 2^e with odd m, or 0.

    Examples
    --------
    >>> dyadic(-6.0)
    Dyadic(m=-3, e=1)
    """
    top, bottom = float(x).as_integer_ratio()
    return odd_part(top, 1 - bottom.bit_length())


def odd_part(m: int, e: int) -> Dyadic:
    """Return m 2^e with odd m, or 0.

    Examples
    --------
    >>> odd_part(12, 0)
    Dyadic(m=3, e=2)
    """
    zeros = (m & -m).bit_length() - 1
    return Dyadic(m >> zeros, e + zeros) if m else Dyadic(0, 0)


def height(x: Dyadic) -> int:
    """Return the k with 2^(k - 1) <= abs(x) < 2^k, for x other than 0.

    Examples
    --------
    >>> height(Dyadic(1, 0)), height(Dyadic(-3, 1))
    (1, 3)
    """
    return abs(x.m).bit_length() + x.e


def beside(x: Dyadic, n: int, *, above: bool) -> Enclosure:
    """Return what lies between abs(x) and abs(x) (1 +- 2^-n), on one side of abs(x).

    Examples
    --------
    >>> beside(Dyadic(-1, 0), 4, above=False)
    Enclosure(low=15, high=16, e=-4)
    """
    m = abs(x.m)
    return Enclosure((m << n) - (0 if above else m), (m << n) + (m if above else 0), x.e - n)


def scaled(x: Dyadic, n: int) -> int:
    """Return floor(x 2^n).

    Examples
    --------
    >>> scaled(Dyadic(-3, -2), 1)
    -2
    """
    by = x.e + n
    return x.m << by if by >= 0 else x.m >> -by


def to_odd(a: Enclosure, precision: int, bottom: int) -> Dyadic | None:
    """Return the number in `a` rounded to odd, or None if the enclosure does not decide it.

    Parameters
    ----------
    a : Enclosure
        The number; it is not on the grid, or the enclosure is never small enough.
    precision, bottom : int
        The grid: multiples of 2^bottom of at most so many bits.

    Examples
    --------
    >>> to_odd(Enclosure(1000, 1001, -3), 4, -100)
    Dyadic(m=15, e=3)
    """
    by = max(a.low.bit_length() - precision, bottom - a.e)
    if by < 0 or a.low >> by != (a.high - 1) >> by:
        return None
    return Dyadic(a.low >> by | 1, a.e + by)
