"""Cosines and sines of rational parts of a circle, exact enough to be rounded once."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from chopper.conversion import chop
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.linalg.setting import Array

__all__ = ["circle", "twiddles"]

_BITS = 160
_ONE = 1 << _BITS


def twiddles(fmt: Format, size: int) -> tuple[Array, Array]:
    """Return cos(2 pi k / size) and sin(2 pi k / size), k = 0 ... size / 2 - 1, each rounded once, to nearest even.

    The numbers are computed as integers with 160 bits behind the point and an error below 2^-140, then rounded to odd
    to 53 bits (to nearest even where the format has more than 51), then to the format.

    Parameters
    ----------
    fmt : Format
        The format.
    size : int
        A power of two.

    Returns
    -------
    two arrays of float64, shape (size / 2,)

    Examples
    --------
    >>> from chopper import get
    >>> c, s = twiddles(get("bf16"), 8)
    >>> c.tolist(), s.tolist()
    ([1.0, 0.70703125, 0.0, -0.70703125], [0.0, 0.70703125, 1.0, 0.70703125])
    """
    half = size // 2
    pairs = [circle(k, size) for k in range(half)]
    as_float = _to_nearest if finfo(fmt).precision > 51 else _to_odd
    table = np.array([[as_float(one) for one in pair] for pair in pairs], np.float64).reshape(half, 2)
    rounded = chop(table, fmt)
    return rounded[:, 0].copy(), rounded[:, 1].copy()


def circle(k: int, size: int) -> tuple[Fraction, Fraction]:
    """Return cosine and sine of 2 pi k / size, size a power of two: exact at the four corners, else to 2^-140."""
    eighth = Fraction(8 * k, size) % 8
    octant, rest = divmod(eighth, 1)
    angle = rest if octant % 2 == 0 else 1 - rest  # in eighths of the circle, 0 to 1
    c, s = _series(angle)
    if octant in (1, 2, 5, 6):
        c, s = s, c
    return (-c if octant in (2, 3, 4, 5) else c), (-s if octant >= 4 else s)


def _series(eighths: Fraction) -> tuple[Fraction, Fraction]:
    """Return cosine and sine of an angle from 0 to pi / 4 by their series."""
    if eighths == 0:
        return Fraction(1), Fraction(0)
    x = _quarter_pi() * eighths.numerator // eighths.denominator
    term, sums, n = _ONE, [_ONE, 0], 0
    while term:
        n += 1
        term = (term * x >> _BITS) // n
        sums[n % 2] += -term if n % 4 in (2, 3) else term
    return Fraction(sums[0], _ONE), Fraction(sums[1], _ONE)


def _quarter_pi() -> int:
    """Return pi / 4 by Machin's formula, 4 atan(1/5) - atan(1/239)."""
    return 4 * _atan_of_inverse(5) - _atan_of_inverse(239)


def _atan_of_inverse(n: int) -> int:
    power, total, k = _ONE // n, 0, 0
    while power:
        total += (-power if k % 2 else power) // (2 * k + 1)
        power //= n * n
        k += 1
    return total


def _to_nearest(x: Fraction) -> float:
    return x.numerator / x.denominator  # Python divides integers with one rounding, to nearest even


def _to_odd(x: Fraction) -> float:
    """Return x where float64 holds it, else the one of its two neighbours whose last bit is 1."""
    near = _to_nearest(x)
    if Fraction(near) == x or int(np.float64(near).view(np.int64)) & 1:
        return near
    return math.nextafter(near, math.inf if Fraction(near) < x else -math.inf)
