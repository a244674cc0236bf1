"""Quotients of two carrier numbers, rounded to odd, digit by digit."""

from chopper.kernels.odd import pack, unpack

__all__ = ["div", "div_wide"]


def div(where, x, y, c, f):
    """Return x / y rounded to odd, on a carrier of 53 bits or less; f is an `Exact`."""
    neg, a, b, e, r, d = _begin(where, x, y, c)
    q, r = _digits32(where, r & 0, r, d)
    q, r = _digits16(where, q, r, d)
    q, r = _digits8(where, q, r, d)
    return _end(where, neg, a, b, e, where(r == 0, q, q | 1), 56 - c.precision, c, f)


def div_wide(where, x, y, c, f):
    """As `div`, on a carrier of 113 bits."""
    neg, a, b, e, r, d = _begin(where, x, y, c)
    q, r = _digits32(where, r & 0, r, d)
    q, r = _digits32(where, q, r, d)
    q, r = _digits32(where, q, r, d)
    q, r = _digits16(where, q, r, d)
    q, r = _digits4(where, q, r, d)
    return _end(where, neg, a, b, e, where(r == 0, q, q | 1), 116 - c.precision, c, f)


def _begin(where, x, y, c):
    """Return sign and magnitudes, the exponent of the quotient, and two significands whose quotient is 1 to 2."""
    neg = (x ^ y) & c.sign
    a = x ^ (x & c.sign)
    b = y ^ (y & c.sign)
    e1, m1 = unpack(where, a, c)
    e2, m2 = unpack(where, b, c)
    less = m1 < m2
    e = e1 - e2 + c.bias
    return neg, a, b, where(less, e - 1, e), where(less, m1 << 1, m1), m2


def _end(where, neg, a, b, e, q, extra, c, f):
    """Settle zeros, infinities and NaN."""
    out = pack(where, e, q, extra, c)
    out = where(b == 0, f.pole, where(a == 0, 0, out))
    out = where(a == c.inf, c.inf, where(b == c.inf, 0, out))
    same = where(a == b, a, 1)
    out = where(same == 0, f.nan, where(same == c.inf, f.nan, out | neg))
    return where(a > c.inf, f.nan, where(b > c.inf, f.nan, out))


def _digit(where, q, r, d):
    rest = r - d
    less = rest < 0
    return q + q + where(less, q & 0, 1), where(less, r, rest) << 1


def _digits4(where, q, r, d):
    q, r = _digit(where, q, r, d)
    q, r = _digit(where, q, r, d)
    q, r = _digit(where, q, r, d)
    return _digit(where, q, r, d)


def _digits8(where, q, r, d):
    q, r = _digits4(where, q, r, d)
    return _digits4(where, q, r, d)


def _digits16(where, q, r, d):
    q, r = _digits8(where, q, r, d)
    return _digits8(where, q, r, d)


def _digits32(where, q, r, d):
    q, r = _digits16(where, q, r, d)
    return _digits16(where, q, r, d)
