"""Sums, products and what is made of them, by the methods of ufuncs and the operators of the array."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.arrays import products
from chopper.arrays.assembly import wrap_like
from chopper.arrays.promotion import common, enter
from chopper.arrays.results import store
from chopper.errors import UnsupportedInputError

__all__ = ["FUNCTIONS"]

_Product = Callable[..., Any]
_ADD: Any = np.add


def _reduction(
    ufunc: Any,
    _: Arithmetic,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    return ufunc.reduce(a, axis, dtype, out, _flag(keepdims), initial, _test(where))


def _extreme(
    ufunc: Any,
    _: Arithmetic,
    a: Any,
    axis: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    return ufunc.reduce(a, axis, None, out, _flag(keepdims), initial, _test(where))


def _nan_reduction(
    ufunc: Any,
    _: Arithmetic,
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = None,
    where: Any = True,
) -> Any:
    return ufunc.reduce(a, axis, dtype, out, _flag(keepdims), initial, _test(where) & ~np.isnan(a))


def _flag(keepdims: Any) -> bool:
    return keepdims is not np._NoValue and bool(keepdims)


def _test(where: Any) -> Any:
    return True if where is np._NoValue else where


def _accumulation(ufunc: Any, _: Arithmetic, a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    line = a.ravel() if axis is None else a
    return ufunc.accumulate(line, 0 if axis is None else axis, dtype, out)


def _of_two(
    function: Callable[..., Any], _: Arithmetic, a: Any, b: Any, *args: Any, out: Any = None, **more: Any
) -> Any:
    """Run one of the products on the values of two operands."""
    arithmetic = common([a, b] if out is None else [out])
    values = function(arithmetic, enter(a, arithmetic), enter(b, arithmetic), *args, **more)
    return wrap_like(values, arithmetic, a, b) if out is None else store(values, out)


def _vdot(arithmetic: Arithmetic, x: Any, y: Any) -> Any:
    return products.dot(arithmetic, x.ravel(), y.ravel())


def _inner(arithmetic: Arithmetic, x: Any, y: Any) -> Any:
    if x.ndim == 0 or y.ndim == 0:
        return products.dot(arithmetic, x, y)
    return products.tensordot(arithmetic, x, y, ([x.ndim - 1], [y.ndim - 1]))


def _outer(arithmetic: Arithmetic, x: Any, y: Any) -> Any:
    return arithmetic.settle(arithmetic.mul(x.ravel()[:, None], y.ravel()))


def _tensordot(arithmetic: Arithmetic, x: Any, y: Any, axes: Any = 2) -> Any:
    return products.tensordot(arithmetic, x, y, axes)


def _einsum(_: Arithmetic, subscripts: Any, *operands: Any, out: Any = None, optimize: Any = False, **more: Any) -> Any:
    if more or optimize or not isinstance(subscripts, str):
        raise UnsupportedInputError(
            "einsum on a ChopArray takes subscripts as a string, and no optimize: this would "
            "change the order of the operations"
        )
    arithmetic = common(operands if out is None else [out])
    values = products.einsum(arithmetic, subscripts, *(enter(one, arithmetic) for one in operands))
    return wrap_like(values, arithmetic, *operands) if out is None else store(values, out)


def _kron(arithmetic: Arithmetic, x: Any, y: Any) -> Any:
    rank = max(x.ndim, y.ndim)
    x, y = (one.reshape((1,) * (rank - one.ndim) + one.shape) for one in (x, y))
    spread = [n for pair in zip(x.shape, (1,) * rank, strict=True) for n in pair]
    other = [n for pair in zip((1,) * rank, y.shape, strict=True) for n in pair]
    product = arithmetic.settle(arithmetic.mul(x.reshape(spread), y.reshape(other)))
    return product.reshape([m * n for m, n in zip(x.shape, y.shape, strict=True)])


def _convolve(arithmetic: Arithmetic, x: Any, y: Any, mode: str = "full") -> Any:
    """Return sums of x[k] y[n - k] over the k that there are, k ascending."""
    if x.ndim != 1 or y.ndim != 1 or not x.size or not y.size or mode not in ("full", "same", "valid"):
        raise UnsupportedInputError("convolve takes two vectors with elements, and mode 'full', 'same' or 'valid'")
    if y.size > x.size:
        x, y = y, x
    total = np.zeros(x.size + y.size - 1, x.dtype)
    for k in range(x.size):
        terms = arithmetic.settle(arithmetic.mul(x[k], y))
        if k and y.size > 1:
            terms = np.append(arithmetic.settle(arithmetic.add(total[k : k + y.size - 1], terms[:-1])), terms[-1])
        total[k : k + y.size] = terms
    first, last = {"full": (0, total.size), "same": ((y.size - 1) // 2, x.size), "valid": (y.size - 1, x.size)}[mode]
    return total[first : first + last] if mode == "same" else total[first:last]


def _cross(_: Arithmetic, a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: Any = None) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    x, y = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if x.shape[-1] != 3 or y.shape[-1] != 3:
        raise UnsupportedInputError("cross takes vectors of three components")
    turns = ((1, 2), (2, 0), (0, 1))
    return np.moveaxis(np.stack([x[..., i] * y[..., j] - x[..., j] * y[..., i] for i, j in turns], -1), -1, axisc)


def _trace(
    _: Arithmetic, a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None
) -> Any:
    return _ADD.reduce(np.diagonal(a, offset, axis1, axis2), -1, dtype, out)


def _linalg_trace(_: Arithmetic, x: Any, *, offset: int = 0, dtype: Any = None) -> Any:
    return _trace(_, x, offset, -2, -1, dtype)


def _diff(_: Arithmetic, a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    ends = [(None if one is np._NoValue else one) for one in (prepend, append)]
    parts = [ends[0], a, ends[1]]
    if ends != [None, None]:
        shape = [1 if i == axis % a.ndim else length for i, length in enumerate(a.shape)]
        parts = [np.broadcast_to(p, shape) if np.ndim(p) == 0 else p for p in parts if p is not None]
        a = np.concatenate(parts, axis)
    moved = np.moveaxis(a, axis, 0)
    for _step in range(n):
        moved = np.subtract(moved[1:], moved[:-1])
    return np.moveaxis(moved, 0, axis)


def _polyval(_: Arithmetic, p: Any, x: Any) -> Any:
    """Return the polynomial by Horner's rule: each product and each sum rounded."""
    arithmetic = common([p, x])
    coefficients, at = enter(p, arithmetic), enter(x, arithmetic)
    total = np.broadcast_to(coefficients[0], at.shape) if coefficients.size else products.zeros(arithmetic, at.shape)
    for one in coefficients[1:]:
        total = arithmetic.settle(arithmetic.add(arithmetic.mul(total, at), one))
    return wrap_like(np.array(total), arithmetic, p, x)


