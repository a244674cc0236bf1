"""Lowering: steps and neighbours become the tables that the kernels look up."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.table.rows import Pair, Row, View
from chopper.engine.patterns import pattern, power
from chopper.formats.finfo import exponent_of
from chopper.kernels.carrier import Carrier
from chopper.kernels.steps import Chances, Steps

__all__ = ["DENSE", "as_table", "is_dense", "lower_chances", "lower_steps", "pattern_of"]

DENSE = 1 << 16
"""The most beginnings that a bucket can hold."""

_BUCKETS = 1 << 16
"""The most buckets for one sign."""

_FEW = 1 << 12
"""The buckets for one sign where these are not enough for one beginning each."""

_DIGITS = 29
"""Bits that stochastic modes see of two neighbours."""

_Put = Callable[[int | None], int]


def lower_steps(halves: list[list[Row]], put: _Put, nans: tuple[int, int], c: Carrier) -> Steps:
    """Return the tables of a step function given by the rows of both signs; `put` says what comes out for a code."""
    begins = [[row.begin for row in half] for half in halves]
    inner = [begin for half in begins for begin in half[1:]] or [1]  # one number may be the result of all of a sign
    bottom, high = min([begin for begin in inner if begin > 1] or inner), max(inner)
    gaps = [b - a for half in begins for a, b in pairwise(half[1:])]
    shift = min(gaps, default=1).bit_length() - 1
    dense = (high - bottom) >> shift >= _BUCKETS - 1
    while (high - bottom) >> shift >= (_FEW if dense else _BUCKETS) - 1:
        shift += 1
    low = max(bottom - (1 << shift), 0)  # a step that begins at 1 has the first bucket for itself
    pad, count = DENSE if dense else 1, ((high - low) >> shift) + 1
    bottoms = low + (np.arange(count, dtype=np.int64) << shift)
    bottoms[0] = 0
    never = (1 << (c.width - 1)) - 1
    first: list[npt.NDArray[np.int64]] = []
    starts: list[int] = []
    results: list[int] = []
    for half, where in zip(halves, begins, strict=True):
        first.append(np.searchsorted(np.array(where, np.int64), bottoms, side="right") - 1 + len(starts))
        starts += [*where, *[never] * pad]
        results += [*(put(row.code) for row in half), *[0] * pad]
    tables = (as_table(list(part), c) for part in (np.concatenate(first), starts, results))
    return Steps(low, high, shift, count, *nans, *tables)


def is_dense(f: Steps) -> bool:
    """Whether buckets may hold more than one beginning."""
    return int(f.starts.size) > 2 * DENSE


def lower_chances(halves: list[list[Row]], view: View, put: _Put, nans: tuple[int, int], bits: int) -> Chances:
    """Return the tables of a stochastic mode, for the 64-bit carrier; rows are those of `brackets`."""
    found = lower_steps(halves, put, nans, view.c)
    pad = DENSE if is_dense(found) else 1
    columns = np.zeros((4, found.starts.size), np.int64)
    for at, negative in ((0, False), (len(halves[0]) + pad, True)):
        for i, row in enumerate(halves[negative], at):
            if row.pair is not None:
                columns[:, i] = (*_measure(view, row.pair, negative), put(row.pair.away))
    return Chances(found, bits, *(np.ascontiguousarray(column) for column in columns))


def _measure(view: View, pair: Pair, negative: bool) -> tuple[int, int, int]:
    """Return the unit of two neighbours, the one toward zero in 2^-33 of it, and their distance."""
    near, away = (view.magnitude(code, negative) for code in pair)
    exponent = exponent_of(max(abs(near), abs(away))) - _DIGITS + 1
    low, high = (math.ceil(value / power(exponent)) for value in (near, away))
    return exponent - 33 + view.c.bias, low << 33, high - low


@lru_cache(maxsize=1 << 17)
def pattern_of(view: View, code: int) -> int:
    """Return the pattern of the value of a code."""
    fmt, c = view.fmt, view.c
    if fmt.infinity_codes is not None and code in fmt.infinity_codes:
        return c.inf | (c.sign if code == fmt.infinity_codes[1] else 0)
    return pattern(fmt.number(code, view.precision) if fmt.is_finite(code) else float("nan"), c)


def as_table(numbers: list[int], c: Carrier) -> npt.NDArray[Any]:
    """Return carrier patterns or codes as a table for lanes of the carrier's width."""
    return np.array(numbers, np.int64).astype(np.int32 if c.width == 32 else np.int64)
