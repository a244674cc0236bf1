"""Carrier patterns of exact values: what the families put into the integers of their kernels."""

from __future__ import annotations

import math
from fractions import Fraction

from chopper.kernels.carrier import BINARY32, BINARY64, BINARY128, Carrier

__all__ = ["carrier_of", "mark", "number_of", "pattern", "power", "signed"]


def carrier_of(width: int) -> Carrier:
    """Return the carrier of 32, 64 or 128 bits."""
    return {32: BINARY32, 64: BINARY64, 128: BINARY128}[width]


def mark(c: Carrier) -> int:
    """Return the NaN pattern that stands for a result that must raise; no kernel makes it otherwise."""
    return c.inf + 1


def pattern(value: Fraction | float, c: Carrier) -> int:
    """Return the carrier pattern of an exact value, as a signed integer; NaN is the positive quiet one.

    A value that the carrier does not hold gives the next pattern away from zero.  Integers only: the processor may
    flush subnormal numbers to zero.
    """
    if value != value:
        return c.inf | 1 << (c.precision - 2)
    if isinstance(value, float):  # the floats among a format's values: infinities and -0.0
        return (c.inf if math.isinf(value) else 0) | (c.sign if math.copysign(1, value) < 0 else 0)
    sign = c.sign if value < 0 else 0
    top, bottom = abs(value.numerator), value.denominator
    if not top:
        return sign
    exponent = top.bit_length() - bottom.bit_length()
    exponent -= (bottom << exponent) > top if exponent >= 0 else bottom > (top << -exponent)
    field = max(exponent + c.bias, 1)
    by = c.bias + c.precision - 1 - field
    significand = -(-(top << max(by, 0)) // (bottom << max(-by, 0)))
    return min(((field - 1) << (c.precision - 1)) + significand, c.inf) | sign


def number_of(mag: int, c: Carrier) -> Fraction:
    """Return the number that the pattern of a magnitude stands for; infinity counts as the power of two after max."""
    field = max(mag >> (c.precision - 1), 1)
    return (mag - ((field - 1) << (c.precision - 1))) * power(field - c.bias - c.precision + 1)


def power(exponent: int) -> Fraction:
    """Return 2^exponent, exactly."""
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def signed(code: int, c: Carrier) -> int:
    """Read an unsigned code of the carrier's width as two's complement."""
    return code - (1 << c.width) if code >> (c.width - 1) else code
