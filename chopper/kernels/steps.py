"""Formats given by their values: rounding as a step function that is looked up.

Under a deterministic mode the result climbs from value to value as a magnitude grows; all there is to know is the
pattern where each step begins.  A magnitude finds its step by a table indexed with its top bits, and a few
comparisons.  Stochastic modes find the two neighbours in the same way and compare exactly, in 64-bit lanes.

Functions here take ``take(table, index)`` besides ``where``; a kernel's ``rule`` decides by chance.
"""

from typing import Any, NamedTuple

from chopper.kernels.carrier import pick, split
from chopper.kernels.lns import code_lns, finish_lns, period_lns, place_lns

__all__ = [
    "Chances",
    "Logs",
    "Period",
    "Steps",
    "decode_steps",
    "stochastic",
    "stochastic_b",
    "stochastic_c",
    "stochastic_equal",
    "take_chance",
    "take_chance_dense",
    "take_log",
    "take_log_code",
    "take_period",
    "take_period_code",
    "take_step",
    "take_step_dense",
]


class Steps(NamedTuple):
    """A step function on the magnitudes of both signs; results are carrier patterns (round) or codes (encode)."""

    low: int  # magnitudes below this pattern count as this one in the choice of a bucket
    high: int  # and those above this one as this one
    shift: int  # a bucket holds 2**shift patterns
    negative: int  # where the buckets of negative numbers begin
    nan_pos: int
    nan_neg: int
    first: Any  # bucket -> the step that its lowest pattern lies on
    starts: Any  # step -> the pattern where it begins, never reached after the last one of a sign
    results: Any  # step -> what comes out


class Chances(NamedTuple):
    """What a stochastic mode needs to know of each step between two neighbours."""

    steps: Steps
    random_bits: int
    unit: Any  # carrier-biased exponent of the unit of near and gap, less 33
    near: Any  # the neighbour toward zero, in units of 2**-33 of that
    gap: Any  # the distance of the neighbours; 0 where there is no choice
    away: Any  # what comes out at the neighbour away from zero


class Logs(NamedTuple):
    """Logarithmic numbers, and the logarithm of a binade in steps of 2**-spare of theirs; results as in `Steps`."""

    one: int  # the pattern of 1
    low: int  # the pattern of the number one step below the smallest
    top: int  # that of the largest
    lowest: int  # the exponent of the smallest, in steps of the format
    shift: int  # a bucket holds 2**shift significands
    fine: int  # a binade has 2**fine steps of the logarithm
    spare: int  # and 2**(fine - spare) values
    random_bits: int
    bias: int  # codes: added to E
    mask: int  # codes: the bits of E
    half: int  # codes: the sign bit
    zero: int  # what zero is, and everything that draws an exponent below the lowest
    none: int  # patterns below this one are zero: 1, or 0 without a zero
    over_pos: int  # what finite overflow becomes, sign included; so the rest
    over_neg: int
    inf_pos: int
    inf_neg: int
    nan: int
    first: Any  # bucket -> how many steps begin below it
    starts: Any  # step -> the significand where the next one begins
    values: Any  # value of a binade -> its pattern less that of the power of two


class Period(NamedTuple):
    """Logarithmic numbers whose steps of one period are looked up; see `chopper.kernels.lns.LnsParams` for the rest."""

    low: int
    top: int
    one: int
    field: int
    digits: int
    bias: int
    mask: int
    half: int
    under_pos: int
    under_neg: int
    zero: int
    over_pos: int
    over_neg: int
    inf_pos: int
    inf_neg: int
    nan: int
    shift: int  # a bucket holds 2**shift significands
    negative: int  # where the buckets of negative numbers begin
    first: Any  # bucket -> the step that its lowest significand lies on
    starts: Any  # step -> the significand where the next one begins
    rises: Any  # step -> its height above the beginning of the period


def take_step(where, take, rule, bits, word, c, f):
    """Return the result of a pattern where no bucket holds more than one beginning of a step."""
    neg, mag, i = _bucket(where, take, bits, c, f)
    i = _up(take, mag, i, 1, c, f)
    return _finish(where, take, neg, mag, i, c, f)


def take_step_dense(where, take, rule, bits, word, c, f):
    """As `take_step`, where a bucket may hold up to 2**16 - 1 beginnings."""
    neg, mag, i = _bucket(where, take, bits, c, f)
    i = _climb(take, mag, i, c, f)
    return _finish(where, take, neg, mag, i, c, f)


def take_chance(where, take, rule, bits, word, c, f):
    """Return one of the two neighbours of a pattern, by chance; c is the 64-bit carrier."""
    neg, mag, i = _bucket(where, take, bits, c, f.steps)
    i = _up(take, mag, i, 1, c, f.steps)
    return _choose(where, take, rule, neg, mag, i, word, c, f, f.steps)


def take_chance_dense(where, take, rule, bits, word, c, f):
    """As `take_chance`, where a bucket may hold up to 2**16 - 1 beginnings."""
    neg, mag, i = _bucket(where, take, bits, c, f.steps)
    i = _climb(take, mag, i, c, f.steps)
    return _choose(where, take, rule, neg, mag, i, word, c, f, f.steps)


