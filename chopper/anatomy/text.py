"""Numbers as text: exactly, or short."""

from __future__ import annotations

import math
from fractions import Fraction

from chopper.formats.base import Value

__all__ = ["dyadic", "nearest_float", "short"]


def dyadic(exact: Fraction) -> str:
    """Write a number whose denominator is a power of two exactly, as an integer times a power of two.

    Examples
    --------
    >>> dyadic(Fraction(3, 8)), dyadic(Fraction(-448)), dyadic(Fraction(1, 1024))
    ('3 * 2^-3', '-448', '2^-10')
    """
    top, power = exact.numerator, 1 - exact.denominator.bit_length()
    if power == 0 and abs(top) >= 1 << 20:
        power = (top & -top).bit_length() - 1
        top >>= power
    if power == 0:
        return str(top)
    return f"2^{power}" if top == 1 else f"-2^{power}" if top == -1 else f"{top} * 2^{power}"


def nearest_float(value: Value) -> float:
    """Return the nearest float64, an infinity where there is none.

    Examples
    --------
    >>> nearest_float(Fraction(1, 3)), nearest_float(Fraction(-(10**400)))
    (0.3333333333333333, -inf)
    """
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def short(value: Value) -> str:
    """Write a number in at most six digits, or exactly where float64 does not reach it.

    Examples
    --------
    >>> short(Fraction(1, 3)), short(Fraction(2**2000))
    ('0.333333', '2^2000')
    """
    near = nearest_float(value)
    return f"{near:.6g}" if math.isfinite(near) and (near or not value) else dyadic(Fraction(value))
