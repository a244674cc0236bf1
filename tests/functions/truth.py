"""Values of elementary functions by mpmath, rounded to odd; nothing of the library."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache

import mpmath
import numpy as np

__all__ = ["BINARY", "SPECIAL", "UNARY", "limit", "odd_float", "odd_fraction", "special", "values"]

MP = mpmath.mp.clone()
STEPS = (90, 200, 700, 3000, 9000)
"""Precisions; a value that is on the grid to the last of them is taken for exact, where the function may be."""

NAN, INF = math.nan, math.inf
BOTTOM, TOP = -1074, 1024
FAR = 20000
"""Exponents of what is beyond everything."""

NEXT_TO_NOTHING = MP.mpf(2) ** -100_000
"""What stands for smaller numbers."""

UNARY: dict[str, Callable] = {
    "exp": lambda x: MP.exp(x),
    "exp2": lambda x: MP.power(2, x),
    "exp10": lambda x: MP.power(10, x),
    "expm1": lambda x: MP.expm1(x),
    "log": lambda x: MP.log(x),
    "log2": lambda x: MP.log(x) / MP.log(2),
    "log10": lambda x: MP.log(x) / MP.log(10),
    "log1p": lambda x: MP.log1p(x),
    "sin": lambda x: MP.sin(x),
    "cos": lambda x: MP.cos(x),
    "tan": lambda x: MP.tan(x),
    "asin": lambda x: MP.asin(x),
    "acos": lambda x: MP.acos(x),
    "atan": lambda x: MP.atan(x),
    "sinh": lambda x: MP.sinh(x),
    "cosh": lambda x: MP.cosh(x),
    "tanh": lambda x: MP.tanh(x),
    "sigmoid": lambda x: 1 / (1 + MP.exp(-x)),
    "softplus": lambda x: MP.log1p(MP.exp(x)),
    "silu": lambda x: x / (1 + MP.exp(-x)),
    "gelu": lambda x: x * MP.erfc(-x / MP.sqrt(2)) / 2 if x > -1000 else -NEXT_TO_NOTHING,
    "erf": lambda x: MP.erf(x),
    "erfc": lambda x: MP.erfc(x) if x < 1000 else NEXT_TO_NOTHING,
    "rsqrt": lambda x: 1 / MP.sqrt(x),
    "cbrt": lambda x: MP.cbrt(x) if x > 0 else -MP.cbrt(-x),
}
"""The functions of one number."""

BINARY: dict[str, Callable] = {
    "hypot": lambda x, y: MP.sqrt(x * x + y * y),
    "pow": lambda x, y: MP.power(x, y) if x > 0 else MP.power(-x, y) * (-1 if y % 2 else 1),
}
"""Those of two."""

SPECIAL: dict[str, tuple] = {
    # at +0, -0, inf, -inf; None: an ordinary number
    "exp": (1, 1, INF, 0.0),
    "exp2": (1, 1, INF, 0.0),
    "exp10": (1, 1, INF, 0.0),
    "expm1": (0.0, -0.0, INF, -1),
    "log": (-INF, -INF, INF, NAN),
    "log2": (-INF, -INF, INF, NAN),
    "log10": (-INF, -INF, INF, NAN),
    "log1p": (0.0, -0.0, INF, NAN),
    "sin": (0.0, -0.0, NAN, NAN),
    "cos": (1, 1, NAN, NAN),
    "tan": (0.0, -0.0, NAN, NAN),
    "asin": (0.0, -0.0, NAN, NAN),
    "acos": (None, None, NAN, NAN),
    "atan": (0.0, -0.0, None, None),
    "sinh": (0.0, -0.0, INF, -INF),
    "cosh": (1, 1, INF, INF),
    "tanh": (0.0, -0.0, 1, -1),
    "sigmoid": (0.5, 0.5, 1, 0.0),
    "softplus": (None, None, INF, 0.0),
    "silu": (0.0, -0.0, INF, -0.0),
    "gelu": (0.0, -0.0, INF, -0.0),
    "erf": (0.0, -0.0, 1, -1),
    "erfc": (1, 1, 0.0, 2),
    "rsqrt": (INF, -INF, 0.0, NAN),
    "cbrt": (0.0, -0.0, INF, -INF),
}
"""IEEE 754-2019, section 9.2.1, and limits."""

ODD = ("sin", "tan", "asin", "atan", "sinh", "tanh", "erf", "cbrt")
EVEN = ("cos", "cosh")
"""Symmetric functions: their values at negative numbers are those at positive ones."""

MAY_BE_EXACT = {"exp2", "exp10", "log2", "log10", "rsqrt", "cbrt", "hypot", "pow"}
POINTS = {"log": {1: 0.0}, "log2": {1: 0.0}, "log10": {1: 0.0}, "acos": {1: 0.0}, "log1p": {-1: -INF}}


def special(name: str, x: float) -> float | None:
    """Return the value at a number where it is special, NaN outside of the domain; None where it is ordinary."""
    if math.isnan(x):
        return NAN
    if x == 0 or math.isinf(x):
        at = (0 if math.copysign(1, x) > 0 else 1) if x == 0 else 2 if x > 0 else 3
        return SPECIAL[name][at]
    if x in POINTS.get(name, {}):
        return POINTS[name][x]
    outside = {
        "log": x < 0, "log2": x < 0, "log10": x < 0, "log1p": x < -1, "rsqrt": x < 0,
        "asin": abs(x) > 1, "acos": abs(x) > 1,
    }  # fmt: skip
    return NAN if outside.get(name, False) else None


def limit(name: str, x: float) -> Fraction | None:
    """Return a number beside the value, on its side, where the value lies closer to a limit than 2^-1100."""
    less, more = 1 - Fraction(1, 1 << 1000), 1 + Fraction(1, 1 << 1000)
    side = 1 if x > 0 else -1
    if name in ("tanh", "erf"):
        return side * less if abs(x) > {"tanh": 400, "erf": 28}[name] else None
    if name in ("sigmoid", "silu", "gelu", "softplus"):
        far = x > {"sigmoid": 800, "silu": 800, "gelu": 40, "softplus": 800}[name]
        return (
            {"sigmoid": Fraction(1), "softplus": Fraction(x) * more / less}.get(name, Fraction(x)) * less
            if far
            else None
        )
    if name == "erfc":
        return 2 * less if x < -28 else None
    return -less if name == "expm1" and x < -800 else None


def _scaled(name: str, xs: tuple[float, ...], precision: int) -> tuple[int, int]:
    """Return m and e with value = m 2^e, m off by less than 2^-20 of itself in units of `precision` bits."""
    MP.prec = precision + 40
    function = UNARY.get(name) or BINARY[name]
    value = function(*(MP.mpf(x) for x in xs))
    sign, man, exponent, _ = value._mpf_
    return (-int(man) if sign else int(man)), int(exponent)


def odd_number(name: str, xs: tuple[float, ...], bits: int, bottom: int) -> tuple[int, int]:
    """Return m and e: the value rounded to odd, to a multiple of 2^bottom of so many bits; 2^FAR for all beyond."""
    near = limit(name, xs[0])
    if near is not None:
        e = near.numerator.bit_length() - near.denominator.bit_length() - bits - 2
        return _cut(near, bits, e)
    for precision in (step for step in STEPS if step > bits + 30):
        m, e = _scaled(name, xs, precision)
        sign, m = (-1, -m) if m < 0 else (1, m)
        if m == 0 and precision < STEPS[-1]:
            continue
        if m.bit_length() + e > FAR:
            return sign, FAR
        if m and m.bit_length() + e < -FAR:
            return sign, bottom
        slack = precision - 10 - m.bit_length()
        m, e = (m << slack, e - slack) if slack > 0 else (m, e)
        margin = max(m >> (precision - 12), 1)
        by = max(m.bit_length() - bits, bottom - e)
        low, high = (m - margin) >> by, (m + margin) >> by
        if low == high:
            return sign * (low | 1), e + by
    assert name in MAY_BE_EXACT, f"{name}{xs} seems to be exact"
    return sign * high, e + by


def _cut(value: Fraction, bits: int, e: int) -> tuple[int, int]:
    """Return a fraction that is not on the grid, rounded to odd."""
    m = math.floor(abs(value) / Fraction(2) ** e)
    by = m.bit_length() - bits
    return (1 if value > 0 else -1) * (m >> by | 1), e + by


def odd_fraction(name: str, xs: tuple[float, ...], bits: int, bottom: int = -FAR) -> Fraction:
    """Return the value rounded to odd, to so many bits."""
    m, e = odd_number(name, xs, bits, bottom)
    return Fraction(m) * Fraction(2) ** e


def odd_float(name: str, xs: tuple[float, ...]) -> float:
    """Return the value rounded to odd on the grid of float64, whose largest number stands for all beyond."""
    m, e = odd_number(name, xs, 53, BOTTOM)
    if abs(m).bit_length() + e > TOP:
        return (1 if m > 0 else -1) * math.ldexp(1 - 2.0**-53, TOP)
    return math.ldexp(m, e)


def values(name: str, xs: np.ndarray) -> np.ndarray:
    """Return the values of a function of one number, rounded to odd; the special ones as they are."""
    found = np.array([_value(name, x) for x in (np.abs(xs) if name in (*ODD, *EVEN) else xs).tolist()])
    flips = np.signbit(xs) if name in ODD else np.zeros(xs.size, bool)
    return np.where(flips, -found, found)


def _value(name: str, x: float) -> float:
    known = special(name, x)
    return _ordinary(name, x) if known is None else float(known)


@lru_cache(maxsize=1 << 20)
def _ordinary(name: str, x: float) -> float:
    return odd_float(name, (x if math.isfinite(x) else math.copysign(2.0**1023, x),))
