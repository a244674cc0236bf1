"""From exact results to values of the format: which neighbour, and what lies beyond the ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.chance import HALF, ONE, Thresholds, thresholds
from chopper.engine.families.logarithms.lattice import Lattice
from chopper.engine.families.logarithms.mixed import Mixed
from chopper.engine.families.logarithms.natives import NOTHING, Natives
from chopper.engine.plan import Request
from chopper.formats.lns import FINE
from chopper.formats.policies import Metric
from chopper.rounding import Rounding

__all__ = ["ZERO", "neighbours"]

_Array = npt.NDArray[Any]
_Exact = Natives | Mixed

ZERO = -1
"""The index of zero among the numbers of a `Lattice`; that of overflow is their count."""

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO)


def neighbours(exact: _Exact, lattice: Lattice, request: Request, words: _Array | None) -> _Array:
    """Return the indices of the numbers that results are rounded to, `ZERO`, or the count of numbers for overflow."""
    mode = request.rounding
    mean = lattice.by_value and lattice.even and mode in _NEAREST
    places = exact.mean_places() if mean else exact.places()
    cell = lattice.cell(places >> 2)
    inexact = (cell < 0) | (places != 4 * lattice.exponents[cell])
    if mode.random:
        assert words is not None
        goes = inexact & _by_chance(exact, lattice, cell, inexact, thresholds(mode, words, request.random_bits))
    elif mode in _NEAREST:
        goes = inexact & _to_nearest(exact, lattice, mode, places, cell, inexact)
    else:
        goes = inexact & _directed(exact.negative, lattice, mode, cell)
    if not lattice.free_below:
        goes |= cell < 0
    over = (cell == lattice.last) & inexact
    return np.where(over, lattice.last + 1, cell + goes)


def _directed(negative: _Array, lattice: Lattice, mode: Rounding, cell: _Array) -> Any:
    if mode is Rounding.UP:
        return ~negative
    if mode is Rounding.DOWN:
        return negative
    if mode is Rounding.TO_ODD:
        return _odd(lattice, cell) == 0
    return mode is Rounding.AWAY_FROM_ZERO


def _odd(lattice: Lattice, cell: _Array) -> _Array:
    """Return whether the codes of numbers are odd; that of zero is even."""
    return np.where(cell < 0, 0, lattice.odd[cell])


def _to_nearest(exact: _Exact, lattice: Lattice, mode: Rounding, places: _Array, cell: _Array, inexact: _Array) -> Any:
    turn = np.minimum(cell + 1, lattice.last)
    side = np.sign(places - lattice.turns[turn]).astype(np.int8)
    if not lattice.even:  # half of the smallest takum, and means of two, are no places
        by_value = inexact & (cell < lattice.last) & ((cell < 0) | lattice.by_value)
        at = np.flatnonzero(by_value)
        if at.size:
            side[at] = _sides(exact, lattice, at, cell[at], np.full(at.shape, HALF))
    if mode is Rounding.NEAREST_EVEN:
        return (side > 0) | ((side == 0) & (_odd(lattice, cell) == 1))
    return side >= 0 if mode is Rounding.NEAREST_AWAY else side > 0


def _by_chance(exact: _Exact, lattice: Lattice, cell: _Array, inexact: _Array, drawn: Thresholds) -> Any:
    if lattice.fmt.stochastic is Metric.CODE:
        return _by_logarithm(exact, lattice, drawn)
    goes = drawn.at == 0  # whatever there is
    at = np.flatnonzero(inexact & (cell < lattice.last) & ~goes)
    if at.size:
        some = drawn.some(at)
        goes[at] = some.passed(_sides(exact, lattice, at, cell[at], some.at))
    return goes


def _by_logarithm(exact: _Exact, lattice: Lattice, drawn: Thresholds) -> _Array:
    """By the logarithm cut to 16 bits behind the point; zero is one step below the smallest number."""
    fine, spare = exact.fine(), FINE - lattice.base.digits
    part = (fine & ((1 << spare) - 1)) << (ONE - spare)
    part = np.where(fine >> spare < lattice.exponents[0] - 1, 0, part)
    return drawn.passed(np.sign(part - drawn.at))


def _sides(exact: _Exact, lattice: Lattice, at: _Array, cell: _Array, t: _Array) -> _Array:
    low = np.where(cell < 0, NOTHING, lattice.exponents[cell])
    return exact.sides(at, low, lattice.exponents[cell + 1], t)
