"""What rounding does to data: errors of a format on an array, and one computation over many formats.

Errors are measured in float64 against the values given.  Statistics of the error are taken over the finite inputs
whose result is finite; what is lost otherwise is counted beside them, not hidden in them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

from chopper.conversion import chop
from chopper.errors import ChopperError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["Errors", "Outcome", "as_finite", "compare", "errors", "rounder", "sweep"]

_Array = npt.NDArray[np.float64]
_T = TypeVar("_T")


# --- one array, many formats -----------------------------------------------------------------------------------------


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
    size, signal = np.abs(error), _root_sum(given)
    noise = _root_sum(error)
    some = given != 0
    return Errors(
        format=str(fmt),
        rounding=mode.value,
        count=data.size,
        max_abs=float(size.max(initial=0.0)),
        max_rel=_largest_ratio(size[some], np.abs(given[some])),
        rms=noise / math.sqrt(max(given.size, 1)),
        sqnr_db=_decibels(signal, noise),
        overflow=_outside(data, fmt),
        underflow=int(np.count_nonzero((result == 0) & (data != 0))),
        nonfinite=int(np.count_nonzero(~kept)),
        exact=float(np.mean(result == data)),
    )


def as_finite(x: Any) -> _Array:
    """Return the finite numbers of `x` as a flat float64 array.

    Raises
    ------
    UnsupportedInputError
        If there is none, or `x` holds something else than real numbers.

    Examples
    --------
    >>> as_finite([[1, 2], [float("nan"), 3]])
    array([1., 2., 3.])
    """
    given = np.asarray(x)
    if given.dtype.kind not in "iufb" and given.dtype.name != "bfloat16":
        raise UnsupportedInputError(f"cannot compare data of dtype {given.dtype}; pass real numbers")
    data = given.astype(np.float64).reshape(-1)
    data = data[np.isfinite(data)]
    if not data.size:
        raise UnsupportedInputError("there is no finite number in the data; pass at least one")
    return data


def _outside(data: _Array, fmt: Format) -> int:
    try:
        info = finfo(fmt)
    except UnsupportedInputError:  # a family without a largest and a lowest value
        return 0
    low, high = (_as_bound(Fraction(bound)) for bound in (info.min, info.max))
    return int(np.count_nonzero((data < low) | (data > high)))


def _as_bound(exact: Fraction) -> float:
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def _largest_ratio(a: _Array, b: _Array) -> float:
    with np.errstate(over="ignore"):
        return float((a / b).max(initial=0.0))


def _root_sum(a: _Array) -> float:
    """Return the root of the sum of squares, without overflow and underflow."""
    top = float(np.abs(a).max(initial=0.0))
    if top == 0:
        return 0.0
    scale = math.frexp(top)[1]
    return math.ldexp(math.sqrt(float(np.sum(np.square(np.ldexp(a, -scale))))), scale)


def _decibels(signal: float, noise: float) -> float:
    if noise == 0:
        return math.inf
    return 20 * (math.log10(signal) - math.log10(noise)) if signal else -math.inf


# --- one computation, many formats -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Outcome(Generic[_T]):
    """What a computation gave in one format and mode; ``value`` is None where chopper refused, ``error`` says why."""

    format: str
    rounding: str
    value: _T | None
    error: str = ""


def rounder(fmt: str | Format, rounding: str | Rounding = "nearest_even", *, key: int = 0) -> Callable[[Any], Any]:
    """Return the function ``x -> chop(x, fmt, rounding)``; in random modes every call draws new words from `key`.

    Examples
    --------
    >>> to_e4m3 = rounder("e4m3")
    >>> to_e4m3(0.1)
    0.1015625
    """
    mode = Rounding.parse(rounding)
    return partial(chop, fmt=get(fmt), rounding=mode, key=np.random.default_rng(key) if mode.random else None)


def sweep(
    fn: Callable[[Callable[[Any], Any]], _T],
    formats: Iterable[str | Format],
    roundings: Iterable[str | Rounding] = ("nearest_even",),
    *,
    key: int = 0,
) -> Iterator[Outcome[_T]]:
    """Run a computation once per format and rounding mode.

    Parameters
    ----------
    fn : callable
        Gets a function that rounds arrays, and returns whatever is of interest.
    formats : iterable of str or Format
        As `fmt` of `chopper.chop`.
    roundings : iterable of str or Rounding
        As `rounding` of `chopper.chop`.
    key : int
        Where random modes start; the same for every run.

    Yields
    ------
    Outcome
        Formats in the outer loop, modes in the inner one.

    Examples
    --------
    >>> third = lambda r: r(r(1.0) / r(3.0))
    >>> [(one.format, one.rounding, one.value) for one in sweep(third, ["e4m3"], ["down", "up"])]
    [('e4m3', 'down', 0.3125), ('e4m3', 'up', 0.34375)]
    """
    modes = [Rounding.parse(rounding) for rounding in roundings]
    for fmt in map(get, formats):
        for mode in modes:
            try:
                yield Outcome(str(fmt), mode.value, fn(rounder(fmt, mode, key=key)))
            except ChopperError as refusal:
                yield Outcome(str(fmt), mode.value, None, str(refusal))
