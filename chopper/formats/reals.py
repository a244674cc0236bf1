"""Real numbers as formats need them: exact where they are rational, enclosed tightly enough where they are not.

An irrational number is a `Between`: two Fractions so close that what is asked of it (the next carrier pattern up, the
nearest float) is the same for both.  Whoever asks checks that, and nothing is ever decided by a float.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

__all__ = [
    "Between",
    "Real",
    "exponential",
    "mean",
    "nearest",
    "opposite",
    "power_of_two",
    "powers_of_two",
    "product",
    "root_of_two",
]

_BITS = 256
"""Fraction bits of the integers that enclose irrational numbers."""


class Between(NamedTuple):
    """An irrational number: strictly between `low` and `high`."""

    low: Fraction
    high: Fraction


Real = Fraction | Between
"""A number: a Fraction, or an enclosure of an irrational one."""


def power_of_two(numerator: int, root: int) -> Real:
    """Return 2^(numerator / 2^root).

    Examples
    --------
    >>> power_of_two(-4, 1)
    Fraction(1, 4)
    >>> float(power_of_two(1, 1).low)
    1.4142135623730951
    """
    while root and numerator % 2 == 0:
        numerator, root = numerator // 2, root - 1
    whole, rest = numerator >> root, numerator & ((1 << root) - 1)
    scale = Fraction(1 << whole) if whole >= 0 else Fraction(1, 1 << -whole)
    return scale if rest == 0 else product(_between_one_and_two(rest, root), scale)


@lru_cache(maxsize=1 << 17)
def _between_one_and_two(numerator: int, root: int) -> Between:
    low = 1 << _BITS
    for bit in range(root):
        if numerator >> bit & 1:
            low = low * _root_of_two(root - bit) >> _BITS
    return Between(Fraction(low, 1 << _BITS), Fraction(low + 2 * root + 2, 1 << _BITS))


@lru_cache(maxsize=64)
def _root_of_two(times: int) -> int:
    """Return floor(2^(1 / 2^times) 2^_BITS), less at most one."""
    root = 2 << _BITS
    for _ in range(times):
        root = math.isqrt(root << _BITS)
    return root


def powers_of_two(root: int, precision: int) -> list[int]:
    """Return the smallest integers that are at least 2^(i / 2^root) 2^(precision - 1), for 0 <= i < 2^root.

    Raises
    ------
    ArithmeticError
        If the enclosures do not decide one.

    Examples
    --------
    >>> powers_of_two(1, 8)
    [128, 182]
    """
    found, error = [1 << _BITS], 2 * root + 2
    for times in range(1, root + 1):
        found = [x for low in found for x in (low, low * _root_of_two(times) >> _BITS)]
    by = _BITS - precision + 1
    least = [-(-low >> by) for low in found]
    if any(-(-(low + error) >> by) != up for low, up in zip(found[1:], least[1:], strict=True)):
        raise ArithmeticError(f"{_BITS} bits do not decide 2^(i / 2^{root}) to {precision} bits")
    return least


@lru_cache(maxsize=1 << 17)
def exponential(exponent: Fraction) -> Real:
    """Return e^exponent, for an exponent with a power of two below.

    Examples
    --------
    >>> float(exponential(Fraction(1, 2)).low)
    1.6487212707001282
    """
    if exponent == 0:
        return Fraction(1)
    halvings = 16 + max(math.ceil(abs(exponent)), 1).bit_length()
    x = (abs(exponent.numerator) << (2 * _BITS)) // (exponent.denominator << halvings)
    one = 1 << (2 * _BITS)
    total, term, n = one, one, 1
    while term:
        term = (term * x >> (2 * _BITS)) // n
        total, n = total + term, n + 1
    low, high = total, total + 2 * n + 4
    for _ in range(halvings):
        low, high = low * low >> (2 * _BITS), (high * high >> (2 * _BITS)) + 1
    near, far = Fraction(low, one), Fraction(high, one)
    return _short(1 / far, 1 / near) if exponent < 0 else _short(near, far)


@lru_cache(maxsize=1 << 17)
def root_of_two(numerator: int, root: int, precision: int) -> Fraction:
    """Return the number of so many bits that is nearest to 2^(numerator / 2^root).

    Examples
    --------
    >>> root_of_two(1, 1, 8)
    Fraction(181, 128)
    """
    return nearest(power_of_two(numerator, root), precision)


def product(a: Real, b: Real) -> Real:
    """Return a * b for positive numbers.

    Examples
    --------
    >>> product(Fraction(2), Fraction(3))
    Fraction(6, 1)
    """
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return a * b
    if isinstance(a, Between) and isinstance(b, Between):
        return _short(a.low * b.low, a.high * b.high)
    one, many = (a, b) if isinstance(a, Fraction) else (b, a)
    assert isinstance(one, Fraction)
    assert isinstance(many, Between)
    return Between(one * many.low, one * many.high)


def opposite(a: Real) -> Real:
    """Return -a."""
    return -a if isinstance(a, Fraction) else Between(-a.high, -a.low)


def mean(a: Real, b: Real) -> Real:
    """Return the arithmetic mean of two different numbers.

    Examples
    --------
    >>> mean(Fraction(1), Fraction(2))
    Fraction(3, 2)
    """
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return (a + b) / 2
    (a0, a1), (b0, b1) = (v if isinstance(v, Between) else (v, v) for v in (a, b))
    return Between((a0 + b0) / 2, (a1 + b1) / 2)


def _short(low: Fraction, high: Fraction) -> Between:
    """Return an enclosure with powers of two below, of _BITS bits, around one of positive numbers."""
    by = _BITS - low.numerator.bit_length() + low.denominator.bit_length()
    up, down = 1 << max(by, 0), 1 << max(-by, 0)
    return Between(
        Fraction(low.numerator * up // (low.denominator * down) * down, up),
        Fraction(-(-high.numerator * up // (high.denominator * down)) * down, up),
    )


def nearest(value: Real, precision: int) -> Fraction:
    """Return the nearest number of so many significant bits; ties, which only Fractions have, go to even.

    Raises
    ------
    ArithmeticError
        If an enclosure does not decide it.

    Examples
    --------
    >>> nearest(Fraction(1, 3), 2), nearest(power_of_two(1, 1), 8)
    (Fraction(3, 8), Fraction(181, 128))
    """
    if isinstance(value, Between):
        low, high = nearest(value.low, precision), nearest(value.high, precision)
        if low != high:
            raise ArithmeticError(f"the enclosure {float(value.low)} is too wide for {precision} bits")
        return low
    top, bottom = abs(value.numerator), value.denominator
    if top == 0:
        return value
    by = top.bit_length() - bottom.bit_length() - precision
    by += (top << max(-by, 0)) >= (bottom << (precision + max(by, 0)))
    top, bottom = top << max(-by, 0), bottom << max(by, 0)
    whole, rest = divmod(top, bottom)
    whole += 2 * rest > bottom or (2 * rest == bottom and whole % 2 == 1)
    found = Fraction(whole << by) if by >= 0 else Fraction(whole, 1 << -by)
    return -found if value < 0 else found
