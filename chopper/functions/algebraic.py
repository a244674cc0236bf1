"""Roots and powers: decided by integers where their value may be a binary fraction."""

from __future__ import annotations

from math import isqrt

from chopper.functions.enclosure import HUGE, TINY, Dyadic, Enclosure, Signed, beside, height, odd_part
from chopper.functions.exponentials import SPARE, exp_of
from chopper.functions.logarithms import ln

__all__ = ["cbrt", "cube_root", "exact_cbrt", "exact_hypot", "exact_pow", "exact_rsqrt", "hypot", "pow_of", "rsqrt"]

_MOST = 256
"""Bits of an exact power that are worth having: no grid has as many."""


def rsqrt(x: Dyadic, n: int) -> Signed:
    """Return 1 / sqrt x for x > 0 other than an even power of two."""
    m, e = x.m << (x.e & 1), x.e - (x.e & 1)
    wide = n + m.bit_length()
    low = isqrt((1 << 2 * wide) // m)
    return 1, Enclosure(low, low + 1, -wide - e // 2)


def exact_rsqrt(x: Dyadic) -> Dyadic | None:
    """Return 1 / sqrt x for an even power of two; elsewhere it is no binary fraction."""
    return Dyadic(1, -x.e // 2) if x.m == 1 and x.e % 2 == 0 else None


def cbrt(x: Dyadic, n: int) -> Signed:
    """Return the cube root of a number that is no cube."""
    m, e = abs(x.m) << (x.e % 3), x.e - x.e % 3
    low = cube_root(m << 3 * n)
    return (1 if x.m > 0 else -1), Enclosure(low, low + 1, e // 3 - n)


def exact_cbrt(x: Dyadic) -> Dyadic | None:
    """Return the cube root of a cube."""
    if x.e % 3:
        return None
    low = cube_root(abs(x.m))
    return Dyadic(low if x.m > 0 else -low, x.e // 3) if low**3 == abs(x.m) else None


def cube_root(m: int) -> int:
    """Return the floor of the cube root of an integer m >= 0, by Newton's iteration from above.

    Examples
    --------
    >>> cube_root(63), cube_root(64)
    (3, 4)
    """
    if m == 0:
        return 0
    r = 1 << -(-m.bit_length() // 3)
    while True:
        better = (2 * r + m // (r * r)) // 3
        if better >= r:
            return r
        r = better


def hypot(x: Dyadic, y: Dyadic, n: int) -> Signed:
    """Return sqrt(x^2 + y^2), where it is irrational."""
    square, e = _sum_of_squares(x, y)
    low = isqrt(square << 2 * n)
    return 1, Enclosure(low, low + 1, e - n)


def exact_hypot(x: Dyadic, y: Dyadic) -> Dyadic | None:
    """Return sqrt(x^2 + y^2) where it is rational."""
    square, e = _sum_of_squares(x, y)
    low = isqrt(square)
    return odd_part(low, e) if low * low == square else None


def _sum_of_squares(x: Dyadic, y: Dyadic) -> tuple[int, int]:
    e = min(x.e, y.e)
    return (x.m << (x.e - e)) ** 2 + (y.m << (y.e - e)) ** 2, e


def pow_of(x: Dyadic, y: Dyadic, n: int) -> Signed:
    """Return x^y where it is no binary fraction; for x < 0, y is an integer."""
    sign = -1 if x.m < 0 and y.e == 0 else 1
    x = Dyadic(abs(x.m), x.e)
    rough, wide = ln(x, 32)
    grows = (rough > 0) == (y.m > 0)
    top = abs(rough).bit_length() - wide + height(y)  # abs(y ln x) < 2^top, and not below 2^(top - 3)
    if top - 3 >= 20:
        return sign, HUGE if grows else TINY
    if top < -n - 2:
        return sign, beside(Dyadic(1, 0), n, above=grows)
    n += 4
    value, wide = ln(x, n + SPARE + max(height(y), 0))
    by = n + SPARE + y.e - wide
    return sign, exp_of(value * y.m << by if by >= 0 else value * y.m >> -by, n)


def exact_pow(x: Dyadic, y: Dyadic) -> Dyadic | None:
    """Return x^y where it is a binary fraction of not too many bits, else None.

    For y = k 2^-j with odd k, x must be a 2^j-th power of a binary fraction; for k < 0 that of a power of two.
    """
    sign = -1 if x.m < 0 and y.e == 0 else 1
    m, e = abs(x.m), x.e
    for _ in range(-y.e):
        low = isqrt(m)
        if e % 2 or low * low != m:
            return None
        m, e = low, e // 2
        if m == 1 and e == 0:
            break
    k = y.m << max(y.e, 0) if height(y) < 64 else 0
    if m == 1:
        return Dyadic(sign, e * k) if (k and abs(e * k) < 1 << 19) or e == 0 else None
    if k < 0 or k == 0 or m.bit_length() * k > _MOST + k:
        return None
    return Dyadic(sign * m**k, e * k)
