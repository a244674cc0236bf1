"""Logarithmic numbers: carrier patterns to rounded patterns or codes, by comparing with all steps of one period.

The values (-1)^s 2^(X / 2^r) repeat from binade to binade, and so do the magnitudes where the result of a rounding mode
steps from one to the next.  A period is a binade (two for r = 0, so that it has an odd and an even code).  Its steps,
eight or sixteen significands, are parameters, and a significand is compared with each of them: no table is read.
"""

from typing import NamedTuple

from chopper.kernels.carrier import pick

__all__ = [
    "Climb",
    "LnsParams",
    "code_lns",
    "encode_lns",
    "encode_lns_long",
    "encode_lns_long_sided",
    "encode_lns_sided",
    "finish_lns",
    "period_lns",
    "place_lns",
    "round_lns",
    "round_lns_long",
    "round_lns_long_sided",
    "round_lns_sided",
]


class Climb(NamedTuple):
    """Eight steps of a period: from the significand t on, the result is higher by d."""

    t0: int
    t1: int
    t2: int
    t3: int
    t4: int
    t5: int
    t6: int
    t7: int
    d0: int
    d1: int
    d2: int
    d3: int
    d4: int
    d5: int
    d6: int
    d7: int


class LnsParams(NamedTuple):
    """A logarithmic format seen from its carrier; results are carrier patterns (round) or codes (encode).

    All its numbers but zero are normal numbers of the carrier.
    """

    low: int  # pattern of the smallest magnitude
    top: int  # pattern of the largest
    one: int  # pattern of 1
    field: int  # bits of a significand, within its period
    digits: int  # encode: a period has 2**digits codes
    bias: int  # encode: added to E
    mask: int  # encode: the bits of E
    half: int  # encode: the sign bit
    under_pos: int  # smaller patterns become zero
    under_neg: int
    zero: int  # what zero is
    over_pos: int  # what finite overflow becomes, sign included; so the rest
    over_neg: int
    inf_pos: int
    inf_neg: int
    nan: int
    pos: Climb  # the steps of positive numbers
    neg: Climb  # of negative ones; read by the sided kernels only, so as the next two by the long ones
    pos_more: Climb
    neg_more: Climb


def round_lns(where, rule, bits, word, c, f):
    """Round a carrier pattern to a pattern of the format; at most eight steps, the same for both signs."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb(where, m, a - m, f.pos)
    return finish_lns(where, neg, mag, out | neg, c, f)


def round_lns_sided(where, rule, bits, word, c, f):
    """As `round_lns`, with steps that depend on the sign."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb_sided(where, neg >> (c.width - 1), m, a - m, f.pos, f.neg)
    return finish_lns(where, neg, mag, out | neg, c, f)


def round_lns_long(where, rule, bits, word, c, f):
    """As `round_lns`, with sixteen steps."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb(where, m, _climb(where, m, a - m, f.pos), f.pos_more)
    return finish_lns(where, neg, mag, out | neg, c, f)


def round_lns_long_sided(where, rule, bits, word, c, f):
    """As `round_lns`, with sixteen steps that depend on the sign."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb_sided(where, neg >> (c.width - 1), m, a - m, f.pos, f.neg)
    out = _climb_sided(where, neg >> (c.width - 1), m, out, f.pos_more, f.neg_more)
    return finish_lns(where, neg, mag, out | neg, c, f)


def encode_lns(where, rule, bits, word, c, f):
    """Round a carrier pattern to a code of the format; at most eight steps, the same for both signs."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb(where, m, period_lns(a, f), f.pos)
    return finish_lns(where, neg, mag, code_lns(neg, out, c, f), c, f)


def encode_lns_sided(where, rule, bits, word, c, f):
    """As `encode_lns`, with steps that depend on the sign."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb_sided(where, neg >> (c.width - 1), m, period_lns(a, f), f.pos, f.neg)
    return finish_lns(where, neg, mag, code_lns(neg, out, c, f), c, f)


def encode_lns_long(where, rule, bits, word, c, f):
    """As `encode_lns`, with sixteen steps."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb(where, m, _climb(where, m, period_lns(a, f), f.pos), f.pos_more)
    return finish_lns(where, neg, mag, code_lns(neg, out, c, f), c, f)


def encode_lns_long_sided(where, rule, bits, word, c, f):
    """As `encode_lns`, with sixteen steps that depend on the sign."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    out = _climb_sided(where, neg >> (c.width - 1), m, period_lns(a, f), f.pos, f.neg)
    out = _climb_sided(where, neg >> (c.width - 1), m, out, f.pos_more, f.neg_more)
    return finish_lns(where, neg, mag, code_lns(neg, out, c, f), c, f)


def place_lns(where, bits, c, f):
    """Return sign, magnitude, the magnitude that is at least the smallest one, and the significand in its period."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = where(mag < f.low, f.low, mag)
    return neg, mag, a, (a - f.one) & ((1 << f.field) - 1)


def _climb(where, m, out, s):
    """Add to `out` each step of `s` that begins at or below m."""
    out = where(m < s.t0, out, out + s.d0)
    out = where(m < s.t1, out, out + s.d1)
    out = where(m < s.t2, out, out + s.d2)
    out = where(m < s.t3, out, out + s.d3)
    out = where(m < s.t4, out, out + s.d4)
    out = where(m < s.t5, out, out + s.d5)
    out = where(m < s.t6, out, out + s.d6)
    return where(m < s.t7, out, out + s.d7)


def _climb_sided(where, side, m, out, s, n):
    """As `_climb`, with the steps of `n` where side = -1; both climb by the same amounts."""
    out = where(m < pick(side, s.t0, n.t0), out, out + s.d0)
    out = where(m < pick(side, s.t1, n.t1), out, out + s.d1)
    out = where(m < pick(side, s.t2, n.t2), out, out + s.d2)
    out = where(m < pick(side, s.t3, n.t3), out, out + s.d3)
    out = where(m < pick(side, s.t4, n.t4), out, out + s.d4)
    out = where(m < pick(side, s.t5, n.t5), out, out + s.d5)
    out = where(m < pick(side, s.t6, n.t6), out, out + s.d6)
    return where(m < pick(side, s.t7, n.t7), out, out + s.d7)


def period_lns(a, f):
    """Return the exponent, in steps, where the period of a magnitude begins."""
    return ((a - f.one) >> f.field) << f.digits


def code_lns(neg, e, c, f):
    """Return the code of an exponent, given in steps."""
    return ((e - f.bias) & f.mask) | ((neg >> (c.width - 1)) & f.half)


def finish_lns(where, neg, mag, out, c, f):
    """Settle zero, overflow, infinity and NaN."""
    side = neg >> (c.width - 1)
    out = where(mag < pick(side, f.under_pos, f.under_neg), f.zero, out)
    out = where(mag > f.top, pick(side, f.over_pos, f.over_neg), out)
    out = where(mag < c.inf, out, pick(side, f.inf_pos, f.inf_neg))
    return where(mag > c.inf, f.nan, out)
