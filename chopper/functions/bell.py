"""The integral of the bell curve: erf, erfc and gelu, enclosed to about n bits at a number x other than 0.

No theorem says that erf of a binary fraction is never one.  Should an enclosure stay undecided however tight, the
evaluation ends with an ArithmeticError.
"""

from __future__ import annotations

from chopper.functions.constants import half_pi
from chopper.functions.enclosure import TINY, Dyadic, Enclosure, Signed, beside, height, scaled
from chopper.functions.exponentials import magnitude
from chopper.functions.intervals import ONE, cut, exactly, minus, over, plus, root, times
from chopper.functions.series import gauss

__all__ = ["erf", "erfc", "gelu"]

_FAR = 1100
"""For z^2 >= 1100, 1 - erf z is below 2^-1500, and its place is taken by `TINY`.

It is no power of 2 or e, so that the ends around an irrational operand lie on the same side of it.
"""

_FARTHEST = 20
"""For z^2 >= 2^20 it is below every 2^-n that is asked for."""


def _inner(w: Dyadic, z: Enclosure, n: int) -> Enclosure:
    """Return erf z for z > 0 and w = z^2, as 2 z / sqrt(pi) e^-w times a sum of positive terms."""
    wide = n + 24 + max(height(w), 0) + n.bit_length()
    total, error = gauss(scaled(w, wide), wide)
    half = half_pi(wide)
    factor = root(over(exactly(Dyadic(2, 0)), Enclosure(half, half + 2, -wide), n + 8), n + 8)
    product = times(times(z, factor), magnitude(Dyadic(-w.m, w.e), n + 8))
    return cut(times(product, Enclosure(total - error, total + error, -wide)), n)


def _outer_bits(w: Dyadic) -> int:
    """Return how many bits of 1 are lost in 1 - erf z: 1.4427 w + log2(z) + 1 and a few more."""
    return (1478 * max(scaled(w, 0) + 1, 1) >> 10) + height(w) // 2 + 8 if height(w) > 0 else 8


def _below_one(w: Dyadic, z: Enclosure, n: int) -> Enclosure:
    """Return erf z."""
    if height(w) > _FARTHEST or (height(w) > 0 and _outer_bits(w) > n + 16 + 2 * height(w)):
        return beside(Dyadic(1, 0), n, above=False)
    return _inner(w, z, n)


def _beyond(w: Dyadic, z: Enclosure, n: int) -> Enclosure:
    """Return 1 - erf z."""
    if scaled(w, 0) >= _FAR:
        return TINY
    return cut(minus(ONE, _inner(w, z, n + _outer_bits(w) + 4)), n)


def _square(x: Dyadic) -> Dyadic:
    return Dyadic(x.m * x.m, 2 * x.e)


def erf(x: Dyadic, n: int) -> Signed:
    """Return erf x, nearer to 0 than 1."""
    return (1 if x.m > 0 else -1), _below_one(_square(x), exactly(x), n)


def erfc(x: Dyadic, n: int) -> Signed:
    """Return 1 - erf x."""
    if x.m > 0:
        return 1, _beyond(_square(x), exactly(x), n)
    return 1, plus(ONE, _below_one(_square(x), exactly(x), n))


def gelu(x: Dyadic, n: int) -> Signed:
    """Return x (1 + erf(x / sqrt 2)) / 2."""
    square = _square(x)
    w = Dyadic(square.m, square.e - 1)
    if x.m < 0 and scaled(w, 0) >= _FAR:
        return -1, TINY
    z = root(exactly(w), n + 2000 if height(w) > 0 else n + 40)
    inner = plus(ONE, _below_one(w, z, n + 2)) if x.m > 0 else _beyond(w, z, n + 2)
    low, high, e = times(exactly(x), inner)
    return (1 if x.m > 0 else -1), cut(Enclosure(low, high, e - 1), n)
