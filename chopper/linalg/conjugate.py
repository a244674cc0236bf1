"""The method of conjugate gradients."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.formats.base import Format
from chopper.linalg.iterates import Iterates, check_limits, start
from chopper.linalg.setting import Array, setting
from chopper.linalg.watch import Progress, watched
from chopper.rounding import Rounding

__all__ = ["cg"]


def cg(
    a: Any,
    b: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    x0: Any = None,
    tolerance: float | None = None,
    iterations: int | None = None,
    order: str | None = None,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Iterates:
    """Solve a x = b, `a` symmetric positive definite, by conjugate gradients, every operation rounded.

    `a`, `b` and `x0` are rounded to the format first.  ``r = b - a x``, ``p = r``, ``rho = r . r``; then, each step:
    ``q = a p``; ``alpha = rho / (p . q)``; ``x = x + alpha p``; ``r = r - alpha q``; ``rho' = r . r``;
    ``p = r + (rho' / rho) p`` (Hestenes, Stiefel, DOI 10.6028/jres.049.044).  Each product, quotient and sum is
    rounded; the sums of a product with a matrix go over its columns.

    The residual r follows its recursion and goes on to shrink where b - a x no longer does: in low precision look at
    the true one as well.

    Parameters
    ----------
    a : array, shape (n, n), or function
        The matrix, or a function that multiplies a vector by it; what it returns is rounded.
    b : array, shape (n,)
        The right-hand side.
    x0 : array, optional
        The start; zero by default, and then r = b.
    tolerance : float
        Stop at ``sqrt(rho) <= tolerance norm(b)``, which float64 compares; by default eight times the unit roundoff.
    iterations : int
        The most steps; by default 2 n.
    order : str
        Of the sums: ``sequential`` (default) or ``pairwise``.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    Iterates
        Its history holds ``sqrt(rho)``.  Where ``p . q`` is not positive, or a number is no longer finite, the
        iteration ends with that reason and the last x before.

    Raises
    ------
    UnsupportedInputError, RangeError
        If an argument does not suit.

    Examples
    --------
    >>> found = cg([[4.0, 1.0], [1.0, 3.0]], [1.0, 2.0], "bf16")
    >>> found.x.tolist(), found.converged
    ([0.0908203125, 0.63671875], True)
    """
    at = setting(fmt, rounding, key, arithmetic, order)
    apply, right, x = start(at, a, b, x0)
    limit = 2 * len(right) if iterations is None else iterations
    small = 8 * at.unit_roundoff() if tolerance is None else tolerance
    check_limits(small, limit)
    fl, reached = at.fl, small * float(np.linalg.norm(right))
    r: Array = right if x is None else fl.sub(right, apply(x))
    x = np.zeros_like(right) if x is None else x
    p, rho = r, at.dot(r, r)
    history = [float(np.sqrt(rho))]
    with watched(progress, "CG", limit) as tick:
        while history[-1] > reached and len(history) <= limit:
            q = apply(p)
            curvature = at.dot(p, q)
            if not 0 < curvature < np.inf:
                return Iterates(x, False, len(history) - 1, np.array(history), f"p . a p is {curvature:g}")
            alpha = fl.div(rho, curvature)
            x, r = fl.add(x, fl.mul(alpha, p)), fl.sub(r, fl.mul(alpha, q))
            rho, before = at.dot(r, r), rho
            p = fl.add(r, fl.mul(fl.div(rho, before), p))
            history.append(float(np.sqrt(rho)))
            tick(len(history) - 1)
    done = history[-1] <= reached
    reason = "tolerance" if done else "iterations" if np.isfinite(history[-1]) else "not finite"
    return Iterates(x, done, len(history) - 1, np.array(history), reason)
