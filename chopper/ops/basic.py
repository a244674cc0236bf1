"""The operations of IEEE 754 with one rounding: sum, difference, product, quotient, square root, fused multiply-add."""

from __future__ import annotations

from typing import Any, Unpack

from chopper.engine.operations.call import Options, operate
from chopper.engine.operations.stages import STAGES
from chopper.formats.base import Format
from chopper.rounding import Rounding

__all__ = ["add", "div", "fma", "mul", "sqrt", "sub"]


def add(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x + y, rounded once.

    Operands are taken as the exact numbers that they are, of whatever dtype and format; they need not be values of
    `fmt`.  The exact result is rounded once, as `chopper.chop` would round it if it could be given: stochastic modes
    included, with the same random words.

    Parameters
    ----------
    x, y : number or array
        Python numbers, NumPy scalars, arrays or nested lists; float16, bfloat16, float32, float64, integers that
        float64 holds.  They broadcast.
    fmt : str or Format
        The format of the result; of single numbers.
    rounding : str or Rounding
        See `Rounding`.
    key : int, pair of uint32, numpy.random.Generator or None
        For stochastic modes: the random word of an element depends on the key and on its index in the broadcast
        result alone, in C order.
    overflow : str, Overflow or None
        See `Overflow`; the default is that of `chopper.chop`.  It says what infinite results become, too.
    out : array, optional
        Where the result goes, of its shape and dtype; may be an operand.  A failed call leaves it untouched.
    random_bits, random_words, offset
        See `chopper.chop`.
    flags : Flags, optional
        Counters that the exceptions of this call are added to.
    threads : int, optional
        How many threads large arrays may use; all processors by default.  Results do not depend on it.

    Returns
    -------
    number or array
        Python numbers give a float.  Otherwise float32 if no operand of a float dtype is wider and float32 holds the
        format, else float64.

        Zeros and NaN are those of IEEE 754: a sum of numbers that cancel is +0, and -0 when rounding down; inf - inf,
        0 * inf, 0 / 0, inf / inf and roots of negative numbers are NaN; another number divided by zero is an infinity,
        which the overflow policy may saturate, or NaN in formats with a NaR (posits, takums).  What the format cannot
        say becomes what `chopper.chop` makes of it: -0, NaN, infinities.

    Raises
    ------
    UnknownFormatError, FormatError, RoundingError, PolicyError, RandomKeyError
        If an argument names nothing or does not suit the format; a `PolicyError` also where the format turns at
        numbers too long to decide (a list of long numbers under a stochastic mode with many random bits).
    RangeError
        If a result has none in the format under the policy, or an integer is no float64.
    UnsupportedInputError, OutputError
        If operands or `out` cannot be used.

    Notes
    -----
    The exact result is rounded to odd on a carrier wide enough for all turns of the format and the random bits, then
    by the kernel of the format (Boldo and Melquiond, doi:10.1109/TC.2007.70819).

    Examples
    --------
    >>> add(1.0, 2.0**-60, "bf16", "up")
    1.0078125
    >>> import numpy as np
    >>> add(np.array([448.0, 0.3], np.float32), 16.0, "e4m3")
    array([448.,  16.], dtype=float32)
    """
    return operate("add", STAGES["add"], (x, y), fmt, rounding, options)


def sub(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x - y, rounded once; parameters, exactness and errors as for `add`.

    Examples
    --------
    >>> sub(1.0, 2.0**-60, "bf16", "toward_zero")
    0.99609375
    >>> sub(1.0, 1.0, "fp16", "down")
    -0.0
    """
    return operate("sub", STAGES["sub"], (x, y), fmt, rounding, options)


def mul(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x * y, rounded once; parameters, exactness and errors as for `add`.

    Examples
    --------
    >>> mul(1.25, 1.625, "e4m3")
    2.0
    >>> mul(0.0, float("inf"), "fp16")
    nan
    """
    return operate("mul", STAGES["mul"], (x, y), fmt, rounding, options)


def div(
    x: Any, y: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x / y, rounded once; parameters, exactness and errors as for `add`.

    Examples
    --------
    >>> div(1.0, 3.0, "bf16", "up")
    0.333984375
    >>> div(1.0, 0.0, "e5m2"), div(1.0, 0.0, "e4m3"), div(1.0, 0.0, "posit16")
    (inf, 448.0, nan)
    """
    return operate("div", STAGES["div"], (x, y), fmt, rounding, options)


def sqrt(x: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]) -> Any:
    """Return the square root of x, rounded once; that of -0 is -0.  Everything else as for `add`.

    Examples
    --------
    >>> sqrt(2.0, "posit16")
    1.4140625
    """
    return operate("sqrt", STAGES["sqrt"], (x,), fmt, rounding, options)


def fma(
    x: Any, y: Any, z: Any, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Unpack[Options]
) -> Any:
    """Return x * y + z, rounded once; parameters, exactness and errors as for `add`.

    Examples
    --------
    >>> fma(7.0, 37.0, -(2.0**-100), "bf16")
    258.0
    """
    return operate("fma", STAGES["fma"], (x, y, z), fmt, rounding, options)
