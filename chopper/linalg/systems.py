"""Linear systems and least squares."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.linalg.elimination import eliminate
from chopper.linalg.orthogonal import check_method, reduce_columns
from chopper.linalg.setting import Array, as_columns, as_matrix, as_square, setting
from chopper.linalg.triangular import substitute
from chopper.linalg.watch import Progress
from chopper.rounding import Rounding

__all__ = ["lstsq", "solve"]


def solve(
    a: Any,
    b: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Array:
    """Solve a x = b by LU with partial pivoting, every operation rounded.

    `a` and `b` are rounded to the format first; then `lu`, and substitution with L and U as in `solve_triangular`.
    To nearest, without over- and underflow, ``(a + D) x = b`` with ``|D| <= 3 n u / (1 - 3 n u) p |L| |U|`` for the
    rounded `a` and `b` (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 9.4,
    DOI 10.1137/1.9780898718027).

    Parameters
    ----------
    a : array, shape (n, n)
        Real numbers.
    b : array, shape (n,) or (n, k)
        Right-hand sides.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    array of float64, of the shape of `b`
        Infinities and NaNs tell of overflow.

    Raises
    ------
    BreakdownError
        If a pivot is zero.
    UnsupportedInputError
        If a shape or dtype does not suit.

    Examples
    --------
    >>> solve([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0], "bf16").tolist()
    [-4.03125, 4.53125]
    """
    at = setting(fmt, rounding, key, arithmetic)
    matrix = as_square(a)
    columns, single = as_columns(b, len(matrix))
    matrix, columns = at.fl.round(matrix), at.fl.round(columns)
    x = eliminate(at.fl, matrix, progress=progress).solve(at.fl, columns)
    return x[:, 0] if single else x


def lstsq(
    a: Any,
    b: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    method: str = "householder",
    order: str | None = None,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Array:
    """Return the x with the smallest norm of b - a x, by QR, every operation rounded.

    `a` and `b` are rounded to the format first.  The columns of `b` are appended to `a` and take part in the
    factorization (see `qr`), which leaves R and the transposed Q times b; then substitution as in `solve_triangular`.
    In this way all three methods are backward stable (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed.,
    section 20.2 and 20.3, DOI 10.1137/1.9780898718027).

    Parameters
    ----------
    a : array, shape (m, n)
        Real numbers, m >= n, of full rank.
    b : array, shape (m,) or (m, k)
        Right-hand sides.
    method, order
        See `qr`.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    array of float64, shape (n,) or (n, k)

    Raises
    ------
    BreakdownError
        If the rank of `a` is not full: a number on the diagonal of R is zero.
    UnsupportedInputError
        If a shape or dtype does not suit.

    Examples
    --------
    >>> lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 2.0, 3.0], "bf16").tolist()
    [1.0078125, 1.0]
    """
    at = setting(fmt, rounding, key, arithmetic, order)
    matrix = as_matrix(a)
    columns, single = as_columns(b, len(matrix))
    check_method(method, matrix)
    rows, unknowns = matrix.shape
    if rows < unknowns:
        raise UnsupportedInputError(f"a has shape {matrix.shape}; legal: at least as many rows as columns")
    both = at.fl.round(np.concatenate([matrix, columns], axis=1))
    reduced = reduce_columns(at, both, unknowns, method, progress)
    x = substitute(at.fl, reduced[:, :unknowns], reduced[:, unknowns:], lower=False)
    return x[:, 0] if single else x
