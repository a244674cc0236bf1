"""The data: what each function is, where it is exact, how it is approximated and enclosed."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from chopper.functions import algebraic, bell, circular, exponentials, logarithms, quick
from chopper.functions.enclosure import Dyadic, Enclosure

__all__ = ["ROWS", "Function"]

_Exact = Callable[..., "Dyadic | None"]
_INF = math.inf


class Function(NamedTuple):
    """A real function, as data."""

    formula: str  # as a docstring says it
    domain: str  # where it is a number; elsewhere the result is NaN
    enclose: Callable[..., tuple[int, Enclosure]]  # sign and magnitude, to n bits, where it is not exact
    quick: Callable[..., Any]  # in float64
    bounds: Callable[..., quick.Bounds]  # numbers that the value reaches nowhere but at exact points
    exact: _Exact | None = None  # the value where it is a binary fraction, besides `points`
    points: tuple[float, ...] = ()  # where the quick value is exact, besides zeros, infinities and NaNs
    inexact: tuple[float, ...] = ()  # zeros and infinities where it is not
    odd: bool = False  # whether f(-x) = -f(x); `quick` and `bounds` are then asked for x >= 0
    error: Callable[..., Any] | None = None  # relative error of `quick`, where it is not the usual one
    least: Callable[..., Any] | None = None  # absolute error of `quick`, likewise
    snap: Callable[..., Any] | None = None  # exact values in bulk, and where
    arity: int = 1


def _above_one(x: Any) -> quick.Bounds:
    return np.where(x > 0, 1.0, 0.0), np.where(x < 0, 1.0, _INF)


def _sign_change_at_one(x: Any) -> quick.Bounds:
    return np.where(x > 1, 0.0, -_INF), np.where(x < 1, 0.0, _INF)


def _gate(x: Any) -> quick.Bounds:
    return np.where(np.abs(x) > 1e-290, x * 0.5, -_INF), np.where(x > 0, x, 0.0)


def _whole_powers(x: Any) -> Any:
    good = (x == np.rint(x)) & (np.abs(x) <= 1000.0)
    return np.ldexp(1.0, np.where(good, x, 0.0).astype(np.int32)), good


def _whole_logarithms(x: Any) -> Any:
    significand, e = np.frexp(x)
    return e - 1.0, significand == 0.5


def _power_bounds(x: Any, y: Any) -> quick.Bounds:
    grows = (np.abs(x) > 1) == (y > 0)
    low, high = np.where(grows, 1.0, 0.0), np.where(grows, _INF, 1.0)
    negative = (x < 0) & (np.abs(np.fmod(y, 2.0)) == 1)
    return np.where(negative, -high, low), np.where(negative, -low, high)


def _near_zeros(x: Any) -> Any:
    """Return the error of the circular functions beside their zeros, after a reduction of the argument."""
    return np.where(np.abs(x) < 0.75, 2.0**-1020, 2.0**-50)


_TABLE = {
    "exp": Function("e^x", "all x", exponentials.exp, np.exp, _above_one),
    "exp2": Function(
        "2^x", "all x", exponentials.exp2, np.exp2, _above_one, exact=exponentials.exact_exp2, snap=_whole_powers
    ),
    "exp10": Function(
        "10^x", "all x", exponentials.exp10, lambda x: np.power(10.0, x), _above_one, exact=exponentials.exact_exp10
    ),
    "expm1": Function(
        "e^x - 1", "all x", exponentials.expm1, np.expm1,
        lambda x: (np.maximum(x, -1.0), np.where(x < 0, 0.0, _INF)),
    ),
    "log": Function("the natural logarithm of x", "x >= 0", logarithms.log, np.log, _sign_change_at_one, points=(1.0,)),
    "log2": Function(
        "the logarithm of x to base 2", "x >= 0", logarithms.log2, np.log2, _sign_change_at_one,
        exact=logarithms.exact_log2, snap=_whole_logarithms,
    ),
    "log10": Function(
        "the logarithm of x to base 10", "x >= 0", logarithms.log10, np.log10, _sign_change_at_one,
        exact=logarithms.exact_log10, points=(1.0,),
    ),
    "log1p": Function(
        "ln(1 + x)", "x >= -1", logarithms.log1p, np.log1p,
        lambda x: (np.where(x > 0, 0.0, -_INF), x), points=(-1.0,),
    ),
    "sin": Function(
        "the sine of x", "finite x", circular.sin, np.sin,
        lambda x: (np.where(x < 3, 0.0, -1.0), np.minimum(x, 1.0)), odd=True, least=_near_zeros,
    ),
    "cos": Function("the cosine of x", "finite x", circular.cos, np.cos, lambda x: (-1.0, 1.0), least=_near_zeros),
    "tan": Function(
        "the tangent of x", "finite x", circular.tan, np.tan,
        lambda x: (np.where(x < 1.5, x, -_INF), _INF), odd=True,
        error=lambda x: np.where(x < 0.75, 2.0**-47, 2.0**-44), least=_near_zeros,
    ),
    "asin": Function(
        "the arc sine of x", "-1 <= x <= 1", circular.asin, np.arcsin, lambda x: (x, 1.58), odd=True
    ),
    "acos": Function(
        "the arc cosine of x", "-1 <= x <= 1", circular.acos, np.arccos, lambda x: (0.0, 3.15),
        points=(1.0,), inexact=(0.0,),
    ),
    "atan": Function(
        "the arc tangent of x", "all x", circular.atan, np.arctan, lambda x: (0.0, np.minimum(x, 1.58)), odd=True,
        inexact=(_INF,),
    ),
    "sinh": Function("sinh x", "all x", exponentials.sinh, np.sinh, lambda x: (x, _INF), odd=True),
    "cosh": Function("cosh x", "all x", exponentials.cosh, np.cosh, lambda x: (1.0, _INF)),
    "tanh": Function("tanh x", "all x", exponentials.tanh, np.tanh, lambda x: (0.0, np.minimum(x, 1.0)), odd=True),
    "sigmoid": Function(
        "1 / (1 + e^-x)", "all x", exponentials.sigmoid, quick.sigmoid,
        lambda x: (np.where(x > 0, 0.5, 0.0), np.where(x < 0, 0.5, 1.0)),
    ),
    "softplus": Function(
        "ln(1 + e^x)", "all x", exponentials.softplus, quick.softplus, lambda x: (np.maximum(x, 0.0), _INF),
        inexact=(0.0,),
    ),
    "silu": Function("x / (1 + e^-x)", "all x", exponentials.silu, quick.silu, _gate),
    "gelu": Function(
        "x (1 + erf(x / sqrt 2)) / 2", "all x", bell.gelu, quick.gelu, _gate,
        error=lambda x: 2.0**-47 * (1.0 + np.minimum(x * x, 2000.0)),
    ),
    "erf": Function("erf x", "all x", bell.erf, quick.each(math.erf), lambda x: (0.0, 1.0), odd=True),
    "erfc": Function(
        "1 - erf x", "all x", bell.erfc, quick.each(math.erfc),
        lambda x: (np.where(x < 0, 1.0, 0.0), np.where(x > 0, 1.0, 2.0)),
    ),
    "rsqrt": Function(
        "1 / sqrt x", "x >= 0", algebraic.rsqrt, lambda x: 1.0 / np.sqrt(x), lambda x: (0.0, _INF),
        exact=algebraic.exact_rsqrt,
    ),
    "cbrt": Function(
        "the cube root of x", "all x", algebraic.cbrt, np.cbrt, lambda x: (0.0, _INF), exact=algebraic.exact_cbrt,
        odd=True,
    ),
    "hypot": Function(
        "sqrt(x^2 + y^2)", "all x, y", algebraic.hypot, np.hypot,
        lambda x, y: (np.maximum(np.abs(x), np.abs(y)), _INF), exact=algebraic.exact_hypot, arity=2,
    ),
    "pow": Function(
        "x^y", "x > 0, or integers y", algebraic.pow_of, np.power, _power_bounds, exact=algebraic.exact_pow,
        snap=quick.true_power, arity=2,
    ),
}  # fmt: skip

ROWS = MappingProxyType(_TABLE)
"""Every function by its name."""
