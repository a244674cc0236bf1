"""The exponential functions: enclosures to about n bits of the values at a number x other than the exact points.

Each returns the sign and the magnitude.  Where the value lies closer to a number than n bits tell, the enclosure ends
at that number: it is open, so it still says on which side the value lies.
"""

from __future__ import annotations

from chopper.functions.constants import log_of_ten, log_of_two
from chopper.functions.enclosure import HUGE, TINY, Dyadic, Enclosure, Signed, beside, height, odd_part, scaled
from chopper.functions.intervals import ONE, cut, exactly, minus, over, plus, times
from chopper.functions.logarithms import log1p_of
from chopper.functions.series import exponential

__all__ = [
    "SPARE",
    "cosh",
    "exact_exp2",
    "exact_exp10",
    "exp",
    "exp2",
    "exp10",
    "exp_of",
    "expm1",
    "magnitude",
    "sigmoid",
    "silu",
    "sinh",
    "softplus",
    "tanh",
]

_FAR = 20
"""From abs(x) >= 2^19 on, e^x is beyond every format; 2^x and 10^x too."""

SPARE = 24
"""Bits that `exp_of` wants beyond the n that it gives: enough for a multiple k < 2^21 of ln 2."""

_UNIT = Dyadic(1, 0)


def exp_of(y: int, n: int) -> Enclosure:
    """Return e^y, for y in units of 2^-(n + SPARE), abs(y) < 2^20, off by at most 2^22 of them.

    The remainder after the multiple of ln 2 is off by less than three units of 2^-n, so its exponential by less than
    seven.
    """
    two = log_of_two(n + SPARE)
    k, r = divmod(y + two // 2, two)
    value = exponential((r - two // 2) >> SPARE, n)
    return Enclosure(value - 8, value + 8, k - n)


def magnitude(x: Dyadic, n: int) -> Enclosure:
    """Return e^x to n bits."""
    if height(x) >= _FAR:
        return HUGE if x.m > 0 else TINY
    if height(x) < -n - 2:
        return beside(_UNIT, n, above=x.m > 0)
    return exp_of(scaled(x, n + 4 + SPARE), n + 4)


def exp(x: Dyadic, n: int) -> Signed:
    """Return e^x."""
    return 1, magnitude(x, n)


def exp2(x: Dyadic, n: int) -> Signed:
    """Return 2^x."""
    return 1, _power(x, n, log_of_two)


def exp10(x: Dyadic, n: int) -> Signed:
    """Return 10^x."""
    return 1, _power(x, n, log_of_ten)


def _power(x: Dyadic, n: int, log: object) -> Enclosure:
    if height(x) >= _FAR:
        return HUGE if x.m > 0 else TINY
    if height(x) < -n - 4:  # ln 10 < 4
        return beside(_UNIT, n, above=x.m > 0)
    wide = n + 4 + SPARE
    return exp_of(scaled(Dyadic(x.m * log(wide), x.e), 0), n + 4)  # type: ignore[operator]


def expm1(x: Dyadic, n: int) -> Signed:
    """Return e^x - 1: between x and x + x^2 for small x, above -1 for all."""
    sign = 1 if x.m > 0 else -1
    if height(x) < -n - 2:
        return sign, beside(x, n, above=x.m > 0)
    if height(x) >= _FAR:
        return sign, HUGE if x.m > 0 else beside(_UNIT, n, above=False)
    power = magnitude(x, n + 2 + max(-height(x), 0))
    return sign, cut(minus(power, ONE) if x.m > 0 else minus(ONE, power), n)


def sinh(x: Dyadic, n: int) -> Signed:
    """Return sinh x: beyond x by less than x^3 for small x."""
    sign, x = _split(x)
    if 2 * height(x) < -n - 2:
        return sign, beside(x, n, above=True)
    if height(x) >= _FAR:
        return sign, HUGE
    n += 2
    power = magnitude(x, n + 2 + max(-height(x), 0))
    return sign, cut(_half(minus(power, over(ONE, power, n + 2 + max(-height(x), 0)))), n)


def cosh(x: Dyadic, n: int) -> Signed:
    """Return cosh x: above 1, by less than x^2 for small x."""
    _, x = _split(x)
    if 2 * height(x) < -n - 2:
        return 1, beside(_UNIT, n, above=True)
    if height(x) >= _FAR:
        return 1, HUGE
    power = magnitude(x, n + 2)
    return 1, cut(_half(plus(power, over(ONE, power, n + 2))), n)


def tanh(x: Dyadic, n: int) -> Signed:
    """Return tanh x = 1 / (1 + 2 / (e^2x - 1)): below x by less than x^3 for small x, below 1 for all."""
    sign, x = _split(x)
    if 2 * height(x) < -n - 2:
        return sign, beside(x, n, above=False)
    if height(x) >= _FAR - 1:
        return sign, beside(_UNIT, n, above=False)
    _, less = expm1(Dyadic(x.m, x.e + 1), n + 4)
    return sign, cut(over(ONE, plus(ONE, over(exactly(Dyadic(1, 1)), less, n + 4)), n + 4), n)


def sigmoid(x: Dyadic, n: int) -> Signed:
    """Return 1 / (1 + e^-x), below 1."""
    if height(x) >= _FAR:
        return 1, beside(_UNIT, n, above=False) if x.m > 0 else TINY
    return 1, cut(over(ONE, plus(ONE, magnitude(Dyadic(-x.m, x.e), n + 4)), n + 4), n)


def silu(x: Dyadic, n: int) -> Signed:
    """Return x / (1 + e^-x)."""
    sign = 1 if x.m > 0 else -1
    if height(x) >= _FAR and x.m < 0:
        return sign, TINY
    return sign, times(exactly(x), sigmoid(x, n)[1])


def softplus(x: Dyadic, n: int) -> Signed:
    """Return ln(1 + e^x) = max(x, 0) + ln(1 + e^-abs(x))."""
    if height(x) >= _FAR:
        return 1, beside(x, n, above=True) if x.m > 0 else TINY
    rest = log1p_of(magnitude(Dyadic(-abs(x.m), x.e), n + 4), n + 4)
    return 1, cut(plus(exactly(x), rest), n) if x.m > 0 else rest


def _split(x: Dyadic) -> tuple[int, Dyadic]:
    return (1, x) if x.m > 0 else (-1, Dyadic(-x.m, x.e))


def _half(a: Enclosure) -> Enclosure:
    return Enclosure(a.low, a.high, a.e - 1)


def exact_exp2(x: Dyadic) -> Dyadic | None:
    """Return 2^x for an integer x; between integers it is irrational."""
    return Dyadic(1, x.m << x.e) if x.e >= 0 and height(x) < _FAR else None


def exact_exp10(x: Dyadic) -> Dyadic | None:
    """Return 10^x for an integer x >= 0 within reach; other powers are no binary fractions."""
    if x.e < 0 or x.m < 0 or height(x) > 10:
        return None
    k = x.m << x.e
    return odd_part(5**k, k)
