"""What the iterative methods return."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from chopper.errors import RangeError, UnsupportedInputError
from chopper.linalg.setting import Array, Setting, as_columns, as_square

__all__ = ["Eigenpair", "Iterates", "Operator", "check_limits", "operator", "start"]

Operator = Callable[[Array], Array]
"""A matrix, as the function that multiplies a vector by it."""


@dataclass(frozen=True)
class Iterates:
    """Where an iteration ended.

    Attributes
    ----------
    x : array, shape (n,)
        The last iterate.
    converged : bool
        Whether the stopping test was met.
    iterations : int
        Steps done.
    history : array
        What the stopping test looks at, at the start and after each step; see the function.
    reason : str
        Why it stopped.
    """

    x: Array
    converged: bool
    iterations: int
    history: Array
    reason: str


@dataclass(frozen=True)
class Eigenpair:
    """An eigenvalue and its eigenvector, as far as an iteration got.

    Attributes
    ----------
    value : float
        The last quotient.
    vector : array, shape (n,)
        Of norm 1 up to rounding.
    converged, iterations, history, reason
        As in `Iterates`; the history holds the quotients.
    """

    value: float
    vector: Array
    converged: bool
    iterations: int
    history: Array
    reason: str


def operator(at: Setting, a: Any, size: int) -> Operator:
    """Return the product with a matrix, or with what a function returns, rounded to the format."""
    if not callable(a):
        matrix = at.fl.round(as_square(a))
        return lambda x: at.apply(matrix, x)

    def given(x: Array) -> Array:
        result = np.asarray(a(x.copy()), np.float64)
        if result.shape != (size,):
            raise UnsupportedInputError(f"the function returned shape {result.shape}; legal: ({size},)")
        rounded: Array = at.fl.round(result)
        return rounded

    return given


def start(at: Setting, a: Any, b: Any, x0: Any) -> tuple[Operator, Array, Array | None]:
    """Return the operator, the rounded right-hand side and the rounded start, None for zero."""
    size = len(as_square(a)) if not callable(a) else np.size(b)
    columns, single = as_columns(b, size)
    if not single:
        raise UnsupportedInputError(f"b has shape {columns.shape}; pass one right-hand side, a vector")
    first = None if x0 is None else at.fl.round(as_columns(x0, size, "x0")[0][:, 0])
    return operator(at, a, size), at.fl.round(columns[:, 0]), first


def check_limits(tolerance: float, iterations: int) -> None:
    """Refuse a tolerance or a number of steps that makes no sense."""
    if not tolerance >= 0:
        raise RangeError(f"tolerance={tolerance!r} is not legal; legal: a number that is not negative")
    if isinstance(iterations, bool) or not isinstance(iterations, (int, np.integer)) or iterations < 0:
        raise RangeError(f"iterations={iterations!r} is not legal; legal: an integer that is not negative")
