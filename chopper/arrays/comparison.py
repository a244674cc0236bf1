"""Comparing, choosing and cutting to whole numbers, by the patterns of the values.

So that subnormal numbers of the carrier count, as those of bf16 are, even where the processor flushes them to zero.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.casts import widen

__all__ = ["ANSWERS", "CHOICES", "EXACT", "rank"]

_Array = npt.NDArray[Any]
_FLOAT64 = np.dtype(np.float64)


def rank(x: _Array) -> _Array:
    """Return integers in the order of numbers, -0 (rank -1) before +0 (rank 0); meaningless for NaN."""
    width = 8 * x.itemsize
    bits = x.view(f"i{x.itemsize}")
    ranks: _Array = bits ^ ((bits >> (width - 1)) & ((1 << (width - 1)) - 1))
    return ranks


def _alike(x: _Array, y: _Array) -> tuple[_Array, _Array]:
    """Return two arrays in one dtype, exactly."""
    return (x, y) if x.dtype == y.dtype else (widen(x, _FLOAT64), widen(y, _FLOAT64))


def _compare(name: str, x: _Array, y: _Array) -> Any:
    x, y = _alike(x, y)
    a, b = (ranks + (ranks == -1) for ranks in (rank(x), rank(y)))
    unordered = np.isnan(x) | np.isnan(y)
    answer = getattr(np, name)(a, b)
    return answer | unordered if name == "not_equal" else answer & ~unordered


def _choose(larger: bool, number: bool, x: _Array, y: _Array) -> Any:
    """Return the larger or the smaller one; a NaN if there is one, or, if `number`, only if there are two."""
    x, y = _alike(x, y)
    chosen = np.where((rank(x) > rank(y)) == larger, x, y)
    one, two = (y, x) if number else (x, y)
    return np.where(np.isnan(x), one, np.where(np.isnan(y), two, chosen))


def _sign(x: _Array) -> Any:
    signs = np.sign(np.where(rank(x) == -1, 0, rank(x))).astype(x.dtype)
    return np.where(np.isnan(x), x, signs)


def _whole(name: str, x: _Array) -> Any:
    """Return floor, ceil, trunc or rint; a fraction too small for the processor is between -1 and 1 all the same."""
    ranks = rank(x)
    low, high = {"floor": (-1.0, 0.0), "ceil": (-0.0, 1.0)}.get(name, (-0.0, 0.0))
    limit = rank(np.asarray(0.25, x.dtype))
    inside = np.where(ranks > 0, high, low).astype(x.dtype)
    tiny = (ranks < limit) & (ranks > ~limit) & (ranks != 0) & (ranks != -1)
    return np.where(tiny, inside, getattr(np, name)(x))


def _truth(name: str, *operands: _Array) -> Any:
    """Return a logical function; every number but zero is true, NaN too."""
    return getattr(np, name)(*((rank(one) != 0) & (rank(one) != -1) for one in operands))


ANSWERS: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        **{
            name: partial(_compare, name)
            for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
        },
        **{name: partial(_truth, name) for name in ("logical_and", "logical_or", "logical_xor", "logical_not")},
        **{name: getattr(np, name) for name in ("isnan", "isinf", "isfinite", "signbit")},
    }
)
"""What is asked of the exact values."""

CHOICES: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        "maximum": partial(_choose, True, False),
        "minimum": partial(_choose, False, False),
        "fmax": partial(_choose, True, True),
        "fmin": partial(_choose, False, True),
    }
)
"""What is one of two numbers."""

EXACT: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        **{name: partial(_whole, name) for name in ("floor", "ceil", "trunc", "rint")},
        **{
            name: getattr(np, name)
            for name in ("negative", "positive", "absolute", "fabs", "conjugate", "copysign", "fmod", "heaviside")
        },
        "sign": _sign,
    }
)
"""What is computed exactly; rounding it puts it into the format, where it is not there already."""
