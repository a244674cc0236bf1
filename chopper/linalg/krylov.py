"""GMRES with restarts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import RangeError
from chopper.formats.base import Format
from chopper.linalg.iterates import Iterates, Operator, check_limits, operator, start
from chopper.linalg.rotations import rotation
from chopper.linalg.setting import Array, Setting, setting
from chopper.linalg.triangular import substitute
from chopper.linalg.watch import Progress, watched
from chopper.rounding import Rounding

__all__ = ["Cycle", "cycle", "gmres"]


class Cycle(NamedTuple):
    """One cycle of GMRES: the correction, the norms of the residual after each step, and why it ended."""

    correction: Array
    norms: list[float]
    reason: str


def gmres(
    a: Any,
    b: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    x0: Any = None,
    preconditioner: Callable[[Array], Any] | None = None,
    tolerance: float | None = None,
    restart: int | None = None,
    iterations: int | None = None,
    order: str | None = None,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> Iterates:
    """Solve a x = b by GMRES with modified Gram-Schmidt and restarts, every operation rounded.

    `a`, `b` and `x0` are rounded to the format first.  A cycle starts from ``r = M (b - a x)``, M the preconditioner:
    ``beta = sqrt(r . r)``, ``v_0 = r / beta``.  Step j: ``w = M (a v_j)``; for i = 0 ... j: ``h[i,j] = v_i . w`` and
    ``w = w - h[i,j] v_i``; ``h[j+1,j] = sqrt(w . w)``, ``v_(j+1) = w / h[j+1,j]``.  The rotations of the steps before,
    then a new one (`chopper.linalg.rotations`), turn the column of h into one of a triangle and give the norm of the
    residual.  At the end of a cycle the triangle is solved by substitution, ``d = y_0 v_0 + y_1 v_1 + ...`` is
    summed in order, and ``x = x + d``.  (Saad, Schultz, DOI 10.1137/0907058; backward stable in this form: Paige,
    Rozložník, Strakoš, DOI 10.1137/050630416.)

    Parameters
    ----------
    a : array, shape (n, n), or function
        The matrix, or a function that multiplies a vector by it; what it returns is rounded.
    b : array, shape (n,)
        The right-hand side.
    x0 : array, optional
        The start; zero by default, and then ``r = M b``.
    preconditioner : function, optional
        M: takes and returns a vector; what it returns is rounded.
    tolerance : float
        Stop where the norm of the residual, as the rotations give it, is at most `tolerance` times the norm of ``M b``,
        which float64 compares; by default eight times the unit roundoff.
    restart : int
        Steps in a cycle; by default n.
    iterations : int
        The most steps in all; by default 2 n.
    order : str
        Of the sums: ``sequential`` (default) or ``pairwise``.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    Iterates
        Its history holds the norms of the residual, the first of each cycle computed from x.

    Raises
    ------
    UnsupportedInputError, RangeError
        If an argument does not suit.

    Examples
    --------
    >>> found = gmres([[1.0, 2.0], [3.0, 4.0]], [5.0, 6.0], "fp16")
    >>> found.x.tolist(), found.iterations
    ([-4.0078125, 4.50390625], 2)
    """
    at = setting(fmt, rounding, key, arithmetic, order)
    apply, right, x = start(at, a, b, x0)
    size = len(right)
    limit = 2 * size if iterations is None else iterations
    length = max(size, 1) if restart is None else restart
    small = 8 * at.unit_roundoff() if tolerance is None else tolerance
    check_limits(small, limit)
    if length < 1:
        raise RangeError(f"restart={restart!r} is not legal; legal: a positive integer")
    precondition = (lambda r: r) if preconditioner is None else operator(at, preconditioner, size)
    with watched(progress, "GMRES", limit) as tick:
        return _cycles(at, (apply, precondition), right, x, (small, length, limit), tick)


def _cycles(
    at: Setting,
    operators: tuple[Operator, Operator],
    right: Array,
    x: Array | None,
    limits: tuple[float, int, int],
    tick: Callable[[int], None],
) -> Iterates:
    """Run cycles until the tolerance is met, the steps are used up, or a cycle gains nothing."""
    (apply, precondition), (small, length, limit) = operators, limits
    whole = precondition(right)
    reached = small * float(np.linalg.norm(whole))
    r = whole if x is None else precondition(at.fl.sub(right, apply(x)))
    x = np.zeros_like(right) if x is None else x
    history, steps = [at.norm(r)], 0
    while True:
        if not history[-1] > reached or steps >= limit:
            break
        done = cycle(at, lambda v: precondition(apply(v)), r, reached, min(length, limit - steps))
        x = at.fl.add(x, done.correction)
        tick(steps := steps + len(done.norms) - 1)
        r = precondition(at.fl.sub(right, apply(x)))
        first, last = history[-1], at.norm(r)
        history += [*done.norms[1:], last]
        if done.reason == "tolerance":
            return Iterates(x, True, steps, np.array(history), "tolerance")
        if not last < first:
            break
    ended = history[-1] <= reached
    reason = "tolerance" if ended else "iterations" if steps >= limit else "stagnation"
    return Iterates(x, ended, steps, np.array(history), reason if np.isfinite(history[-1]) else "not finite")


def cycle(at: Setting, apply: Operator, r: Array, reached: float, length: int) -> Cycle:
    """Run one cycle from a residual until its norm is at most `reached`.  See `gmres`."""
    fl, beta = at.fl, at.norm(r)
    norms = [beta]
    if not 0 < beta < np.inf:
        return Cycle(np.zeros_like(r), norms, "not finite" if beta else "tolerance")
    basis = [fl.div(r, beta)]
    turned, g = np.zeros((length, length)), np.zeros(length + 1)
    g[0], reason = beta, "length"
    turns: list[tuple[Array, Array]] = []
    for j in range(length):
        w = apply(basis[j])
        h = np.zeros(j + 2)
        for i, v in enumerate(basis):
            h[i] = at.dot(v, w)
            w = fl.sub(w, fl.mul(h[i], v))
        h[j + 1] = at.norm(w)
        if not np.isfinite(h).all():
            reason = "not finite"
            break
        below = h[j + 1]
        for i, (c, s) in enumerate(turns):
            h[i : i + 2] = _turn(at, c, s, h[i], h[i + 1])
        c, s = rotation(fl, h[j], h[j + 1])
        turns.append((c, s))
        h[j], g[j : j + 2] = _turn(at, c, s, h[j], h[j + 1])[0], _turn(at, c, s, g[j], 0.0)
        turned[: j + 1, j] = h[: j + 1]
        norms.append(abs(float(g[j + 1])))
        if norms[-1] <= reached or below == 0:
            reason = "tolerance" if norms[-1] <= reached else "invariant"
            break
        basis.append(fl.div(w, below))
    return Cycle(_combination(at, turned, g, basis, len(norms) - 1), norms, reason)


def _turn(at: Setting, c: Any, s: Any, a: Any, b: Any) -> tuple[float, float]:
    """Return ``(c a + s b, c b - s a)``, products and sums rounded."""
    fl = at.fl
    return float(fl.add(fl.mul(c, a), fl.mul(s, b))), float(fl.sub(fl.mul(c, b), fl.mul(s, a)))


def _combination(at: Setting, turned: Array, g: Array, basis: list[Array], steps: int) -> Array:
    """Return the sum of ``y_i v_i``, y the solution of the triangle; a last column with zero pivot is left out."""
    while steps and turned[steps - 1, steps - 1] == 0:
        steps -= 1
    if not steps:
        return np.zeros_like(basis[0])
    y = substitute(at.fl, turned[:steps, :steps], g[:steps, None], lower=False)[:, 0]
    terms = at.fl.mul(y[:, None], np.array(basis[:steps]))
    return Setting(at.fl).total(terms)
