"""Least squares by the normal equations, every elementary operation rounded.

The data are the 442 patients and 10 measurements of the diabetes set that comes with scikit-learn, each column scaled
to mean 0 and variance 1, so is the answer.  Every product, sum and quotient is computed in float64 and then
rounded to nearest even.  That is one correct rounding for formats of at most 24 bits of precision p: float64 has
53 >= 2 p + 2 bits, enough for +, -, * and / (Figueroa 1995).  It does not hold for the directed modes,
where float64 may already have rounded away what the mode should see.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.analysis import Outcome, sweep
from chopper.demo.shown import shown
from chopper.formats.base import Format

__all__ = ["Breakdown", "Fit", "Problem", "fit", "fits", "gram", "load_diabetes", "solve"]

_Array = npt.NDArray[np.float64]
_Round = Callable[[Any], Any]


class Problem(NamedTuple):
    """A least squares problem: the matrix, the right-hand side and the float64 solution."""

    a: _Array
    b: _Array
    x: _Array


@dataclass(frozen=True)
class Fit:
    """A solution in one format.

    Attributes
    ----------
    error : float
        Its distance from the float64 solution, relative to that; NaN after a breakdown.
    residual : float
        Norm of b - A x over the norm of b, computed in float64; the float64 solution has the smallest.
    breakdown : str
        What stopped the elimination, or "".
    """

    error: float
    residual: float
    breakdown: str = ""


class Breakdown(ArithmeticError):
    """The elimination cannot go on, or its result is not finite."""


def load_diabetes() -> Problem:
    """Return the diabetes data, standardised, with the solution that LAPACK gives in float64."""
    from sklearn.datasets import load_diabetes as load

    a, b = load(return_X_y=True, scaled=True)
    a = (a - a.mean(axis=0)) / a.std(axis=0)
    b = (b - b.mean()) / b.std()
    return Problem(a, b, np.linalg.lstsq(a, b, rcond=None)[0])


def gram(a: _Array, r: _Round) -> _Array:
    """Return the transpose of `a` times `a`, summed row by row: ``g = r(g + r(row times row))``.

    Examples
    --------
    >>> import chopper
    >>> gram(np.ones((100, 1)), lambda x: chopper.chop(x, "e4m3"))
    array([[16.]])
    """
    products = r(a[:, :, None] * a[:, None, :])
    total: _Array = products[0]
    for product in products[1:]:
        total = r(total + product)
    return total


def solve(g: _Array, b: _Array, r: _Round) -> _Array:
    """Return x with g x = b: Gaussian elimination with partial pivoting, one rounded update of rank 1 per column.

    Raises
    ------
    Breakdown
        If a pivot is zero, infinite or NaN.

    Examples
    --------
    >>> solve(np.array([[0.0, 2.0], [4.0, 2.0]]), np.array([2.0, 10.0]), lambda x: x)
    array([2., 1.])
    """
    size, work = len(g), np.column_stack((g, b))
    for k in range(size):
        pivot = k + int(np.argmax(np.abs(work[k:, k])))
        work[[k, pivot]] = work[[pivot, k]]
        if not 0 < abs(work[k, k]) < np.inf:
            what = "NaN" if np.isnan(work[k, k]) else f"{work[k, k]:g}"
            raise Breakdown(f"pivot {k + 1} is {what}")
        factors = r(work[k + 1 :, k] / work[k, k])
        work[k + 1 :, k + 1 :] = r(work[k + 1 :, k + 1 :] - r(np.outer(factors, work[k, k + 1 :])))
    x: _Array = work[:, -1].copy()
    for k in reversed(range(size)):
        x[k] = r(x[k] / work[k, k])
        x[:k] = r(x[:k] - r(work[:k, k] * x[k]))
    if not np.isfinite(x).all():
        raise Breakdown("the solution is not finite")
    return x


def fit(problem: Problem, r: _Round) -> Fit:
    """Solve a problem with every operation rounded by a function."""
    with np.errstate(all="ignore"):
        extended = r(np.column_stack((problem.a, problem.b)))
        sums = gram(extended, r)
        try:
            x = solve(sums[:-1, :-1], sums[:-1, -1], r)
        except Breakdown as breakdown:
            return Fit(np.nan, np.nan, str(breakdown))
        error = np.linalg.norm(x - problem.x) / np.linalg.norm(problem.x)
        residual = np.linalg.norm(problem.b - problem.a @ x) / np.linalg.norm(problem.b)
        return Fit(float(error), float(residual))


def fits(formats: Iterable[str | Format] | None = None) -> Iterator[Outcome[Fit]]:
    """Solve the diabetes problem in every format, to nearest even; by default in those of `shown`."""
    problem = load_diabetes()
    chosen = shown() if formats is None else formats
    yield from sweep(lambda r: fit(problem, r), chosen)
