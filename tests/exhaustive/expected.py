"""What every float32 rounds to, as a step function built from nothing but the exact values of a format.

Rounding is monotone, so over the magnitudes of one sign, in order, the result climbs through the format's values; all
there is to know is where each step begins.  `steps` computes these places as float32 patterns, in exact arithmetic and
without any code of the kernels or the engine.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from chopper.formats.float import FloatFormat
from chopper.formats.policies import Negative, Subnormals, ZeroInput
from chopper.rounding import Rounding
from tests.exhaustive.patterns import INF, SIGN, Row, Table, as_table, at_least, more_than, of_values

__all__ = ["as_codes", "as_values"]


class Point(NamedTuple):
    """A magnitude between whose like the mode chooses, the parity of its code, and the code that it results in."""

    value: Fraction
    odd: bool
    code: int | None  # None: overflow


def as_codes(fmt: FloatFormat, mode: Rounding) -> Table:
    """Return the codes that all patterns encode to."""
    return as_table(_both_halves(fmt, mode))


def as_values(fmt: FloatFormat, mode: Rounding) -> Table:
    """Return the patterns that all patterns round to; NaNs are any quiet ones."""
    return of_values(_both_halves(fmt, mode), fmt.value)


# --- the steps -------------------------------------------------------------------------------------------------------


def _both_halves(fmt: FloatFormat, mode: Rounding) -> list[Row]:
    """Return where each result begins, as a pattern and a code, over all 2^32 patterns."""
    return _half(fmt, mode, False) + [(SIGN | start, code) for start, code in _half(fmt, mode, True)]


def _half(fmt: FloatFormat, mode: Rounding, negative: bool) -> list[Row]:
    if negative and not fmt.signed:
        body = _below_zero(fmt, mode)
    else:
        sign = fmt.sign_code if negative else 0
        over = _overflow(fmt, mode, negative)
        body = [(start, over if code is None else code | sign) for start, code in _climb(fmt, mode, negative)]
        if not fmt.negative_zero:
            body = [(start, 0 if code == sign else code) for start, code in body]
        top = fmt.max_code if fmt.infinity_code is None else fmt.infinity_code
        body.append((INF, top | sign))
    return [*body, (INF + 1, _nan(fmt, negative))]


def _nan(fmt: FloatFormat, negative: bool) -> int:
    """Return the code of a NaN; the formats tested that have none take the largest value, or zero, instead."""
    if fmt.nan_code is None:
        return {"max": fmt.max_code, "zero": 0}[fmt.nan_input.value]
    return fmt.nan_code | (fmt.sign_code if negative else 0)


def _overflow(fmt: FloatFormat, mode: Rounding, negative: bool) -> int:
    """Return the code of finite overflow under the default policy."""
    sign = fmt.sign_code if negative else 0
    inward = {Rounding.TOWARD_ZERO, Rounding.UP if negative else Rounding.DOWN}
    stays = mode in inward or (mode is Rounding.TO_ODD and fmt.max_code % 2 == 1)
    if fmt.infinity_code is None or stays:
        return fmt.max_code | sign
    return fmt.infinity_code | sign


def _below_zero(fmt: FloatFormat, mode: Rounding) -> list[Row]:
    """Return the results of negative numbers in an unsigned format."""
    assert fmt.negative is not Negative.MAGNITUDE
    if fmt.negative is Negative.ZERO:
        return [(0, 0)]
    nan = _nan(fmt, True)
    if not fmt.zero:
        return [(0, 0), (1, nan)]
    clamped = fmt.negative is Negative.OVERFLOW and not fmt.infinities
    finite = 0 if clamped or (fmt.negative is Negative.OVERFLOW and mode.value in ("toward_zero", "up")) else nan
    first = next(start for start, code in _climb(fmt, mode, True) if code != 0)
    return [(0, 0), (first, finite), (INF, 0 if clamped else nan)]


def _climb(fmt: FloatFormat, mode: Rounding, negative: bool) -> list[tuple[int, int | None]]:
    """Return where each magnitude begins to be the result; the last step, code None, is overflow."""
    assert fmt.zero or fmt.zero_input is ZeroInput.SMALLEST
    points = _points(fmt)
    begins = _begins(mode, negative)
    later = [(begins(low, high.value), high.code) for low, high in pairwise(points)]
    return [(0, points[0].code), *later]


def _begins(mode: Rounding, negative: bool) -> Callable[[Point, Fraction], int]:
    """Return the function that finds the smallest magnitude between two points that rounds to the higher one."""
    if mode in (Rounding.UP, Rounding.DOWN):
        outward = (mode is Rounding.UP) != negative
        mode = Rounding.AWAY_FROM_ZERO if outward else Rounding.TOWARD_ZERO
    return {
        Rounding.NEAREST_EVEN: lambda low, high: (at_least if low.odd else more_than)((low.value + high) / 2),
        Rounding.NEAREST_AWAY: lambda low, high: at_least((low.value + high) / 2),
        Rounding.NEAREST_ZERO: lambda low, high: more_than((low.value + high) / 2),
        Rounding.TOWARD_ZERO: lambda low, high: at_least(high),
        Rounding.AWAY_FROM_ZERO: lambda low, high: more_than(low.value),
        Rounding.TO_ODD: lambda low, high: at_least(high) if low.odd else more_than(low.value),
    }[mode]


@lru_cache(maxsize=8)
def _points(fmt: FloatFormat) -> tuple[Point, ...]:
    """Return the magnitudes in order, with one more above the largest, as if the exponent had no upper end."""
    first = fmt.first_code
    normal = [Point(_exact(fmt, code), code % 2 == 1, code) for code in range(first, fmt.max_code + 1)]
    top = normal[-1].value
    points = [*normal, Point(top + _ulp(top, fmt.precision), fmt.max_code % 2 == 0, None)]
    if not fmt.zero:
        return tuple(points)
    if fmt.subnormals is Subnormals.FLUSH:  # the precision-digit number below the smallest one, which results in zero
        bottom = normal[0].value
        below = bottom - _ulp(bottom, fmt.precision) / (2 if bottom == _binade(bottom) else 1)
        return (Point(below, (first - 1) % 2 == 1, 0), *points)
    return (Point(Fraction(0), False, 0), *points)


def _exact(fmt: FloatFormat, code: int) -> Fraction:
    value = fmt.value(code)
    assert isinstance(value, Fraction)
    return value


def _binade(value: Fraction) -> Fraction:
    """Return the largest power of two that is at most `value`."""
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    power = Fraction(2) ** exponent
    return power if power <= value else power / 2


def _ulp(value: Fraction, precision: int) -> Fraction:
    """Return the distance from a normal number to the next one up."""
    return _binade(value) / (1 << (precision - 1))
