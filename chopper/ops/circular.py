"""Circular and hyperbolic functions, correctly rounded: the exact real value, rounded once in every mode."""

from __future__ import annotations

from typing import Any, Unpack

from chopper.engine.operations.call import Options
from chopper.formats.base import Format
from chopper.functions.call import call
from chopper.rounding import Rounding

__all__ = [
    "acos",
    "asin",
    "atan",
    "cos",
    "cosh",
    "sin",
    "sinh",
    "tan",
    "tanh",
]


def sin(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the sine of x, correctly rounded; see `chopper.ops.exp`.

    The argument is reduced with as many bits of pi as it takes. Exact at zeros, which keep their sign, and nowhere
    else; NaN at infinities.

    Examples
    --------
    >>> sin(1e300, "fp32"), sin(2.0**-10, "fp16", "toward_zero")
    (-0.8178819417953491, 0.0009760856628417969)
    """
    return call("sin", (x,), fmt, rounding, options)


def cos(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the cosine of x, correctly rounded; see `chopper.ops.exp`.

    The argument is reduced with as many bits of pi as it takes. Exact at zeros and nowhere else; NaN at infinities.

    Examples
    --------
    >>> cos(1e300, "fp32"), cos(2.0**-10, "fp16", "toward_zero")
    (-0.575386106967926, 0.99951171875)
    """
    return call("cos", (x,), fmt, rounding, options)


def tan(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the tangent of x, correctly rounded; see `chopper.ops.exp`.

    The argument is reduced with as many bits of pi as it takes. Exact at zeros, which keep their sign, and nowhere
    else; NaN at infinities.

    Examples
    --------
    >>> tan(1.5, "fp16")
    14.1015625
    """
    return call("tan", (x,), fmt, rounding, options)


def asin(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the arc sine of x, correctly rounded; see `chopper.ops.exp`.

    NaN beyond 1 and -1; exact at zeros, which keep their sign, and nowhere else.

    Examples
    --------
    >>> asin(0.5, "fp16"), asin(2, "fp16")
    (0.5234375, nan)
    """
    return call("asin", (x,), fmt, rounding, options)


def acos(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the arc cosine of x, correctly rounded; see `chopper.ops.exp`.

    NaN beyond 1 and -1; exact at 1 and nowhere else.

    Examples
    --------
    >>> acos(-1, "fp16"), acos(-1, "fp16", "up")
    (3.140625, 3.142578125)
    """
    return call("acos", (x,), fmt, rounding, options)


def atan(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the arc tangent of x, correctly rounded; see `chopper.ops.exp`.

    pi / 2, rounded, at infinity; exact at zeros, which keep their sign, and nowhere else.

    Examples
    --------
    >>> atan(1, "fp16"), atan(float("inf"), "fp16", "up")
    (0.78515625, 1.5712890625)
    """
    return call("atan", (x,), fmt, rounding, options)


def sinh(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the hyperbolic sine of x, correctly rounded; see `chopper.ops.exp`.

    Exact at zeros, which keep their sign, and nowhere else.

    Examples
    --------
    >>> sinh(1, "fp16")
    1.1748046875
    """
    return call("sinh", (x,), fmt, rounding, options)


def cosh(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the hyperbolic cosine of x, correctly rounded; see `chopper.ops.exp`.

    Exact at zeros and nowhere else.

    Examples
    --------
    >>> cosh(1, "fp16"), cosh(2.0**-20, "fp16", "up")
    (1.54296875, 1.0009765625)
    """
    return call("cosh", (x,), fmt, rounding, options)


def tanh(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the hyperbolic tangent of x, correctly rounded; see `chopper.ops.exp`.

    Exact at zeros, which keep their sign, and nowhere else: finite arguments stay below 1.

    Examples
    --------
    >>> tanh(1, "fp16"), tanh(20, "fp16"), tanh(20, "fp16", "down")
    (0.76171875, 1.0, 0.99951171875)
    """
    return call("tanh", (x,), fmt, rounding, options)
