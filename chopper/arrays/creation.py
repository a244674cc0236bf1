"""Making arrays of a format."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.arithmetic import Arithmetic
from chopper.arrays.duck import ChopArray
from chopper.arrays.promotion import plain_of
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["array"]


def array(
    x: Any,
    fmt: str | Format | Arithmetic,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = None,
    overflow: str | Overflow | None = None,
    random_bits: int = 32,
    flags: Any = None,
    order: str = "sequential",
) -> ChopArray:
    """Return an array of a format, on which NumPy's functions compute in the format.

    Parameters
    ----------
    x : number, array or nested sequence
        Every element is rounded to the format, also those of a ChopArray; it is copied.
    fmt : str, Format or Arithmetic
        A format of single numbers.  An `Arithmetic` is used as it is, its stream of keys included; further arguments
        must then be left out.
    rounding, key, overflow, random_bits, flags, order
        As for `Arithmetic`.

    Returns
    -------
    ChopArray
        Of the shape of `x`; float32 inside where this holds every value of the format, else float64.

    Raises
    ------
    UnsupportedInputError
        If `x` cannot be used, or elements of the format share scales.
    UnknownFormatError, RoundingError, PolicyError, RandomKeyError, RangeError
        As for `chop`.

    Examples
    --------
    >>> x = array([1.0, 2.0, 3.0], "bf16")
    >>> x / 3
    ChopArray([0.33398, 0.66797,      1.], bf16)
    >>> x / array(3, "fp16")
    Traceback (most recent call last):
    chopper.errors.UnsupportedInputError: operands of Arithmetic('bf16', 'nearest_even') and Arithmetic('fp16', ...
    >>> array([0.1] * 4, "e4m3", "stochastic", key=1) + 1.0
    ChopArray([1.125, 1.125, 1.125,    1.], e4m3, stochastic)
    """
    if not isinstance(fmt, Arithmetic):
        policy = None if overflow is None else Overflow.parse(overflow)
        mode = Rounding.parse(rounding)
        fmt = Arithmetic(get(fmt), mode, key=key, overflow=policy, random_bits=random_bits, flags=flags, order=order)
    elif key is not None or overflow is not None or flags is not None:
        raise UnsupportedInputError("an Arithmetic has its own key, overflow and flags; leave these arguments out")
    values = np.array(fmt.values_of(plain_of(x)))
    made: ChopArray = ChopArray.__chopped__(values, fmt)
    return made
