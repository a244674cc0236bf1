"""Binary floating point: carrier patterns to rounded patterns or codes, and codes back to patterns.

Every function has the signature ``(where, rule, bits, word, c, f)``: the injected select and rounding rule, the
carrier pattern (or code), the random word, the carrier and the format's parameters.  The three steps are *split* into
significand and shift, *rule*, *assemble*; `_finish` then settles overflow, zero, infinity and NaN.
"""

from typing import NamedTuple

from chopper.kernels.carrier import normalise, pick, split

__all__ = [
    "FloatCodes",
    "FloatParams",
    "decode_float",
    "decode_float_short",
    "encode_float",
    "encode_float_general",
    "encode_float_wide",
    "round_float",
    "round_float_general",
    "round_float_short",
    "round_float_wide",
    "specials",
]


class FloatParams(NamedTuple):
    """A float format seen from its carrier.  Results are carrier patterns (round) or codes (encode)."""

    drop: int  # carrier precision - precision
    emin: int  # carrier-biased exponent below which the quantum stays the same; hugely negative: never
    gap: int  # below emin, emin - e + gap bits are dropped
    origin: int  # carrier-biased exponent of exponent field 1
    single: int  # 1 if precision is 1: the parity of a code is then that of its exponent
    random_bits: int  # how many random bits a stochastic rule uses
    quantum: int  # round: magnitudes below this pattern become 0 or this pattern
    unit: int  # encode: below emin, codes are unit * (kept integer) + floor
    floor: int
    smallest: int  # results below this one ...
    under: int  # ... become this one
    max_pos: int  # larger results overflow
    max_neg: int
    over_pos: int  # what finite overflow becomes, sign included; so the rest
    over_neg: int
    zero_pos: int
    zero_neg: int
    inf_pos: int
    inf_neg: int
    nan_pos: int
    nan_neg: int
    sign: int  # the sign of a nonzero negative result
    zero_sign: int  # the sign of a negative result that is zero


class FloatCodes(NamedTuple):
    """A float format seen from its codes, for decoding."""

    sign: int  # the sign bit of a code, 0 if unsigned
    mask: int  # the magnitude bits of a code
    drop: int  # carrier precision - precision
    first_field: int  # lowest exponent field of normal numbers
    origin: int  # its carrier-biased exponent
    first_code: int  # code of the smallest positive value
    top: int  # larger magnitudes are NaN
    inf_code: int  # code of infinity, -1 if none
    inf: int  # its pattern
    nan: int  # pattern of NaN
    lone_code: int  # one code that means something else: minus zero
    lone: int  # and its pattern
    zero_sign: int  # sign pattern of other negative zeros


def round_float(where, rule, bits, word, c, f):
    """Round a carrier pattern to a pattern of the format: signed, with -0, gradual, of precision 2 or more."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    below = f.emin - e
    total, s = _step(where, rule, neg, where(below > 0, below, 0) + f.drop, 0, m, word, c, f)
    out = ((e - 1) << (c.precision - 1)) + ((total >> s) << s)
    out = where(mag < f.quantum, -(total >> s) & f.quantum, out)
    return _finish(where, neg, mag, out, c, f)


def round_float_short(where, rule, bits, word, c, f):
    """As `round_float`, for formats with the carrier's own exponent range, so that the shift is the same everywhere.

    Overflow and infinity must become the same, and so must both signs.
    """
    neg = bits & c.sign
    mag = bits ^ neg
    s = (mag & 0) + f.drop
    r = mag & ((1 << f.drop) - 1)
    total = mag + rule(where, neg, (mag >> f.drop) & 1, r, s, s, word, f.random_bits)
    out = (total >> f.drop) << f.drop
    out = where(out > f.max_pos, f.over_pos, out)
    return where(mag > c.inf, f.nan_pos, out) | neg


def round_float_general(where, rule, bits, word, c, f):
    """As `round_float`, for every format whose binades stay in the carrier's normal range."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    return _round_any(where, rule, neg, mag, e, m, word, c, f)


def round_float_wide(where, rule, bits, word, c, f):
    """As `round_float`, for formats whose binades go on below the carrier's normal range."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    e, m = normalise(where, e, m, c)
    return _round_any(where, rule, neg, mag, e, m, word, c, f)


def encode_float(where, rule, bits, word, c, f):
    """Round a carrier pattern to a code of the format: signed, with -0, gradual, of precision 2 or more."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    below = f.emin - e
    total, s = _step(where, rule, neg, where(below > 0, below, 0) + f.drop, 0, m, word, c, f)
    out = (total >> s) - (where(below > 0, 0, below) << (c.precision - 1 - f.drop))
    return _finish(where, neg, mag, out, c, f)


