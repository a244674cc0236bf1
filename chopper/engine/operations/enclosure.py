"""Exact numbers, and numbers enclosed between two others, as patterns rounded to odd."""

from __future__ import annotations

from fractions import Fraction

from chopper.kernels.carrier import Carrier

__all__ = ["odd_between", "odd_pattern", "odd_scaled"]


def odd_pattern(x: Fraction, c: Carrier) -> int:
    """Return the pattern of a carrier that an exact number has when rounded to odd, as a signed integer.

    Beyond the range it is that of the largest finite number, below it that of the smallest, both with the sign.

    Examples
    --------
    >>> from chopper.kernels.carrier import BINARY32
    >>> hex(odd_pattern(Fraction(1, 3), BINARY32)), hex(odd_pattern(1 + Fraction(1, 2**99), BINARY32))
    ('0x3eaaaaab', '0x3f800001')
    """
    return odd_scaled(x.numerator, x.denominator, 0, c)


def odd_scaled(top: int, bottom: int, exponent: int, c: Carrier) -> int:
    """Return the pattern of top / bottom * 2^exponent rounded to odd; bottom is positive."""
    sign = c.sign if top < 0 else 0
    a = abs(top)
    if not a:
        return 0
    e = a.bit_length() - bottom.bit_length()
    e -= (bottom << e) > a if e >= 0 else bottom > (a << -e)
    field = max(e + exponent + c.bias, 1)
    if field >= c.inf >> (c.precision - 1):
        return (c.inf - 1) | sign
    by = c.bias + c.precision - 1 - field + exponent
    if by < -a.bit_length() - c.precision:
        return 1 | sign
    whole, rest = divmod(a << max(by, 0), bottom << max(-by, 0))
    return ((field - 1) << (c.precision - 1)) + (whole | (rest != 0)) | sign


def odd_between(low: Fraction, high: Fraction, c: Carrier) -> int | None:
    """Return the pattern that every number between two others has, ends included, when rounded to odd.

    None if they differ, or if zero lies between: the enclosure is then to be made narrower.

    Examples
    --------
    >>> from chopper.kernels.carrier import BINARY64
    >>> odd_between(Fraction(1, 3), Fraction(1, 3) + Fraction(1, 2**60), BINARY64) == odd_pattern(
    ...     Fraction(1, 3), BINARY64
    ... )
    True
    >>> odd_between(Fraction(0), Fraction(1), BINARY64) is None
    True
    """
    if low * high <= 0:
        return None
    first = odd_pattern(low, c)
    return first if first == odd_pattern(high, c) else None
