"""Stand-in: rounds the float64 result of each operation."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.conversion import chop
from chopper.formats.base import Format
from chopper.rounding import Rounding

__all__ = ["add", "div", "fma", "mul", "sqrt", "sub"]


def _rounded(fn: Any, operands: Any, fmt: Any, rounding: Any, options: Any) -> Any:
    options = {name: value for name, value in options.items() if name != "flags"}
    arrays = [np.asarray(one) for one in operands]
    with np.errstate(all="ignore"):
        result = fn(*(a.astype(np.float64) for a in arrays))
    if all(a.dtype == np.float32 for a in arrays):
        return chop(result, fmt, rounding, **options).astype(np.float32)
    return chop(result, fmt, rounding, **options)


def add(x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Any:
    """Return x + y."""
    return _rounded(np.add, (x, y), fmt, rounding, options)


def sub(x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Any:
    """Return x - y."""
    return _rounded(np.subtract, (x, y), fmt, rounding, options)


def mul(x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Any:
    """Return x * y."""
    return _rounded(np.multiply, (x, y), fmt, rounding, options)


def div(x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Any:
    """Return x / y."""
    return _rounded(np.divide, (x, y), fmt, rounding, options)


def sqrt(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Any:
    """Return the square root of x."""
    return _rounded(np.sqrt, (x,), fmt, rounding, options)


def fma(x: Any, y: Any, z: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Any:
    """Return x * y + z."""
    return _rounded(lambda a, b, c: a * b + c, (x, y, z), fmt, rounding, options)
