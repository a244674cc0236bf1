"""The circular functions: enclosures to about n bits of the values at a number x other than the exact points.

By the theorem of Lindemann sin, cos and tan are transcendental at every x other than 0, and so are the inverse
functions, where their value is not 0.
"""

from __future__ import annotations

from math import isqrt

from chopper.functions.constants import half_pi
from chopper.functions.enclosure import Dyadic, Enclosure, Signed, beside, height, scaled
from chopper.functions.intervals import cut, over
from chopper.functions.series import arctangent, circle

__all__ = ["acos", "asin", "atan", "cos", "sin", "tan"]

_CLOSE = 64
"""Bits lost to cancellation at most: a binary64 number other than 0 is no closer than 2^-61 to a multiple of pi / 2."""


def _turned(x: Dyadic, n: int) -> tuple[int, int, int, int]:
    """Return cos r and sin r, off by less than eight units of 2^-wide, wide, and k: abs(x) = k pi / 2 + r.

    The sine is negative for r < 0.
    """
    wide = n + 4 - min(height(x), 0)
    if height(x) < 0:
        return *circle(scaled(Dyadic(abs(x.m), x.e), wide), wide), wide, 0
    wide += _CLOSE
    spare = height(x) + 4
    quarter = half_pi(wide + spare)
    k, r = divmod(scaled(Dyadic(abs(x.m), x.e), wide + spare) + quarter // 2, quarter)
    r = (r - quarter // 2) >> spare
    cosine, sine = circle(abs(r), wide)
    return cosine, sine if r >= 0 else -sine, wide, k % 4


def _around(value: int, wide: int) -> Enclosure:
    return Enclosure(max(abs(value) - 8, 0), abs(value) + 8, -wide)


def _sign(value: int) -> int:
    return 1 if value > 0 else -1


def sin(x: Dyadic, n: int) -> Signed:
    """Return sin x: nearer to 0 than x, by less than x^3."""
    if 2 * height(x) < -n - 2:
        return _sign(x.m), beside(x, n, above=False)
    cosine, sine, wide, k = _turned(x, n)
    value = (sine, cosine, -sine, -cosine)[k]
    return _sign(x.m) * _sign(value), _around(value, wide)


def cos(x: Dyadic, n: int) -> Signed:
    """Return cos x: below 1, by less than x^2."""
    if 2 * height(x) < -n - 2:
        return 1, beside(Dyadic(1, 0), n, above=False)
    cosine, sine, wide, k = _turned(x, n)
    value = (cosine, -sine, -cosine, sine)[k]
    return _sign(value), _around(value, wide)


def tan(x: Dyadic, n: int) -> Signed:
    """Return tan x: farther from 0 than x, by less than x^3 for small x."""
    if 2 * height(x) < -n - 2:
        return _sign(x.m), beside(x, n, above=True)
    cosine, sine, wide, k = _turned(x, n + 4)
    if k % 2:
        cosine, sine = sine, -cosine
    sign = _sign(x.m) * _sign(cosine) * _sign(sine)
    return sign, cut(over(_around(sine, wide), _around(cosine, wide), n + 4), n)


def asin(x: Dyadic, n: int) -> Signed:
    """Return asin x = atan(x / sqrt(1 - x^2)): farther from 0 than x, by less than x^3 for small x."""
    if 2 * height(x) < -n - 2:
        return _sign(x.m), beside(x, n, above=True)
    m, a = abs(x.m), -x.e
    wide = n + 6 - min(height(x), 0)
    other = isqrt(((1 << 2 * a) - m * m) << 2 * wide)
    return _sign(x.m), _around(arctangent(m << wide, other, wide), wide)


def acos(x: Dyadic, n: int) -> Signed:
    """Return acos x = 2 atan(sqrt((1 - x) / (1 + x))), for x other than 1; 1 - x is not below 2^-53."""
    a = max(-x.e, 0)
    m = x.m << (x.e + a)
    wide = n + 40
    p, q = (isqrt(((1 << a) + side) << 2 * wide) for side in (-m, m))
    return 1, _around(2 * arctangent(p, q, wide), wide)


def atan(x: Dyadic, n: int) -> Signed:
    """Return atan x: nearer to 0 than x, by less than x^3."""
    if 2 * height(x) < -n - 2:
        return _sign(x.m), beside(x, n, above=False)
    wide = n + 6 - min(height(x), 0)
    if height(x) > wide:
        return _sign(x.m), _around(half_pi(wide), wide)
    value = arctangent(abs(x.m) << max(x.e, 0), 1 << max(-x.e, 0), wide)
    return _sign(x.m), _around(value, wide)
