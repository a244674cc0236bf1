"""What rounding does to data: the errors of formats on an array.

Errors are measured in float64 against the values given.  Statistics of the error are taken over the finite inputs
whose result is finite; what is lost otherwise is counted beside them, not hidden in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop
from chopper.engine.inputs import as_array
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["Errors", "as_bound", "as_finite", "compare", "decibels", "errors", "root_sum"]

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Errors:
    """How well a format holds some numbers.

    Attributes
    ----------
    format : str
        The format.
    rounding : str
        The rounding mode.
    count : int
        Finite inputs; infinities and NaNs in the data are left out.
    max_abs, rms : float
        Largest error and root of the mean squared error.
    max_rel : float
        Largest error relative to its input, over the inputs that are not zero; 1 where one became zero.
    sqnr_db : float
        Signal to quantisation noise, 10 log10(sum x^2 / sum error^2), in dB; inf without error.
    overflow : int
        Inputs outside of the format's range, from its lowest to its largest finite value, whatever they became.
    underflow : int
        Inputs other than zero that became zero.
    nonfinite : int
        Finite inputs that became infinite or NaN.  The errors above leave them out.
    exact : float
        Fraction of the inputs that did not change.
    saturated : int
        Inputs outside of the range that became its largest or lowest finite value.
    rms_rel : float
        Root of the mean squared relative error, over the inputs that are not zero.
    """

    format: str
    rounding: str
    count: int
    max_abs: float
    max_rel: float
    rms: float
    sqnr_db: float
    overflow: int
    underflow: int
    nonfinite: int
    exact: float
    saturated: int
    rms_rel: float


def compare(
    x: Any,
    formats: Iterable[str | Format] = ("fp16", "bf16", "e5m2", "e4m3"),
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = 0,
    overflow: str | Overflow | None = None,
    compat: str | None = None,
) -> list[Errors]:
    """Return the errors that each format makes on `x`, one row per format.

    Parameters
    ----------
    x : array of numbers
        Integers or floats, of any shape; infinities and NaNs are left out.
    formats : iterable of str or Format
        As `fmt` of `chopper.chop`.
    rounding, overflow, compat
        As for `chopper.chop`.
    key
        As for `chopper.chop`; 0 by default, so that rows are reproducible and formats see the same random words.

    Raises
    ------
    UnsupportedInputError
        If `x` has no finite number, or holds something else than numbers.

    Examples
    --------
    >>> import numpy as np
    >>> for row in compare(np.array([0.1, 1.0, 3.0, 500.0, 1e-9]), ["e4m3", "e5m2"]):
    ...     print(row.format, row.max_abs, row.overflow, row.underflow, row.exact)
    e4m3 52.0 1 1 0.4
    e5m2 12.0 0 1 0.4
    """
    data = as_finite(x)
    return [errors(data, fmt, rounding, key=key, overflow=overflow, compat=compat) for fmt in formats]


def errors(
    data: _Array,
    fmt: str | Format,
    rounding: str | Rounding = "nearest_even",
    *,
    key: Any = 0,
    overflow: str | Overflow | None = None,
    compat: str | None = None,
) -> Errors:
    """Return one row of `compare`, for finite float64 numbers as `as_finite` returns them.

    Examples
    --------
    >>> import numpy as np
    >>> errors(np.array([1.0, 2.0]), "e2m1").sqnr_db
    inf
    """
    fmt, mode = get(fmt), Rounding.parse(rounding)
    result = chop(data, fmt, mode, key=key, overflow=overflow, compat=compat)
    kept = np.isfinite(result)
    given, error = data[kept], result[kept] - data[kept]
    size, signal = np.abs(error), root_sum(given)
    noise = root_sum(error)
    some = given != 0
    with np.errstate(over="ignore"):
        ratios = size[some] / np.abs(given[some])
    low, high = _bounds(fmt)
    outside = (data < low) | (data > high)
    return Errors(
        format=str(fmt),
        rounding=mode.value,
        count=data.size,
        max_abs=float(size.max(initial=0.0)),
        max_rel=float(ratios.max(initial=0.0)),
        rms=noise / math.sqrt(max(given.size, 1)),
        sqnr_db=decibels(signal, noise),
        overflow=int(np.count_nonzero(outside)),
        underflow=int(np.count_nonzero((result == 0) & (data != 0))),
        nonfinite=int(np.count_nonzero(~kept)),
        exact=float(np.mean(result == data)),
        saturated=int(np.count_nonzero(outside & ((result == low) | (result == high)))),
        rms_rel=root_sum(ratios) / math.sqrt(max(ratios.size, 1)),
    )


def as_finite(x: Any) -> _Array:
    """Return the finite numbers of `x` as a flat float64 array.

    Raises
    ------
    UnsupportedInputError
        If there is none, or `x` holds something else than real numbers, or is masked.

    Examples
    --------
    >>> as_finite([[1, 2], [float("nan"), 3]])
    array([1., 2., 3.])
    """
    given = as_array(x)
    if given.dtype.kind not in "iufb" and given.dtype.name != "bfloat16":
        raise UnsupportedInputError(f"cannot compare data of dtype {given.dtype}; pass real numbers")
    data = given.astype(np.float64).reshape(-1)
    data = data[np.isfinite(data)]
    if not data.size:
        raise UnsupportedInputError("there is no finite number in the data; pass at least one")
    return data


def _bounds(fmt: Format) -> tuple[float, float]:
    """Return the lowest and the largest value; infinities for a family without."""
    try:
        info = finfo(fmt)
    except UnsupportedInputError:
        return -math.inf, math.inf
    return as_bound(Fraction(info.min)), as_bound(Fraction(info.max))


def as_bound(exact: Fraction) -> float:
    """Return the nearest float64, an infinity beyond its range.

    Examples
    --------
    >>> as_bound(Fraction(-1, 4)), as_bound(-Fraction(10) ** 400)
    (-0.25, -inf)
    """
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def root_sum(a: _Array) -> float:
    """Return the root of the sum of squares, without overflow and underflow.

    Examples
    --------
    >>> root_sum(np.array([3e300, -4e300]))
    5e+300
    """
    top = float(np.abs(a).max(initial=0.0))
    if top == 0:
        return 0.0
    scale = math.frexp(top)[1]
    return math.ldexp(math.sqrt(float(np.sum(np.square(np.ldexp(a, -scale))))), scale)


def decibels(signal: float, noise: float) -> float:
    """Return 20 log10(signal / noise); inf without noise.

    Examples
    --------
    >>> decibels(10.0, 1.0), decibels(1.0, 0.0)
    (20.0, inf)
    """
    if noise == 0:
        return math.inf
    return 20 * (math.log10(signal) - math.log10(noise)) if signal else -math.inf
