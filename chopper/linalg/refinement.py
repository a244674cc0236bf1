"""Iterative refinement in three precisions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.linalg.breakdown import BreakdownError
from chopper.linalg.elimination import LU, eliminate
from chopper.linalg.iterates import check_limits
from chopper.linalg.krylov import cycle
from chopper.linalg.setting import Array, Setting, as_columns, as_square, setting
from chopper.linalg.watch import Progress, watched
from chopper.random import as_key
from chopper.rounding import Rounding

__all__ = ["Refinement", "Squeeze", "Squeezed", "refine"]


class Squeezed(Protocol):
    """A matrix scaled for a format: ``matrix`` is ``mu diag(rows) a diag(columns)``, rounded or not."""

    matrix: Any
    rows: Any
    columns: Any
    mu: float


Squeeze = Callable[[Array, Format], Any]
"""Takes a matrix and a format, and returns what has the attributes of `Squeezed`."""

_METHODS = ("lu", "gmres")


@dataclass(frozen=True)
class Refinement:
    """Where a refinement ended.

    Attributes
    ----------
    x : array, shape (n,)
        The solution, values of the working format.
    converged : bool
        Whether the stopping test was met.
    iterations : int
        Corrections made.
    corrections : array
        ``max(abs(d)) / max(abs(x))`` of each correction d: an estimate of the relative error before it.
    backward : array
        ``max(abs(r)) / (norm(a) max(abs(x)) + max(abs(b)))`` before each correction, with the row sum norm.
    inner : tuple of int
        Steps of GMRES for each correction; zeros for ``method="lu"``.
    reason : str
        ``tolerance``, ``stagnation``, ``diverged`` or ``iterations``.
    """

    x: Array
    converged: bool
    iterations: int
    corrections: Array
    backward: Array
    inner: tuple[int, ...]
    reason: str


class _System(NamedTuple):
    """What the corrections need: the settings, the matrix, its factors, and the scales of the factored one."""

    working: Setting
    residual: Setting
    a: Array
    factors: LU
    left: Array
    right: Array

    def precondition(self, at: Setting, r: Array) -> Array:
        """Solve with the factors, scaled: ``right * (U \\ (L \\ (left * r)))``."""
        scaled: Array = at.fl.mul(self.left, r)
        x = self.factors.solve(at.fl, scaled[:, None])[:, 0]
        return np.asarray(at.fl.mul(self.right, x))


def refine(
    a: Any,
    b: Any,
    *,
    factor: str | Format | Arithmetic = "fp16",
    working: str | Format | Arithmetic = "fp32",
    residual: str | Format | Arithmetic = "fp64",
    method: str = "lu",
    rounding: str | Rounding = "nearest_even",
    key: Any = None,
    tolerance: float | None = None,
    iterations: int = 50,
    inner_tolerance: float = 1e-4,
    inner_iterations: int | None = None,
    squeeze: Squeeze | None = None,
    order: str | None = None,
    progress: Progress = None,
) -> Refinement:
    """Solve a x = b by LU in a narrow format and iterative refinement in wider ones, every operation rounded.

    1. `a` and `b` are rounded to the working format: x is measured against that system.
    2. `a`, scaled by `squeeze` if given, is rounded to the factor format, and factored in it as by `lu`.
    3. ``x = U \\ (L \\ b)`` in the working format, with the factors as they are.
    4. ``r = b - a x`` in the residual format (products, sums over the columns, one difference), rounded to the working
       format.
    5. The correction d.  ``method="lu"``: ``d = U \\ (L \\ r)`` in the working format.  ``method="gmres"``: GMRES on
       ``U \\ (L \\ (a d)) = U \\ (L \\ r)`` in the working format, from zero; products with `a` and with the factors
       are computed in the residual format and rounded to the working one.  r is divided by its largest size first,
       and d multiplied by it.
    6. ``x = x + d`` in the working format; on with 4.

    With u_f, u, u_r the unit roundoffs of the three formats and u_r <= u^2, ``lu`` converges to an error of order u
    while ``cond(a) u_f < 1``, ``gmres`` while ``cond(a) u_f < u^(-1/2)``: for fp16, fp32 and fp64 up to about 2e3 and
    8e6 (Carson, Higham, "Accelerating the solution of linear systems by iterative refinement in three precisions",
    DOI 10.1137/17M1140819; "A new analysis of iterative refinement ...", DOI 10.1137/17M1122918).

    Parameters
    ----------
    a : array, shape (n, n)
        Real numbers.
    b : array, shape (n,)
        The right-hand side.
    factor, working, residual : str, Format or Arithmetic
        The three formats.  An `Arithmetic` has its own rounding and keys.
    method : str
        ``lu`` (LU-IR) or ``gmres`` (GMRES-IR).
    rounding, key
        Of those given as formats.  In a random mode all three take their keys from one generator, started by `key`.
    tolerance : float
        Stop once a correction is at most ``tolerance max(abs(x))``; by default twice the unit roundoff of the working
        format.
    iterations : int
        The most corrections.
    inner_tolerance, inner_iterations : float, int
        The tolerance of GMRES, relative to the first norm, and the most steps for one correction, n by default.
    squeeze : function, optional
        Takes the rounded `a` and the factor format, and returns an object whose `matrix` is
        ``mu diag(rows) a diag(columns)``; then ``U \\ (L \\ r)`` becomes ``columns (U \\ (L \\ (mu rows r)))``.  The
        scales ``mu rows`` and ``columns`` are rounded to the working format: powers of two are exact.
    order : str
        Of the sums: ``sequential`` (default) or ``pairwise``.
    progress
        See `chopper.linalg`.

    Returns
    -------
    Refinement
        Two corrections in a row that are not smaller than those before them end the iteration ("stagnation"), as does
        one that is not finite ("diverged": x is then the last finite iterate).  Its measures are computed in float64.

    Raises
    ------
    BreakdownError
        If the factors are not finite, or a pivot is zero.
    UnsupportedInputError, RangeError
        If an argument does not suit.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[4.0, 1.0, 0.5], [1.0, 3.0, 1.0], [0.25, 1.0, 5.0]])
    >>> found = refine(a, a @ [1.0, 2.0, 3.0], factor="fp16", working="fp32", residual="fp64")
    >>> found.x.tolist(), found.converged
    ([1.0, 2.0, 3.0], True)
    """
    if method not in _METHODS:
        raise UnsupportedInputError(f"method={method!r} is not legal; legal: {', '.join(map(repr, _METHODS))}")
    stream = _stream(rounding, key)
    low, at, high = (_setting(one, rounding, stream, order) for one in (factor, working, residual))
    small = 2 * at.unit_roundoff() if tolerance is None else tolerance
    check_limits(small, iterations)
    check_limits(inner_tolerance, iterations if inner_iterations is None else inner_iterations)
    matrix = np.asarray(at.fl.round(as_square(a)))
    columns, single = as_columns(b, len(matrix))
    if not single:
        raise UnsupportedInputError(f"b has shape {columns.shape}; pass one right-hand side, a vector")
    right = np.asarray(at.fl.round(columns[:, 0]))
    steps = len(matrix) if inner_iterations is None else inner_iterations
    factors, scales = _factored(low, matrix, squeeze)
    system = _System(at, high, matrix, factors, *(np.asarray(at.fl.round(one)) for one in scales))
    correct = _by_lu if method == "lu" else _by_gmres(inner_tolerance, steps)
    return _refined(system, right, correct, (small, iterations), progress)


_Correct = Callable[[_System, Array], tuple[Array, int]]


def _refined(system: _System, b: Array, correct: _Correct, limits: tuple[float, int], progress: Progress) -> Refinement:
    """Correct until the test is met or nothing is gained any more."""
    small, most = limits
    fl, fl_r = system.working.fl, system.residual.fl
    x = system.precondition(system.working, b)
    corrections: list[float] = []
    backward: list[float] = []
    inner: list[int] = []
    norm_a, norm_b = float(np.abs(system.a).sum(axis=1).max(initial=0)), _size(b)
    reason, grown = "iterations" if np.isfinite(x).all() else "diverged", 0
    with watched(progress, "refinement", most) as tick:
        while reason == "iterations" and len(corrections) < most:
            r = np.asarray(fl.round(fl_r.sub(b, system.residual.apply(system.a, x))))
            d, steps = correct(system, r)
            after = np.asarray(fl.add(x, d))
            if not np.isfinite(after).all():
                reason = "diverged"
                break
            backward.append(_ratio(_size(r), norm_a * _size(x) + norm_b))
            corrections.append(_ratio(_size(d), _size(after)))
            inner.append(steps)
            x = after
            tick(len(corrections))
            grown = grown + 1 if len(corrections) > 1 and not corrections[-1] < corrections[-2] else 0
            if corrections[-1] <= small:
                reason = "tolerance"
            elif grown == 2:
                reason = "stagnation"
    done = reason == "tolerance"
    return Refinement(x, done, len(corrections), np.array(corrections), np.array(backward), tuple(inner), reason)


def _by_lu(system: _System, r: Array) -> tuple[Array, int]:
    return system.precondition(system.working, r), 0


def _by_gmres(tolerance: float, most: int) -> _Correct:
    def correct(system: _System, r: Array) -> tuple[Array, int]:
        at, high = system.working, system.residual
        scale = _size(r)
        if not 0 < scale < np.inf:
            return r, 0

        def apply(v: Array) -> Array:
            return np.asarray(at.fl.round(system.precondition(high, high.apply(system.a, v))))

        whole = np.asarray(at.fl.round(system.precondition(high, at.fl.div(r, scale))))
        found = cycle(at, apply, whole, tolerance * float(np.linalg.norm(whole)), most)
        return np.asarray(at.fl.mul(scale, found.correction)), len(found.norms) - 1

    return correct


def _factored(low: Setting, a: Array, squeeze: Squeeze | None) -> tuple[LU, tuple[Array, Array]]:
    """Return the factors in the narrow format, and the scales."""
    ones = np.ones(len(a))
    scaled, left, right = a, ones, ones
    if squeeze is not None:
        given = squeeze(a.copy(), low.fl.fmt)
        scaled, left, right = given.matrix, np.asarray(given.rows, np.float64) * float(given.mu), given.columns
    factors = eliminate(low.fl, np.asarray(low.fl.round(as_square(scaled))))
    if not np.isfinite(factors.packed).all():
        raise BreakdownError(
            f"the factors overflow {low.fl.fmt}; pass squeeze=, or a factor format with more exponents"
        )
    if not np.diagonal(factors.packed).all():
        raise BreakdownError(
            f"a pivot is zero in {low.fl.fmt}: the matrix is singular there; pass squeeze=, or a wider factor format"
        )
    scales = [as_columns(one, len(a), name) for one, name in ((left, "rows"), (right, "columns"))]
    return factors, (scales[0][0][:, 0], scales[1][0][:, 0])


def _setting(given: Any, rounding: Any, stream: Any, order: str | None) -> Setting:
    if isinstance(given, Arithmetic):
        return setting(None, arithmetic=given, order=order)
    return setting(given, rounding, stream, order=order)


def _stream(rounding: Any, key: Any) -> Any:
    """Return one generator for all arithmetics of a random mode."""
    if not Rounding.parse(rounding).random or hasattr(key, "bit_generator"):
        return key
    start = as_key(key)
    return np.random.default_rng([start.high, start.low])


def _size(x: Array) -> float:
    return float(np.abs(x).max(initial=0))


def _ratio(above: float, below: float) -> float:
    return above / below if below else above
