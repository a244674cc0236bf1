"""Functions to logarithmic formats, whose numbers are powers of 2 or e: values against neighbours, exactly.

An operand that stands for a code is the number of that code, as in operations.  Where both ends of an enclosure in
float64 become the same number, that is the result; the other values are compared with the numbers where rounding turns.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.lattice import NONE, Lattice, lattice_of
from chopper.engine.families.logarithms.mixed import Mixed
from chopper.engine.families.logarithms.results import results_of
from chopper.engine.families.logarithms.settle import neighbours
from chopper.engine.families.logarithms.specials import Specials
from chopper.engine.plan import Request, plan_round
from chopper.engine.run import run
from chopper.formats.base import Format
from chopper.formats.lns import LnsFormat
from chopper.formats.takum import TakumFormat
from chopper.functions.algebraic import exact_pow
from chopper.functions.circular import cos, sin, tan
from chopper.functions.evaluate import enclosed
from chopper.functions.reals import Power, magnitude_of
from chopper.functions.rows import Function

__all__ = ["is_logarithmic", "operate"]

_Array = npt.NDArray[Any]


_FAR = 1024.0
"""Up to here, circular functions hardly bend between the neighbours of a float."""


def is_logarithmic(fmt: Format) -> bool:
    """Whether the numbers of a format are powers that need not be binary fractions."""
    return fmt.family == "lns" or bool(getattr(fmt, "logarithmic", False))


def operate(row: Function, name: str, arrays: tuple[_Array, ...], asked: Request, words: _Array | None) -> _Array:
    """Return the values of a function rounded once, as the nearest float64 of the numbers of the format.

    Raises
    ------
    RangeError
        If there is no result under the policy.
    ArithmeticError
        If a value is not decided.
    """
    lattice, results = lattice_of(cast(LnsFormat | TakumFormat, asked.fmt)), results_of(asked)
    read = [_read(lattice, x) for x in arrays]
    low, high, special, known = _around(row, arrays, read)
    found = np.zeros(arrays[0].size)
    left = ~special
    if words is None:
        with np.errstate(all="ignore"):
            ends = [_rounded(end, asked) for end in (np.nextafter(low, -np.inf), np.nextafter(high, np.inf))]
        found, left = ends[0], left & (ends[0].view(np.int64) != ends[1].view(np.int64))
        if results.raises:
            left = ~special & (left | np.isnan(found))
    at = np.flatnonzero(left)
    if at.size:
        columns = [_operands(lattice, x[at], e[at]) for x, e in zip(arrays, read, strict=True)]
        exact = [float(x) if sure else None for x, sure in zip(low[at], known[at], strict=True)]
        values = [
            magnitude_of(row, name, one, lattice.base.natural, number)
            for *one, number in zip(*columns, exact, strict=True)
        ]
        mixed = Mixed(lattice.base, np.array([sign < 0 for sign, _ in values]), [value for _, value in values])
        index = neighbours(mixed, lattice, asked, None if words is None else words[at])
        found[at] = results.values(index, mixed.negative, None, None)
    if special.any():
        some = np.flatnonzero(special)
        poles = np.isinf(low[some]) & np.logical_and.reduce([np.isfinite(x[some]) for x in arrays])
        given = np.where(poles & bool(lattice.fmt.family == "takum"), np.nan, low[some])
        zeros = np.zeros(some.size, np.int64)
        found[some] = results.values(zeros, zeros != 0, None, Specials(zeros == 0, given))
    return found


def _read(lattice: Lattice, x: _Array) -> _Array:
    """Return the exponents of floats that stand for codes, `NONE` of others and where the number is rational."""
    usual = np.isfinite(x) & (x != 0)
    e = np.where(usual, lattice.read(np.where(usual, x, 1.0)), NONE)
    rational = (e == 0) if lattice.base.natural else (e & ((1 << lattice.base.digits) - 1)) == 0
    return np.where(rational, NONE, e)


def _operands(lattice: Lattice, x: _Array, exponents: _Array) -> list[float | Power]:
    """Return operands as floats, or as powers of the base."""
    return [
        value if e == NONE else Power(lattice.base.exponent(2 * e), lattice.base.natural, value < 0)
        for value, e in zip(x.tolist(), exponents.tolist(), strict=True)
    ]


def _around(row: Function, arrays: tuple[_Array, ...], read: list[_Array]) -> tuple[_Array, ...]:
    """Return the ends of enclosures, where the value is a zero, an infinity or NaN, and where it is the lower end.

    A number of the format lies between the neighbours of its float, and so its value between theirs: but for less than
    the enclosures allow for, where the function turns.
    """
    low, high = enclosed(row, arrays)
    same = low.view(np.int64) == high.view(np.int64)
    special = same & ((low == 0) | ~np.isfinite(low))
    plain = np.logical_and.reduce([(e == NONE) for e in read])
    known = same & ~special & (plain | (arrays[-1] == 0 if row.arity == 2 and row.exact is exact_pow else plain))
    sides = [
        [np.where(e == NONE, x, np.nextafter(x, end)) for end in (-np.inf, np.inf)]
        for x, e in zip(arrays, read, strict=True)
    ]
    corners = [(a,) for a in sides[0]] if len(sides) == 1 else [(a, b) for a in sides[0] for b in sides[1]]
    ends = [enclosed(row, corner) for corner in corners]
    lowest, highest = np.fmin.reduce([end[0] for end in ends]), np.fmax.reduce([end[1] for end in ends])
    if row.enclose in (sin, cos, tan):  # neighbours may lie periods apart
        far = ~plain & (np.abs(arrays[0]) > _FAR)
        lowest, highest = np.where(far, -1e300, lowest), np.where(far, 1e300, highest)
    sure = special | known
    return np.where(sure, low, lowest), np.where(sure, high, highest), special, known


def _rounded(x: _Array, asked: Request) -> _Array:
    found = np.empty(x.size)
    run(plan_round(asked, 64), x, found, None, None, 1)
    return found
