"""Fixed point: carrier patterns to multiples of a quantum or to two's complement codes, and codes back to patterns.

Every function has the signature ``(where, rule, bits, word, c, f)`` of `chopper.kernels.float`.  The quantum and all
values of the format are normal numbers of the carrier wherever a pattern is the result; codes may be as wide as the
carrier.  A shift of ``origin - e`` bits turns a significand into the number of quanta.
"""

from typing import NamedTuple

from chopper.kernels.carrier import normalise, pick, split

__all__ = [
    "FixedCodes",
    "FixedParams",
    "FixedWide",
    "decode_fixed",
    "encode_fixed",
    "encode_fixed_wide",
    "round_fixed",
    "round_fixed_wrap",
]


class FixedParams(NamedTuple):
    """A fixed-point format seen from its carrier: results are patterns (round) or integers in two's complement."""

    origin: int  # exponent field at which the unit of the significand is the quantum
    random_bits: int  # how many random bits a stochastic rule uses
    quantum: int  # round: the pattern of the quantum
    mask: int  # encode: the bits of a code
    max_pos: int  # round: the pattern, encode: the number of quanta, above which a result overflows
    max_neg: int
    over_pos: int  # what overflow and infinity become, sign included
    over_neg: int
    nan: int  # what NaN becomes


class FixedWide(NamedTuple):
    """As `FixedParams` where numbers of quanta may be as wide as the carrier, or wrap around."""

    origin: int
    random_bits: int
    mask: int
    sign: int  # the sign bit of a code, 0 if unsigned
    max_pos: int  # the pattern of an input above which the result overflows
    max_neg: int
    over_pos: int  # what that becomes; so the rest
    over_neg: int
    nan: int


class FixedCodes(NamedTuple):
    """A fixed-point format seen from its codes, for decoding."""

    origin: int
    sign: int  # the sign bit of a code, 0 if unsigned
    low: int  # lower integers become this one
    magic: int  # the pattern of a number whose ulp is the quantum


def round_fixed(where, rule, bits, word, c, f):
    """Round a carrier pattern to the pattern of a multiple of the quantum; overflow saturates, or becomes a mark."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    total, s = _step(where, rule, neg, e, m, word, c, f)
    q = total >> s
    out = ((e - 1) << (c.precision - 1)) + (q << s)
    out = where(mag < f.quantum, -q & f.quantum, out)
    side = neg >> (c.width - 1)
    over = out > pick(side, f.max_pos, f.max_neg)
    out = where(out == 0, 0, out | neg)
    out = where(over, pick(side, f.over_pos, f.over_neg), out)
    return where(mag > c.inf, f.nan, out)


def round_fixed_wrap(where, rule, bits, word, c, f):
    """As `round_fixed`, but overflow is taken modulo 2 to the width of the format; f is a `FixedWide`."""
    neg = bits & c.sign
    mag = bits ^ neg
    side = neg >> (c.width - 1)
    k = _quanta(where, rule, neg, mag, word, c, f)
    out = _from_integer(where, (k & f.mask ^ f.sign) - f.sign, c, f)
    out = where(mag > pick(side, f.max_pos, f.max_neg), pick(side, f.over_pos, f.over_neg), out)
    return where(mag > c.inf, f.nan, out)


def encode_fixed(where, rule, bits, word, c, f):
    """Round a carrier pattern to a code of a format whose integers have no more bits than the carrier's significand."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    total, s = _step(where, rule, neg, e, m, word, c, f)
    k = (total >> s) << where(e - f.origin > 2, 2, where(e > f.origin, e - f.origin, 0))
    side = neg >> (c.width - 1)
    out = where(k > pick(side, f.max_pos, f.max_neg), pick(side, f.over_pos, f.over_neg), (k ^ side) - side)
    return where(mag > c.inf, f.nan, out) & f.mask


def encode_fixed_wide(where, rule, bits, word, c, f):
    """As `encode_fixed`, for codes as wide as the carrier and for those that wrap around; f is a `FixedWide`."""
    neg = bits & c.sign
    mag = bits ^ neg
    side = neg >> (c.width - 1)
    out = _quanta(where, rule, neg, mag, word, c, f)
    out = where(mag > pick(side, f.max_pos, f.max_neg), pick(side, f.over_pos, f.over_neg), out)
    return where(mag > c.inf, f.nan, out) & f.mask


def decode_fixed(where, rule, bits, word, c, f):
    """Turn a code into the carrier pattern of its value, exactly."""
    k = (bits ^ f.sign) - f.sign
    return _from_integer(where, where(k < f.low, f.low, k), c, f)


def _step(where, rule, neg, e, m, word, c, f):
    """Return the significand plus the rule's addend, and the bounded shift to truncate it by."""
    shift = where(e < f.origin, f.origin - e, 0)
    s = where(shift > c.precision + 1, c.precision + 1, shift)
    q = m >> s
    return m + rule(where, neg, q & 1, m - (q << s), s, shift, word, f.random_bits), s


def _quanta(where, rule, neg, mag, word, c, f):
    """Return the rounded number of quanta, sign included, modulo 2 to the carrier's width."""
    e, m = split(where, mag, c)
    total, s = _step(where, rule, neg, e, m, word, c, f)
    left = where(e > f.origin, e - f.origin, 0)
    k = (total >> s) << where(left > c.width - 1, c.width - 1, left)
    k = where(left > c.width - 1, 0, k)
    side = neg >> (c.width - 1)
    return (k ^ side) - side


def _from_integer(where, k, c, f):
    """Return the pattern of k quanta; k is no longer than a significand, or is minus 2 to that length."""
    neg = k & c.sign
    side = neg >> (c.width - 1)
    e, m = normalise(where, f.origin + (k & 0), (k ^ side) - side, c)
    return where(m == 0, 0, ((e - 1) << (c.precision - 1)) + m | neg)
