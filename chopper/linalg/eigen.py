"""The power iteration."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import RangeError
from chopper.formats.base import Format
from chopper.linalg.iterates import Eigenpair, check_limits, operator
from chopper.linalg.setting import as_columns, as_square, setting
from chopper.linalg.watch import Progress, watched
from chopper.rounding import Rounding

__all__ = ["power_iteration"]


def power_iteration(
    a: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    x0: Any = None,
    tolerance: float | None = None,
    iterations: int = 1000,
    order: str | None = None,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Eigenpair:
    """Find the eigenvalue of largest size and its eigenvector, every operation rounded.

    `a` and `x0` are rounded to the format first, and ``v = x0 / sqrt(x0 . x0)``.  Each step: ``w = a v``; the quotient
    ``v . w``, the eigenvalue so far; ``v = w / sqrt(w . w)``.  The squares are not scaled.

    Parameters
    ----------
    a : array, shape (n, n)
        Real numbers.
    x0 : array, optional
        The start; ones by default.
    tolerance : float
        Stop where two quotients in a row differ by at most `tolerance` times the last, which float64 compares; by
        default twice the unit roundoff.
    iterations : int
        The most steps.
    order : str
        Of the sums: ``sequential`` (default) or ``pairwise``.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    Eigenpair
        Where ``a v`` becomes zero or infinite, the iteration ends with that reason.

    Raises
    ------
    UnsupportedInputError, RangeError
        If an argument does not suit.

    Examples
    --------
    >>> power_iteration([[2.0, 1.0], [1.0, 2.0]], "bf16", x0=[1.0, 0.0]).value
    3.0
    """
    at = setting(fmt, rounding, key, arithmetic, order)
    size = len(as_square(a))
    apply = operator(at, a, size)
    small = 2 * at.unit_roundoff() if tolerance is None else tolerance
    check_limits(small, iterations)
    first = at.fl.round(as_columns(np.ones(size) if x0 is None else x0, size, "x0")[0][:, 0])
    length = at.norm(first)
    if not 0 < length < np.inf:
        raise RangeError(
            f"x0 has norm {length:g} in {at.fl.fmt}; pass a start whose squares neither vanish nor overflow"
        )
    v, history, reason = at.fl.div(first, length), [], "iterations"
    with watched(progress, "power iteration", iterations) as tick:
        for step in range(iterations):
            w = apply(v)
            history.append(at.dot(v, w))
            length = at.norm(w)
            if not 0 < length < np.inf:
                reason = f"a v has norm {length:g}"
                break
            v = at.fl.div(w, length)
            tick(step + 1)
            if step and abs(history[-1] - history[-2]) <= small * abs(history[-1]):
                reason = "tolerance"
                break
    value = history[-1] if history else float("nan")
    return Eigenpair(value, v, reason == "tolerance", len(history), np.array(history), reason)
