"""Posits: carrier patterns to rounded patterns or codes, and codes back to patterns.

The pattern of a magnitude less that of 1 is exponent and fraction in one integer.  Its bits from `field` up are the
regime k; within a regime posits lie evenly in it, 2**s apart, also where s reaches into the exponent bits.  So rounding
by the code is one shift, as for floats.  By the value, the remainder is divided by the true gap first; the stochastic
mode need not, it draws less often instead.
"""

from typing import NamedTuple

from chopper.kernels.carrier import normalise, pick, split

__all__ = [
    "PositCodes",
    "PositParams",
    "decode_posit",
    "encode_posit",
    "encode_posit_general",
    "encode_posit_valued",
    "round_posit",
    "round_posit_general",
    "round_posit_valued",
]


class PositParams(NamedTuple):
    """A posit format seen from its carrier; results are carrier patterns (round) or codes (encode)."""

    one: int  # pattern of 1
    low: int  # pattern of the smallest magnitude
    top: int  # pattern of the largest
    field: int  # fraction and exponent bits below the regime
    cut: int  # bits dropped in the regimes 0 and -1; negative: there are more than the carrier has
    rest: int  # n - 3, the code bits left of the regimes 0 and -1
    half: int  # 2**(n-1)
    mask: int  # the bits of a code
    random_bits: int
    valued: int  # 1: the distance to the neighbours is measured by the value
    zero: int  # 1: below `low` lies an interval that ends in zero
    over_pos: int  # what finite overflow becomes, sign included; so the rest
    over_neg: int
    inf_pos: int
    inf_neg: int
    nan: int


class PositCodes(NamedTuple):
    """A posit format seen from its codes, for decoding; `normalise` takes it as its carrier."""

    width: int  # of the carrier
    precision: int  # width - 1
    one: int  # pattern of 1
    field: int  # fraction and exponent bits below the regime
    half: int  # 2**(n-1), the code of NaR
    body: int  # n - 2
    nan: int


def round_posit(where, rule, bits, word, c, f):
    """Round a carrier pattern to a pattern of the format, by the code; nothing but 0 becomes 0."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = _bounded(where, mag, f)
    k, low, s = _place(where, a, c, f)
    r = low - ((low >> s) << s)
    up = _step(where, rule, neg, k, low, r, s, word, f)
    return _finish(where, neg, mag, (a - r + (up << s)) | neg, c, f)


def encode_posit(where, rule, bits, word, c, f):
    """Round a carrier pattern to a code of the format, by the code; nothing but 0 becomes 0."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = _bounded(where, mag, f)
    k, low, s = _place(where, a, c, f)
    r = low - ((low >> s) << s)
    code = _code(where, k, low, s, c, f) + _step(where, rule, neg, k, low, r, s, word, f)
    return _finish(where, neg, mag, where(neg == 0, code, -code) & f.mask, c, f)


def round_posit_valued(where, rule, bits, word, c, f):
    """As `round_posit`, by the value, for the rule `stochastic`."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = _bounded(where, mag, f)
    _, low, s = _place(where, a, c, f)
    r = low - ((low >> s) << s)
    up = _step_leaned(where, rule, neg, r, s, word, c, f)
    return _finish(where, neg, mag, (a - r + (up << s)) | neg, c, f)


def encode_posit_valued(where, rule, bits, word, c, f):
    """As `encode_posit`, by the value, for the rule `stochastic`."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = _bounded(where, mag, f)
    k, low, s = _place(where, a, c, f)
    r = low - ((low >> s) << s)
    code = _code(where, k, low, s, c, f) + _step_leaned(where, rule, neg, r, s, word, c, f)
    return _finish(where, neg, mag, where(neg == 0, code, -code) & f.mask, c, f)


