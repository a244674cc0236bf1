"""Linear takums: 64-bit carrier patterns to rounded patterns or codes, and codes back to patterns.

A magnitude has an exact code of 63 bits: direction, regime, a characteristic of up to 7 bits and all 52 of its
fraction.  The first n - 1 of them are the code toward zero, and the others are dropped by the rule, whether they are of
the fraction, the characteristic or the regime: one shift, the same for all magnitudes.
"""

from typing import NamedTuple

from chopper.kernels.carrier import pick

__all__ = ["TakumCodes", "TakumParams", "decode_takum", "encode_takum", "round_takum"]


class TakumParams(NamedTuple):
    """A linear takum seen from its carrier; results are carrier patterns (round) or codes (encode)."""

    low: int  # pattern of the smallest magnitude
    top: int  # pattern of the largest
    one: int  # pattern of 1
    drop: int  # 64 - n, on the carrier of 64 bits
    mask: int  # encode: the bits of a code
    random_bits: int
    under_pos: int  # smaller patterns become zero
    under_neg: int
    over_pos: int  # what finite overflow becomes, sign included; so the rest
    over_neg: int
    inf_pos: int
    inf_neg: int
    nan: int


class TakumCodes(NamedTuple):
    """A linear takum seen from its codes, for decoding."""

    one: int  # pattern of 1
    drop: int  # 64 - n
    half: int  # 2**(n-1), the code of NaR
    nan: int


def round_takum(where, rule, bits, word, c, f):
    """Round a carrier pattern to a pattern of the format, by the code."""
    neg = bits & c.sign
    mag = bits ^ neg
    code = _rounded(where, rule, neg, _full(where, mag, c, f), word, f)
    return _finish(where, neg, mag, _pattern(where, code << f.drop, c, f) | neg, c, f)


def encode_takum(where, rule, bits, word, c, f):
    """Round a carrier pattern to a code of the format, by the code."""
    neg = bits & c.sign
    mag = bits ^ neg
    code = _rounded(where, rule, neg, _full(where, mag, c, f), word, f)
    return _finish(where, neg, mag, where(neg == 0, code, -code) & f.mask, c, f)


def decode_takum(where, rule, bits, word, c, f):
    """Turn a code into the carrier pattern of its value, exactly."""
    neg = bits & f.half
    body = where(neg == 0, bits, -bits) & (f.half - 1)
    out = _pattern(where, body << f.drop, c, f)
    out = where(neg == 0, out, out | c.sign)
    return where(body == 0, where(neg == 0, body, body + f.nan), out)


def _full(where, mag, c, f):
    """Return the code of 63 bits of a magnitude moved into the range of the format.

    With E the exponent and F = E + 1 of numbers from 1 on, F = E - 1 of those below, the characteristic is the last r
    bits of F, where 2**r <= E + 1 < 2**(r+1) or 2**r <= -E < 2**(r+1).
    """
    t = c.precision - 1
    a = where(mag < f.low, f.low, mag)
    a = where(a > f.top, f.top, a) - f.one
    down = a >> (c.width - 1)
    a = a + ((down + down + 1) << t)
    r = _regime(where, (a >> t) ^ down)
    head = ((r + 8) ^ down) & 15
    return (head << (t + 7)) | ((a & ((1 << (r + t)) - 1)) << (7 - r))


def _regime(where, q):
    """Return floor(log2(q)) of 0 < q < 256."""
    r = where(q < 16, q - q, q - q + 4)
    q = q >> r
    by = where(q < 4, q - q, q - q + 2)
    return r + by + (q >> (by + 1))


def _rounded(where, rule, neg, full, word, f):
    """Return the code of a magnitude, given that of 63 bits."""
    s = f.drop + (full & 0)
    code = full >> s
    r = full - (code << s)
    return code + ((r + rule(where, neg, code & 1, r, s, s, word, f.random_bits)) >> s)


def _pattern(where, full, c, f):
    """Return the carrier pattern of a magnitude, given its code of 63 bits; the inverse of `_full`."""
    t = c.precision - 1
    head = full >> (t + 7)
    down = (head >> 3) - 1
    r = (head ^ down) & 7
    base = 1 << (r + t)
    unit = 1 << t
    start = where(down == 0, base - unit, unit - base - base)
    return start + ((full & ((1 << (t + 7)) - 1)) >> (7 - r)) + f.one


def _finish(where, neg, mag, out, c, f):
    """Settle zero, overflow, infinity and NaN."""
    side = neg >> (c.width - 1)
    out = where(mag < pick(side, f.under_pos, f.under_neg), 0, out)
    out = where(mag > f.top, pick(side, f.over_pos, f.over_neg), out)
    out = where(mag < c.inf, out, pick(side, f.inf_pos, f.inf_neg))
    return where(mag > c.inf, f.nan, out)
