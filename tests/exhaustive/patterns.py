"""float32 patterns and exact numbers, and functions on all 2^32 patterns that climb in steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from chopper.formats.base import Value

__all__ = ["INF", "SIGN", "UNIT", "Row", "Table", "as_table", "at_least", "more_than", "of_values", "value_of"]

SIGN = 1 << 31
INF = 0x7F800000
QUIET = 0x7FC00000
UNIT = 1 << 149
"""Every finite float32 is an integer multiple of 1 / UNIT."""

Row = tuple[int, int]
"""The pattern where a result begins, and its code."""


class Table(NamedTuple):
    """A function on all 2^32 patterns: from starts[i] up to the next start, ``result & mask[i] == want[i]``."""

    starts: np.ndarray
    want: np.ndarray
    mask: np.ndarray


def as_table(rows: Iterable[Row]) -> Table:
    """Return the table of codes, from rows in any order; of two that begin in one place the last one counts."""
    return _table([(start, code, SIGN * 2 - 1) for start, code in _sorted(rows)])


def of_values(rows: Iterable[Row], value: Callable[[int], Value]) -> Table:
    """Return the table of the patterns of the values of the codes; NaNs are any quiet ones."""
    return _table([(start, *_pattern(value(code))) for start, code in _sorted(rows)])


def _sorted(rows: Iterable[Row]) -> list[Row]:
    return sorted(dict(rows).items())


def _table(rows: list[tuple[int, int, int]]) -> Table:
    kept = [rows[0]] + [row for before, row in pairwise(rows) if before[1:] != row[1:]]
    starts, want, mask = (np.array(column, np.uint64) for column in zip(*kept, strict=True))
    assert starts[0] == 0
    assert (np.diff(starts.astype(np.int64)) > 0).all()
    return Table(starts.astype(np.int64), want.astype(np.uint32), mask.astype(np.uint32))


def _pattern(value: Value) -> tuple[int, int]:
    """Return the float32 pattern of a value, and which of its bits matter."""
    if isinstance(value, Fraction):
        pattern = at_least(abs(value))
        assert Fraction(value_of(pattern), UNIT) == abs(value)
        return pattern | (SIGN if value < 0 else 0), SIGN * 2 - 1
    if math.isnan(value):
        return QUIET, QUIET
    sign = SIGN if math.copysign(1, value) < 0 else 0
    return (INF if math.isinf(value) else 0) | sign, SIGN * 2 - 1


def value_of(pattern: int) -> int:
    """Return the value of a positive pattern, infinity taken as 2^128, in units of 1 / UNIT."""
    field, fraction = divmod(pattern, 1 << 23)
    return (fraction + (1 << 23)) << (field - 1) if field else fraction


def at_least(value: Fraction) -> int:
    """Return the smallest pattern whose value is at least `value`; INF if no finite one is."""
    return _search(math.ceil(value * UNIT))


def more_than(value: Fraction) -> int:
    """Return the smallest pattern whose value is more than `value`; INF if no finite one is."""
    return _search(math.floor(value * UNIT) + 1)


def _search(units: int) -> int:
    """Return the smallest pattern of at least so many units."""
    units = max(units, 0)
    shift = max(units.bit_length() - 24, 0)
    pattern = (shift << 23) + (units >> shift)
    return min(pattern + (units & ((1 << shift) - 1) != 0), INF)
