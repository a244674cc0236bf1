"""Evaluation: numbers that a format rounds as it would round the values themselves.

The quick stage encloses each value in float64.  Where all numbers of the enclosure round alike, one of them stands for
the value; the few values that it leaves open are evaluated in integers and rounded to odd.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from chopper.functions import quick
from chopper.functions.decide import Grid, odd_number, wrapped_number
from chopper.functions.rows import Function
from chopper.functions.turns import Turns

__all__ = [
    "BINARY64",
    "BINARY128",
    "enclosed",
    "settled",
    "stand_ins",
    "wrapped",
]

_Array = npt.NDArray[np.float64]
_Flags = npt.NDArray[np.bool_]

BINARY64 = Grid(64, 53, -1074, 1024)
BINARY128 = Grid(128, 113, -16494, 16384)
"""The carriers: float64, and the one for formats that need more."""


def enclosed(row: Function, operands: tuple[_Array, ...]) -> tuple[_Array, _Array]:
    """Return the ends of open enclosures; equal ends are the value itself, zeros, infinities and NaNs among them."""
    with np.errstate(all="ignore"):
        x = operands[0]
        given = (np.abs(x),) if row.odd else operands
        value = np.asarray(row.quick(*given), np.float64)
        low, high = quick.around(
            value,
            row.bounds(*given),
            *(() if row.error is None else (row.error(*given),)),
            **({} if row.least is None else {"least": row.least(*given)}),
        )
        if row.odd:
            negative = np.signbit(x)
            low, high = np.where(negative, -high, low), np.where(negative, -low, high)
            value = np.copysign(value, x)
        sure = _sure(row, operands, value)
        if row.snap is not None:
            exact, good = row.snap(*operands)
            value, sure = np.where(good & ~sure, exact, value), sure | good
        return np.where(sure, value, low), np.where(sure, value, high)


def _sure(row: Function, operands: tuple[_Array, ...], value: _Array) -> _Flags:
    """Return where the quick value is the value: at zeros, infinities and NaNs and at points of the function."""
    sure: _Flags = np.isnan(value)
    for x in operands:
        sure = sure | quick.special(x)
    x = operands[0]
    for point in row.inexact:
        sure = sure & (np.isnan(x) | ((x if not row.odd else np.abs(x)) != point))
    for point in row.points:
        sure = sure | (x == point)
    return sure


def stand_ins(
    row: Function,
    operands: tuple[_Array, ...],
    turns: Turns,
    chance: Callable[[_Array], _Array] | None = None,
    room: bool = True,
) -> tuple[_Array, _Flags]:
    """Return a number for each value, and where it is not known to round as the value does.

    Parameters
    ----------
    row, operands
        The function and flat arrays.
    turns : Turns
        Of the format.
    chance : callable, optional
        For modes with chance, whose turns are many, though only one for each random word: the rounding with the words.
    room : bool
        Whether all these turns are numbers of even last bit.
    """
    low, high = enclosed(row, operands)
    if chance is not None:
        near, far = quick.inward(low, high) if room else (low, high)
        return near, chance(near).view(np.int64) != chance(far).view(np.int64)
    a, b = low.view(np.int64), high.view(np.int64)
    same = a == b
    a, b = np.where(a < 0, b, a), np.where(a < 0, a, b)  # in the order of magnitudes
    cell = np.int64(53 - turns.digits)
    alike = (a >> cell) == ((b - 1) >> cell)
    with np.errstate(invalid="ignore"):
        size = np.abs(low), np.abs(high)
        alike |= (np.maximum(*size) <= turns.least) | (np.minimum(*size) >= turns.most)
    alike &= (a ^ b) >= 0
    return np.where(same, a, a | 1).view(np.float64), ~(alike | same)


def settled(row: Function, operands: tuple[_Array, ...], at: npt.NDArray[np.intp], grid: Grid) -> list[int]:
    """Return the values of some elements, rounded to odd, as patterns of a carrier."""
    columns = [x[at].tolist() for x in operands]
    return [grid.pattern(odd_number(row, xs, grid)) for xs in zip(*columns, strict=True)]


def wrapped(row: Function, operands: tuple[_Array, ...], at: npt.NDArray[np.intp], ends: tuple[int, int]) -> list[int]:
    """Return what is left of some values by multiples of a power of two, as patterns of 128 bits."""
    columns = [x[at].tolist() for x in operands]
    return [BINARY128.pattern(wrapped_number(row, xs, *ends)) for xs in zip(*columns, strict=True)]