def encode_float_general(where, rule, bits, word, c, f):
    """As `encode_float`, for every format whose binades stay in the carrier's normal range."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    return _encode_any(where, rule, neg, mag, e, m, word, c, f)


def encode_float_wide(where, rule, bits, word, c, f):
    """As `encode_float`, for formats whose binades go on below the carrier's normal range."""
    neg = bits & c.sign
    mag = bits ^ neg
    e, m = split(where, mag, c)
    e, m = normalise(where, e, m, c)
    return _encode_any(where, rule, neg, mag, e, m, word, c, f)


def decode_float(where, rule, bits, word, c, f):
    """Turn a code into the carrier pattern of its value, exactly."""
    mag = bits & f.mask
    t = c.precision - 1 - f.drop
    field = where(mag >> t < f.first_field, f.first_field, mag >> t)
    m = (mag - ((field - 1) << t)) << f.drop
    e, m = normalise(where, field - f.first_field + f.origin, m, c)
    out = where(mag < f.first_code, 0, _join(where, e, m, c))
    sign = where(out == 0, f.zero_sign + (mag & 0), c.sign)
    return specials(where, bits, mag, out, sign, f)


def decode_float_short(where, rule, bits, word, c, f):
    """As `decode_float`, for gradual formats with the carrier's own exponent range: codes are patterns cut short."""
    mag = bits & f.mask
    return specials(where, bits, mag, mag << f.drop, c.sign, f)


def specials(where, bits, mag, out, sign, f):
    """Put NaN, infinity, sign and minus zero into the pattern of a magnitude."""
    out = where(mag > f.top, f.nan, where(mag == f.inf_code, f.inf, out))
    out = where(bits & f.sign != 0, out | sign, out)
    return where(bits == f.lone_code, f.lone, out)


def _step(where, rule, neg, shift, lift, m, word, c, f):
    """Return the significand plus the rule's addend, and the bounded shift to truncate it by.

    `lift` is added to the kept integer to give the parity of the code.
    """
    s = where(shift > c.precision + 1, c.precision + 1, shift)
    q = m >> s
    return m + rule(where, neg, (q + lift) & 1, m - (q << s), s, shift, word, f.random_bits), s


def _step_any(where, rule, neg, e, m, word, c, f):
    """As `_step`, also without subnormals and with precision 1; returns how far e lies below emin as well."""
    below = f.emin - e
    shift = where(below > 0, below + f.gap, f.drop)
    lift = where(below > 0, 0, (e - f.origin) & f.single)
    total, s = _step(where, rule, neg, shift, lift, m, word, c, f)
    return total, s, below


def _round_any(where, rule, neg, mag, e, m, word, c, f):
    total, s, _ = _step_any(where, rule, neg, e, m, word, c, f)
    out = _join(where, e, (total >> s) << s, c)
    out = where(mag < f.quantum, -(total >> s) & f.quantum, out)
    return _finish_any(where, neg, mag, out, c, f)


def _encode_any(where, rule, neg, mag, e, m, word, c, f):
    total, s, below = _step_any(where, rule, neg, e, m, word, c, f)
    q = total >> s
    high = q + ((e - f.origin) << (c.precision - 1 - f.drop))
    return _finish_any(where, neg, mag, where(below > 0, q * f.unit + f.floor, high), c, f)


def _join(where, e, m, c):
    """Return the pattern of an exponent and a significand whose leading one stands at bit precision - 1 (or 0)."""
    low = where(e < 1, 1 - e, 0)
    low = where(low > c.precision, c.precision, low)
    return where(e < 1, 0, (e - 1) << (c.precision - 1)) + (m >> low)


def _finish(where, neg, mag, out, c, f):
    """Settle overflow, infinity, NaN and sign of a magnitude."""
    side = neg >> (c.width - 1)
    out = where(out > f.max_pos, pick(side, f.over_pos, f.over_neg), out | (side & f.sign))
    out = where(mag < c.inf, out, pick(side, f.inf_pos, f.inf_neg))
    return where(mag > c.inf, pick(side, f.nan_pos, f.nan_neg), out)


def _finish_any(where, neg, mag, out, c, f):
    """As `_finish`, with underflow, zero and either half of the format settled on their own terms."""
    side = neg >> (c.width - 1)
    over = out > pick(side, f.max_pos, f.max_neg)
    out = where(out < f.smallest, f.under, out)
    out = out | where(out == 0, side & f.zero_sign, side & f.sign)
    out = where(over, pick(side, f.over_pos, f.over_neg), out)
    out = where(mag == 0, pick(side, f.zero_pos, f.zero_neg), out)
    out = where(mag < c.inf, out, pick(side, f.inf_pos, f.inf_neg))
    return where(mag > c.inf, pick(side, f.nan_pos, f.nan_neg), out)
