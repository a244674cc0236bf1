"""NumPy's protocol of functions (NEP 18): which functions take an array of a format, and what they become.

Functions that move elements run on the plain values, and what they return is wrapped again; those that answer a
question run on the plain values; those that compute are written anew, on the correctly rounded operations.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.arrays import assembly, statistics, sums
from chopper.arrays.promotion import Holder
from chopper.arrays.results import store
from chopper.errors import UnsupportedInputError, nearest_names

__all__ = ["call_function", "known_functions"]

_MOVES = (
    "atleast_1d", "atleast_2d", "atleast_3d", "array_split", "astype", "broadcast_to", "copy", "delete",
    "diag", "diagflat", "diagonal", "dsplit", "expand_dims", "flip", "fliplr", "flipud", "hsplit",
    "matrix_transpose", "moveaxis", "partition", "permute_dims", "ravel", "repeat", "reshape", "resize", "roll",
    "rollaxis", "rot90", "sort", "split", "squeeze", "swapaxes", "take", "take_along_axis", "tile", "transpose",
    "tril", "triu", "trim_zeros", "unique", "unique_values", "unstack", "vsplit", "linalg.diagonal",
    "linalg.matrix_transpose", "real", "real_if_close",
)  # fmt: skip
"""They move elements of their first argument and change none."""

_ANSWERS = (
    "all", "allclose", "any", "argmax", "argmin", "argpartition", "argsort", "argwhere", "array2string",
    "array_equal", "array_equiv", "array_repr", "array_str", "can_cast", "common_type", "count_nonzero", "digitize",
    "flatnonzero", "isclose", "iscomplex", "iscomplexobj", "isin", "isneginf", "isposinf", "isreal", "isrealobj",
    "lexsort", "may_share_memory", "min_scalar_type", "nanargmax", "nanargmin", "ndim", "nonzero",
    "ravel_multi_index", "result_type", "save", "savetxt", "savez", "savez_compressed", "searchsorted", "shape",
    "shares_memory", "size", "tril_indices_from", "triu_indices_from", "diag_indices_from", "put_along_axis",
    "copyto", "place", "put", "putmask", "fill_diagonal", "isscalar",
)  # fmt: skip
"""They are asked of the exact values, in NumPy's own arithmetic where they have a tolerance."""

_ELSEWHERE: MappingProxyType[str, str] = MappingProxyType(
    {
        **{f"linalg.{name}": f"chopper.linalg.{name}(..., fmt=...)" for name in ("cholesky", "lstsq", "qr", "solve")},
        "linalg.inv": "chopper.linalg.solve(a, numpy.eye(n), fmt=...)",
        "fft.fft": "chopper.linalg.fft(..., fmt=...)",
        "fft.ifft": "chopper.linalg.ifft(..., fmt=...)",
    }
)
"""What computes the same, in an order that its documentation tells."""


def call_function(function: Callable[..., Any], args: Any, options: dict[str, Any], arithmetic: Arithmetic) -> Any:
    """Run one of NumPy's functions; `arithmetic` is that of the array that NumPy asks.

    Raises
    ------
    UnsupportedInputError
        If the function is none of those there are.
    """
    found = _found(function)
    return found(arithmetic, *args, **options)


def _name(function: Callable[..., Any]) -> str:
    return f"{getattr(function, '__module__', 'numpy')}.{function.__name__}".removeprefix("numpy.")


@cache
def _found(function: Callable[..., Any]) -> Callable[..., Any]:
    computed = _computed()
    name = _name(function)
    if name in computed:
        return computed[name]
    if name in _MOVES:
        return lambda arithmetic, *args, **options: _move(function, arithmetic, args, options)
    if name in _ANSWERS:
        return lambda arithmetic, *args, **options: function(*_bare(args), **_bare(options))
    near = nearest_names(name, known_functions())
    there = _ELSEWHERE.get(name)
    hint = f"there is {there}; " if there else f"did you mean {near}? " if near else ""
    raise UnsupportedInputError(
        f"numpy.{name} does not take a ChopArray: it has no defined order of rounded operations here; {hint}or leave "
        f"the format: numpy.{name}(x.values); those that take one: {', '.join(known_functions())}"
    )


@cache
def _computed() -> MappingProxyType[str, Callable[..., Any]]:
    return MappingProxyType({**assembly.FUNCTIONS, **sums.FUNCTIONS, **statistics.FUNCTIONS})


def known_functions() -> list[str]:
    """Return the names of the functions that take a ChopArray, without ``numpy.``."""
    return sorted({*_computed(), *_MOVES, *_ANSWERS})


def _move(function: Callable[..., Any], arithmetic: Arithmetic, args: Any, options: dict[str, Any]) -> Any:
    out = options.pop("out", None)
    first = args[0] if args else next(iter(options.values()))
    result = function(*_bare(args), **_bare(options))
    if not isinstance(first, Holder):  # the array was an index, a length or a condition
        return result if out is None else store(result, out)
    if out is not None:
        return store(result, out)
    return _wrap(result, first)


def _bare(x: Any) -> Any:
    """Return arguments with plain values in place of ChopArrays."""
    if isinstance(x, Holder):
        return x._values
    if isinstance(x, dict):
        return {name: _bare(one) for name, one in x.items()}
    if isinstance(x, (list, tuple)) and type(x) in (list, tuple):
        return type(x)(_bare(one) for one in x)
    return x


def _wrap(result: Any, holder: Holder) -> Any:
    if isinstance(result, (np.ndarray, np.generic)):
        kept = result.dtype == holder._values.dtype
        return holder.__chopped__(np.asarray(result), holder._arithmetic) if kept else result
    if isinstance(result, tuple) and hasattr(result, "_fields"):
        return type(result)(*(_wrap(one, holder) for one in result))
    if isinstance(result, (list, tuple)):
        return type(result)(_wrap(one, holder) for one in result)
    return result
