"""Means, deviations, norms and other functions of a few rounded steps; their docstrings say which steps."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.arrays.assembly import wrap_like
from chopper.arrays.promotion import Holder, common, enter, entered
from chopper.arrays.results import store
from chopper.errors import RangeError, UnsupportedInputError

__all__ = ["FUNCTIONS"]

_ADD: Any = np.add
_MAXIMUM: Any = np.maximum
_MINIMUM: Any = np.minimum


def _over(total: Any, count: Any, out: Any = None) -> Any:
    """Return a sum divided by a whole number, which stays exact; rounded once."""
    arithmetic = total.arithmetic if out is None else out.arithmetic
    values = arithmetic.settle(arithmetic.div(total.values, np.asarray(count, np.float64)))
    return total.__chopped__(values, arithmetic) if out is None else store(values, out)


def _count(a: Any, axis: Any, where: Any, keepdims: bool) -> Any:
    shape = a.shape
    mask = np.broadcast_to(np.True_ if where is True else where, shape)
    return _ADD.reduce(mask, tuple(range(a.ndim)) if axis is None else axis, np.int64, keepdims=keepdims)


def _mean(
    _: Arithmetic,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    *,
    where: Any = True,
) -> Any:
    """The sum, divided by the exact number of elements."""
    _undtyped("mean", dtype)
    keep, where = _flags(keepdims, where)
    return _over(_ADD.reduce(a, axis, keepdims=keep, where=where), _count(a, axis, where, keep), out)


def _nanmean(_: Arithmetic, a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return _mean(_, a, axis, dtype, out, keepdims, where=~np.isnan(a))


def _var(
    _: Arithmetic,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: Any = 0,
    keepdims: Any = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    """The sum of the squared differences from the mean, divided by the exact number of elements less `ddof`."""
    _undtyped("var", dtype)
    keep, where = _flags(keepdims, where)
    given = [one for one in (correction,) if one is not None and one is not np._NoValue]
    less = given[0] if given else ddof
    known = mean is not None and mean is not np._NoValue
    middle = mean if known else _mean(_, a, axis, keepdims=True, where=where)
    away = np.subtract(a, middle)
    total = _ADD.reduce(np.square(away), axis, keepdims=keep, where=where)
    return _over(total, np.maximum(_count(a, axis, where, keep) - less, 0), out)


def _std(_: Arithmetic, a: Any, *args: Any, out: Any = None, **options: Any) -> Any:
    """The square root of the variance."""
    return np.sqrt(_var(_, a, *args, **options), out=out)


def _average(
    _: Arithmetic, a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: Any = False
) -> Any:
    """The sum of the products with the weights, divided by the sum of the weights."""
    if returned or (weights is not None and np.shape(weights) != np.shape(a)):
        raise UnsupportedInputError("average on a ChopArray takes weights of the shape of the array, and no returned=")
    if weights is None:
        return _mean(_, a, axis, keepdims=keepdims)
    keep, _where = _flags(keepdims, True)
    weights = wrap_like(enter(weights, common([a, weights])), common([a, weights]), a, weights)
    return _ADD.reduce(a * weights, axis, keepdims=keep) / _ADD.reduce(weights, axis, keepdims=keep)


def _median(
    _: Arithmetic, a: Any, axis: Any = None, out: Any = None, overwrite_input: bool = False, keepdims: Any = False
) -> Any:
    """The middle element, or half of the sum of the two middle ones, both steps rounded."""
    if isinstance(axis, tuple) or _flags(keepdims, True)[0] or not a.size:
        raise UnsupportedInputError("median on a ChopArray takes one axis or None, elements, and no keepdims=")
    line = np.moveaxis(np.sort(a, axis), -1 if axis is None else axis, 0)
    n = len(line)
    found = line[n // 2] if n % 2 else _over(line[n // 2 - 1] + line[n // 2], 2)
    found = np.where(np.isnan(line[-1]), line[-1], found)
    return found if out is None else store(found.values, out)


def _ptp(_: Arithmetic, a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    """The largest element less the smallest."""
    keep, _where = _flags(keepdims, True)
    return np.subtract(_MAXIMUM.reduce(a, axis, keepdims=keep), _MINIMUM.reduce(a, axis, keepdims=keep), out=out)


def _norm(_: Arithmetic, x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    """Sums of squares, then the root; sums of magnitudes; or the largest magnitude."""
    if axis is None and (ord is None or x.ndim == 1):
        x, axis = (x.ravel(), 0) if not keepdims else (x, tuple(range(x.ndim)))
    axes = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    if ord in (None, "fro") or (ord == 2 and len(axes) == 1):
        return np.sqrt(_ADD.reduce(np.square(x), axes, keepdims=keepdims))
    if ord in (1, -1, np.inf, -np.inf) and len(axes) in (1, 2):
        extreme = _MAXIMUM if ord > 0 else _MINIMUM
        if len(axes) == 1:
            return (
                (_ADD if ord == 1 else extreme).reduce(np.abs(x), axes, keepdims=keepdims)
                if ord != -1
                else _no_norm(ord)
            )
        inner, outer = axes if abs(ord) == 1 else axes[::-1]
        sums = _ADD.reduce(np.abs(x), inner, keepdims=True)
        found = extreme.reduce(sums, outer, keepdims=True)
        return found if keepdims else np.squeeze(found, axes)
    return _no_norm(ord)


def _no_norm(ord: Any) -> Any:
    raise UnsupportedInputError(
        f"norm of order {ord!r} has no defined order of rounded operations here; there are None, "
        "'fro', 1, 2 of vectors, and ±inf"
    )


def _vector_norm(_: Arithmetic, x: Any, /, *, axis: Any = None, keepdims: bool = False, ord: Any = 2) -> Any:
    if axis is None and not keepdims:
        x, axis = x.ravel(), 0
    if isinstance(axis, tuple) or axis is None:
        raise UnsupportedInputError("vector_norm on a ChopArray takes one axis, or none and no keepdims=")
    return _norm(_, x, ord, axis, keepdims)


def _matrix_norm(_: Arithmetic, x: Any, /, *, keepdims: bool = False, ord: Any = "fro") -> Any:
    return _norm(_, x, ord, (-2, -1), keepdims)


def _clip(
    _: Arithmetic, a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, *, min: Any = None, max: Any = None
) -> Any:
    """The larger of element and lower bound, then the smaller of this and the upper bound."""
    bounds = [
        next((b for b in pair if b is not None and b is not np._NoValue), None) for pair in ((a_min, min), (a_max, max))
    ]
    found = a if bounds[0] is None else np.maximum(a, bounds[0])
    found = found if bounds[1] is None else np.minimum(found, bounds[1])
    found = found.copy() if found is a else found
    if out is None:
        return found
    return store(entered(found, out._arithmetic) if isinstance(out, Holder) else found.values, out)


def _round(_: Arithmetic, a: Any, decimals: int = 0, out: Any = None) -> Any:
    """The nearest whole number, ties to even, rounded to the format."""
    if decimals:
        raise UnsupportedInputError("decimal digits are not rounded in a format; use numpy.round(x.values, decimals)")
    return np.rint(a, out=out)


def _fix(_: Arithmetic, x: Any, out: Any = None) -> Any:
    return np.trunc(x, out=out)


def _imag(_: Arithmetic, val: Any) -> Any:
    return np.zeros_like(val)


def _nan_to_num(
    _: Arithmetic, x: Any, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None
) -> Any:
    """NaN and infinities replaced; the latter by the largest and lowest finite values of the format."""
    fmt = x.format
    found = np.where(np.isnan(x), nan, x)
    for sign, given, bound in ((1, posinf, fmt.max), (-1, neginf, fmt.min)):
        hit = np.isinf(x.values) & (np.sign(x.values) == sign)
        found = np.where(hit, float(bound) if given is None else given, found)
    if copy:
        return found
    x[...] = found
    return x


def _linspace(
    _: Arithmetic,
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    """``start + i * step`` with the whole number i exact and each operation rounded; the last one is `stop` itself."""
    _undtyped("linspace", dtype)
    if num < 0:
        raise RangeError(f"num={num} is negative")
    arithmetic = common([start, stop])
    first, last = enter(start, arithmetic), enter(stop, arithmetic)
    parts = max(num - 1 if endpoint else num, 1)
    step = arithmetic.settle(arithmetic.div(arithmetic.sub(last, first), np.asarray(float(parts))))
    count = np.arange(num, dtype=np.float64).reshape((-1,) + (1,) * step.ndim)
    values = arithmetic.settle(arithmetic.add(first, arithmetic.mul(count, step)))
    if endpoint and num > 1:
        values[-1] = last
    found = wrap_like(np.moveaxis(values, 0, axis), arithmetic, start, stop)
    return (found, wrap_like(step, arithmetic, start, stop)) if retstep else found


def _undtyped(name: str, dtype: Any) -> None:
    if dtype is not None:
        raise UnsupportedInputError(f"numpy.{name} on a ChopArray takes no dtype={dtype!r}; convert with astype")


def _flags(keepdims: Any, where: Any) -> tuple[bool, Any]:
    nothing = np._NoValue
    return (False if keepdims is nothing else bool(keepdims)), (True if where is nothing else where)


FUNCTIONS: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        "mean": _mean,
        "nanmean": _nanmean,
        "var": _var,
        "std": _std,
        "average": _average,
        "median": _median,
        "ptp": _ptp,
        "linalg.norm": _norm,
        "linalg.vector_norm": _vector_norm,
        "linalg.matrix_norm": _matrix_norm,
        "clip": _clip,
        "round": _round,
        "around": _round,
        "fix": _fix,
        "imag": _imag,
        "nan_to_num": _nan_to_num,
        "linspace": _linspace,
    }
)
"""By name, without ``numpy.``; each takes the arithmetic of the array that NumPy asks, then the arguments."""
