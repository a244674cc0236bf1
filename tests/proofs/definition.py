"""What rounding means, as floating-point terms of the solver: the other side of the equations that are proved.

`ieee` is IEEE 754 itself: a conversion to the sort with these exponent and significand bits, and back.  `definition`
extends it to formats that no sort describes: the input is moved, exactly, to where a sort has its subnormals, and what
overflow, infinity and zero become is asked of the oracle in `tests.oracle`.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import z3

from chopper.formats.float import FloatFormat, Negative, Subnormals
from chopper.rounding import Rounding
from tests.oracle import round_code
from tests.proofs.smt import SORTS, as_float, carrier, constant

__all__ = ["DIRECT", "definition", "ieee", "nan_result", "value_pattern"]

DIRECT = {
    Rounding.NEAREST_EVEN: z3.RNE(),
    Rounding.NEAREST_AWAY: z3.RNA(),
    Rounding.TOWARD_ZERO: z3.RTZ(),
    Rounding.UP: z3.RTP(),
    Rounding.DOWN: z3.RTN(),
}
"""The modes that the solver knows."""
RANGE = 15
"""Exponent bits of the wide sorts; binary64 and all that it is moved to are normal numbers there."""


def ieee(x: Any, exponent_bits: int, precision: int, mode: Rounding, width: int) -> Any:
    """Return the pattern that IEEE 754 rounds the pattern x to, overflow included."""
    rounded = convert(as_float(x, width), mode, exponent_bits, precision)
    return z3.fpToIEEEBV(widen(rounded, SORTS[width]))


def widen(a: Any, sort: Any) -> Any:
    """Convert without loss."""
    return z3.fpToFP(z3.RNE(), a, sort)


def convert(a: Any, mode: Rounding, exponent_bits: int, precision: int) -> Any:
    """Round to a sort.  What IEEE 754 does not name is made of what it names."""
    sort = z3.FPSort(exponent_bits, precision)
    if mode in DIRECT:
        return z3.fpToFP(DIRECT[mode], a, sort)
    if mode is Rounding.AWAY_FROM_ZERO:
        return z3.If(z3.fpIsNegative(a), z3.fpToFP(z3.RTN(), a, sort), z3.fpToFP(z3.RTP(), a, sort))
    truncated = z3.fpToFP(z3.RTZ(), a, sort)
    inexact = z3.Not(z3.fpEQ(widen(truncated, a.sort()), a))
    if mode is Rounding.TO_ODD:
        code = z3.fpToIEEEBV(truncated)
        return z3.fpBVToFP(z3.If(inexact, code | 1, code), sort)
    assert mode is Rounding.NEAREST_ZERO  # a tie is a number that one more digit makes exact
    longer = z3.fpToFP(z3.RTZ(), a, z3.FPSort(exponent_bits, precision + 1))
    tie = z3.And(z3.fpEQ(widen(longer, a.sort()), a), inexact)
    return z3.If(tie, truncated, z3.fpToFP(z3.RNE(), a, sort))


# --- formats without a sort ------------------------------------------------------------------------------------------


def definition(x: Any, fmt: FloatFormat, mode: Rounding, width: int) -> Any:
    """Return the pattern that a pattern, not NaN, rounds to under the default policy."""
    given = as_float(x, width)
    minus = x < 0
    step = {Subnormals.GRADUAL: _gradual, Subnormals.ROUND: _round, Subnormals.FLUSH: _flush}[fmt.subnormals]
    result = z3.fpToIEEEBV(widen(step(given, fmt, mode, width), SORTS[width]))

    def code(positive: Fraction | float, negative: Fraction | float) -> Any:
        """Return what the oracle gives for two numbers, one for each sign."""
        codes = (round_code(fmt, number, mode) for number in (positive, negative))
        high, low = (value_pattern(fmt, c, width) for c in codes)
        return z3.If(minus, low, high)

    magnitude = result & ~carrier(width).sign
    huge = Fraction(2) ** 5000
    top = constant(fmt.max, width)
    zero = code(0.0, -0.0)
    if not fmt.signed:
        assert fmt.negative is not Negative.MAGNITUDE
        below = zero if not fmt.zero else z3.If(magnitude == 0, zero, code(huge, -huge))
        below = code(huge, -huge) if not fmt.zero else below
        result = z3.If(minus, below, result)
    result = z3.If(z3.And(magnitude > top, z3.Or(fmt.signed, z3.Not(minus))), code(huge, -huge), result)
    result = z3.If(magnitude == 0, zero, result)
    result = z3.If(z3.fpIsInf(given), code(math.inf, -math.inf), result)
    return z3.If(z3.fpIsZero(given), zero, result)


def value_pattern(fmt: FloatFormat, code: int, width: int) -> Any:
    """Return the pattern of a code; NaNs are the quiet one without sign."""
    return constant(fmt.value(code), width)


def nan_result(y: Any, fmt: FloatFormat, width: int, negative: bool) -> Any:
    """Whether y is what NaN becomes: a quiet NaN, or what stands for it."""
    value = fmt.value(round_code(fmt, math.copysign(math.nan, -1 if negative else 1), Rounding.NEAREST_EVEN))
    if value != value:
        quiet = constant(math.nan, width)
        return y & quiet == quiet
    return y == constant(value, width)


def _gradual(a: Any, fmt: FloatFormat, mode: Rounding, width: int) -> Any:
    """Round to precision digits, above emin, by a sort of so many digits; overflow stays beyond the largest value."""
    exponent_bits = next(w for w in range(2, RANGE) if 2**w - 3 >= fmt.emax - fmt.emin + 2)
    by = 2 - 2 ** (exponent_bits - 1) - fmt.emin
    moved = _scale(widen(a, _wide(width)), by)
    rounded = _digits(moved, mode, exponent_bits, fmt, fmt.emin + by)
    return _scale(widen(rounded, _wide(width)), -by)


def _round(a: Any, fmt: FloatFormat, mode: Rounding, width: int) -> Any:
    """As `_gradual`, with nothing between zero and the smallest normal number; the code of zero is even."""
    bottom, half = (as_float(constant(value, width), width) for value in (fmt.smallest, fmt.smallest / 2))
    size, minus = z3.fpAbs(a), z3.fpIsNegative(a)
    inexact = z3.Not(z3.fpIsZero(a))
    away = _away(mode, minus, z3.BoolVal(False), inexact, z3.fpGEQ(size, half), z3.fpEQ(size, half))
    away = away if fmt.zero else z3.BoolVal(True)
    small = z3.If(away, z3.If(minus, z3.fpNeg(bottom), bottom), z3.fpPlusZero(a.sort()))
    return z3.If(z3.fpLT(size, bottom), widen(small, _wide(width)), _gradual(a, fmt, mode, width))


def _flush(a: Any, fmt: FloatFormat, mode: Rounding, width: int) -> Any:
    """Round to precision digits whatever the exponent; what is then too small becomes zero, or else the smallest."""
    assert fmt.subnormals is Subnormals.FLUSH
    result = widen(_digits(widen(a, _wide(width)), mode, RANGE, fmt, fmt.emin), _wide(width))
    bottom = widen(as_float(constant(fmt.smallest, width), width), _wide(width))
    small = z3.fpLT(z3.fpAbs(result), bottom)
    return z3.If(small, z3.fpPlusZero(_wide(width)) if fmt.zero else bottom, result)


def _digits(a: Any, mode: Rounding, exponent_bits: int, fmt: FloatFormat, emin: int) -> Any:
    """Round to a sort; `emin` is where the format's emin went.

    The solver knows no sorts of one or two digits: there, two more digits are kept by truncation, and decide.
    """
    if fmt.precision > 2:
        return convert(a, mode, exponent_bits, fmt.precision)
    sort = z3.FPSort(exponent_bits, fmt.precision + 2)
    truncated = z3.fpToFP(z3.RTZ(), a, sort)
    exact = z3.fpEQ(widen(truncated, a.sort()), a)
    code = z3.fpToIEEEBV(truncated)
    guard = code & 3
    fields = emin + 2 ** (exponent_bits - 1) - 1 - fmt.first_field  # from the format's exponent fields to the sort's
    odd = (code >> 2) + (fields if fmt.precision == 1 else 0) & 1 == 1
    inexact = z3.Or(guard != 0, z3.Not(exact))
    away = _away(mode, z3.fpIsNegative(a), odd, inexact, z3.UGE(guard, 2), z3.And(guard == 2, exact))
    low = code & ~3
    rounded = z3.fpBVToFP(z3.If(away, low + 4, low), sort)
    return z3.If(z3.fpIsInf(a), truncated, rounded)


def _away(mode: Rounding, minus: Any, odd: Any, inexact: Any, at_least_half: Any, tie: Any) -> Any:
    """Whether a magnitude steps away from zero: the formulas of `Rounding`."""
    return {
        Rounding.NEAREST_EVEN: z3.And(at_least_half, z3.Or(z3.Not(tie), odd)),
        Rounding.NEAREST_AWAY: at_least_half,
        Rounding.NEAREST_ZERO: z3.And(at_least_half, z3.Not(tie)),
        Rounding.TOWARD_ZERO: z3.BoolVal(False),
        Rounding.AWAY_FROM_ZERO: inexact,
        Rounding.UP: z3.And(inexact, z3.Not(minus)),
        Rounding.DOWN: z3.And(inexact, minus),
        Rounding.TO_ODD: z3.And(inexact, z3.Not(odd)),
    }[mode]


def _wide(width: int) -> Any:
    return z3.FPSort(RANGE, carrier(width).precision)


def _scale(a: Any, by: int) -> Any:
    """Multiply a normal number of a wide sort by 2^by; zeros and infinities stay."""
    digits = a.sort().sbits() - 1
    moved = z3.fpBVToFP(z3.fpToIEEEBV(a) + (by << digits), a.sort())
    return z3.If(z3.Or(z3.fpIsZero(a), z3.fpIsInf(a)), a, moved)
