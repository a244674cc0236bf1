"""From a statistic to the code of a scale: divided exactly, then rounded by the scale format's own kernel."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.families.scaled.exact import quotient
from chopper.engine.families.scaled.passes import Scales, exact_scales, steps_of
from chopper.engine.families.scaled.thresholds import thresholds
from chopper.engine.inputs import code_dtype
from chopper.engine.patterns import number_of, pattern, power
from chopper.engine.plan import Request
from chopper.engine.run import run
from chopper.errors import RangeError
from chopper.formats.base import Format
from chopper.formats.level import Level
from chopper.formats.scale_rule import Direction
from chopper.kernels.carrier import BINARY64, Carrier
from chopper.rounding import Overflow, Rounding

__all__ = [
    "MODES", "Ask", "Rounded", "by_numbers", "by_patterns", "divisor_of", "nan_code", "odd_pattern", "values_of",
]  # fmt: skip

_Array = npt.NDArray[Any]

MODES = {
    Direction.DOWN: Rounding.TOWARD_ZERO,
    Direction.UP: Rounding.AWAY_FROM_ZERO,
    Direction.NEAREST: Rounding.NEAREST_EVEN,
}
"""In which mode a quotient becomes a scale."""

_MANY = 4096
"""As many scales as make a list worth while."""


class Rounded(NamedTuple):
    """Codes of scales, and what they stand for."""

    codes: _Array
    scales: Scales


def values_of(codes: _Array, fmt: Format) -> _Array:
    """Return the values of codes in float64; those of no number, and negative ones, are NaN.

    Raises
    ------
    RangeError
        If float64 does not hold the format.
    """
    family = planning.family_of(fmt)
    if not family.fits(fmt, 64):
        raise RangeError(f"float64 does not hold every value of {fmt}: {family.why_not(fmt, 64)}")
    flat = np.ascontiguousarray(codes.reshape(-1), code_dtype(fmt))
    out = np.empty(flat.size, np.float64)
    run(planning.plan_decode(fmt, 64), flat, out, None, None, 1)
    return np.where(out.view(np.int64) < 0, np.where(out == 0, 0.0, np.nan), out)


def nan_code(fmt: Format) -> int | None:
    """Return the code of NaN in a scale format, or None."""
    code: int | None = getattr(fmt, "nan_code", None)
    return code


class Ask(NamedTuple):
    """What is asked of a statistic: the level, its target, and the precision of the element."""

    level: Level
    target: Fraction
    precision: int


def by_patterns(mag: _Array, c: Carrier, ask: Ask, above: Scales | None) -> Rounded:
    """Round the scales of blocks whose statistics are magnitudes of the carrier; `above` are the scales above.

    The result is  round(statistic / (target * above)).
    """
    rule = ask.level.rule
    mag = mag.astype(np.int64)
    if mag.size >= _MANY:
        found = _looked_up(mag, c, ask, above)
        if found is not None:
            return found
    if rule.before:
        mag = _shortened(mag, c, ask.precision)
    divisor = divisor_of(ask.target, above, mag.size)
    if divisor is None:
        return by_numbers([number_of(one, c) for one in mag.tolist()], False, ask, above)
    number, width, exponent = divisor
    bits = quotient(np.where, mag, np.maximum(number, 1), width, exponent, steps_of(int(width.max(initial=1))), c)
    bits = np.where(number < 1, 0, bits)
    small = mag < pattern(rule.least, c)
    if small.any():
        some = None if above is None else Scales(*(a[small] for a in above))
        bits[small] = _odd([rule.least] * int(small.sum()), False, ask.target, some)
    return _round(bits, ask.level)


def _looked_up(mag: _Array, c: Carrier, ask: Ask, above: Scales | None) -> Rounded | None:
    """Look many scales up in the list of magnitudes at which they change, where those above are all the same."""
    target = ask.target
    if above is not None:
        number, exponent = int(above.number[0]), int(above.exponent[0])
        if number < 1 or (above.number != number).any() or (above.exponent != exponent).any():
            return None
        target = target * number * power(exponent)
    begins = thresholds(ask.level, target, ask.precision, c)
    if begins is None:
        return None
    codes = np.searchsorted(np.array(begins, np.int64), mag, side="right") - 1
    every = np.arange(len(begins)).astype(code_dtype(ask.level.scale))
    scales = exact_scales(values_of(every, ask.level.scale))
    return Rounded(every[codes], Scales(*(a[codes] for a in scales)))


def by_numbers(numbers: Sequence[Fraction], root: bool, ask: Ask, above: Scales | None) -> Rounded:
    """Round the scales of blocks whose statistics are exact numbers; or their square roots, if `root`."""
    least = ask.level.rule.least ** (2 if root else 1)
    return _round(_odd([max(number, least) for number in numbers], root, ask.target, above), ask.level)


def _round(bits: _Array, level: Level) -> Rounded:
    """Round quotients, patterns of float64 that were rounded to odd, to the scale format."""
    codes = _encoded(bits, level.scale, MODES[level.rule.direction])
    values = values_of(codes, level.scale)
    low = values.view(np.int64) < pattern(level.rule.floor, BINARY64)
    if low.any():
        floor = np.array([pattern(level.rule.floor, BINARY64)], np.int64)
        codes = np.where(low, _encoded(floor, level.scale, Rounding.AWAY_FROM_ZERO), codes)
        values = values_of(codes, level.scale)
    return Rounded(codes, exact_scales(values))


def _encoded(bits: _Array, fmt: Format, mode: Rounding) -> _Array:
    plan = planning.plan_encode(Request(fmt, mode, Overflow.SATURATE), 64)
    codes = np.empty(bits.size, code_dtype(fmt))
    run(plan, np.ascontiguousarray(bits).view(np.float64), codes, None, None, 1)
    return codes


def _shortened(mag: _Array, c: Carrier, precision: int) -> _Array:
    """Round patterns to so many significant bits, ties away from zero; one that leaves the carrier counts on."""
    top = c.precision - 1
    bits = np.where(mag >> top > 0, c.precision, np.frexp(mag.astype(np.float64))[1].astype(np.int64))
    drop = np.maximum(bits - precision, 0)
    short: _Array = ((mag + ((1 << drop) >> 1)) >> drop) << drop
    return short


def divisor_of(target: Fraction, above: Scales | None, size: int) -> Scales | None:
    """Return target * above, once for each block, or None if it is no short multiple of a power of two."""
    top, bottom = target.numerator, target.denominator
    zeros = (top & -top).bit_length() - 1
    width = top.bit_length() - zeros
    longest = 1 if above is None else int(above.width.max(initial=0))
    if bottom & (bottom - 1) or width + longest > 53:
        return None
    one = np.full(size, top >> zeros, np.int64)
    own = Scales(one, np.full(size, width), np.full(size, zeros - bottom.bit_length() + 1))
    return own if above is None else own.times(above)


def _odd(numbers: Sequence[Fraction], root: bool, target: Fraction, above: Scales | None) -> _Array:
    """Return quotients as patterns of float64, rounded to odd."""
    if above is None:
        found = {number: odd_pattern(number / (target**2 if root else target), root) for number in set(numbers)}
        return np.array([found[number] for number in numbers], np.int64)
    out = np.zeros(len(numbers), np.int64)
    for i, (number, m, e) in enumerate(zip(numbers, above.number.tolist(), above.exponent.tolist(), strict=True)):
        if m > 0:
            divisor = target * m * power(e)
            out[i] = odd_pattern(number / (divisor**2 if root else divisor), root)
    return out


def odd_pattern(number: Fraction, root: bool) -> int:
    """Return a number, or its square root, as a pattern of float64, rounded to odd."""
    if not number:
        return 0
    top, bottom = number.numerator, number.denominator
    by = 58 - (top.bit_length() - bottom.bit_length()) // (2 if root else 1)
    up = 2 * by if root else by
    scaled, rest = divmod(top << max(up, 0), bottom << max(-up, 0))
    q = isqrt(scaled) if root else scaled
    inexact = rest or (root and q * q != scaled)
    drop = q.bit_length() - 53
    kept = q >> drop
    kept |= int(bool(inexact or kept << drop != q))
    field = drop - by + 1075
    if not 1 <= field <= 2046:
        return 1 << 52 if field < 1 else BINARY64.inf - 1
    return ((field - 1) << 52) + kept
