"""Two-sided diagonal scaling that squeezes a matrix into a narrow format.

Rows and columns are scaled until their largest magnitudes are alike, then all by one number that brings the largest to
where the format ends, with room left for what is to be computed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop
from chopper.engine.inputs import as_real
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["Squeezed", "squeeze"]

_Array = npt.NDArray[np.float64]
_Powers = npt.NDArray[np.int64]

_TOP, _LOW = 1023, -1074
"""Exponents of the largest and of the smallest power of two in float64."""

_TINY = Fraction(1, 1 << 980)
"""A format whose smallest number is not below this one rounds all magnitudes up to 2^-1022 alike, by 32 random bits."""

_ROUNDS = 60
"""At most so many rounds of symmetric scaling; each halves the distance to 1 of all logarithms."""


@dataclass(frozen=True, eq=False)
class Squeezed:
    """A matrix scaled and rounded to a format: ``matrix`` is fl(mu * diag(rows) A diag(columns)).

    Attributes
    ----------
    matrix : float64 array of shape (m, n)
        Values of the format.
    rows, columns : float64 arrays of shape (m,) and (n,)
        Diagonals of the two scalings, positive.
    mu : float
        The common factor.
    format : str
        The format.
    underflow : int
        Entries other than zero that became zero.
    overflow : int
        Entries that were scaled beyond the largest or the lowest value of the format, whatever they became.
    nonfinite : int
        Entries that became infinite or NaN.
    """

    matrix: _Array
    rows: _Array
    columns: _Array
    mu: float
    format: str
    underflow: int
    overflow: int
    nonfinite: int

    def unsqueeze(self) -> _Array:
        """Return ``diag(rows)^-1 (matrix / mu) diag(columns)^-1`` in float64.

        Exact where the scales are powers of two and the results are normal numbers of float64 or fit its subnormal
        ones; else one rounding to nearest of each factor and division.

        Examples
        --------
        >>> squeeze([[1e6, 2.0], [3.0, 1e-6]], "fp64").unsqueeze().tolist()
        [[1000000.0, 2.0], [3.0, 1e-06]]
        """
        rows, columns, mu = (_exponents(part) for part in (self.rows, self.columns, np.array([self.mu])))
        if rows is None or columns is None or mu is None:
            return self.matrix / self.mu / self.rows[:, None] / self.columns
        return _scaled(self.matrix, -(rows[:, None] + columns + mu[0]))

    def right_side(self, b: Any) -> _Array:
        """Return ``mu diag(rows) b``, for ``matrix y = right_side(b)``: then ``solution(y)`` solves ``A x = b``."""
        return self.mu * (np.asarray(b, np.float64).T * self.rows).T

    def solution(self, y: Any) -> _Array:
        """Return ``diag(columns) y``, in float64: the solution of the system before scaling."""
        return (np.asarray(y, np.float64).T * self.columns).T


def squeeze(
    a: Any,
    fmt: str | Format = "fp16",
    *,
    theta: float = 0.1,
    target: float | None = None,
    powers_of_two: bool = True,
    symmetric: bool = False,
    tolerance: float = 0.0625,
    rounding: str | Rounding = "nearest_even",
    key: Any = None,
) -> Squeezed:
    """Scale a matrix from both sides, and by a number, so that it fits into a format, and round it.

    Each row is divided by its largest magnitude, then each column by its own: rows and columns of zeros are left as
    they are.  With beta, the largest magnitude then, mu = theta * max / beta, where max is the largest value of the
    format: so the largest entry becomes theta * max.  A matrix of zeros has mu = 1.

    Parameters
    ----------
    a : array of shape (m, n)
        Finite real numbers.
    fmt : str or Format
        As for `chopper.chop`.
    theta : float
        0 < theta <= 1: how far up the range of the format the matrix may reach; what is left serves the computation
        that follows, such as the growth of entries in an LU factorization.
    target : float, optional
        The largest magnitude itself, in place of theta * max.  Posits and takums have their digits around 1, not at
        the end of their range: there ``target=1`` keeps more of them.
    powers_of_two : bool
        Take the powers of two next to these scales: of rows and columns so that their largest magnitudes lie in
        [1, 2), mu the largest that keeps within theta * max.  Scaling is then exact, and `matrix` the correctly rounded
        scaled matrix.  Otherwise every scale, and every product with one, is rounded to float64 first.
    symmetric : bool
        Scale rows and columns by the same numbers, so that a symmetric matrix stays symmetric: the scales are divided
        by the square root of the largest magnitude of their rows until all of these are within `tolerance` of 1, as
        logarithms of base 2; powers of two are then the ones below.
    tolerance : float
        As said.
    rounding, key
        As for `chopper.chop`.

    Raises
    ------
    UnsupportedInputError
        If `a` is no matrix of finite numbers, not symmetric where that is asked for, or a parameter is not legal.
    RangeError
        If a scaled entry lies so far below the others that float64 does not hold it, and the format could.

    Notes
    -----
    N. J. Higham, S. Pranesh, M. Zounon, "Squeezing a matrix into half precision, with an application to solving linear
    systems", SIAM J. Sci. Comput. 41 (2019), doi:10.1137/18M1229511; the symmetric scaling is that of P. A. Knight,
    D. Ruiz, B. Uçar, "A symmetry preserving algorithm for matrix scaling", SIAM J. Matrix Anal. Appl. 35 (2014),
    doi:10.1137/110825753, in the maximum norm.

    Examples
    --------
    >>> import numpy as np
    >>> a = np.array([[1e6, 1e-3], [3.0, 1e-12]])
    >>> chop(a, "fp16").tolist()
    [[inf, 0.0010004043579101562], [3.0, 0.0]]
    >>> one = squeeze(a, "fp16")
    >>> one.matrix.max() <= 0.1 * 65504, one.underflow, one.mu
    (np.True_, 0, 2048.0)
    >>> bool(np.all(np.abs(one.unsqueeze() / a - 1) <= 2**-11))
    True
    """
    fmt, given = get(fmt), _matrix(a, symmetric)
    limit = _limit(fmt, theta, target)
    if powers_of_two:
        scaled, rows, columns, mu = _by_powers(given, limit, symmetric, tolerance)
    else:
        scaled, rows, columns, mu = _by_numbers(given, limit, symmetric, tolerance)
    lost = (np.abs(scaled) < 2.0**-1022) & (given != 0)
    if fmt.smallest < _TINY and lost.any():
        raise RangeError(f"scaled entries leave float64, and {fmt} may hold them; scale the matrix yourself")
    scaled[lost] = np.copysign(2.0**-1022, given[lost])  # every mode treats all that is so small alike
    matrix = chop(scaled, fmt, rounding, key=key)
    beyond = (scaled > _as_float(fmt.max)) | (scaled < _as_float(fmt.min))
    return Squeezed(
        matrix=matrix,
        rows=rows,
        columns=columns,
        mu=mu,
        format=str(fmt),
        underflow=int(np.count_nonzero((matrix == 0) & (given != 0))),
        overflow=int(np.count_nonzero(beyond)),
        nonfinite=int(np.count_nonzero(~np.isfinite(matrix))),
    )


def _matrix(a: Any, symmetric: bool) -> _Array:
    given = as_real(a).astype(np.float64)
    if given.ndim != 2 or not np.isfinite(given).all():
        raise UnsupportedInputError(f"a has shape {given.shape}; pass a matrix of two axes and finite numbers")
    if symmetric and (given.shape[0] != given.shape[1] or (given != given.T).any()):
        raise UnsupportedInputError("a is not symmetric; leave symmetric=True out")
    return given


def _limit(fmt: Format, theta: float, target: float | None) -> Fraction:
    for name, number, top in (("theta", theta, 1.0), ("target", 1.0 if target is None else target, math.inf)):
        if not 0 < number <= top or math.isinf(number):
            raise UnsupportedInputError(f"{name}={number!r} is not legal; legal: positive{', up to 1' * (top == 1)}")
    return Fraction(theta) * fmt.max if target is None else Fraction(target)


def _as_float(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.copysign(math.inf, exact)


# --- by powers of two: exact ------------------------------------------------------------------------------------------


def _by_powers(a: _Array, limit: Fraction, symmetric: bool, tolerance: float) -> tuple[_Array, _Array, _Array, float]:
    found = _logarithms(a)
    if symmetric:
        rows = columns = np.floor(_alike(found, tolerance))
    else:
        rows = -_largest(found, 1)
        columns = -_largest(found + rows[:, None], 0)
    r, c = (np.clip(part, _LOW, _TOP).astype(np.int64) for part in (rows, columns))
    beta = np.abs(_scaled(a, r[:, None] + c)).max(initial=0.0)
    power = _floor_log2(limit / Fraction(float(beta))) if beta else 0
    power = max(_LOW, min(power, _TOP))
    return _scaled(a, r[:, None] + c + power), np.ldexp(1.0, r), np.ldexp(1.0, c), math.ldexp(1.0, power)


def _logarithms(a: _Array) -> _Array:
    """Return floor(log2 |a|), exactly; -inf for zeros."""
    return np.where(a == 0, -np.inf, np.frexp(a)[1] - 1.0)


def _largest(logarithms: _Array, axis: int) -> _Array:
    """Return the largest along an axis; 0 where there are zeros only."""
    found = logarithms.max(axis=axis, initial=-np.inf)
    return np.where(np.isinf(found), 0.0, found)


def _alike(logarithms: _Array, tolerance: float) -> _Array:
    """Return what must be added to rows and columns so that the largest of each is nearly 0."""
    shift = np.zeros(len(logarithms))
    for _ in range(_ROUNDS):
        largest = _largest(logarithms + shift[:, None] + shift, 1)
        if np.abs(largest).max(initial=0.0) <= tolerance:
            break
        shift -= largest / 2
    return shift


def _scaled(a: _Array, powers: _Powers) -> _Array:
    """Return a * 2^powers; `numpy.ldexp` takes them at once, so that nothing in between overflows."""
    return np.ldexp(a, powers.astype(np.int32))


def _floor_log2(x: Fraction) -> int:
    power = x.numerator.bit_length() - x.denominator.bit_length()
    return power - (Fraction(2) ** power > x)


def _exponents(scales: _Array) -> _Powers | None:
    """Return the exponents of powers of two; None where one is something else."""
    digits, powers = np.frexp(scales)
    return powers.astype(np.int64) - 1 if (digits == 0.5).all() else None


# --- by any numbers: rounded ------------------------------------------------------------------------------------------


def _by_numbers(a: _Array, limit: Fraction, symmetric: bool, tolerance: float) -> tuple[_Array, _Array, _Array, float]:
    if symmetric:
        size = np.abs(a)
        with np.errstate(divide="ignore"):
            rows = columns = np.exp2(np.clip(_alike(np.log2(size), tolerance), -_TOP, _TOP))
    else:
        rows = _inverse(np.abs(a).max(axis=1, initial=0.0))
        columns = _inverse(np.abs(a * rows[:, None]).max(axis=0, initial=0.0))
    scaled = a * rows[:, None] * columns
    beta = float(np.abs(scaled).max(initial=0.0))
    mu = min(_as_float(limit / Fraction(beta)), math.ldexp(1.0, _TOP)) if beta else 1.0
    return scaled * mu, rows, columns, mu


def _inverse(largest: _Array) -> _Array:
    with np.errstate(divide="ignore", over="ignore"):
        found = np.minimum(1 / largest, math.ldexp(1.0, _TOP))
    return np.where(largest == 0, 1.0, found)
