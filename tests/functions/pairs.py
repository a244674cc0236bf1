"""Values of functions of two numbers, special operands by IEEE 754-2019, section 9.2.1; nothing of the library."""

from __future__ import annotations

import math
from fractions import Fraction

from tests.functions.truth import odd_float

__all__ = ["pair_value", "special_pair"]

NAN, INF = math.nan, math.inf


def pair_value(name: str, x: float, y: float) -> float:
    """Return the value rounded to odd on the grid of float64, or the special value."""
    known = special_pair(name, x, y)
    return odd_float(name, (x, y)) if known is None else known


def special_pair(name: str, x: float, y: float) -> float | None:
    """Return the value where operands are special, None elsewhere."""
    return (_hypot if name == "hypot" else _pow)(x, y)


def _hypot(x: float, y: float) -> float | None:
    if math.isinf(x) or math.isinf(y):
        return INF
    if math.isnan(x) or math.isnan(y):
        return NAN
    return abs(x) + abs(y) if x == 0 or y == 0 else None


def _pow(x: float, y: float) -> float | None:
    if y == 0 or x == 1:
        return 1.0
    if math.isnan(x) or math.isnan(y):
        return NAN
    if x == -1 and math.isinf(y):
        return 1.0
    odd = math.isfinite(y) and Fraction(y).denominator == 1 and int(y) % 2 == 1
    sign = math.copysign(1.0, x) if odd else 1.0
    if x == 0:
        return sign * (0.0 if y > 0 else INF)
    if math.isinf(y):
        return INF if (abs(x) > 1) == (y > 0) else 0.0
    if math.isinf(x):
        return sign * (INF if y > 0 else 0.0)
    if x < 0 and Fraction(y).denominator != 1:
        return NAN
    return sign if x == -1 else None