def _trapezoid(_: Arithmetic, y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    heights = np.moveaxis(y, axis, -1)
    widths = dx if x is None else np.diff(x, axis=axis if np.ndim(x) > 1 else -1)
    if x is not None and np.ndim(x) > 1:
        widths = np.moveaxis(widths, axis, -1)
    return _ADD.reduce(widths * (heights[..., 1:] + heights[..., :-1]) / 2, -1)


FUNCTIONS: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        "sum": partial(_reduction, np.add),
        "prod": partial(_reduction, np.multiply),
        "nansum": partial(_nan_reduction, np.add),
        "nanprod": partial(_nan_reduction, np.multiply),
        "max": partial(_extreme, np.maximum),
        "min": partial(_extreme, np.minimum),
        "amax": partial(_extreme, np.maximum),
        "amin": partial(_extreme, np.minimum),
        "nanmax": partial(_extreme, np.fmax),
        "nanmin": partial(_extreme, np.fmin),
        "cumsum": partial(_accumulation, np.add),
        "cumprod": partial(_accumulation, np.multiply),
        "dot": partial(_of_two, products.dot),
        "vdot": partial(_of_two, _vdot),
        "inner": partial(_of_two, _inner),
        "outer": partial(_of_two, _outer),
        "linalg.outer": partial(_of_two, _outer),
        "tensordot": partial(_of_two, _tensordot),
        "linalg.tensordot": partial(_of_two, _tensordot),
        "linalg.matmul": partial(_of_two, products.matmul),
        "kron": partial(_of_two, _kron),
        "convolve": partial(_of_two, _convolve),
        "einsum": _einsum,
        "cross": _cross,
        "trace": _trace,
        "linalg.trace": _linalg_trace,
        "diff": _diff,
        "polyval": _polyval,
        "trapezoid": _trapezoid,
    }
)
"""By name, without ``numpy.``; each takes the arithmetic of the array that NumPy asks, then the arguments."""
