"""Activations and the error function, correctly rounded: the exact real value, rounded once in every mode."""

from __future__ import annotations

from typing import Any, Unpack

from chopper.engine.operations.call import Options
from chopper.formats.base import Format
from chopper.functions.call import call
from chopper.rounding import Rounding

__all__ = [
    "erf",
    "erfc",
    "gelu",
    "sigmoid",
    "silu",
    "softplus",
]


def sigmoid(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return 1 / (1 + e^-x), correctly rounded; see `chopper.ops.exp`.

    Exact at zeros and nowhere else: finite arguments stay between 0 and 1.

    Examples
    --------
    >>> sigmoid(1, "fp16"), sigmoid(-1000, "fp16", "up")
    (0.73095703125, 5.960464477539063e-08)
    """
    return call("sigmoid", (x,), fmt, rounding, options)


def softplus(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return ln(1 + e^x), correctly rounded; see `chopper.ops.exp`.

    Nowhere exact at finite numbers.

    Examples
    --------
    >>> softplus(0, "fp16"), softplus(20, "fp16", "up")
    (0.693359375, 20.015625)
    """
    return call("softplus", (x,), fmt, rounding, options)


def silu(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return x / (1 + e^-x), correctly rounded; see `chopper.ops.exp`.

    Exact at zeros, which keep their sign, and nowhere else; -0 at minus infinity.

    Examples
    --------
    >>> silu(1, "fp16"), silu(-1000, "fp16", "down")
    (0.73095703125, -5.960464477539063e-08)
    """
    return call("silu", (x,), fmt, rounding, options)


def gelu(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return x (1 + erf(x / sqrt 2)) / 2, correctly rounded; see `chopper.ops.exp`.

    This is the exact form, with erf. Exact at zeros, which keep their sign; -0 at minus infinity.

    Examples
    --------
    >>> gelu(1, "fp16"), gelu(-1, "fp16")
    (0.84130859375, -0.15869140625)
    """
    return call("gelu", (x,), fmt, rounding, options)


def erf(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the error function of x, correctly rounded; see `chopper.ops.exp`.

    Exact at zeros, which keep their sign: finite arguments stay between -1 and 1.

    Examples
    --------
    >>> erf(1, "fp16"), erf(20, "fp16", "down")
    (0.8427734375, 0.99951171875)
    """
    return call("erf", (x,), fmt, rounding, options)


def erfc(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return 1 - erf x, correctly rounded; see `chopper.ops.exp`.

    Exact at zeros: finite arguments stay between 0 and 2.

    Examples
    --------
    >>> erfc(1, "fp16"), erfc(20, "fp64")
    (0.1573486328125, 5.395865611607901e-176)
    """
    return call("erfc", (x,), fmt, rounding, options)
