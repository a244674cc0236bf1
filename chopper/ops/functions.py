"""Exponentials, logarithms, powers and roots, correctly rounded: the exact real value, rounded once in every mode."""

from __future__ import annotations

from typing import Any, Unpack

from chopper.engine.operations.call import Options
from chopper.formats.base import Format
from chopper.functions.call import call
from chopper.rounding import Rounding

__all__ = [
    "cbrt",
    "exp",
    "exp2",
    "exp10",
    "expm1",
    "hypot",
    "log",
    "log1p",
    "log2",
    "log10",
    "pow",
    "rsqrt",
]


def exp(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return e^x, correctly rounded.

    The result is what `chopper.chop` would make of the exact real value of the function at the exact number that the
    operand is, could it be given: rounded once, in every mode, with the same random words in stochastic ones.  Values
    beyond the range of float64 over- and underflow by the same rules.

    Parameters
    ----------
    x : number or array
        Python numbers, NumPy scalars, arrays or nested lists; float16, bfloat16, float32, float64, integers that
        float64 holds.  They need not be values of `fmt`.  Where there are two operands, they broadcast.
    fmt : str or Format
        The format of the result; of single numbers.  In logarithmic formats, an operand that stands for a code is the
        number of that code, as for `chopper.ops.mul`; flags are not counted there.
    rounding : str or Rounding
        See `Rounding`.
    key, overflow, out, random_bits, random_words, offset, flags, threads
        See `chopper.ops.add`.

    Returns
    -------
    number or array
        Python numbers give a float.  Otherwise float32 if no operand of a float dtype is wider and float32 holds the
        format, else float64.

        Special operands are those of IEEE 754-2019, section 9.2: NaN outside of the domain, infinities at poles (which
        the overflow policy may saturate; NaN in formats with a NaR), odd functions keep the sign of zero.

    Raises
    ------
    UnknownFormatError, FormatError, RoundingError, PolicyError, RandomKeyError
        If an argument names nothing or does not suit the format.
    RangeError
        If a result has none in the format under the policy, or float64 does not hold the format.
    UnsupportedInputError, OutputError
        If operands or `out` cannot be used.
    ArithmeticError
        If 2^15 bits do not decide a value, which no known number does; under ``overflow="wrap"``, if a value has more.

    Notes
    -----
    Ziv's strategy (doi:10.1145/114697.116813).  The quick stage encloses the value in float64 and is done where the
    whole enclosure rounds alike, about 50 ns for an element.  Else enclosures in integers, of twice as many bits each
    time, give the value rounded to odd, about 30 microseconds.  Formats of more than 40 bits (fp64), stochastic modes
    of logarithmic formats and ``overflow="wrap"`` take the second way for all elements.  No enclosure ends at a value
    that is a binary fraction: where these lie is known (for e^x at 0 alone, by the theorem of Lindemann), and they are
    computed exactly.

    Examples
    --------
    >>> exp(1.0, "e4m3"), exp(1.0, "e4m3", "down"), exp(-1e9, "fp64", "up")
    (2.75, 2.5, 5e-324)
    >>> import numpy as np
    >>> exp(np.array([0.0, 0.5, 100.0], np.float32), "fp16")
    array([1.       , 1.6484375,       inf], dtype=float32)
    """
    return call("exp", (x,), fmt, rounding, options)


def exp2(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return 2^x, correctly rounded; see `exp`.

    Exact for integers x and nowhere else.

    Examples
    --------
    >>> exp2(0.5, "fp16"), exp2(-3, "fp16")
    (1.4140625, 0.125)
    """
    return call("exp2", (x,), fmt, rounding, options)


def exp10(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return 10^x, correctly rounded; see `exp`.

    Exact for integers x >= 0 and nowhere else.

    Examples
    --------
    >>> exp10(2, "fp16"), exp10(-1, "fp16", "up")
    (100.0, 0.10003662109375)
    """
    return call("exp10", (x,), fmt, rounding, options)


def expm1(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return e^x - 1, correctly rounded; see `exp`.

    Exact at zeros, which keep their sign, and nowhere else.

    Examples
    --------
    >>> expm1(2.0**-20, "fp32", "up"), expm1(-1e9, "bf16", "up")
    (9.536748848404386e-07, -0.99609375)
    """
    return call("expm1", (x,), fmt, rounding, options)


def log(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the natural logarithm of x, correctly rounded; see `exp`.

    Minus infinity at zeros, NaN for negative numbers; exact at 1, where it is +0, and nowhere else.

    Examples
    --------
    >>> log(10, "bf16"), log(0.0, "bf16"), log(0.0, "posit16")
    (2.296875, -inf, nan)
    """
    return call("log", (x,), fmt, rounding, options)


def log2(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the logarithm of x to base 2, correctly rounded; see `exp`.

    Minus infinity at zeros, NaN for negative numbers; exact for powers of two and nowhere else.

    Examples
    --------
    >>> log2(8, "e4m3"), log2(10, "e4m3")
    (3.0, 3.25)
    """
    return call("log2", (x,), fmt, rounding, options)


def log10(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the logarithm of x to base 10, correctly rounded; see `exp`.

    Minus infinity at zeros, NaN for negative numbers; exact for powers of ten and nowhere else.

    Examples
    --------
    >>> log10(1000, "e4m3"), log10(2, "e4m3")
    (3.0, 0.3125)
    """
    return call("log10", (x,), fmt, rounding, options)


def log1p(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return ln(1 + x), correctly rounded; see `exp`.

    Minus infinity at -1, NaN below; exact at zeros, which keep their sign, and nowhere else.

    Examples
    --------
    >>> log1p(2.0**-20, "fp32", "down"), log1p(-1, "fp32")
    (9.536738616588991e-07, -inf)
    """
    return call("log1p", (x,), fmt, rounding, options)


def rsqrt(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return 1 / sqrt x, correctly rounded; see `exp`.

    Infinities of their sign at zeros, NaN for negative numbers; exact for even powers of two and nowhere else.

    Examples
    --------
    >>> rsqrt(2, "fp16"), rsqrt(0.25, "fp16"), rsqrt(-0.0, "fp16")
    (0.70703125, 2.0, -inf)
    """
    return call("rsqrt", (x,), fmt, rounding, options)


def cbrt(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the cube root of x, correctly rounded; see `exp`.

    Exact for cubes of binary fractions and nowhere else; zeros keep their sign.

    Examples
    --------
    >>> cbrt(-27, "fp16"), cbrt(2, "fp16")
    (-3.0, 1.259765625)
    """
    return call("cbrt", (x,), fmt, rounding, options)


def hypot(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return sqrt(x^2 + y^2), correctly rounded; see `exp`.

    Infinity if an operand is infinite, even if the other one is NaN. Where it is rational it is exact, by integers.

    Examples
    --------
    >>> hypot(3, 4, "e4m3"), hypot(1, 1, "e4m3", "up")
    (5.0, 1.5)
    """
    return call("hypot", (x, y), fmt, rounding, options)


def pow(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x^y, correctly rounded; see `exp`.

    The function ``pow`` of IEEE 754: 1 for y = 0 and for x = 1, even with NaN; NaN for negative x and y that is no
    integer. Where the value is a binary fraction it is exact, by integers: roots are tried as often as y can be
    halved.

    Examples
    --------
    >>> pow(3, 4, "e4m3"), pow(9, 0.5, "e4m3"), pow(2, 0.5, "e4m3", "up")
    (80.0, 3.0, 1.5)
    >>> pow(0.0, -1, "fp16"), pow(-2, 0.5, "fp16")
    (inf, nan)
    """
    return call("pow", (x, y), fmt, rounding, options)
