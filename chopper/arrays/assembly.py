"""Functions that put arrays together or make new ones: plain parts are rounded to the format first."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.arithmetic import Arithmetic
from chopper.arrays.promotion import Holder, common, enter, entered, holders_in, plain_of
from chopper.arrays.results import store

__all__ = ["FUNCTIONS", "LIKE", "MAKERS", "make", "wrap_like"]

_Array = npt.NDArray[Any]
_Parts = Callable[..., Any]


def wrap_like(values: _Array, arithmetic: Arithmetic, *models: Any) -> Any:
    """Return values as an array of the class of the first ChopArray among the models."""
    return holders_in(models)[0].__chopped__(values, arithmetic)


def _joined(function: _Parts, _: Arithmetic, arrays: Any, *args: Any, out: Any = None, **options: Any) -> Any:
    """Join the arrays of a sequence."""
    if isinstance(arrays, Holder):
        arrays = list(arrays)  # type: ignore[call-overload]
    arithmetic = common(holders_in(list(arrays)) or [_first(out)])
    values = function([enter(one, arithmetic) for one in arrays], *args, **options)
    return wrap_like(values, arithmetic, list(arrays), out) if out is None else store(values, out)


def _first(out: Any) -> Any:
    return out[0] if isinstance(out, tuple) else out


def _block(_: Arithmetic, arrays: Any) -> Any:
    arithmetic = common(holders_in(arrays))

    def inner(part: Any) -> Any:
        return [inner(one) for one in part] if isinstance(part, list) else enter(part, arithmetic)

    return wrap_like(np.block(inner(arrays)), arithmetic, arrays)


def _where(_: Arithmetic, condition: Any, *choices: Any) -> Any:
    test = condition._values if isinstance(condition, Holder) else condition
    found = holders_in(choices)
    if not found:
        return np.where(test, *choices)
    arithmetic = common(found)
    return found[0].__chopped__(np.where(test, *(enter(one, arithmetic) for one in choices)), arithmetic)


def _select(_: Arithmetic, condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    found = holders_in([*choicelist, default])
    if not found:
        return np.select([plain_of(one) for one in condlist], choicelist, default)
    arithmetic = common(found)
    values = np.select(condlist, [enter(one, arithmetic) for one in choicelist], enter(default, arithmetic))
    return found[0].__chopped__(values, arithmetic)


def _choose(_: Arithmetic, a: Any, choices: Any, out: Any = None, mode: Any = "raise") -> Any:
    parts = list(choices)
    arithmetic = common(holders_in(parts) or [out])
    values = np.choose(a, [enter(one, arithmetic) for one in parts], mode=mode)
    return wrap_like(values, arithmetic, parts) if out is None else store(values, out)


def _append(_: Arithmetic, arr: Any, values: Any, axis: Any = None) -> Any:
    arithmetic = common([arr, values])
    return wrap_like(np.append(enter(arr, arithmetic), enter(values, arithmetic), axis), arithmetic, arr, values)


def _insert(_: Arithmetic, arr: Any, obj: Any, values: Any, axis: Any = None) -> Any:
    arithmetic = common([arr, values])
    joined = np.insert(enter(arr, arithmetic), obj, enter(values, arithmetic), axis)
    return wrap_like(joined, arithmetic, arr, values)


def _pad(arithmetic: Arithmetic, array: Any, pad_width: Any, mode: Any = "constant", **options: Any) -> Any:
    if mode in ("mean", "linear_ramp", "median") or callable(mode) or "reflect_type" in options:
        return NotImplemented
    if mode == "constant":
        given = options.get("constant_values")
        options["constant_values"] = arithmetic.constant(0.0) if given is None else enter(given, arithmetic)
    return wrap_like(np.pad(array._values, pad_width, mode, **options), arithmetic, array)


def _chosen(function: _Parts, _: Arithmetic, condition: Any, a: Any, *args: Any, out: Any = None) -> Any:
    """Choose elements of the second argument by the first one."""
    test = np.asarray(plain_of(condition))
    if not isinstance(a, Holder):
        return function(test, a, *args) if out is None else store(function(test, a, *args), out)
    values = function(test, a._values, *args)
    return a.__chopped__(values, a._arithmetic) if out is None else store(values, out)


def _parts(function: _Parts, _: Arithmetic, *arrays: Any, **options: Any) -> Any:
    """Run a function of several arrays that gives as many; ChopArrays stay what they are, plain arrays too."""
    parts = function(*(one._values if isinstance(one, Holder) else one for one in arrays), **options)
    pairs = zip(arrays, parts, strict=True)
    return type(parts)(
        one.__chopped__(part, one._arithmetic) if isinstance(one, Holder) else part for one, part in pairs
    )


def _filled(
    number: float | None, _: Arithmetic, a: Any, *args: Any, dtype: Any = None, shape: Any = None, **options: Any
) -> Any:
    """Return an array like another one, filled with a number: of its arithmetic, unless a dtype is given."""
    fill: Any = number
    if number is None:
        fill, args, options = _fill_value(args, options)
    dtype = args[0] if args else dtype
    if not isinstance(a, Holder):  # the number to fill with is what is of a format
        return np.full_like(a, float(fill), dtype=dtype, shape=shape)
    lengths = a._values.shape if shape is None else shape
    if dtype is not None and np.dtype(dtype).kind != "f":
        return np.full(lengths, plain_of(fill), dtype)
    values = np.empty(lengths, a._values.dtype)
    values[...] = entered(fill, a._arithmetic) if number is None else a._arithmetic.constant(number)
    return a.__chopped__(values, a._arithmetic)


def _fill_value(args: Any, options: dict[str, Any]) -> tuple[Any, Any, dict[str, Any]]:
    return (args[0], args[1:], options) if args else (options.pop("fill_value"), args, options)


def make(function: _Parts, arithmetic: Arithmetic, *args: Any, **options: Any) -> Any:
    """Return what a function of NumPy makes of its arguments, in an arithmetic if it is an array of floats."""
    from chopper.arrays.duck import ChopArray  # which knows this module

    plain = function(*(plain_of(one) for one in args), **{name: plain_of(one) for name, one in options.items()})
    if not isinstance(plain, np.ndarray) or plain.dtype.kind != "f":
        return plain
    return ChopArray.__chopped__(np.array(enter(plain, arithmetic)), arithmetic)


def _meshgrid(_: Arithmetic, *arrays: Any, **options: Any) -> Any:
    return _parts(np.meshgrid, _, *arrays, **options)


MAKERS = (
    "arange", "array", "asanyarray", "asarray", "ascontiguousarray", "asfortranarray", "empty", "eye", "frombuffer",
    "fromfunction", "fromiter", "fromstring", "full", "genfromtxt", "geomspace", "identity", "linspace", "loadtxt",
    "logspace", "ones", "require", "tri", "vander", "zeros",
)  # fmt: skip
"""Functions of NumPy that make new arrays."""

LIKE = tuple(name for name in MAKERS if name not in ("geomspace", "linspace", "logspace", "vander"))
"""Those that NumPy asks an array for by ``like=`` alone; the others by their arguments."""

FUNCTIONS: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        **{
            name: partial(_joined, getattr(np, name))
            for name in ("concatenate", "stack", "vstack", "hstack", "dstack", "column_stack")
        },
        **{name: partial(make, getattr(np, name)) for name in LIKE},
        "zeros_like": partial(_filled, 0.0),
        "empty_like": partial(_filled, 0.0),
        "ones_like": partial(_filled, 1.0),
        "full_like": partial(_filled, None),
        "append": _append,
        "block": _block,
        "broadcast_arrays": partial(_parts, np.broadcast_arrays),
        "choose": _choose,
        "compress": partial(_chosen, np.compress),
        "extract": partial(_chosen, np.extract),
        "insert": _insert,
        "meshgrid": _meshgrid,
        "pad": _pad,
        "select": _select,
        "where": _where,
    }
)
"""By name, without ``numpy.``; each takes the arithmetic of the array that NumPy asks, then the arguments."""
