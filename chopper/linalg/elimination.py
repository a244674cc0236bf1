"""LU factorization: Gaussian elimination with partial pivoting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.formats.base import Format
from chopper.linalg.machine import Rounded
from chopper.linalg.setting import Array, as_matrix, setting
from chopper.linalg.triangular import substitute
from chopper.linalg.watch import Progress, watched
from chopper.rounding import Rounding

__all__ = ["LU", "eliminate", "lu"]


@dataclass(frozen=True)
class LU:
    """The factors of a matrix: ``a[rows] = l @ u`` up to rounding, or ``a = p @ l @ u``; unpacks as ``p, l, u``.

    Attributes
    ----------
    packed : array, shape (m, n)
        U on and above the diagonal, L below it; the diagonal of L is 1.
    rows : array of int, shape (m,)
        Which row of the matrix stands where after all exchanges.
    """

    packed: Array
    rows: npt.NDArray[np.intp]

    def __iter__(self) -> Iterator[Array]:
        return iter((self.p, self.l, self.u))

    @property
    def p(self) -> Array:
        """The permutation matrix with ``a = p @ l @ u``."""
        return np.eye(len(self.rows))[:, self.rows]

    @property
    def l(self) -> Array:  # noqa: E743
        """The lower factor, shape (m, min(m, n))."""
        rank = min(self.packed.shape)
        return np.tril(self.packed[:, :rank], -1) + np.eye(len(self.rows), rank)

    @property
    def u(self) -> Array:
        """The upper factor, shape (min(m, n), n)."""
        return np.triu(self.packed[: min(self.packed.shape)])

    def solve(self, fl: Rounded, b: Array) -> Array:
        """Solve for the columns of `b`, values of the format of `fl`: rows exchanged, then L, then U."""
        y = substitute(fl, self.packed, b[self.rows], lower=True, unit=True)
        return substitute(fl, self.packed, y, lower=False)


def lu(
    a: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    pivoting: bool = True,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> LU:
    """Factor a matrix into P L U, every operation rounded.

    `a` is rounded to the format first.  Then, for each column k: the row with the largest ``abs(a[i,k])``, i >= k, the
    first of equals, changes places with row k; ``l[i] = a[i,k] / a[k,k]`` for all rows i below, rounded; and
    ``a[i,j] = a[i,j] - l[i] * a[k,j]`` for all i and j behind k, the product rounded and the difference rounded
    (right-looking, one update of rank 1 per column).

    A column that is zero on and below the diagonal is passed over: its factors are zero, and ``u[k,k] = 0`` tells.
    What overflows goes on as infinities and NaNs, and a NaN counts as the largest.

    To nearest, without over- and underflow, ``p @ l @ u = a + D`` with ``|D| <= r u / (1 - r u) p |L| |U|``,
    r = min(m, n), for the rounded `a` (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 9.3,
    DOI 10.1137/1.9780898718027).

    Parameters
    ----------
    a : array, shape (m, n)
        Real numbers.
    pivoting : bool
        Whether rows change places.  Without, a pivot of zero gives infinities and NaNs.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    LU

    Raises
    ------
    UnsupportedInputError
        If `a` is no matrix of real numbers.

    Examples
    --------
    >>> p, l, u = lu([[1.0, 2.0], [3.0, 4.0]], "bf16")
    >>> l.tolist(), u.tolist()
    ([[1.0, 0.0], [0.333984375, 1.0]], [[3.0, 4.0], [0.0, 0.6640625]])
    >>> (p @ l @ u).tolist()
    [[1.001953125, 2.0], [3.0, 4.0]]
    """
    at = setting(fmt, rounding, key, arithmetic)
    return eliminate(at.fl, at.fl.round(as_matrix(a)), pivoting=pivoting, progress=progress)


def eliminate(fl: Rounded, a: Array, *, pivoting: bool = True, progress: Progress = None) -> LU:
    """Factor a matrix of values of the format.  See `lu`."""
    work, rows, steps = a.copy(), np.arange(len(a)), min(a.shape)
    with watched(progress, "LU", steps) as tick:
        for k in range(steps):
            if pivoting:
                pivot = k + int(np.argmax(np.abs(work[k:, k])))
                work[[k, pivot]], rows[[k, pivot]] = work[[pivot, k]], rows[[pivot, k]]
            if k + 1 < len(work) and (work[k, k] != 0 or not pivoting):
                work[k + 1 :, k] = fl.div(work[k + 1 :, k], work[k, k])
                if k + 1 < work.shape[1]:
                    update = fl.mul(work[k + 1 :, k, None], work[k, k + 1 :])
                    work[k + 1 :, k + 1 :] = fl.sub(work[k + 1 :, k + 1 :], update)
            tick(k + 1)
    return LU(work, rows)
