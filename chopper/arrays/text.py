"""How an array of a format is shown: with as many digits as its numbers need to be told apart, and one more."""

from __future__ import annotations

from functools import lru_cache
from math import ceil, log2, log10
from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.formats.base import Format
from chopper.rounding import Rounding

__all__ = ["digits_of", "in_words", "plain_text"]


@lru_cache(maxsize=256)
def digits_of(fmt: Format) -> int:
    """Return how many significant decimal digits show a value of a format: p log10(2) + 2, rounded up.

    The precision p is the one at 1, or that of the largest value where values are spaced evenly.

    Examples
    --------
    >>> from chopper import get
    >>> digits_of(get("e4m3")), digits_of(get("fp32")), digits_of(get("int8"))
    (4, 10, 5)
    """
    precision = 1 - log2(fmt.eps) if fmt.eps else 24.0
    if fmt.max / fmt.smallest <= 1 << fmt.bits:
        precision = max(precision, log2(fmt.max / fmt.smallest))
    return 2 + ceil(precision * log10(2))


def in_words(name: str, values: Any, arithmetic: Arithmetic) -> str:
    """Return what ``repr`` shows: values, format, and the rounding mode where it is not the usual one."""
    prefix = f"{name}("
    words = [_numbers(values, arithmetic, ", ", prefix)]
    if not values.size and values.shape != (0,):
        words.append(f"shape={values.shape}")
    words.append(str(arithmetic.fmt))
    if arithmetic.rounding is not Rounding.NEAREST_EVEN:
        words.append(arithmetic.rounding.value)
    return f"{prefix}{', '.join(words)})"


def plain_text(values: Any, arithmetic: Arithmetic) -> str:
    """Return what ``str`` shows: values and format."""
    return f"{_numbers(values, arithmetic, ' ', '')} {arithmetic.fmt}"


def _numbers(values: Any, arithmetic: Arithmetic, separator: str, prefix: str) -> str:
    digits = min(digits_of(arithmetic.fmt), int(np.get_printoptions()["precision"]))
    if not values.ndim:
        return _number(values[()], digits)
    line = values.ravel()
    edges = line if line.size <= 2000 else np.concatenate([line[:1000], line[-1000:]])
    width = max((len(_number(one, digits)) for one in edges), default=0)
    show: Any = {"float_kind": lambda one: _number(one, digits).rjust(width)}
    return np.array2string(values, separator=separator, prefix=prefix, formatter=show)


def _number(value: Any, digits: int) -> str:
    if np.isfinite(value) and (value == 0 or 1e-4 <= abs(value) < 1e7):
        return np.format_float_positional(value, precision=digits, fractional=False, trim=".")
    return np.format_float_scientific(value, precision=digits - 1, trim=".")
