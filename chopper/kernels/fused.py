"""Fused dot products that keep a fixed number of bits below the largest exponent: one term, and the sum of a block.

A term is ``s * 2^(e - d)`` with a signed integer s that has d fraction bits; it is not normalised, so that a product of
significands from [1, 2) lies in [1, 4) and a subnormal number has the exponent of the smallest normal one.
"""

from typing import NamedTuple

__all__ = ["Fused", "align", "significand", "total"]


class Fused(NamedTuple):
    """How a block is added, and the format of what is added to and of the sum, an IEEE 754 format."""

    fraction: int  # bits that are kept below the largest exponent
    floor: int  # what the largest exponent is at least
    digits: int  # fraction bits of the format
    bias: int  # of its exponent field
    inf: int  # its code of +infinity
    nan: int  # its NaN, as the hardware writes it
    drop: int  # low fraction bits that results never have


def significand(where, code, f):
    """Return the exponent and the signed significand, with `f.digits` fraction bits, of a finite code."""
    mag = code & (f.inf + (1 << f.digits) - 1)
    field = mag >> f.digits
    s = mag - where(field < 1, field, field - 1) * (1 << f.digits)
    return where(field < 1, 1, field) - f.bias, where(code == mag, s, -s)


def align(where, s, e, d, top, f):
    """Return s 2^(e - d) in units of 2^(top - f.fraction), truncated toward zero; e <= top."""
    shift = top - e + d - f.fraction
    right = where(shift < 0, 0, where(shift > 62, 62, shift))
    left = where(shift < 0, -shift, 0)
    m = (where(s < 0, -s, s) << left) >> right
    return where(s < 0, -m, m)


def total(where, rule, whole, top, c, f):
    """Return the code of whole 2^(top - f.fraction), rounded once; a zero is +0 whatever it comes from."""
    m = where(whole < 0, -whole, whole)
    unit = top - f.fraction
    e = _length(where, m) - 1 + unit
    e = where(e < 1 - f.bias, 1 - f.bias, e)
    cut = e - f.digits + f.drop - unit
    s = where(cut < 0, 0, where(cut > 62, 62, cut))
    up = where(cut < 0, -cut, 0)
    q = (m << up) >> s
    r = (m << up) & ((1 << s) - 1)
    q = where(r + rule(where, whole, q & 1, r, s, s, 0, 0) < 1 << s, q, q + 1)
    code = ((e + f.bias - 1) << f.digits) + (q << f.drop)
    code = where(code > f.inf, f.inf, code)
    code = where(whole < 0, code | (f.inf + (1 << f.digits)), code)
    return where(q == 0, 0, code)


def _length(where, m):
    """Return the number of bits of m, below 2^63."""
    n, m = _halve(where, m & 0, m, 32)
    n, m = _halve(where, n, m, 16)
    n, m = _halve(where, n, m, 8)
    n, m = _halve(where, n, m, 4)
    n, m = _halve(where, n, m, 2)
    n, m = _halve(where, n, m, 1)
    return n + m


def _halve(where, n, m, by):
    large = m >> by
    return where(large == 0, n, n + by), where(large == 0, m, large)
