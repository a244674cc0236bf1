"""Exact division by a scale, and exact multiplication by it: on integers, elementwise.

One source for NumPy arrays and compiled loops: `where` is injected, numbers are 64-bit integers.  Magnitudes are
patterns of float64, or of the IEEE format that a result goes to.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from chopper.kernels.carrier import normalise, split

__all__ = ["BFLOAT16", "BINARY16", "DOUBLE", "SINGLE", "Ieee", "product", "quotient"]

_Where = Callable[..., Any]


class Ieee(NamedTuple):
    """An IEEE 754 format that results are stored in."""

    fraction_bits: int
    bias: int


BINARY16, BFLOAT16, SINGLE, DOUBLE = Ieee(10, 15), Ieee(7, 127), Ieee(23, 127), Ieee(52, 1023)
"""The formats of float16, bfloat16, float32 and float64."""


def quotient(where: _Where, mag: Any, scale: Any, bits: Any, exponent: Any, steps: int, c: Any) -> Any:
    """Return mag / (scale * 2^exponent) as a pattern of float64, rounded to odd.

    Rounding to odd to 53 bits, then once more to at most 51, is rounding once.  Quotients beyond the range of float64
    become its largest number, quotients below its normal range its smallest normal one: both lie beyond every element.

    Parameters
    ----------
    mag : integer
        Pattern of a finite magnitude in the carrier c.
    scale : integer
        1 <= scale < 2^53, of `bits` bits.
    exponent : integer
        Of the scale.
    steps : int
        How many steps the division takes after the first: `steps_of` the longest scale.
    c : Carrier
    """
    e, m = split(where, mag, c)
    e, m = normalise(where, e, m, c)
    m = m << (53 - c.precision)
    q = m // scale
    r = m - q * scale
    need = bits + 1
    for _ in range(steps):
        by = where(need < 62 - bits, need, 62 - bits)
        r = r << by
        digits = r // scale
        q = (q << by) | digits
        r = r - digits * scale
        need = need - by
    s = 1 + (q >> 54)  # q has 54 or 55 bits
    kept = q >> s
    kept = kept | where((q - (kept << s)) | r != 0, 1, 0)
    field = e + (1023 - c.bias) - exponent - bits - 1 + s
    kept = where(field < 1, 1 << 52, where(field > 2046, (1 << 53) - 1, kept))
    field = where(field < 1, 1, where(field > 2046, 2046, field))
    return where(m == 0, 0, ((field - 1) << 52) + kept)


def product(where: _Where, mag: Any, scale: Any, exponent: Any, to: Ieee) -> Any:
    """Return mag * scale * 2^exponent as a pattern of an IEEE format, rounded once, to nearest, ties to even.

    Parameters
    ----------
    mag : integer
        Pattern of a normal magnitude of float64, or 0.
    scale : integer
        2^52 <= scale < 2^53.
    exponent : integer
        Of the scale.
    to : Ieee
        Products beyond its range become infinity.
    """
    field = mag >> 52
    m = where(mag == 0, 0, (mag & ((1 << 52) - 1)) | (1 << 52))
    low = (1 << 26) - 1
    a, b, x, y = m >> 26, m & low, scale >> 26, scale & low
    middle = a * y + b * x
    rest = ((middle & low) << 26) + b * y
    top = a * x + (middle >> 26) + (rest >> 52)  # the product is top * 2^52 and the last 52 bits of rest
    v = (top << 3) | ((rest >> 50) & 3) << 1 | where(rest & ((1 << 50) - 1) != 0, 1, 0)
    long = v >> 56  # v has 56 or 57 bits, unless it is 0
    e = field - 1075 + exponent + 104 + long  # of the leading bit
    emin = 1 - to.bias
    under = where(e < emin, emin - e, 0)
    drop = 55 + long - to.fraction_bits + where(under > 60, 60, under)
    drop = where(drop > 61, 61, drop)
    q = (v + ((1 << drop) >> 1) - 1 + ((v >> drop) & 1)) >> drop
    e = where(e > to.bias + 1, to.bias + 1, e)
    out = ((where(e < emin, emin, e) + to.bias - 1) << to.fraction_bits) + q
    inf = (2 * to.bias + 1) << to.fraction_bits
    return where(m == 0, 0, where(out > inf, inf, out))
