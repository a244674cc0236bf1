"""Fast paths for formats well inside the carrier's range, by one floating-point operation of the carrier.

Here the injected rule is that operation.  ``settle(mag, magic)`` is the bits of
``(float(mag) + float(magic)) - float(magic)``: adding a power of two whose ulp is the wanted quantum leaves the sum
rounded to that quantum, ties to even, subnormals of the format included.  ``difference(a, b)`` is the bits of
``float(a) - float(b)``, exact where it is used.  No operand or result that counts is subnormal in the carrier, so
flushing subnormals to zero changes nothing.
"""

from typing import NamedTuple

from chopper.kernels.carrier import pick
from chopper.kernels.float import specials

__all__ = [
    "FixedMagic",
    "MagicParams",
    "decode_fixed_magic",
    "decode_float_magic",
    "round_fixed_magic",
    "round_float_magic",
]


class MagicParams(NamedTuple):
    """A float format whose quanta lie so that `settle` is exact; all carrier patterns."""

    low: int  # exponent field of the smallest normal
    lift: int  # from the exponent field of a value to that of the power whose ulp is the quantum
    limit: int  # larger magnitudes overflow
    over_pos: int  # what finite overflow and infinity become, sign left out
    nan_pos: int  # what NaN becomes, sign left out


class FixedMagic(NamedTuple):
    """A fixed-point format with room for its integers in half of the carrier's significand; all carrier patterns."""

    magic: int  # 3/2 of the power of two whose ulp is the quantum
    max_pos: int  # larger magnitudes overflow
    max_neg: int
    over_pos: int  # what overflow and infinity become, sign included
    over_neg: int
    nan: int  # what NaN becomes


def round_float_magic(where, settle, bits, word, c, f):
    """Round a carrier pattern to the nearest pattern of the format, ties to even."""
    neg = bits & c.sign
    mag = bits ^ neg
    e = mag & c.inf
    out = settle(mag, where(e < f.low, f.low, e) + f.lift)
    out = where(mag > f.limit, f.over_pos, out)
    return where(mag > c.inf, f.nan_pos, out) | neg


def decode_float_magic(where, difference, bits, word, c, f):
    """Turn a code of a format with gradual underflow into the carrier pattern of its value; f is a `FloatCodes`."""
    mag = bits & f.mask
    unit = f.origin << (c.precision - 1)
    high = (mag << f.drop) + unit
    low = difference(high, unit + (mag & 0))
    out = where(mag >> (c.precision - 1 - f.drop) == 0, low, high - (1 << (c.precision - 1)))
    return specials(where, bits, mag, out, c.sign, f)


def round_fixed_magic(where, settle, bits, word, c, f):
    """Round a carrier pattern to the nearest multiple of the quantum, ties to even; zero comes out as +0."""
    neg = bits & c.sign
    out = settle(bits, f.magic + (bits & 0))
    side = neg >> (c.width - 1)
    over = out ^ (out & c.sign) > pick(side, f.max_pos, f.max_neg)
    out = where(over, pick(side, f.over_pos, f.over_neg), out)
    return where(bits ^ neg > c.inf, f.nan, out)


def decode_fixed_magic(where, difference, bits, word, c, f):
    """Turn a code into the carrier pattern of its value; f is a `FixedCodes`."""
    k = (bits ^ f.sign) - f.sign
    k = where(k < f.low, f.low, k)
    return difference(f.magic + k, f.magic + (bits & 0))
