"""The logarithms: enclosures to about n bits of the values at a number x other than the exact points."""

from __future__ import annotations

from chopper.functions.constants import log_of_ten, log_of_two
from chopper.functions.enclosure import Dyadic, Enclosure, Signed, beside, height, odd_part, scaled
from chopper.functions.intervals import cut, over
from chopper.functions.series import logarithm

__all__ = ["exact_log2", "exact_log10", "ln", "log", "log1p", "log1p_of", "log2", "log10"]

_WIDE = 16
"""Bits by which a multiple k < 2^14 of ln 2 needs it more exactly."""


def ln(x: Dyadic, n: int) -> tuple[int, int]:
    """Return ln x, for x > 0 other than 1, in units of 2^-wide, and wide: to n bits, off by less than eight units."""
    k = height(x)
    y = Dyadic(x.m, x.e - k)  # in [1/2, 1)
    if 10 * x.m < 7 << (k - x.e):
        k, y = k - 1, Dyadic(x.m, x.e - k + 1)
    wide = n + 5
    if k == 0:
        wide -= min(height(Dyadic(y.m - (1 << -y.e), y.e)), 0)
    spare = _WIDE + k.bit_length()
    return logarithm(scaled(y, wide), wide) + (k * log_of_two(wide + spare) >> spare), wide


def log(x: Dyadic, n: int) -> Signed:
    """Return ln x."""
    value, wide = ln(x, n)
    return (1 if value > 0 else -1), Enclosure(abs(value) - 8, abs(value) + 8, -wide)


def log2(x: Dyadic, n: int) -> Signed:
    """Return ln x / ln 2."""
    return _by(x, n, log_of_two(n + 4))


def log10(x: Dyadic, n: int) -> Signed:
    """Return ln x / ln 10."""
    return _by(x, n, log_of_ten(n + 4))


def _by(x: Dyadic, n: int, base: int) -> Signed:
    sign, value = log(x, n + 4)
    return sign, cut(over(value, Enclosure(base, base + 2, -n - 4), n + 4), n)


def log1p(x: Dyadic, n: int) -> Signed:
    """Return ln(1 + x), for x > -1: between x - x^2 and x for small x."""
    if height(x) < -n - 2:
        return (1 if x.m > 0 else -1), beside(x, n, above=x.m < 0)
    e = min(x.e, 0)
    return log(odd_part((x.m << (x.e - e)) + (1 << -e), e), n)


def log1p_of(x: Enclosure, n: int) -> Enclosure:
    """Return ln(1 + x) for 0 < x < 1."""
    top = x.low.bit_length() + x.e
    if top < -n - 2:
        return Enclosure((x.low << n) - x.low, x.high << n, x.e - n)
    wide = n + 6 - min(top, 0)
    by = x.e + wide
    low, high = (x.low << by, x.high << by) if by >= 0 else (x.low >> -by, -(-x.high >> -by))
    one = 1 << wide
    return Enclosure(logarithm(one + low, wide) - 2, logarithm(one + high, wide) + 3, -wide)


def exact_log2(x: Dyadic) -> Dyadic | None:
    """Return log2 x for a power of two: 2^(p / q) = m 2^e with odd m > 1 is impossible."""
    return odd_part(x.e, 0) if x.m == 1 else None


def exact_log10(x: Dyadic) -> Dyadic | None:
    """Return log10 x for a power of ten: 10^(p / q) = m 2^e asks for m = 5^e, e >= 0."""
    return odd_part(x.e, 0) if 0 <= x.e <= 400 and 5**x.e == x.m else None
