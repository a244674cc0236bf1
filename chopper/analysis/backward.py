"""Backward errors of linear systems and matrix products, from exact residuals."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.analysis.statistics import as_bound
from chopper.errors import UnsupportedInputError

__all__ = ["backward_error", "product_error"]

_Array = npt.NDArray[Any]

_MOST = 256
"""With more products of digits than this, as for entries of very different size, Python's integers are as good."""


def backward_error(a: Any, x: Any, b: Any, *, componentwise: bool = False) -> float:
    """Return the backward error of an approximate solution of ``a x = b``: how little must change for it to be exact.

    Normwise, of J. L. Rigal and J. Gaches (J. ACM 14, 1967, doi:10.1145/321406.321416), in the maximum norm:
    ``|b - A x| / (|A| |x| + |b|)``.  Componentwise, of W. Oettli and W. Prager (Numer. Math. 6, 1964,
    doi:10.1007/BF01386090): the largest ``|b - A x|_i / (|A| |x| + |b|)_i``, with 0/0 = 0.

    Parameters
    ----------
    a : array of shape (m, n)
    x, b : arrays of shapes (n,) and (m,), or (n, k) and (m, k)
        Of several right sides, the largest error counts.
    componentwise : bool
        Which of the two.

    Returns
    -------
    float
        Computed exactly, in integers, and rounded once to nearest; inf where `x` is not finite.

    Raises
    ------
    UnsupportedInputError
        If the shapes do not fit, or `a` or `b` are not finite.

    Examples
    --------
    >>> backward_error([[2.0, 0.0], [0.0, 3.0]], [0.5, 0.34375], [1.0, 1.0])
    0.0125
    >>> backward_error([[2.0, 0.0], [0.0, 3.0]], [0.5, 0.34375], [1.0, 1.0], componentwise=True)
    0.015384615384615385
    """
    left, right, given = (np.asarray(part, np.float64) for part in (a, x, b))
    if (
        left.ndim != 2
        or right.ndim not in (1, 2)
        or left.shape[1] != right.shape[0]
        or given.shape
        != (
            left.shape[0],
            *right.shape[1:],
        )
    ):
        raise _misfit(left, right, given)
    columns = [column[:, None] for column in right.reshape(len(right), -1).T]
    sides = [side[:, None] for side in given.reshape(len(given), -1).T]
    return max((_error(left, x, b, componentwise, True) for x, b in zip(columns, sides, strict=True)), default=0.0)


def product_error(a: Any, b: Any, c: Any, *, componentwise: bool = False) -> float:
    """Return the error of an approximate product ``c`` of two matrices, relative to the size of what was multiplied.

    Normwise ``|C - A B| / (|A| |B|)`` in the norm of the largest row sum; componentwise the largest
    ``|C - A B|_ij / (|A| |B|)_ij``, with 0/0 = 0: of a product whose every sum of n terms was rounded operation by
    operation, the latter is at most about n unit roundoffs (N. J. Higham, "Accuracy and stability of numerical
    algorithms", 2nd ed., section 3.5).

    Parameters
    ----------
    a, b, c : arrays of shapes (m, n), (n, k), (m, k)
    componentwise : bool
        Which of the two.

    Returns
    -------
    float
        Computed exactly, in integers, and rounded once to nearest; inf where `c` is not finite.

    Raises
    ------
    UnsupportedInputError
        If the shapes do not fit, or `a` or `b` are not finite.

    Examples
    --------
    >>> product_error([[1.0, 2.0]], [[3.0], [4.0]], [[11.5]])
    0.041666666666666664
    >>> product_error([[1.0, 2.0]], [[3.0], [4.0]], [[11.5]], componentwise=True)
    0.045454545454545456
    """
    left, right, given = (np.asarray(part, np.float64) for part in (a, b, c))
    if (
        left.ndim != 2
        or right.ndim != 2
        or left.shape[1] != right.shape[0]
        or given.shape
        != (
            left.shape[0],
            right.shape[1],
        )
    ):
        raise _misfit(left, right, given)
    return _error(left, right, given, componentwise, False)


