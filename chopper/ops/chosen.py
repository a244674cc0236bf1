"""Rests of division, smaller and larger numbers, signs: the exact result, rounded once."""

from __future__ import annotations

from typing import Any, Unpack

from chopper.engine.operations.call import Options, operate
from chopper.engine.operations.chosen import STAGES
from chopper.formats.base import Format
from chopper.rounding import Rounding

__all__ = ["abs", "fmod", "maximum", "maximum_number", "minimum", "minimum_number", "neg", "remainder"]


def _run(name: str, xs: tuple[Any, ...], fmt: str | Format, rounding: str | Rounding, options: Options) -> Any:
    return operate(name, STAGES[name], xs, fmt, rounding, options, given=True)


def remainder(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x - n y, n being the integer nearest to x / y, ties to even (IEEE 754, 5.3.1), rounded once.

    The rest is exact in float64, so every format is served.  A rest of zero has the sign of x; an infinite x and a y
    of zero give NaN, an infinite y gives x.  Parameters and errors as for `chopper.ops.add`.

    Examples
    --------
    >>> remainder(5.0, 3.0, "e4m3"), fmod(5.0, 3.0, "e4m3")
    (-1.0, 2.0)
    """
    return _run("remainder", (x, y), fmt, rounding, options)


def fmod(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x - n y, n being x / y cut to an integer, as ``fmod`` of C does, rounded once; else as `remainder`.

    Examples
    --------
    >>> fmod(-5.0, 3.0, "e4m3")
    -2.0
    """
    return _run("fmod", (x, y), fmt, rounding, options)


def minimum(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return the smaller number, rounded once; NaN if either is (IEEE 754-2019, 9.6: minimum); -0 is below +0.

    Parameters and errors as for `chopper.ops.add`.

    Examples
    --------
    >>> minimum(1.0, float("nan"), "fp16"), minimum_number(1.0, float("nan"), "fp16")
    (nan, 1.0)
    """
    return _run("minimum", (x, y), fmt, rounding, options)


def maximum(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return the larger number, rounded once; NaN if either is (IEEE 754-2019, 9.6: maximum); +0 is above -0.

    Examples
    --------
    >>> maximum(0.1, -2.0, "e4m3")
    0.1015625
    """
    return _run("maximum", (x, y), fmt, rounding, options)


def minimum_number(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return the smaller number, rounded once; one that is no NaN if there is one (IEEE 754-2019: minimumNumber).

    Examples
    --------
    >>> minimum_number(float("nan"), -2.0, "e4m3")
    -2.0
    """
    return _run("minimum_number", (x, y), fmt, rounding, options)


def maximum_number(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return the larger number, rounded once; one that is no NaN if there is one (IEEE 754-2019: maximumNumber).

    Examples
    --------
    >>> maximum_number(float("nan"), -2.0, "e4m3")
    -2.0
    """
    return _run("maximum_number", (x, y), fmt, rounding, options)


def neg(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return -x, rounded once: a value of a format whose negative is none, as the lowest integer of two's complement.

    Examples
    --------
    >>> neg(-128.0, "int8"), neg(-128.0, "int8", overflow="wrap")
    (127.0, -128.0)
    """
    return _run("neg", (x,), fmt, rounding, options)


def abs(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the magnitude of x, rounded once.

    Examples
    --------
    >>> abs(-0.1, "e4m3")
    0.1015625
    """
    return _run("abs", (x,), fmt, rounding, options)
