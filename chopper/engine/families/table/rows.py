"""Where the steps of a format begin, on the magnitudes of each sign: exact, in carrier patterns."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from chopper.engine.patterns import pattern
from chopper.formats.policies import Underflow
from chopper.formats.reals import Between, Real
from chopper.formats.table import TableFormat
from chopper.kernels.carrier import Carrier
from chopper.rounding import Rounding

__all__ = ["Ends", "Pair", "Row", "View", "begins", "brackets", "steps"]


class View(NamedTuple):
    """A format as a carrier sees it: irrational values have `precision` bits."""

    fmt: TableFormat
    c: Carrier
    precision: int

    def magnitude(self, code: int, negative: bool) -> Fraction:
        """Return a value as a distance from zero in the direction of a sign."""
        value = self.fmt.number(code, self.precision)
        return -value if negative else value

    def below_zero(self) -> int:
        """Return how many values are negative."""
        numbers = self.fmt.ascending
        return bisect_left(range(len(numbers)), True, key=lambda i: self.fmt.number(numbers[i]) >= 0)


class Ends(NamedTuple):
    """The codes that overflow and infinity become at both ends; None stands for a `RangeError`."""

    over_pos: int | None
    over_neg: int | None
    inf_pos: int | None
    inf_neg: int | None


class Pair(NamedTuple):
    """Two neighbours as a number of one sign sees them: the one toward zero and the one away from it."""

    near: int
    away: int


class Row(NamedTuple):
    """A step: the pattern of the magnitude where it begins, its code, and the neighbours if that is a choice."""

    begin: int
    code: int | None
    pair: Pair | None = None


def steps(view: View, mode: Rounding, negative: bool, ends: Ends) -> list[Row]:
    """Return where each result begins on the magnitudes of one sign."""
    turn = begins(view, mode, negative)

    def climb(pair: Pair, free: bool) -> Row:
        return Row(turn(pair) if free else _start(view, pair), pair.away)

    return _whole(view, mode, negative, ends, climb)


def brackets(view: View, negative: bool, ends: Ends) -> list[Row]:
    """Return where the neighbour toward zero begins, on the magnitudes of one sign, with both neighbours."""

    def climb(pair: Pair, free: bool) -> Row:
        if not free:
            return Row(_start(view, pair), pair.away)
        return Row(_value_at(view, pair.near, negative, False), pair.near, pair)

    rows = _whole(view, Rounding.STOCHASTIC, negative, ends, climb)
    last = view.fmt.ascending[0 if negative else -1]
    end = view.magnitude(last, negative)
    return _tidy([Row(_at_least(end, view.c), last), *rows]) if end > 0 else rows


def _whole(view: View, mode: Rounding, negative: bool, ends: Ends, climb: Callable[[Pair, bool], Row]) -> list[Row]:
    """Return the steps from zero to infinity; `climb` gives those between two neighbours."""
    fmt, c = view.fmt, view.c
    codes = fmt.ascending[::-1] if negative else fmt.ascending
    over, inf = (ends.over_neg, ends.inf_neg) if negative else (ends.over_pos, ends.inf_pos)
    other = ends.over_pos if negative else ends.over_neg
    below = view.below_zero()
    zero = below < len(codes) and fmt.number(fmt.ascending[below]) == 0
    skip = len(codes) - below if negative else below + zero
    found = [Pair(*both) for both in pairwise(codes[max(skip - 1, 0) :])]
    first = found[0].near if found else codes[-1]
    inner, outer = view.magnitude(first, negative), view.magnitude(codes[-1], negative)
    if outer < 0 or (outer == 0 and not found):  # the list lies on the other side of zero
        return _tidy([Row(0, first), Row(1, over), Row(c.inf, inf)])
    small = fmt.below_smallest is Underflow.SMALLEST
    rows = [Row(0, first)]
    if inner > 0:  # nothing at zero or below
        rows = [Row(0, first if small else other), Row(_at_least(inner, c), first)]
    rows += [climb(pair, inner > 0 or i > 0 or not small) for i, pair in enumerate(found)]
    return _tidy([*rows, Row(_overflow(view, mode, negative), over), Row(c.inf, inf)])


def _start(view: View, pair: Pair) -> int:
    """Return where the smallest value begins if it is the result of everything below it but a zero of the list."""
    return 1 if view.magnitude(pair.near, False) == 0 else 0


def _tidy(rows: list[Row]) -> list[Row]:
    """Return the rows in order, of those that begin in one place the last, without those that change nothing."""
    found = sorted({row.begin: row for row in rows}.values())
    alike = [a.pair is None and b.pair is None and a.code == b.code for a, b in pairwise(found)]
    return [found[0], *(row for row, same in zip(found[1:], alike, strict=True) if not same)]


def begins(view: View, mode: Rounding, negative: bool) -> Callable[[Pair], int]:
    """Return what finds the smallest magnitude between two neighbours that goes to the one away from zero."""
    fmt = view.fmt
    if mode in (Rounding.UP, Rounding.DOWN):
        mode = Rounding.AWAY_FROM_ZERO if (mode is Rounding.UP) != negative else Rounding.TOWARD_ZERO

    def between(pair: Pair) -> int:
        if mode is Rounding.TOWARD_ZERO or (mode is Rounding.TO_ODD and pair.near % 2 == 1):
            return _value_at(view, pair.away, negative, False)
        if mode in (Rounding.AWAY_FROM_ZERO, Rounding.TO_ODD):
            return _value_at(view, pair.near, negative, True)
        return _middle_at(view, pair, negative, not _tie_goes_away(fmt, mode, pair, negative))

    return between


@lru_cache(maxsize=1 << 17)
def _value_at(view: View, code: int, negative: bool, beyond: bool) -> int:
    """Return the smallest pattern of a magnitude that is at least, or `beyond`, that of a value."""
    return (_above if beyond else _at_least)(view.magnitude(code, negative), view.c)


@lru_cache(maxsize=1 << 17)
def _middle_at(view: View, pair: Pair, negative: bool, beyond: bool) -> int:
    """Return the smallest pattern of a magnitude that is at least, or `beyond`, the middle of two neighbours."""
    low, high = (pair.away, pair.near) if negative else (pair.near, pair.away)
    return (_above if beyond else _at_least)(_mirrored(view.fmt.middle(low, high), negative), view.c)


def _tie_goes_away(fmt: TableFormat, mode: Rounding, pair: Pair, negative: bool) -> bool:
    if mode is not Rounding.NEAREST_EVEN:
        return mode is Rounding.NEAREST_AWAY
    low, high = (pair.away, pair.near) if negative else (pair.near, pair.away)
    up = fmt.tie_goes_up(low, high)
    return pair.near % 2 == 1 if up is None else up != negative


def _overflow(view: View, mode: Rounding, negative: bool) -> int:
    """Return where overflow begins: right after the last value, or where the format says that the list goes on."""
    c, last, limit = view.c, view.fmt.ascending[0 if negative else -1], view.fmt.least_overflow
    top = view.magnitude(last, negative)
    if limit is None or mode.random:
        return _above(top, c)
    if mode in (Rounding.UP, Rounding.DOWN):
        mode = Rounding.AWAY_FROM_ZERO if (mode is Rounding.UP) != negative else Rounding.TOWARD_ZERO
    if mode is Rounding.TOWARD_ZERO or (mode is Rounding.TO_ODD and last % 2 == 1):
        return _at_least(2 * limit - top, c)
    if mode in (Rounding.AWAY_FROM_ZERO, Rounding.TO_ODD):
        return _above(top, c)
    tie = mode is Rounding.NEAREST_AWAY or (mode is Rounding.NEAREST_EVEN and last % 2 == 1)
    return (_at_least if tie else _above)(limit, c)


# --- patterns of magnitudes ------------------------------------------------------------------------------------------


def _at_least(value: Real, c: Carrier) -> int:
    """Return the smallest pattern of a magnitude that is at least `value`; 0 if that is not positive."""
    if isinstance(value, Between):
        low, high = _at_least(value.low, c), _at_least(value.high, c)
        if low != high:
            raise ArithmeticError(f"the enclosure {float(value.low)} is too wide for the carrier")
        return low
    return pattern(value, c) if value > 0 else 0


def _above(value: Real, c: Carrier) -> int:
    """Return the smallest pattern of a magnitude that is more than `value`; 0 if that is negative."""
    if isinstance(value, Between) or value < 0:
        return _at_least(value, c)
    found = pattern(value, c)
    return found + (found < c.inf and _is(found, value, c))


def _is(found: int, value: Fraction, c: Carrier) -> bool:
    """Whether a pattern of a magnitude, the next at or above `value`, is `value` itself."""
    t = c.precision - 1
    e = max(found >> t, 1)
    m = found - ((e - 1) << t)
    by = e - c.bias - t
    return value * (1 << max(-by, 0)) == m << max(by, 0)


def _mirrored(value: Real, negative: bool) -> Real:
    if not negative:
        return value
    return -value if isinstance(value, Fraction) else Between(-value.high, -value.low)