def round_posit_general(where, rule, bits, word, c, f):
    """As `round_posit`, by the code or the value, with either underflow; 64 bits wide."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = _bounded(where, mag, f)
    k, low, s = _place(where, a, c, f)
    r = low - ((low >> s) << s)
    up = _step_any(where, rule, neg, k, low, r, s, word, c, f)
    out = (a - r + (up << s)) | neg
    out = where(mag < f.low, where(_rises(where, rule, neg, mag, word, c, f) == 0, 0, f.low | neg), out)
    return _finish(where, neg, mag, out, c, f)


def encode_posit_general(where, rule, bits, word, c, f):
    """As `encode_posit`, by the code or the value, with either underflow; 64 bits wide."""
    neg = bits & c.sign
    mag = bits ^ neg
    a = _bounded(where, mag, f)
    k, low, s = _place(where, a, c, f)
    r = low - ((low >> s) << s)
    code = _code(where, k, low, s, c, f) + _step_any(where, rule, neg, k, low, r, s, word, c, f)
    code = where(mag < f.low, _rises(where, rule, neg, mag, word, c, f), code)
    return _finish(where, neg, mag, where(neg == 0, code, -code) & f.mask, c, f)


def decode_posit(where, rule, bits, word, c, f):
    """Turn a code into the carrier pattern of its value, exactly."""
    neg = bits & f.half
    body = where(neg == 0, bits, -bits) & (f.half - 1)
    above = body >> f.body
    run = body ^ (-above & (f.half - 1))
    e, _ = normalise(where, f.precision - 1 + (bits & 0), run, f)
    e = where(run == 0, -1, e)
    k = where(above == 0, e - f.body, f.body - e - 1)
    low = body & ((1 << where(e < 0, 0, e)) - 1)
    by = f.field - e
    low = low << where(by < 0, 0, by)
    out = (k << f.field) + low + f.one
    out = where(neg == 0, out, out | c.sign)
    return where(body == 0, where(neg == 0, 0, f.nan + body), out)


def _bounded(where, mag, f):
    a = where(mag < f.low, f.low, mag)
    return where(a > f.top, f.top, a)


def _place(where, a, c, f):
    """Return the regime, the bits below it and how many of them are dropped."""
    k = (a - f.one) >> f.field
    s = (k ^ (k >> (c.width - 1))) + f.cut
    return k, (a - f.one) - (k << f.field), where(s < 0, 0, s)


def _step(where, rule, neg, k, low, r, s, word, f):
    """Return 1 where the magnitude steps away from zero; where only the regime is left, its end is the last bit."""
    odd = where(s < f.field, low >> s, k >> 31) & 1
    return (r + rule(where, neg, odd, r, s, s, word, f.random_bits)) >> s


def _step_leaned(where, rule, neg, r, s, word, c, f):
    """As `_step`, by the value, for the rule `stochastic`.

    Between 2**A and 2**(A+w) a number x takes the place x / 2**(A+w), with a word made smaller for the lower end not
    being zero.
    """
    t = c.precision - 1
    wide = s > t
    w = 1 << where(wide, where(s > f.field, f.field, s) - t, 1)
    j = r >> t
    m = r - (j << t) + (1 << t)
    word = where(wide, _lessened(where, word, m, j, w, c, f), word)
    shift = where(wide, t - j + w, s)
    r = where(wide, m, r)
    s = where(shift > c.precision + 1, c.precision + 1, shift)
    return (r + rule(where, neg, r & 0, r, s, shift, word, f.random_bits)) >> s


def _lessened(where, word, m, j, w, c, f):
    """Return the word R that makes floor(x / 2**(A+w) * 2**N) + R >= 2**N say what the word says of x by the value.

    The word's N bits D step away where (x - 2**A) * 2**N >= (2**N - D) * (2**(A+w) - 2**A).  With M the whole part of
    x / 2**A * 2**N that is M - D >= (2**N - D) * 2**w, hence floor((M - D) / 2**w) + D >= 2**N.
    """
    spare = 32 - f.random_bits
    drawn = ((((word >> 1) & 0x7FFFFFFF) >> spare) << 1) | ((word >> spare) & 1)
    by = j + f.random_bits - (c.precision - 1)
    digits = (m << where(by < 0, 0, by)) >> where(by < 0, -by, 0)
    low = (1 << w) - 1
    borrow = where((digits & low) < (drawn & low), (m & 0) + 1, 0)
    return (drawn - ((drawn >> w) & (0x7FFFFFFF >> (w - 1))) - borrow) << spare


def _step_any(where, rule, neg, k, low, r, s, word, c, f):
    """As `_step`, with the remainder measured by the value where f.valued."""
    odd = where(s < f.field, low >> s, k >> 31) & 1
    wide = (s - (c.precision - 1)) * f.valued > 0
    share = _share(where, r, s, c)
    r = where(wide, share, r)
    s = where(wide, 35, s)
    return (r + rule(where, neg, odd, r, s, s, word, f.random_bits)) >> s


def _share(where, r, s, c):
    """Return the place of a number between 2**A and 2**(A+w) by value, in 2**-35, the last bit sticky.

    Its significand, shifted by its exponent above A, less the lower end, is divided by the gap 2**w - 1 as a geometric
    series of shifts; the corrections make the quotient exact.
    """
    t = c.precision - 1
    j = r >> t
    w = 1 << where(s > t, s - t, 1)
    m = r - (j << t) + (1 << t)
    drop = t - 34 - j
    drop = where(drop < 0, 0, drop)
    v = (m >> drop) - (1 << 34)
    q = v + (v >> w)
    q = q + (q >> (w + w))
    q = q + (q >> where(w > 15, 63, 4 * w))
    q = q + (q >> where(w > 7, 63, 8 * w))
    q = (q + (q >> where(w > 3, 63, 16 * w))) >> w
    rest = v - (q << w) + q
    gap = (1 << w) - 1
    q, rest = _correct(where, q, rest, gap)
    q, rest = _correct(where, q, rest, gap)
    q, rest = _correct(where, q, rest, gap)
    q, rest = _correct(where, q, rest, gap)
    lost = rest + (m - ((m >> drop) << drop))
    return q + q + where(lost == 0, lost, 1)


def _correct(where, q, rest, gap):
    small = rest < gap
    return where(small, q, q + 1), where(small, rest, rest - gap)


def _rises(where, rule, neg, mag, word, c, f):
    """Return 1 where a magnitude below the smallest becomes it, 0 where it becomes zero."""
    e, m = split(where, mag, c)
    t = c.precision - 1
    shift = (f.low >> t) - e + t
    shift = where(shift < 0, 0, shift)
    s = where(shift > c.precision + 1, c.precision + 1, shift)
    up = (m + rule(where, neg, m & 0, m, s, shift, word, f.random_bits)) >> s
    return where(up == 0, up + 1 - f.zero, 1)


def _code(where, k, low, s, c, f):
    """Return the code toward zero of a magnitude in range."""
    t = k ^ (k >> (c.width - 1))
    p = 1 << (f.rest - t + 1)
    by = t + f.cut
    return where(k < 0, p >> 1, f.half - p) + ((low << where(by < 0, -by, 0)) >> s)


def _finish(where, neg, mag, out, c, f):
    """Settle overflow, infinity, NaN and zero."""
    side = neg >> (c.width - 1)
    out = where(mag > f.top, pick(side, f.over_pos, f.over_neg), out)
    out = where(mag < c.inf, out, pick(side, f.inf_pos, f.inf_neg))
    out = where(mag > c.inf, f.nan, out)
    return where(mag == 0, 0, out)
