"""Sums of two carrier numbers, rounded to odd."""

from chopper.kernels.carrier import Carrier, normalise, split
from chopper.kernels.odd import pack

__all__ = ["add", "sub"]


def add(where, x, y, c, f):
    """Return x + y rounded to odd; f is an `Exact`."""
    nx = x & c.sign
    ny = y & c.sign
    a = x ^ nx
    b = y ^ ny
    swap = a < b
    big = where(swap, b, a)
    small = where(swap, a, b)
    neg = where(swap, ny, nx)
    differ = nx ^ ny
    total, e = _total(where, big, small, differ, c)
    e, m = normalise(where, e, total, Carrier(c.width, c.precision + 4, c.bias, c.sign, c.inf))
    out = pack(where, e, m, 4, c) | neg
    out = where(total == 0, where(differ == 0, neg, f.zero), out)
    out = where(big < c.inf, out, where(small < c.inf, big | neg, where(differ == 0, big | neg, f.nan)))
    return where(big > c.inf, f.nan, out)


def sub(where, x, y, c, f):
    """Return x - y rounded to odd; f is an `Exact`."""
    return add(where, x, y ^ c.sign, c, f)


def _total(where, big, small, differ, c):
    """Return the sum of two magnitudes with three more bits, the last one sticky, and the exponent of one bit more."""
    eb, mb = split(where, big, c)
    es, ms = split(where, small, c)
    d = where(eb - es > c.precision + 3, c.precision + 3, eb - es)
    ms = ms << 3
    k = ms >> d
    k = where(ms == k << d, k, k | 1)
    return where(differ == 0, (mb << 3) + k, (mb << 3) - k), eb + 1
