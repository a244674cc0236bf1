"""Comparisons of exact numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.backend import elsewhere
from chopper.engine.inputs import as_real, is_number
from chopper.engine.operations.chosen import order

__all__ = ["compare", "equal", "greater", "greater_equal", "less", "less_equal", "not_equal"]


def compare(x: Any, y: Any, *, nar: bool = False) -> Any:
    """Return -1, 0 or 1 where x is smaller, equal or larger than y, and 2 where one of them is NaN.

    Parameters
    ----------
    x, y : number or array
        Taken as the exact numbers that they are, subnormal ones included whatever the processor does with them; they
        broadcast.  Zeros of both signs are equal.
    nar : bool
        Whether NaN stands for NaR, which posits and takums take for equal to itself and below all numbers.

    Returns
    -------
    int or array of int8
        An int for Python numbers.

    Examples
    --------
    >>> compare(1.0, 2.0), compare(0.0, -0.0), compare(1.0, float("nan")), compare(1.0, float("nan"), nar=True)
    (-1, 0, 2, 1)
    """
    other = elsewhere((x, y))
    if other is not None:
        return other.operate(compare, (x, y), {"nar": nar})
    a, b = as_real(x), as_real(y)
    one, two = (_key(n, nar) for n in (a, b))
    found = (one > two).astype(np.int8) - (one < two).astype(np.int8)
    if not nar:
        found = np.where(_unordered(a) | _unordered(b), np.int8(2), found)
    return int(found) if is_number(x) and is_number(y) else found


def _unordered(a: npt.NDArray[Any]) -> Any:
    return np.isnan(a) if a.dtype.kind not in "iub" else np.zeros(a.shape, bool)


def _key(a: npt.NDArray[Any], nar: bool) -> npt.NDArray[np.int64]:
    """Return integers in the order of the numbers; both zeros are one."""
    keys = order(np.ascontiguousarray(a)).reshape(a.shape)
    keys = np.where(keys == -1, 0, keys)
    return np.where(_unordered(a), np.iinfo(np.int64).min, keys) if nar else keys


def less(x: Any, y: Any, *, nar: bool = False) -> Any:
    """Return whether x < y; false where one is NaN.  Parameters as for `compare`.

    Examples
    --------
    >>> less(1.0, 2.0), less(float("nan"), 1.0), less(float("nan"), 1.0, nar=True)
    (True, False, True)
    """
    return compare(x, y, nar=nar) == -1


def less_equal(x: Any, y: Any, *, nar: bool = False) -> Any:
    """Return whether x <= y; false where one is NaN.  Parameters as for `compare`.

    Examples
    --------
    >>> less_equal(2.0, 2.0)
    True
    """
    return compare(x, y, nar=nar) < 1


def greater(x: Any, y: Any, *, nar: bool = False) -> Any:
    """Return whether x > y; false where one is NaN.  Parameters as for `compare`.

    Examples
    --------
    >>> greater(2.0, 1.0)
    True
    """
    return compare(x, y, nar=nar) == 1


def greater_equal(x: Any, y: Any, *, nar: bool = False) -> Any:
    """Return whether x >= y; false where one is NaN.  Parameters as for `compare`.

    Examples
    --------
    >>> greater_equal(2.0, 2.0)
    True
    """
    return compare(y, x, nar=nar) < 1


def equal(x: Any, y: Any, *, nar: bool = False) -> Any:
    """Return whether x = y; false where one is NaN.  Parameters as for `compare`.

    Examples
    --------
    >>> equal(0.0, -0.0)
    True
    """
    return compare(x, y, nar=nar) == 0


def not_equal(x: Any, y: Any, *, nar: bool = False) -> Any:
    """Return whether x and y differ; true where one is NaN.  Parameters as for `compare`.

    Examples
    --------
    >>> not_equal(1.0, float("nan"))
    True
    """
    return compare(x, y, nar=nar) != 0
