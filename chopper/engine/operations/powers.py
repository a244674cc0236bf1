"""Integer powers: exact where they are short, else enclosed between integers until rounding to odd is decided."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.operations.enclosure import odd_scaled
from chopper.engine.operations.operands import wide
from chopper.engine.patterns import carrier_of
from chopper.kernels.carrier import Carrier
from chopper.kernels.odd import Exact

__all__ = ["power_stage"]

_SHORT = 1 << 12
"""Powers of fewer bits are worked out exactly."""


def power_stage(arrays: tuple[npt.NDArray[Any], ...], f: Exact, width: int) -> Any:
    """Return the patterns of x^n, rounded to odd."""
    c = carrier_of(width)
    x, n = (a.tolist() for a in wide(arrays))
    found = [_power(base, int(exponent), c, f) for base, exponent in zip(x, n, strict=True)]
    return found if width == 128 else np.array(found, np.int64)


def _power(x: float, n: int, c: Carrier, f: Exact) -> int:
    sign = c.sign if n % 2 and math.copysign(1, x) < 0 else 0
    if n == 0:
        return odd_scaled(1, 1, 0, c)
    if x != x:
        return f.nan
    if x == 0 or math.isinf(x):
        if (x == 0) == (n > 0):
            return sign
        return f.pole | sign if x == 0 else c.inf | sign
    top, bottom = abs(x).as_integer_ratio()
    exponent = (top & -top).bit_length() - bottom.bit_length()
    return _of_integer(top // (top & -top), exponent, n, c) | sign


def _of_integer(m: int, exponent: int, n: int, c: Carrier) -> int:
    """Return the pattern of (m 2^exponent)^n, m odd."""
    times = abs(n)
    low = ((m.bit_length() - 1 + exponent) * n, (m.bit_length() + exponent) * n)
    if min(low) > c.bias + 1:
        return c.inf - 1
    if max(low) < -c.bias - c.precision:
        return 1
    digits = _SHORT if m.bit_length() * times <= _SHORT else 2 * c.precision
    while True:
        least, most, shift = _enclosed(m, times, digits)
        ends = [_scaled(value, shift, exponent * times, n, c) for value in {least, most}]
        if len(set(ends)) == 1:
            return ends[0]
        digits *= 2


def _scaled(value: int, shift: int, exponent: int, n: int, c: Carrier) -> int:
    if n > 0:
        return odd_scaled(value, 1, shift + exponent, c)
    return odd_scaled(1, value, -shift - exponent, c)


def _enclosed(m: int, times: int, digits: int) -> tuple[int, int, int]:
    """Return two integers, one if it is exact, between which m^times / 2^shift lies, and that shift."""
    low, high, shift = 1, 1, 0
    for bit in bin(times)[2:]:
        low, high, shift = low * low, high * high, 2 * shift
        if bit == "1":
            low, high = low * m, high * m
        spare = max(high.bit_length() - digits, 0)
        low, high, shift = low >> spare, -(-high >> spare), shift + spare
    return low, high, shift
