"""Square roots of carrier numbers, rounded to odd, digit by digit."""

from chopper.kernels.odd import pack, unpack

__all__ = ["sqrt", "sqrt_wide"]


def sqrt(where, x, c, f):
    """Return the square root of x rounded to odd, on a carrier of 53 bits or less; f is an `Exact`."""
    neg, mag, e, r = _begin(where, x, 56 - c.precision, c)
    s, r, w = _digits32(where, r & 0, r, (r & 0) + (1 << 55))
    s, r, w = _digits16(where, s, r, w)
    s, r, w = _digits8(where, s, r, w)
    return _end(where, neg, mag, e, s, r, 56 - c.precision, c, f)


def sqrt_wide(where, x, c, f):
    """As `sqrt`, on a carrier of 113 bits."""
    neg, mag, e, r = _begin(where, x, 116 - c.precision, c)
    s, r, w = _digits32(where, r & 0, r, ((r & 0) + 1) << 115)
    s, r, w = _digits32(where, s, r, w)
    s, r, w = _digits32(where, s, r, w)
    s, r, w = _digits16(where, s, r, w)
    s, r, w = _digits4(where, s, r, w)
    return _end(where, neg, mag, e, s, r, 116 - c.precision, c, f)


def _begin(where, x, extra, c):
    """Return sign and magnitude, the exponent of the root, and the number from 1 to 4 that it is the root of."""
    neg = x & c.sign
    mag = x ^ neg
    e, m = unpack(where, mag, c)
    by = e - c.bias
    return neg, mag, (by >> 1) + c.bias, m << (extra + (by & 1))


def _end(where, neg, mag, e, s, r, extra, c, f):
    """Settle zeros, infinity, negative numbers and NaN; s is twice the root."""
    q = s >> 1
    out = pack(where, e, where(r == 0, q, q | 1), extra, c)
    out = where(mag < c.inf, out, where(mag == c.inf, mag, f.nan))
    return where(mag == 0, neg, where(neg == 0, out, f.nan))


def _digit(where, s, r, w):
    rest = r - s - w
    less = rest < 0
    return where(less, s, s + w + w), where(less, r, rest) << 1, w >> 1


def _digits4(where, s, r, w):
    s, r, w = _digit(where, s, r, w)
    s, r, w = _digit(where, s, r, w)
    s, r, w = _digit(where, s, r, w)
    return _digit(where, s, r, w)


def _digits8(where, s, r, w):
    s, r, w = _digits4(where, s, r, w)
    return _digits4(where, s, r, w)


def _digits16(where, s, r, w):
    s, r, w = _digits8(where, s, r, w)
    return _digits8(where, s, r, w)


def _digits32(where, s, r, w):
    s, r, w = _digits16(where, s, r, w)
    return _digits16(where, s, r, w)
