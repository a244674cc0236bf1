"""Products of carrier numbers, rounded to odd, without a product wider than a lane."""

from chopper.kernels.odd import pack, unpack
from chopper.kernels.sums import add

__all__ = ["fma", "holds_product", "mul"]


def fma(where, x, y, z, c, f):
    """Return x * y + z rounded to odd, where the carrier holds x * y: see `holds_product`; f is an `Exact`."""
    return add(where, mul(where, x, y, c, f), z, c, f)


def holds_product(where, x, y, c):
    """Return 1 where the carrier is sure to hold x * y, else 0: both end in zeros, and the product is normal."""
    a = x ^ (x & c.sign)
    b = y ^ (y & c.sign)
    zeros = (1 << ((c.precision + 1) >> 1)) - 1
    e = (a >> (c.precision - 1)) + (b >> (c.precision - 1)) - c.bias
    short = where((a | b) & zeros == 0, (a & 0) + 1, 0)
    normal = where(e > 0, where(e < c.bias + c.bias, short, 0), 0)
    return where(a == 0, 1, where(b == 0, 1, normal))


def mul(where, x, y, c, f):
    """Return x * y rounded to odd; f is an `Exact`."""
    neg = (x ^ y) & c.sign
    a = x ^ (x & c.sign)
    b = y ^ (y & c.sign)
    e1, m1 = unpack(where, a, c)
    e2, m2 = unpack(where, b, c)
    m = _upper(where, m1, m2, c)
    short = m < 1 << (c.precision + 4)
    e = e1 + e2 - c.bias + 1
    out = pack(where, where(short, e - 1, e), where(short, m << 1, m), 5, c) | neg
    big = where(a < b, b, a)
    small = where(a < b, a, b)
    out = where(small == 0, neg, out)
    out = where(big < c.inf, out, where(small == 0, f.nan, c.inf | neg))
    return where(big > c.inf, f.nan, out)


def _upper(where, m1, m2, c):
    """Return the upper precision + 5 bits of the product of two significands, the last one sticky.

    With h bits in a lower half, no sum of partial products is longer than 2 h + 2 bits.
    """
    h = (c.precision + 1) >> 1
    mask = (1 << h) - 1
    a1 = m1 >> h
    a0 = m1 & mask
    b1 = m2 >> h
    b0 = m2 & mask
    low = a0 * b0
    mid = a1 * b0 + a0 * b1 + (low >> h)
    s = h + h - c.precision + 5
    top = ((a1 * b1) << s) + (mid >> (h - s))
    lost = (mid & ((1 << (h - s)) - 1)) | (low & mask)
    return where(lost == 0, top, top | 1)
