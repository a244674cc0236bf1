"""Triangular systems by substitution."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.formats.base import Format
from chopper.linalg.breakdown import BreakdownError
from chopper.linalg.machine import Rounded
from chopper.linalg.setting import Array, as_columns, as_square, setting
from chopper.rounding import Rounding

__all__ = ["solve_triangular", "substitute"]


def solve_triangular(
    t: Any,
    b: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    lower: bool = False,
    unit_diagonal: bool = False,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
) -> Array:
    """Solve T x = b with T triangular, every operation rounded.

    The operations, for k from the last row to the first (``lower``: from the first to the last):
    ``x[k] = x[k] / t[k,k]``, then ``x[i] = x[i] - t[i,k] * x[k]`` for all rows i that follow, the product rounded and
    the difference rounded.  So each x[i] is ``((b[i] - t x) - t x) - ...``, divided at the end.

    Without over- and underflow, to nearest, x solves ``(T + D) x = b`` exactly with ``|D| <= n u / (1 - n u) |T|``
    (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 8.5, DOI 10.1137/1.9780898718027).

    Parameters
    ----------
    t : array, shape (n, n)
        The triangular matrix; the other triangle is not read.
    b : array, shape (n,) or (n, k)
        Right-hand sides.
    fmt, rounding, key, arithmetic
        See `chopper.linalg`.
    lower, unit_diagonal : bool
        Whether T is lower triangular; whether its diagonal is 1 and not read.

    Returns
    -------
    array of float64, of the shape of `b`

    Raises
    ------
    BreakdownError
        If a number on the diagonal is zero in the format.
    UnsupportedInputError
        If a shape or dtype does not suit.

    Examples
    --------
    >>> solve_triangular([[2.0, 1.0], [0.0, 3.0]], [1.0, 1.0], "bf16").tolist()
    [0.33203125, 0.333984375]
    """
    at = setting(fmt, rounding, key, arithmetic)
    matrix = as_square(t, "t")
    columns, single = as_columns(b, len(matrix))
    kept = np.tril(matrix) if lower else np.triu(matrix)
    x = substitute(at.fl, at.fl.round(kept), at.fl.round(columns), lower=lower, unit=unit_diagonal)
    return x[:, 0] if single else x


def substitute(fl: Rounded, t: Array, b: Array, *, lower: bool, unit: bool = False) -> Array:
    """Solve T x = b for the columns of b; all numbers are values of the format.  See `solve_triangular`."""
    size = len(t)
    if not unit and not np.diagonal(t).all():
        at = int(np.flatnonzero(np.diagonal(t) == 0)[0])
        raise BreakdownError(
            f"number {at + 1} on the diagonal is zero in {fl.fmt}: the matrix is singular there; "
            "use a wider format, or scale rows and columns"
        )
    x = b.copy()
    for k in range(size) if lower else reversed(range(size)):
        if not unit:
            x[k] = fl.div(x[k], t[k, k])
        rest = slice(k + 1, size) if lower else slice(0, k)
        if rest.start < rest.stop:
            x[rest] = fl.sub(x[rest], fl.mul(t[rest, k, None], x[k]))
    return x
