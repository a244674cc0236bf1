"""Fast paths for formats well inside the carrier's range, by one floating-point operation of the carrier.

Here the injected rule is that operation.  ``settle(mag, magic)`` is the bits of
``(float(mag) + float(magic)) - float(magic)``: adding a power of two whose ulp is the wanted quantum leaves the sum
rounded to that quantum, ties to even, subnormals of the format included.  ``difference(a, b)`` is the bits of
``float(a) - float(b)``, exact where it is used.  No operand or result that counts is subnormal in the carrier, so
flushing subnormals to zero changes nothing.
"""

from typing import NamedTuple

from chopper.kernels.float import specials

__all__ = ["MagicParams", "decode_float_magic", "round_float_magic"]


class MagicParams(NamedTuple):
    """A float format whose quanta lie so that `settle` is exact; all carrier patterns."""

    low: int  # exponent field of the smallest normal
    lift: int  # from the exponent field of a value to that of the power whose ulp is the quantum
    limit: int  # larger magnitudes overflow
    over_pos: int  # what finite overflow and infinity become, sign left out
    nan_pos: int  # what NaN becomes, sign left out


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
