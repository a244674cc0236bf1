"""What all functions have in common: the arithmetic, the order of sums, checks of what comes in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.errors import FormatError, RoundingError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.registry import get
from chopper.linalg.machine import Machine, Rounded, machine_type
from chopper.rounding import Rounding

__all__ = ["Array", "Setting", "as_columns", "as_matrix", "as_square", "setting"]

Array = npt.NDArray[np.float64]
"""What goes in and out: float64, which holds the values of the format."""

_ORDERS = ("sequential", "pairwise")


@dataclass(frozen=True)
class Setting:
    """An arithmetic and the order of sums.

    Attributes
    ----------
    fl : Rounded
        The operations.
    order : str
        ``sequential``: ``((t0 + t1) + t2) + t3``; ``pairwise``: neighbours are added, then the sums of neighbours, and
        so on; where the count is odd the last one waits: ``((t0 + t1) + (t2 + t3)) + t4``.
    """

    fl: Rounded
    order: str = "sequential"

    def total(self, terms: Array) -> Array:
        """Add the terms along the first axis, each sum rounded; no terms give zero."""
        if not len(terms):
            return np.zeros(terms.shape[1:])
        if self.order == "pairwise":
            while len(terms) > 1:
                paired = len(terms) // 2 * 2
                terms = np.concatenate([self.fl.add(terms[0:paired:2], terms[1:paired:2]), terms[paired:]])
            return np.asarray(terms[0])
        whole = self.fl.total(terms) if isinstance(self.fl, Machine) else None
        if whole is not None:
            return whole
        one: Array = terms[0]
        for term in terms[1:]:
            one = self.fl.add(one, term)
        return one

    def dot(self, x: Array, y: Array) -> float:
        """Return the sum of the rounded products of two vectors."""
        return float(self.total(self.fl.mul(x, y)))

    def norm(self, x: Array) -> float:
        """Return the square root of the dot product of a vector with itself; the squares are not scaled."""
        return float(self.fl.sqrt(self.dot(x, x)))

    def apply(self, a: Array, x: Array) -> Array:
        """Return the matrix times a vector: sums over the columns, in order."""
        return self.total(np.ascontiguousarray(self.fl.mul(a, x).T))

    def combine(self, x: Array, a: Array) -> Array:
        """Return a vector times the matrix: sums over the rows, in order."""
        return self.total(self.fl.mul(x[:, None], a))

    def unit_roundoff(self) -> float:
        """Return half of the distance from 1 to the next number."""
        u = finfo(self.fl.fmt).unit_roundoff
        if u is None:
            raise FormatError(f"{self.fl.fmt} has no unit roundoff, as 1 is no number of it; pass tolerance=")
        return float(u)


def setting(
    fmt: str | Format | Arithmetic | None,
    rounding: str | Rounding = "nearest_even",
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    order: str | None = None,
) -> Setting:
    """Return the setting that the common options describe; without an order, that of `arithmetic`, if it has one.

    Raises
    ------
    FormatError
        If neither or both of `fmt` and `arithmetic` are given.
    RoundingError
        If the order is unknown.
    """
    order = getattr(arithmetic, "order", "sequential") if order is None else order
    if order not in _ORDERS:
        raise RoundingError(f"order={order!r} is not legal; legal: {', '.join(map(repr, _ORDERS))}")
    if (fmt is None) == (arithmetic is None):
        how = "neither of fmt= and arithmetic= is" if fmt is None else "fmt= and arithmetic= are both"
        raise FormatError(f"{how} given; pass a format, or an Arithmetic, which has one")
    given = arithmetic if arithmetic is not None else fmt
    if isinstance(given, Arithmetic):
        return Setting(given, order)
    if given is None or not isinstance(given, (str, Format)):
        raise FormatError(f"{given!r} is no format; pass a name, a Format or an Arithmetic")
    chosen, mode = get(given), Rounding.parse(rounding)
    dtype = machine_type(chosen) if mode is Rounding.NEAREST_EVEN else None
    return Setting(Machine(chosen, dtype) if dtype else Arithmetic(chosen, mode, key=key), order)


def as_matrix(a: Any, name: str = "a") -> Array:
    """Return a matrix as float64.

    Raises
    ------
    UnsupportedInputError
        If it is no matrix of real numbers.
    """
    given = _real(a, name)
    if given.ndim != 2:
        raise UnsupportedInputError(f"{name} has shape {given.shape}; pass a matrix, an array of two axes")
    return given


def as_square(a: Any, name: str = "a") -> Array:
    """Return a square matrix as float64."""
    given = as_matrix(a, name)
    if given.shape[0] != given.shape[1]:
        raise UnsupportedInputError(
            f"{name} has shape {given.shape}; pass a square matrix, or use lstsq for one with more rows than columns"
        )
    return given


def as_columns(b: Any, rows: int, name: str = "b") -> tuple[Array, bool]:
    """Return right-hand sides as the columns of a matrix, and whether it was a vector."""
    given = _real(b, name)
    if given.ndim not in (1, 2) or len(given) != rows:
        raise UnsupportedInputError(
            f"{name} has shape {given.shape}; legal for a matrix of {rows} rows: ({rows},) or ({rows}, k)"
        )
    return (given[:, None], True) if given.ndim == 1 else (given, False)


def _real(x: Any, name: str) -> Array:
    """Return an array of real numbers as float64, all of whose numbers are exact in it."""
    given = np.asarray(x)
    kind = given.dtype.kind
    narrow = (kind == "f" and given.dtype.itemsize <= 8) or (kind in "iub") or given.dtype.name == "bfloat16"
    if not narrow:
        raise UnsupportedInputError(f"{name} has dtype {given.dtype}; pass real numbers of at most 64 bits")
    return given.astype(np.float64)
