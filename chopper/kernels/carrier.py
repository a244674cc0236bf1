"""The carrier: the IEEE 754 binary format whose bit patterns bring the values in and take the results out."""

from typing import NamedTuple

__all__ = ["BINARY32", "BINARY64", "BINARY128", "Carrier", "normalise", "pick", "split"]


class Carrier(NamedTuple):
    """An IEEE 754 binary interchange format, seen as signed integers."""

    width: int  # bits of a pattern
    precision: int  # significand bits, the leading one included
    bias: int  # subtracted from the exponent field
    sign: int  # mask of the sign bit, as a negative number
    inf: int  # pattern of +infinity; every larger magnitude is a NaN


BINARY32 = Carrier(32, 24, 127, -(2**31), 0x7F800000)
BINARY64 = Carrier(64, 53, 1023, -(2**63), 0x7FF0000000000000)
"""The two carriers of arrays."""

BINARY128 = Carrier(128, 113, 16383, -(2**127), 0x7FFF << 112)
"""The carrier of results between an exact operation and its rounding, where 53 bits do not decide."""


def split(where, mag, c):
    """Return the exponent field e >= 1 and the significand of `mag`, with its leading one; subnormals have e = 1."""
    t = c.precision - 1
    e = where(mag >> t < 1, 1, mag >> t)
    return e, mag - ((e - 1) << t)


def normalise(where, e, m, c):
    """Shift a significand up until its leading one stands at bit precision - 1, counting e down; 0 stays 0."""
    e, m = _lift(where, e, m, c.precision - 32 * (c.width >> 6), 32 * (c.width >> 6))
    e, m = _lift(where, e, m, c.precision - 32 * (c.width >> 7), 32 * (c.width >> 7))
    e, m = _lift(where, e, m, c.precision - 16, 16)
    e, m = _lift(where, e, m, c.precision - 8, 8)
    e, m = _lift(where, e, m, c.precision - 4, 4)
    e, m = _lift(where, e, m, c.precision - 2, 2)
    return _lift(where, e, m, c.precision - 1, 1)


def _lift(where, e, m, bits, by):
    small = m < 1 << bits
    return where(small, e - by, e), where(small, m << by, m)


def pick(side, positive, negative):
    """Return the constant `positive` where side = 0 and `negative` where side = -1."""
    return positive ^ ((positive ^ negative) & side)
