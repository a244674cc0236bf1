"""The rounding of MATLAB's chop (github.com/higham/chop 906c31e), its double roundings included.

Below the smallest number r, a value is first rounded to precision digits at its own exponent and the result is then
compared with r/2, so it is rounded twice; with subnormals off, r is the smallest normal number.  Overflow is judged on
the unrounded value.  All zero results are +0.
"""

from typing import NamedTuple

from chopper.kernels.carrier import normalise, pick, split

__all__ = ["MatlabParams", "round_matlab"]


class MatlabParams(NamedTuple):
    """A chop format seen from its carrier; magnitudes are carrier patterns, signs included from `over_pos` on."""

    drop: int  # carrier precision - precision
    emin: int  # carrier-biased exponent of the smallest normal
    bottom: int  # carrier-biased exponent of the smallest subnormal
    random_bits: int
    least: int  # the smallest number, r
    bar_pos: int  # results below r that exceed this become r, others 0
    bar_neg: int
    limit_pos: int  # finite inputs above this overflow
    limit_neg: int
    over_pos: int
    over_neg: int


def round_matlab(where, rule, bits, word, c, f):
    """Round a carrier pattern as MATLAB's chop does."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    e, m = normalise(where, e, m, c)
    shift = where(e < f.emin, f.emin - e + f.drop, f.drop)
    s = where(e < f.bottom, f.drop, shift)
    q = m >> s
    total = m + rule(where, neg, q & 1, m - (q << s), s, s, word, f.random_bits)
    low = where(e < 1, 1 - e, 0)
    low = where(low > c.precision, c.precision, low)
    out = where(e < 1, 0, (e - 1) << (c.precision - 1)) + (((total >> s) << s) >> low)
    side = neg >> (c.width - 1)
    out = where(out < f.least, where(out > pick(side, f.bar_pos, f.bar_neg), f.least + (out & 0), 0), out)
    out = where(out == 0, 0, out | neg)
    out = where(mag > pick(side, f.limit_pos, f.limit_neg), pick(side, f.over_pos, f.over_neg), out)
    out = where(mag == 0, 0, out)
    return where(mag < c.inf, out, bits)
