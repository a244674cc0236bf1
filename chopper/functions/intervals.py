"""Arithmetic of open enclosures of positive numbers."""

from __future__ import annotations

from math import isqrt

from chopper.functions.enclosure import Dyadic, Enclosure

__all__ = ["ONE", "cut", "exactly", "minus", "over", "plus", "root", "times"]

ONE = Enclosure(1, 1, 0)
"""The number 1; sums and products with an open enclosure are open."""


def exactly(x: Dyadic) -> Enclosure:
    """Return the magnitude of a number as an enclosure that is open once it meets another one."""
    return Enclosure(abs(x.m), abs(x.m), x.e)


def cut(a: Enclosure, n: int) -> Enclosure:
    """Return an enclosure of about n bits around one of more.

    Examples
    --------
    >>> cut(Enclosure(1001, 1005, 0), 4)
    Enclosure(low=62, high=63, e=4)
    """
    by = max(a.low.bit_length() - n - 2, 0)
    return Enclosure(a.low >> by, -(-a.high >> by), a.e + by)


def plus(a: Enclosure, b: Enclosure) -> Enclosure:
    """Return a + b.

    Examples
    --------
    >>> plus(ONE, Enclosure(1, 2, -2))
    Enclosure(low=5, high=6, e=-2)
    """
    e = min(a.e, b.e)
    i, j = a.e - e, b.e - e
    return Enclosure((a.low << i) + (b.low << j), (a.high << i) + (b.high << j), e)


def minus(a: Enclosure, b: Enclosure) -> Enclosure:
    """Return a - b, which is positive.

    Examples
    --------
    >>> minus(ONE, Enclosure(1, 2, -2))
    Enclosure(low=2, high=3, e=-2)
    """
    e = min(a.e, b.e)
    i, j = a.e - e, b.e - e
    return Enclosure(max((a.low << i) - (b.high << j), 0), (a.high << i) - (b.low << j), e)


def times(a: Enclosure, b: Enclosure) -> Enclosure:
    """Return a b.

    Examples
    --------
    >>> times(Enclosure(2, 3, 0), Enclosure(5, 7, 1))
    Enclosure(low=10, high=21, e=1)
    """
    return Enclosure(a.low * b.low, a.high * b.high, a.e + b.e)


def over(a: Enclosure, b: Enclosure, n: int) -> Enclosure:
    """Return a / b to about n bits; b has a positive lower end.

    Examples
    --------
    >>> over(ONE, Enclosure(3, 3, 0), 4)
    Enclosure(low=85, high=86, e=-8)
    """
    by = n + 2 + max(b.high.bit_length() - a.low.bit_length() + 1, 0)
    return Enclosure((a.low << by) // b.high, -(-(a.high << by) // b.low), a.e - b.e - by)


def root(a: Enclosure, n: int) -> Enclosure:
    """Return the square root of a, to about n bits.

    Examples
    --------
    >>> root(Enclosure(2, 2, 0), 4)
    Enclosure(low=22, high=23, e=-4)
    """
    by = max(2 * n - a.low.bit_length() + 2, 0)
    by += (a.e - by) & 1
    return Enclosure(isqrt(a.low << by), isqrt(a.high << by) + 1, (a.e - by) >> 1)
