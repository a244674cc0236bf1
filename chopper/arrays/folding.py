"""The methods of elementwise functions: reduce, accumulate, reduceat, outer and at, on ChopArrays."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.arrays import products
from chopper.arrays.elementwise import Rule
from chopper.arrays.promotion import Holder, enter, entered, plain_of
from chopper.arrays.reductions import Step, accumulate, at, lead, outer, reduce, reduceat
from chopper.arrays.results import store, wrapped
from chopper.errors import RangeError, UnsupportedInputError

__all__ = ["METHODS", "no_more", "operand_of"]

_Array = npt.NDArray[Any]


def operand_of(rule: Rule, place: int, x: Any, arithmetic: Arithmetic) -> _Array:
    """Return an operand of a rule: its values, or the plain integers that stay exact."""
    if place in rule.raw and not isinstance(x, Holder):
        exact = np.asarray(plain_of(x))
        if exact.dtype.kind in "iub":
            return exact
    return enter(x, arithmetic)


def no_more(ufunc: np.ufunc, options: dict[str, Any]) -> None:
    """Complain about arguments of a ufunc that have no meaning for a format."""
    idle = {"casting": "same_kind", "order": "K", "subok": True, "dtype": None, "signature": None}
    for name, value in options.items():
        if name not in idle or value != idle[name]:
            raise UnsupportedInputError(
                f"numpy.{ufunc.__name__} on a ChopArray takes no {name}={value!r}: the format "
                "decides; convert with astype"
            )


def _step(rule: Rule, arithmetic: Arithmetic) -> Step:
    if rule.answer:
        return lambda a, b: np.asarray(rule.run(arithmetic, a, b))
    return lambda a, b: arithmetic.settle(rule.run(arithmetic, a, b))


def _finish(values: _Array, rule: Rule, arithmetic: Arithmetic, inputs: tuple[Any, ...], out: Any) -> Any:
    if out is not None:
        return store(values, out)
    return values[()] if rule.answer else wrapped(values, arithmetic, inputs)


def _reduce(
    ufunc: np.ufunc, rule: Rule, arithmetic: Arithmetic, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]
) -> Any:
    values = entered(inputs[0], arithmetic)
    axis, dtype, keepdims, initial, where = _reduction_options(inputs[1:], options)
    no_more(ufunc, {**options, "dtype": dtype})
    axes = _axes(axis, values.ndim)
    items = lead(values, axes)
    simple = ufunc is np.add and where is True and initial is None
    found = products.total(arithmetic, items) if simple else None
    if found is not None:
        return _finish(_kept(found, values.shape, axes, keepdims), rule, arithmetic, inputs, out)
    if rule.answer:
        items = items != 0
    mask = None if where is True else lead(np.broadcast_to(where, values.shape), axes)
    begin = None if initial is None or initial is np._NoValue else enter(initial, arithmetic)
    if begin is None and (not len(items) or (mask is not None and not mask.any(axis=0).all())):
        begin = _identity(ufunc, arithmetic)
        if len(items):  # it stands where the mask keeps nothing, and nowhere else
            some = mask.any(axis=0) if mask is not None else np.True_
            total = reduce(_step(rule, arithmetic), items, arithmetic.order, mask)
            result = np.where(some, total, begin).astype(total.dtype)
        else:
            result = np.broadcast_to(begin, items.shape[1:]).copy()
    else:
        result = reduce(_step(rule, arithmetic), items, arithmetic.order, mask, begin)
    return _finish(_kept(np.array(result), values.shape, axes, keepdims), rule, arithmetic, inputs, out)


def _kept(result: _Array, shape: tuple[int, ...], axes: tuple[int, ...], keepdims: Any) -> _Array:
    """Return a result with axes of length 1 in place of those that were reduced, if they are wanted."""
    return result.reshape([1 if a in axes else n for a, n in enumerate(shape)]) if keepdims is True else result


def _reduction_options(given: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, Any, Any, Any, Any]:
    names = ("axis", "dtype", "out", "keepdims", "initial", "where")
    options.update(zip(names, given, strict=False))
    options.pop("out", None)
    defaults = {"axis": 0, "dtype": None, "keepdims": False, "initial": None, "where": True}
    axis, dtype, keepdims, initial, where = (options.pop(name, default) for name, default in defaults.items())
    return axis, dtype, keepdims, initial, where


def _axes(axis: Any, ndim: int) -> tuple[int, ...]:
    axes = tuple(range(ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    found = tuple(np.lib.array_utils.normalize_axis_index(a, ndim) for a in axes)
    if len(set(found)) < len(found):
        raise ValueError(f"axis={axis!r} names an axis twice")
    return found


def _identity(ufunc: np.ufunc, arithmetic: Arithmetic) -> _Array:
    if ufunc.identity is None:
        raise RangeError(f"numpy.{ufunc.__name__} of no elements has no value; pass initial=")
    return arithmetic.constant(ufunc.identity)


def _accumulate(
    ufunc: np.ufunc, rule: Rule, arithmetic: Arithmetic, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]
) -> Any:
    axis, dtype, *_ = _reduction_options(inputs[1:], options)
    no_more(ufunc, {**options, "dtype": dtype})
    values = entered(inputs[0], arithmetic)
    (axis,) = _axes(axis, values.ndim)
    return _finish(accumulate(_step(rule, arithmetic), values, axis), rule, arithmetic, inputs, out)


def _reduceat(
    ufunc: np.ufunc, rule: Rule, arithmetic: Arithmetic, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]
) -> Any:
    axis, dtype, *_ = _reduction_options(inputs[2:], options)
    no_more(ufunc, {**options, "dtype": dtype})
    values = entered(inputs[0], arithmetic)
    (axis,) = _axes(axis, values.ndim)
    result = reduceat(_step(rule, arithmetic), values, inputs[1], axis, arithmetic.order)
    return _finish(result, rule, arithmetic, inputs, out)


def _outer(
    ufunc: np.ufunc, rule: Rule, arithmetic: Arithmetic, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]
) -> Any:
    no_more(ufunc, options)
    x, y = (operand_of(rule, i, one, arithmetic) for i, one in enumerate(inputs))
    return _finish(outer(_step(rule, arithmetic), x, y), rule, arithmetic, inputs, out)


def _at(
    ufunc: np.ufunc, rule: Rule, arithmetic: Arithmetic, inputs: tuple[Any, ...], out: Any, options: dict[str, Any]
) -> None:
    target, index, *others = inputs
    if not isinstance(target, Holder):
        raise UnsupportedInputError(
            f"numpy.{ufunc.__name__}.at updates a plain array with numbers of a format; make "
            "the array with chopper.array first"
        )
    arithmetic = target._arithmetic
    values = target._values.copy()
    if others:
        at(_step(rule, arithmetic), values, index, operand_of(rule, 1, others[0], arithmetic))
    else:
        values[index] = arithmetic.settle(rule.run(arithmetic, values[index]))
    target._values[...] = values


METHODS: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {"reduce": _reduce, "accumulate": _accumulate, "reduceat": _reduceat, "outer": _outer, "at": _at}
)
"""By name; each takes ufunc, rule, arithmetic, inputs, out and further arguments."""
