"""What every float32 rounds to in posits, takums, logarithmic, fixed-point and other formats given by their values.

As in `tests.exhaustive.expected`, rounding is a step function on the magnitudes of either sign.  Toward zero is from
the neighbour on the far side of zero where a format has no zero; so the halves are built one by one, each along the
chain of values that a growing magnitude passes.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache, partial
from itertools import pairwise
from typing import NamedTuple

from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.hif8 import Hif8Format
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Metric, NanInput, Ties, Underflow
from chopper.formats.posit import PositFormat
from chopper.formats.reals import nearest
from chopper.formats.takum import TakumFormat
from chopper.rounding import Rounding
from tests.exhaustive.patterns import INF, SIGN, UNIT, Row, Table, as_table, at_least, more_than, of_values, value_of
from tests.exhaustive.reals import Power, Real, decided, real, turn

__all__ = ["as_codes", "as_values", "precision_of"]

BINARY32, BINARY64 = 24, 53


class Ends(NamedTuple):
    """What a format does beyond its values."""

    nan: int | None  # the code of NaN; None: what zero becomes
    infinity: tuple[int, int] | None  # the codes of infinite inputs; None: the largest and the lowest value
    beyond: Fraction | None  # the value that the list would go on with, in formats that overflow to infinity
    keeps: bool  # whether numbers other than zero never become zero


class Step(NamedTuple):
    """Two neighbours as a growing magnitude meets them: codes, and magnitudes on its own side of zero."""

    near: int
    away: int | None  # None: overflow
    near_value: Fraction
    away_value: Fraction


def as_codes(fmt: Format, mode: Rounding) -> Table:
    """Return the codes that all patterns encode to."""
    return as_table(_rows(fmt, mode))


def as_values(fmt: Format, mode: Rounding) -> Table | None:
    """Return the patterns that all patterns round to, or None where float32 does not hold the values."""
    return None if precision_of(fmt) == BINARY64 else of_values(_rows(fmt, mode), partial(_shown, fmt))


def _shown(fmt: Format, code: int) -> Fraction | float:
    ends = _ends(fmt)
    if ends.infinity and code in ends.infinity and code != ends.nan:
        return float("-inf" if code == ends.infinity[1] else "inf")
    return float("nan") if code == ends.nan else _number(fmt, code, BINARY32)


def _ends(fmt: Format) -> Ends:
    if isinstance(fmt, (PositFormat, TakumFormat)):
        assert (fmt.nearest, fmt.underflow) == (Metric.CODE, Underflow.SMALLEST)
        nar = 1 << (fmt.n - 1)
        return Ends(nar, (nar, nar), None, True)
    if isinstance(fmt, Hif8Format):
        return Ends(0x80, (0x6F, 0xEF), Fraction(3 << 14), False)
    if isinstance(fmt, LnsFormat):
        assert (fmt.nearest, fmt.underflow) == (Metric.CODE, Underflow.ZERO)
        nan = (1 << (fmt.width - 1)) | (0 if fmt.unsigned_exponent else 1 << (fmt.width - 2))
        assert fmt.nan or fmt.nan_input is NanInput.ZERO
        return Ends(nan if fmt.nan else None, None, None, not fmt.zero)
    assert fmt.nan_input is NanInput.ZERO  # type: ignore[attr-defined]
    return Ends(None, None, None, False)


# --- the values ------------------------------------------------------------------------------------------------------


_real = lru_cache(maxsize=1 << 18)(real)


@lru_cache(maxsize=1 << 18)
def _number(fmt: Format, code: int, precision: int) -> Fraction:
    """Return the value of a code; if it is irrational, the nearest number of so many bits."""
    found = _real(fmt, code)
    assert found is not None
    return decided(partial(nearest, precision=precision), found) if isinstance(found, Power) else found


@lru_cache(maxsize=64)
def precision_of(fmt: Format) -> int:
    """Return the precision of the carrier that float32 inputs are rounded on: float64 where float32 lacks a value."""
    codes = (code for code in range(1 << fmt.bits) if _real(fmt, code) is not None)
    return BINARY32 if all(_in_float32(_number(fmt, code, BINARY32)) for code in codes) else BINARY64


def _in_float32(value: Fraction) -> bool:
    pattern = at_least(abs(value))
    return pattern < INF and Fraction(value_of(pattern), UNIT) == abs(value)


@lru_cache(maxsize=4)
def _numbers(fmt: Format, precision: int) -> dict[int, Fraction]:
    """Return the value of every code that has one; of codes with equal values, the first."""
    first: dict[Fraction, int] = {}
    for code in range(1 << fmt.bits):
        if _real(fmt, code) is not None:
            first.setdefault(_number(fmt, code, precision), code)
    return {code: value for value, code in first.items()}


@lru_cache(maxsize=8)
def _chain(fmt: Format, negative: bool) -> tuple[Step, ...]:
    """Return the steps that a magnitude passes: from zero, or from the last value on the far side of it."""
    found = {code: -value if negative else value for code, value in _numbers(fmt, precision_of(fmt)).items()}
    codes = sorted(found, key=lambda code: found[code])
    first = max((i for i, code in enumerate(codes) if found[code] <= 0), default=0)
    steps = [Step(a, b, found[a], found[b]) for a, b in pairwise(codes[first:])]
    beyond = _ends(fmt).beyond
    return (*steps, Step(codes[-1], None, found[codes[-1]], beyond)) if beyond else tuple(steps)


# --- the steps -------------------------------------------------------------------------------------------------------


def _rows(fmt: Format, mode: Rounding) -> list[Row]:
    """Return where each result begins, as a pattern and a code, over all 2^32 patterns."""
    ends = _ends(fmt)
    positive, negative = _half(fmt, mode, False), _half(fmt, mode, True)
    nan = dict(positive)[0] if ends.nan is None else ends.nan
    return [*positive, (INF + 1, nan), *((SIGN | start, code) for start, code in negative), (SIGN | (INF + 1), nan)]


def _half(fmt: Format, mode: Rounding, negative: bool) -> list[Row]:
    chain, ends = _chain(fmt, negative), _ends(fmt)
    if not chain:  # an unsigned format, seen from below zero
        lowest = min(_numbers(fmt, precision_of(fmt)).items(), key=lambda item: item[1])[0]
        return [(0, lowest), (INF, lowest)]
    begins = _begins(fmt, mode, negative)
    last = next(step.away for step in reversed(chain) if step.away is not None)
    infinity = last if ends.infinity is None else ends.infinity[negative]
    rows = [(0, chain[0].near)]
    for step in chain:
        if ends.keeps and step.near_value <= 0:
            start = 1 if step.near_value == 0 else 0
        else:
            start = begins(step)
        rows.append((start, _overflow(mode, negative, step.near, infinity) if step.away is None else step.away))
    return [*rows, (INF, infinity)]


def _overflow(mode: Rounding, negative: bool, last: int, infinity: int) -> int:
    """Return what finite overflow becomes: the last value where the mode turns inward, else an infinity."""
    inward = mode in (Rounding.TOWARD_ZERO, Rounding.UP if negative else Rounding.DOWN)
    return last if inward or (mode is Rounding.TO_ODD and last % 2 == 1) else infinity


def _begins(fmt: Format, mode: Rounding, negative: bool) -> Callable[[Step], int]:
    """Return the function that finds the smallest magnitude between two neighbours that rounds away from zero."""
    if mode in (Rounding.UP, Rounding.DOWN):
        outward = (mode is Rounding.UP) != negative
        mode = Rounding.AWAY_FROM_ZERO if outward else Rounding.TOWARD_ZERO

    def nearest_turn(step: Step) -> int:
        search = at_least if _tie_goes_away(fmt, mode, step, negative) else more_than
        return decided(search, _turn(fmt, step, negative))

    return {
        Rounding.TOWARD_ZERO: lambda step: at_least(step.away_value),
        Rounding.AWAY_FROM_ZERO: lambda step: more_than(step.near_value),
        Rounding.TO_ODD: lambda step: at_least(step.away_value) if step.near % 2 else more_than(step.near_value),
    }.get(mode, nearest_turn)


def _turn(fmt: Format, step: Step, negative: bool) -> Real:
    """Return the magnitude where rounding to nearest turns."""
    if step.away is None:
        return (step.near_value + step.away_value) / 2
    found = turn(fmt, step.away, step.near) if negative else turn(fmt, step.near, step.away)
    if not negative:
        return found
    return found._replace(negative=not found.negative) if isinstance(found, Power) else -found


def _tie_goes_away(fmt: Format, mode: Rounding, step: Step, negative: bool) -> bool:
    if mode is not Rounding.NEAREST_EVEN:
        return mode is Rounding.NEAREST_AWAY
    if isinstance(fmt, CodebookFormat) and fmt.ties is not Ties.EVEN:
        return (fmt.ties is Ties.UPPER) != negative
    return step.near % 2 == 1
