"""Rounding to odd: what an exact operation hands to the kernel of a format, so that nothing is rounded twice.

A magnitude is cut to the carrier's precision, and its last bit set if anything was cut off.  The pattern then lies on
the same side as the exact number of every number that the carrier holds with an even last bit; so rounding it gives
what rounding the exact number gives, wherever all turns of the format are such numbers.  Beyond its range the carrier
gives its largest finite number, below it its smallest one: both are odd.
"""

from typing import NamedTuple

from chopper.kernels.carrier import normalise, split

__all__ = ["Exact", "narrow", "pack", "signed_nan", "unpack", "widen"]


class Exact(NamedTuple):
    """What an exact operation needs to know besides its operands; all patterns of the carrier."""

    zero: int  # the sign of a sum of numbers that cancel: 0, or the sign bit when rounding down
    pole: int  # what a number divided by zero is, sign left out: infinity, or NaN
    nan: int


def unpack(where, mag, c):
    """Return the exponent field and the significand of a magnitude, its leading one at bit precision - 1; 0 stays 0."""
    e, m = split(where, mag, c)
    return normalise(where, e, m, c)


def pack(where, e, m, extra, c):
    """Return the pattern, rounded to odd, of a significand that has `extra` bits too many at its end.

    Its leading one stands at bit precision - 1 + extra.  `e` is its exponent field, which may leave the range.
    """
    low = where(e < 1, 1 - e, 0)
    s = where(low > c.precision, c.precision, low) + extra
    q = m >> s
    q = where(m == q << s, q, q | 1)
    out = where(e < 1, 0, (e - 1) << (c.precision - 1)) + q
    return where(e < c.inf >> (c.precision - 1), out, c.inf - 1)


def signed_nan(where, neg, mag, out, c, f):
    """Give a magnitude its sign; where the magnitude `mag`, of an operand, is a NaN, the result is one."""
    return where(mag > c.inf, f.nan, out | neg)


def widen(where, bits, c, to):
    """Return the pattern of the same number on a carrier of more precision and range."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = unpack(where, mag, c)
    out = ((e - c.bias + to.bias - 1) << (to.precision - 1)) + (m << (to.precision - c.precision))
    out = where(mag < c.inf, where(mag == 0, 0, out), to.inf + (mag - c.inf))
    return where(neg == 0, out, out | to.sign)


def narrow(where, bits, c, to):
    """Return the pattern, rounded to odd, on a carrier of less precision and range."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    out = pack(where, e - c.bias + to.bias, m, c.precision - to.precision, to)
    out = where(mag == 0, 0, where(mag < c.inf, out, to.inf))
    out = where(mag > c.inf, to.inf | (1 << (to.precision - 2)), out)
    return where(neg == 0, out, out | to.sign)