def _misfit(a: _Array, b: _Array, c: _Array) -> UnsupportedInputError:
    return UnsupportedInputError(
        f"shapes {a.shape}, {b.shape} and {c.shape} do not fit; pass (m, n), (n, k) and (m, k), or (m, n), (n,), (m,)"
    )


def _error(a: _Array, x: _Array, c: _Array, componentwise: bool, solved: bool) -> float:
    """Return the error of a x = c; `solved`: x is what was computed, and c counts among the data."""
    data, found = ((a, c), x) if solved else ((a, x), c)
    if not all(np.isfinite(part).all() for part in data):
        raise UnsupportedInputError("there is an infinity or a NaN among what is given; pass finite numbers")
    if not np.isfinite(found).all():
        return math.inf
    (left, p), (right, q), (side, r) = (_integers(part) for part in (a, x, c))
    low = min(p + q, r)
    up, beside = p + q - low, r - low
    product, side = _product(left, right) << up, side << beside
    gap = np.abs(side - product)
    if componentwise:
        size = (_product(np.abs(left), np.abs(right)) << up) + (np.abs(side) if solved else 0)
        return _largest_ratio(gap, size)
    norms = _norm(left) * _norm(right) << up
    return _ratio(_norm(gap), norms + _norm(side) if solved else norms)


def _integers(x: _Array) -> tuple[_Array, int]:
    """Return Python integers and an exponent with ``x = integers * 2^exponent``."""
    digits, powers = np.frexp(x)
    whole = np.ldexp(digits, 53).astype(np.int64)
    zeros = np.frexp((whole & -whole).astype(np.float64))[1] - 1  # trailing zero bits; -1 for 0
    zeros = np.maximum(zeros, 0)
    whole, powers = whole >> zeros, powers.astype(np.int64) - 53 + zeros
    some = whole != 0
    low = int(powers[some].min()) if some.any() else 0
    shifts = np.where(some, powers - low, 0)
    return whole.astype(object) << shifts.astype(object), low


def _product(a: _Array, b: _Array) -> _Array:
    """Return the product of matrices of Python integers, from products of their digits that float64 holds exactly.

    Digits are so small that a sum of products stays below 2^53, whatever the order of summation.
    """
    width = (53 - a.shape[1].bit_length()) // 2
    left, right = (_digits(part, width) for part in (a, b))
    if len(left) * len(right) > _MOST:
        return np.asarray(a @ b, object)
    total = np.zeros((a.shape[0], b.shape[1]), object)
    for place in range(len(left) + len(right) - 1):
        parts = [
            (left[i] @ right[place - i]).astype(np.int64)
            for i in range(max(0, place - len(right) + 1), min(place + 1, len(left)))
        ]
        total = total + (np.sum(parts, axis=0).astype(object) << (width * place))
    return total


def _digits(a: _Array, width: int) -> list[npt.NDArray[np.float64]]:
    """Return the digits of integers in base 2^width, the lowest first, each with the sign of its integer."""
    size, sign = np.abs(a), np.where(a < 0, -1.0, 1.0).astype(np.float64)
    most = max((entry.bit_length() for entry in size.reshape(-1).tolist()), default=0)
    mask = (1 << width) - 1
    return [sign * (size >> (width * i) & mask).astype(np.float64) for i in range(max(1, -(-most // width)))]


def _norm(a: _Array) -> int:
    """Return the largest sum of magnitudes in a row."""
    return max((sum(abs(entry) for entry in row) for row in a.tolist()), default=0)


def _ratio(top: int, bottom: int) -> float:
    if top == 0:
        return 0.0
    return as_bound(Fraction(top, bottom)) if bottom else math.inf


def _largest_ratio(tops: _Array, bottoms: _Array) -> float:
    pairs = zip(tops.reshape(-1).tolist(), bottoms.reshape(-1).tolist(), strict=True)
    return max((_ratio(top, bottom) for top, bottom in pairs), default=0.0)
