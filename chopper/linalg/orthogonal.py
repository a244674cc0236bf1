"""QR factorization, by reflections, rotations or orthogonalisation."""

from __future__ import annotations

from typing import Any, NamedTuple

from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.linalg.gram_schmidt import orthogonalise
from chopper.linalg.reflections import assemble_reflections, reflect
from chopper.linalg.rotations import assemble_rotations, rotate
from chopper.linalg.setting import Array, Setting, as_matrix, setting
from chopper.linalg.watch import Progress, watched
from chopper.rounding import Rounding

__all__ = ["QR", "check_method", "qr", "reduce_columns"]

_METHODS = ("householder", "givens", "mgs")
_MODES = ("reduced", "complete")


class QR(NamedTuple):
    """The factors: ``a = q @ r`` up to rounding, r upper triangular, the columns of q nearly orthonormal."""

    q: Array
    r: Array


def qr(
    a: Any,
    fmt: str | Format | None = None,
    rounding: str | Rounding = "nearest_even",
    *,
    method: str = "householder",
    mode: str = "reduced",
    order: str | None = None,
    key: Any = None,
    arithmetic: Arithmetic | None = None,
    progress: Progress = None,
) -> QR:
    """Factor a matrix into Q R, every operation rounded.

    `a` is rounded to the format first.  The operations and their order are those of `chopper.linalg.reflections`
    (``householder``), `chopper.linalg.rotations` (``givens``) or `chopper.linalg.gram_schmidt` (``mgs``).

    Householder and Givens give a Q whose columns are orthonormal up to a modest multiple of ``m n u``, whatever the
    matrix; those of ``mgs`` lose orthogonality like ``u cond(a)`` (Higham, Accuracy and Stability of Numerical
    Algorithms, 2nd ed., Theorems 19.4, 19.10, 19.13, DOI 10.1137/1.9780898718027; Björck, DOI 10.1007/BF01934122).
    ``q @ r`` is near `a` for all three.  Squares are not scaled: scale a matrix whose squares leave a narrow format.

    Parameters
    ----------
    a : array, shape (m, n)
        Real numbers; for ``mgs``, m >= n.
    method : str
        ``householder``, ``givens`` or ``mgs`` (modified Gram-Schmidt).
    mode : str
        ``reduced``: q is (m, min(m, n)), r is (min(m, n), n); ``complete``: (m, m) and (m, n), not for ``mgs``.
    order : str
        Of the sums over rows: ``sequential`` (default) or ``pairwise``.  Rotations have no such sums.
    fmt, rounding, key, arithmetic, progress
        See `chopper.linalg`.

    Returns
    -------
    QR
        Arrays of float64.  The diagonal of r has any sign; of ``mgs`` it is positive.

    Raises
    ------
    BreakdownError
        For ``mgs``, if a column depends on those before it.
    UnsupportedInputError
        If the shape does not suit, or method or mode are unknown.

    Examples
    --------
    >>> q, r = qr([[3.0, 1.0], [4.0, 2.0]], "bf16")
    >>> q.tolist(), r.tolist()
    ([[-0.6015625, -0.80078125], [-0.80078125, 0.6015625]], [[-5.0, -2.203125], [0.0, 0.3984375]])
    """
    at = setting(fmt, rounding, key, arithmetic, order)
    matrix = at.fl.round(as_matrix(a))
    check_method(method, matrix)
    if mode not in _MODES or (mode == "complete" and method == "mgs"):
        raise UnsupportedInputError(f"mode={mode!r} is not legal; legal: 'reduced', and 'complete' except for 'mgs'")
    rows, columns = matrix.shape
    rank = rows if mode == "complete" else min(rows, columns)
    with watched(progress, f"QR ({method})", columns) as tick:
        work = matrix.copy()
        if method == "mgs":
            return QR(*orthogonalise(at, work, columns, tick))
        if method == "givens":
            waves = rotate(at, work, columns, tick)
            return QR(assemble_rotations(at, waves, rows, rank), work[:rank])
        reflections = reflect(at, work, columns, tick)
        return QR(assemble_reflections(at, reflections, rows, rank), work[:rank])


def reduce_columns(at: Setting, work: Array, columns: int, method: str, progress: Progress = None) -> Array:
    """Return R beside the transposed Q times the columns behind: what least squares need."""
    with watched(progress, f"QR ({method})", columns) as tick:
        work = work.copy()
        if method == "mgs":
            return orthogonalise(at, work, columns, tick)[1]
        (rotate if method == "givens" else reflect)(at, work, columns, tick)
    return work[:columns]


def check_method(method: str, a: Array) -> None:
    """Refuse a method that is unknown or does not suit the shape."""
    if method not in _METHODS:
        raise UnsupportedInputError(f"method={method!r} is not legal; legal: {', '.join(map(repr, _METHODS))}")
    if method == "mgs" and a.shape[0] < a.shape[1]:
        raise UnsupportedInputError(
            f"method='mgs' needs at least as many rows as columns, not shape {a.shape}; use 'householder'"
        )
