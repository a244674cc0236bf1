"""The definition of rounding to linear takums by the code, in exact fractions, for any number of bits.

A positive number (1 + f) 2^c has a place on the line of codes: direction and regime are a digit from 0 to 15, and
(C + f) / 2^r is what follows it, C being the characteristic without its leading bit.  Codes are the integers of that
line, times 2^(n-5).
"""

from __future__ import annotations

import math
from fractions import Fraction

from chopper.errors import PolicyError, RangeError
from chopper.formats.policies import Underflow
from chopper.formats.takum import TakumFormat
from chopper.rounding import Overflow, Rounding
from tests.oracle import away

__all__ = ["place", "points", "round_code", "value"]


def place(n: int, x: Fraction) -> Fraction:
    """Return where a positive number lies on the line of codes."""
    c = x.numerator.bit_length() - x.denominator.bit_length()
    c -= Fraction(2) ** c > x
    f = x / Fraction(2) ** c - 1
    if c >= 0:
        r = (c + 1).bit_length() - 1
        digit, rest = 8 + r, c + 1 - 2**r
    else:
        r = (-c).bit_length() - 1
        digit, rest = 7 - r, c - 1 + 2 ** (r + 1)
    return (digit + (rest + f) / 2**r) * Fraction(2) ** (n - 5)


def value(n: int, y: Fraction) -> Fraction:
    """Return the number at a place on the line of codes."""
    digit, rest = divmod(y / Fraction(2) ** (n - 5), 1)
    r = digit - 8 if digit >= 8 else 7 - digit
    whole, f = divmod(rest * 2**r, 1)
    c = 2**r - 1 + whole if digit >= 8 else 1 - 2 ** (r + 1) + whole
    return (1 + f) * Fraction(2) ** int(c)


def round_code(
    fmt: TakumFormat,
    x: Fraction | float,
    mode: Rounding,
    *,
    overflow: Overflow | None = None,
    word: int = 0,
    random_bits: int = 32,
) -> int:
    """Return the code that `x` rounds to."""
    n, policy, nar = fmt.n, overflow or Overflow.PROPAGATE, 1 << (fmt.n - 1)
    if policy in (Overflow.INFINITY, Overflow.WRAP):
        raise PolicyError("does not suit")
    if isinstance(x, float) and math.isnan(x):
        return nar
    infinite = isinstance(x, float) and math.isinf(x)
    negative = x < 0
    if infinite or abs(Fraction(x)) > value(n, Fraction(nar - 1)):
        if policy is Overflow.RAISE:
            raise RangeError("overflow")
        if policy is Overflow.NAN or (infinite and policy is Overflow.PROPAGATE):
            return nar
        code = nar - 1
    else:
        code = _magnitude(fmt, abs(Fraction(x)), negative, mode, word, random_bits)
    return -code % (1 << n) if negative else code


def _magnitude(fmt: TakumFormat, x: Fraction, negative: bool, mode: Rounding, word: int, bits: int) -> int:
    if x == 0:
        return 0
    smallest = value(fmt.n, Fraction(1))
    if x < smallest:
        if fmt.underflow is Underflow.SMALLEST:
            return 1
        low, nu = 0, x / smallest
    else:
        low, nu = divmod(place(fmt.n, x), 1)
    return int(low) + away(mode, nu, int(low) % 2 == 1, negative, word, bits)


def points(n: int) -> list[Fraction]:
    """Return magnitudes around which results change: values, halves and thirds between them, and beyond the ends."""
    last = (1 << (n - 1)) - 1
    codes = set(range(1, last + 1)) if last < 64 else {*range(1, 6), *range(last - 4, last + 1)}
    if last >= 64:
        corners = [digit << max(n - 5, 0) >> max(5 - n, 0) for digit in range(16)]
        codes |= {corner + k for corner in corners for k in (-1, 0, 1)}
        codes |= set(range(1, last, last // 13))
    codes = sorted(code for code in codes if 0 < code <= last)
    parts = (Fraction(0), Fraction(1, 3), Fraction(1, 2), Fraction(3, 4))
    found = {value(n, code + part) for code in codes for part in (parts if code < last else parts[:1])}
    ends = value(n, Fraction(1)), value(n, Fraction(last))
    return sorted(found | {ends[0] / 2, ends[0] / 3, ends[0] / 1024, ends[1] * 2, ends[1] * Fraction(3, 2)})
