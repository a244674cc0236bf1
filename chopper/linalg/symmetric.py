"""Cholesky factorization of symmetric positive definite matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.formats.base import Format
from chopper.linalg.breakdown import BreakdownError
from chopper.linalg.setting import Array, as_square, setting
from chopper.linalg.watch import Progress, watched
from chopper.rounding import Rounding

__all__ = ["cholesky"]


def cholesky(
    a: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Array:
    """Factor a symmetric positive definite matrix into L times its transpose, every operation rounded.

    `a` is rounded to the format first; its lower triangle is read.  Then, for each column k:
    ``l[k,k] = sqrt(a[k,k])``; ``l[i,k] = a[i,k] / l[k,k]`` for i > k; and ``a[i,j] = a[i,j] - l[i,k] * l[j,k]`` for
    i >= j > k, the product rounded and the difference rounded (right-looking).

    To nearest, without over- and underflow, ``L @ L.T = a + D`` with ``|D| <= (n + 1) u / (1 - (n + 1) u) |L| |L.T|``
    (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., Theorem 10.3, DOI 10.1137/1.9780898718027).

    Parameters
    ----------
    a : array, shape (n, n)
        Real numbers.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    array of float64, shape (n, n)
        L, lower triangular.

    Raises
    ------
    BreakdownError
        If a pivot is not a positive finite number: `a` is not positive definite, or not so after rounding.
    UnsupportedInputError
        If `a` is no square matrix of real numbers.

    Examples
    --------
    >>> cholesky([[4.0, 2.0], [2.0, 3.0]], "bf16").tolist()
    [[2.0, 0.0], [1.0, 1.4140625]]
    """
    at = setting(fmt, rounding, key, arithmetic)
    fl, work = at.fl, np.asarray(at.fl.round(as_square(a)))
    work = work.copy()
    with watched(progress, "Cholesky", len(work)) as tick:
        for k in range(len(work)):
            if not 0 < work[k, k] < np.inf:
                raise BreakdownError(
                    f"pivot {k + 1} is {work[k, k]:g} in {fl.fmt}, where it must be positive and finite; use a wider "
                    "format, scale rows and columns alike, or add a multiple of the unit matrix"
                )
            work[k, k] = fl.sqrt(work[k, k])
            if k + 1 < len(work):
                work[k + 1 :, k] = fl.div(work[k + 1 :, k], work[k, k])
                update = fl.mul(work[k + 1 :, k, None], work[k + 1 :, k])
                work[k + 1 :, k + 1 :] = fl.sub(work[k + 1 :, k + 1 :], update)
            tick(k + 1)
    return np.tril(work)
