"""The quick stage: values in float64, widened to enclosures that hold for any good mathematical library.

`around` takes a value that is off by less than 2^-47 of itself, 64 ulps, and less than 2^-1020: what the libraries of
the processor, the C library and NumPy's own loops promise, and what the tests find by far.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Bounds", "around", "each", "gelu", "inward", "sigmoid", "silu", "softplus", "special", "true_power"]

_Array = npt.NDArray[np.float64]

Bounds = tuple[Any, Any]
"""Numbers, or arrays of them, below and above a value and never equal to it."""

_RELATIVE = 2.0**-47
_ABSOLUTE = 2.0**-1020
_MAX = float(np.finfo(np.float64).max)
_INFINITY = 0x7FF0000000000000


def special(x: _Array) -> npt.NDArray[np.bool_]:
    """Return where x is a zero, an infinity or a NaN, whatever the processor makes of subnormal numbers."""
    magnitude = x.view(np.int64) & np.int64(0x7FFFFFFFFFFFFFFF)
    found: npt.NDArray[np.bool_] = (magnitude == 0) | (magnitude >= _INFINITY)
    return found


def around(value: _Array, bounds: Bounds, error: Any = _RELATIVE, least: float = _ABSOLUTE) -> tuple[_Array, _Array]:
    """Return the ends of an enclosure of what `value` approximates, within strict bounds.

    A lower end of zero is +0, an upper one -0: the sign is that of the numbers within.
    """
    value = np.clip(value, -_MAX, _MAX)
    margin = np.abs(value) * error + least
    low, high = np.maximum(value - margin, bounds[0]), np.minimum(value + margin, bounds[1])
    return low + 0.0, -(0.0 - high)


def inward(low: _Array, high: _Array) -> tuple[_Array, _Array]:
    """Return the numbers just above `low` and just below `high`, rounded to odd; equal ends are left alone.

    A format of fewer bits by two, thresholds of its stochastic modes included, does not tell them from these.
    """
    a, b = low.view(np.int64), high.view(np.int64)
    up = np.where(a >= 0, a | 1, (a - 1) | 1)
    down = np.where(b > 0, (b - 1) | 1, np.where(b == 0, np.int64(-0x7FFFFFFFFFFFFFFF), b | 1))
    same = a == b
    return np.where(same, a, up).view(np.float64), np.where(same, b, down).view(np.float64)


def sigmoid(x: _Array) -> _Array:
    """Return 1 / (1 + e^-x), off by a few ulps."""
    power = np.exp(-np.abs(x))
    found: _Array = np.where(x < 0, power, 1.0) / (1.0 + power)
    return found


def silu(x: _Array) -> _Array:
    """Return x / (1 + e^-x), off by a few ulps."""
    found: _Array = np.where(x == -np.inf, -0.0, np.where(x < -1000.0, -0.0, x * sigmoid(x)))
    return found


def softplus(x: _Array) -> _Array:
    """Return ln(1 + e^x), off by a few ulps."""
    found: _Array = np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))
    return found


def each(function: Callable[[float], float]) -> Callable[[_Array], _Array]:
    """Return a function of Python floats as one of arrays."""
    whole = np.frompyfunc(function, 1, 1)

    def on_arrays(x: _Array) -> _Array:
        return np.asarray(whole(x), np.float64)

    return on_arrays


def gelu(x: _Array) -> _Array:
    """Return x (1 + erf(x / sqrt 2)) / 2, off by a few ulps times 1 + x^2."""
    found: _Array = np.where(x == -np.inf, -0.0, x * each(math.erfc)(x * -math.sqrt(0.5)) * 0.5)
    return found


def true_power(x: _Array, y: _Array) -> tuple[_Array, npt.NDArray[np.bool_]]:
    """Return x^y where float64 gives it exactly, and where that is: integers y from 1 to 53 and few bits in x, or 1."""
    exponent = np.where((y >= 1) & (y <= 53) & (y == np.rint(y)), y, 0.0).astype(np.int64)
    significand, scale = np.frexp(x)
    whole = np.ldexp(significand, 53).astype(np.int64)
    bits = 53 - np.log2(np.maximum((whole & -whole).astype(np.float64), 1.0))
    small = np.abs(scale.astype(np.float64) * y) < 1000.0
    good = (exponent > 0) & (bits * exponent <= 53) & small
    exponent = np.where(good, exponent, 0)
    product, square = np.ones_like(x), np.where(good, x, 1.0)
    for bit in range(6):
        product = np.where(exponent >> bit & 1, product * square, product)
        square = np.where(exponent >> (bit + 1) != 0, square * square, 1.0)
    one = np.abs(x) == 1.0
    return np.where(one, np.power(x, y), product), good | one