def take_period(where, take, rule, bits, word, c, f):
    """Round a carrier pattern to a logarithmic number."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    return finish_lns(where, neg, mag, (a - m + _risen(take, neg, m, c, f)) | neg, c, f)


def take_period_code(where, take, rule, bits, word, c, f):
    """As `take_period`, to a code."""
    neg, mag, a, m = place_lns(where, bits, c, f)
    return finish_lns(where, neg, mag, code_lns(neg, period_lns(a, f) + _risen(take, neg, m, c, f), c, f), c, f)


def _risen(take, neg, m, c, f):
    i = take(f.first, (m >> f.shift) + ((neg >> (c.width - 1)) & f.negative))
    return take(f.rises, i + 1 + ((m - take(f.starts, i)) >> (c.width - 1)))


def take_log(where, take, rule, bits, word, c, f):
    """Return the pattern of one of the two neighbours, by chance measured by the logarithm; c is the 64-bit carrier."""
    neg, mag, e = _drawn(where, take, rule, bits, word, c, f)
    digits = f.fine - f.spare
    whole = e >> digits
    out = (whole << (c.precision - 1)) + take(f.values, e - (whole << digits)) + f.one
    return _settle(where, neg, mag, e, out | neg, c, f)


def take_log_code(where, take, rule, bits, word, c, f):
    """As `take_log`, the code."""
    neg, mag, e = _drawn(where, take, rule, bits, word, c, f)
    out = ((e - f.bias) & f.mask) | ((neg >> (c.width - 1)) & f.half)
    return _settle(where, neg, mag, e, out, c, f)


def _drawn(where, take, rule, bits, word, c, f):
    """Return sign, magnitude, and the exponent that was drawn, in steps of the format."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = where(mag < f.low, f.low, mag)
    a = where(a > f.top, f.top, a) - f.one
    whole = a >> (c.precision - 1)
    m = a - (whole << (c.precision - 1))
    step = take(f.first, m >> f.shift)
    step = step + 1 + ((m - take(f.starts, step)) >> (c.width - 1)) + (whole << f.fine)
    e = step >> f.spare
    part = step - (e << f.spare)
    goes = rule(where, part << (33 - f.spare), part < 0, (part & 0) + 1, word, f.random_bits)
    return neg, mag, where(goes, e + 1, e)


def _settle(where, neg, mag, e, out, c, f):
    side = neg >> (c.width - 1)
    out = where(e < f.lowest, f.zero, where(mag < f.none, f.zero, out))
    out = where(mag > f.top, pick(side, f.over_pos, f.over_neg), out)
    out = where(mag < c.inf, out, pick(side, f.inf_pos, f.inf_neg))
    return where(mag > c.inf, f.nan, out)


def _choose(where, take, rule, neg, mag, i, word, c, f, steps):
    e, m = split(where, mag, c)
    by = e - (c.precision - 1) - take(f.unit, i)
    right = where(by < 0, where(by < -63, 63, -by), 0)
    units = where(by < 0, m >> right, m << where(by < 0, 0, where(by > 62, 62, by)))
    more = m - ((m >> right) << right) != 0
    gap = take(f.gap, i)
    goes = rule(where, units - take(f.near, i), more, gap, word, f.random_bits)
    near = take(steps.results, i)
    return _nan(where, neg, mag, where(gap == 0, near, where(goes, take(f.away, i), near)), c, steps)


def decode_steps(where, take, rule, bits, word, c, f):
    """Return the pattern of a code."""
    return take(f.results, bits)


# --- chance: whether to take the neighbour away from zero, r / 2**33 of the way of `gap` there ------------------------


def stochastic(where, r, more, gap, word, bits):
    """Whether floor(nu 2**bits) + R >= 2**bits."""
    return r >= 2 * _missing(word, bits) * gap


def stochastic_b(where, r, more, gap, word, bits):
    """Whether floor(nu 2**bits + 1/2) + R >= 2**bits."""
    return r >= 2 * _missing(word, bits) * gap - (gap << (32 - bits))


def stochastic_c(where, r, more, gap, word, bits):
    """Whether nearest_even(nu 2**bits) + R >= 2**bits."""
    m = _missing(word, bits)
    even = (m >> (32 - bits)) & 1 == 0
    return r + where(even, 1, where(more, 1, 0)) > 2 * m * gap - (gap << (32 - bits))


def stochastic_equal(where, r, more, gap, word, bits):
    """Whether nu > 0 and the first bit is 1."""
    return where((word >> 31) & 1 != 0, r + where(more, 1, 0), 0) > 0


def _missing(word, bits):
    """Return 2**32 less the word with all but its top `bits` cleared."""
    return (1 << 32) - ((word >> (32 - bits)) << (32 - bits))


# --- finding the step ------------------------------------------------------------------------------------------------


def _bucket(where, take, bits, c, f):
    neg = bits & c.sign
    mag = bits ^ neg
    bounded = where(mag < f.low, f.low, where(mag > f.high, f.high, mag))
    b = ((bounded - f.low) >> f.shift) + where(neg == 0, 0, f.negative)
    return neg, mag, take(f.first, b)


def _up(take, mag, i, by, c, f):
    return i + by + ((mag - take(f.starts, i + by)) >> (c.width - 1) & -by)


def _climb(take, mag, i, c, f):
    i = _four(take, mag, i, 4096, c, f)
    i = _four(take, mag, i, 256, c, f)
    i = _four(take, mag, i, 16, c, f)
    return _four(take, mag, i, 1, c, f)


def _four(take, mag, i, by, c, f):
    i = _up(take, mag, i, by << 3, c, f)
    i = _up(take, mag, i, by << 2, c, f)
    i = _up(take, mag, i, by << 1, c, f)
    return _up(take, mag, i, by, c, f)


def _finish(where, take, neg, mag, i, c, f):
    return _nan(where, neg, mag, take(f.results, i), c, f)


def _nan(where, neg, mag, out, c, f):
    return where(mag > c.inf, pick(neg >> (c.width - 1), f.nan_pos, f.nan_neg), out)
