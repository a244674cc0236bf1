"""Results against a reference: relative errors, signal to noise, and errors in ulps of a format."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.analysis.statistics import as_bound, decibels, root_sum
from chopper.conversion import chop
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["Accuracy", "measure", "spacing", "ulp_errors"]

_Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Accuracy:
    """How far results are from their reference.

    Attributes
    ----------
    count : int
        Results whose reference is finite.
    max_abs, rms : float
        Largest error and root of the mean squared error, of the finite results.
    max_rel, rms_rel : float
        The same of the errors relative to the reference, where that is not zero.
    sqnr_db : float
        10 log10(sum reference^2 / sum error^2), in dB.
    max_ulps, mean_ulps : float or None
        Largest and mean magnitude of the errors in units of `spacing`; None without a format.
    exact : float
        Share of the results that are the reference.
    nonfinite : int
        Results that are infinite or NaN though the reference is finite; the errors leave them out.
    mismatched : int
        Results whose reference is infinite or NaN, and which are something else.
    """

    count: int
    max_abs: float
    rms: float
    max_rel: float
    rms_rel: float
    sqnr_db: float
    max_ulps: float | None
    mean_ulps: float | None
    exact: float
    nonfinite: int
    mismatched: int


def measure(computed: Any, reference: Any, fmt: str | Format | None = None) -> Accuracy:
    """Compare results with a reference, exact or in float64.

    Parameters
    ----------
    computed : array of numbers
        The results, taken as the float64 numbers that they are.
    reference : array of numbers, or of Fractions
        Broadcast to the results.  Floats are taken as exact; an array of Fractions, or of Python integers of any size,
        has the dtype object.
    fmt : str or Format, optional
        The format in whose ulps errors are measured.

    Returns
    -------
    Accuracy
        Each difference, and with fractions each quotient, is correctly rounded to float64; what is made of them is
        float64 arithmetic.

    Raises
    ------
    UnsupportedInputError
        If there is nothing to compare, or something else than real numbers.

    Examples
    --------
    >>> from fractions import Fraction
    >>> found = measure([0.34375, 1.0], [Fraction(1, 3), 1], "e4m3")
    >>> found.max_rel == 1 / 32, found.max_ulps == 1 / 3, found.exact
    (True, True, 0.5)
    """
    results, exact, difference = _differences(computed, reference)
    finite = np.isfinite(exact)
    kept = finite & np.isfinite(results)
    error, given = np.abs(difference[kept]), exact[kept]
    some = given != 0
    ratios = _ratios(computed, reference, kept)
    if ratios is None:
        with np.errstate(over="ignore"):
            ratios = error[some] / np.abs(given[some])
    ulps = None if fmt is None else np.abs(ulp_errors(computed, reference, fmt)[kept])
    same = (results == exact) | (np.isnan(results) & np.isnan(exact))
    return Accuracy(
        count=int(np.count_nonzero(finite)),
        max_abs=float(error.max(initial=0.0)),
        rms=root_sum(error) / math.sqrt(max(error.size, 1)),
        max_rel=float(ratios.max(initial=0.0)),
        rms_rel=root_sum(ratios) / math.sqrt(max(ratios.size, 1)),
        sqnr_db=decibels(root_sum(given), root_sum(error)),
        max_ulps=None if ulps is None else float(ulps.max(initial=0.0)),
        mean_ulps=None if ulps is None else float(ulps.sum() / max(ulps.size, 1)),
        exact=float(np.mean(same & (difference == 0) | same & ~finite)),
        nonfinite=int(np.count_nonzero(finite & ~kept)),
        mismatched=int(np.count_nonzero(~finite & ~same)),
    )


def ulp_errors(computed: Any, reference: Any, fmt: str | Format) -> _Array:
    """Return ``(computed - reference) / spacing(reference, fmt)``, element by element.

    The difference is correctly rounded to float64, and so is the quotient; where the spacing is a power of two, as in
    floats, posits and fixed point, the quotient is exact.  An element that is not finite gives NaN, or 0 where both
    are the same infinity.

    Parameters are those of `measure`.

    Examples
    --------
    >>> ulp_errors([1.125, 0.96875], 1.0, "e4m3").tolist()
    [1.0, -0.25]
    """
    _, exact, difference = _differences(computed, reference)
    known = np.isfinite(exact)
    with np.errstate(all="ignore"):
        found: _Array = difference / spacing(np.where(known, _inward(reference, exact), 0.0), fmt)
    found[~np.isfinite(difference)] = np.nan
    return found


def spacing(x: Any, fmt: str | Format) -> Any:
    """Return the distance between the two neighbouring magnitudes of a format with ``low <= |x| < high``.

    For floats this is the ulp: 2^(max(e, emin) - p + 1) for x of exponent e.  At and beyond the largest value it is
    the distance to the value before it; below the smallest one of a format without zero, from that one to the next.

    Parameters
    ----------
    x : number or array
        Finite or infinite numbers.
    fmt : str or Format
        A format of single numbers whose values float64 holds.

    Raises
    ------
    UnsupportedInputError
        If numbers of the format share scales.
    RangeError
        If float64 does not hold the format.

    Examples
    --------
    >>> spacing([0.0, 1.0, 1.9, 448.0, 1e9], "e4m3").tolist()
    [0.001953125, 0.125, 0.125, 32.0, 32.0]
    >>> spacing(1.0, "posit8"), spacing(64.0, "posit8")
    (np.float64(0.125), np.float64(16.0))
    """
    fmt = get(fmt)
    if fmt.blocked:
        raise UnsupportedInputError(f"numbers of {fmt} share scales and have no spacing of their own; name an element")
    size = np.abs(np.asarray(x, np.float64))
    low = chop(size, fmt, "toward_zero", overflow="saturate")
    if chop(0.0, fmt, "toward_zero", overflow="saturate") == 0:
        low = np.where(low > size, 0.0, low)  # in formats that round no number to zero
    high = chop(np.nextafter(low, np.inf), fmt, "up", overflow="saturate")
    below = chop(np.nextafter(low, 0.0), fmt, "down", overflow="saturate")
    return np.where(high > low, high - low, low - below)[()]


# --- differences -----------------------------------------------------------------------------------------------------


def _differences(computed: Any, reference: Any) -> tuple[_Array, _Array, _Array]:
    """Return results and references in float64, and their differences, correctly rounded."""
    exact = np.asarray(reference)
    if exact.dtype.kind not in "iufbO" and exact.dtype.name != "bfloat16":
        raise UnsupportedInputError(f"cannot compare with dtype {exact.dtype}; pass real numbers or Fractions")
    results = np.asarray(computed, np.float64)
    results, exact = np.broadcast_arrays(results, exact)
    if not results.size:
        raise UnsupportedInputError("there is nothing to compare; pass at least one number")
    if exact.dtype.kind in "Oiu":
        pairs = list(zip(results.reshape(-1).tolist(), exact.reshape(-1).tolist(), strict=True))
        wide = np.array([as_bound(_number(r)) for _, r in pairs]).reshape(exact.shape)
        apart = np.array([_apart(c, r) for c, r in pairs]).reshape(exact.shape)
        return results, wide, apart
    wide = exact.astype(np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.where(results == wide, 0.0, results - wide)
    return results, wide, apart


def _number(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return value
    try:
        return Fraction(value)
    except (TypeError, ValueError):
        raise UnsupportedInputError(f"{value!r} is no real number; pass Fractions, integers or floats") from None


def _apart(computed: float, reference: Any) -> float:
    exact = _number(reference)
    if isinstance(exact, float) or not math.isfinite(computed):
        return 0.0 if computed == exact else computed - as_bound(exact)
    return as_bound(Fraction(computed) - exact)


def _ratios(computed: Any, reference: Any, kept: npt.NDArray[np.bool_]) -> _Array | None:
    """Return relative errors as correctly rounded quotients, for references in fractions."""
    if np.asarray(reference).dtype.kind not in "Oiu":
        return None
    results, exact = np.broadcast_arrays(np.asarray(computed, np.float64), np.asarray(reference))
    pairs = zip(results[kept].tolist(), exact[kept].tolist(), strict=True)
    return np.array([as_bound(abs((Fraction(c) - Fraction(r)) / Fraction(r))) for c, r in pairs if r != 0])


def _inward(reference: Any, exact: _Array) -> _Array:
    """Return references rounded toward zero, so that they stay between the neighbours that they lie between."""
    given = np.asarray(reference)
    if given.dtype.kind not in "Oiu":
        return exact
    pairs = zip(np.broadcast_to(given, exact.shape).reshape(-1).tolist(), exact.reshape(-1).tolist(), strict=True)
    moved = [
        math.nextafter(near, 0.0) if math.isfinite(near) and abs(Fraction(near)) > abs(Fraction(r)) else near
        for r, near in pairs
    ]
    return np.array(moved).reshape(exact.shape)
