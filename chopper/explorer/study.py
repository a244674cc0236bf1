"""What formats do to an array, in numbers that a page can show: errors, and how they are distributed."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.analysis import as_finite, errors
from chopper.conversion import chop
from chopper.errors import ChopperError
from chopper.explorer.describe import formats_of
from chopper.formats.base import Format
from chopper.formats.takum import TakumFormat
from chopper.rounding import Rounding

__all__ = ["FLOOR", "binades", "is_quick", "study"]

FLOOR = -64
"""Relative errors below 2^FLOOR are counted with those there."""

_Array = npt.NDArray[np.float64]


def study(
    x: Any, formats: str | Format | Iterable[str | Format], name: str = "", rounding: str | Rounding = "nearest_even"
) -> dict[str, Any]:
    """Return what formats do to the finite numbers of an array, as JSON-able values.

    Parameters
    ----------
    x : array of numbers
        Taken as one row of float64; infinities and NaNs are left out and counted.
    formats : str, Format or iterable of either
        The formats.
    name : str
        What the array is called.
    rounding : str or Rounding
        A rounding mode; the random words are those of key 0.

    Returns
    -------
    dict
        ``count`` numbers, of which ``zeros`` are zero, ``left_out`` others; ``binades`` of their magnitudes; and for
        each format the fields of `chopper.analysis.Errors` with the ``histogram`` of relative errors by binades, or
        ``refused``, the reason why there is none.

    Raises
    ------
    UnsupportedInputError
        If there is no finite number, or something else than real numbers.
    RoundingError
        If there is no such mode.

    Examples
    --------
    >>> found = study([0.1, 1.0, 3.0], ["e4m3"])
    >>> found["binades"], found["formats"]["e4m3"]["exact"], found["formats"]["e4m3"]["histogram"]
    ({'first': -4, 'counts': [1, 0, 0, 0, 1, 1]}, 0.6666666666666666, {'first': -7, 'counts': [1]})
    """
    mode = Rounding.parse(rounding).value
    data = as_finite(x)
    given = np.asarray(x)
    rows = {str(fmt): _row(data, fmt, mode) for fmt in formats_of(formats)}
    return {
        "name": name,
        "rounding": mode,
        "shape": list(given.shape),
        "dtype": str(given.dtype),
        "count": data.size,
        "left_out": given.size - data.size,
        "zeros": int(np.count_nonzero(data == 0)),
        "binades": binades(data),
        "formats": rows,
    }


def is_quick(fmt: Format) -> bool:
    """Whether a format is rounded to at once; tables of wide logarithmic takums take their time to be made.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> is_quick(get("e4m3")), is_quick(get("takum_log16"))
    (True, False)
    """
    return not (isinstance(fmt, TakumFormat) and fmt.logarithmic and fmt.n > 8)


def _row(data: _Array, fmt: Format, rounding: str) -> dict[str, Any]:
    try:
        found = {key: _plain(value) for key, value in asdict(errors(data, fmt, rounding)).items()}
        result = np.asarray(chop(data, fmt, rounding, key=0))
    except ChopperError as refusal:
        return {"refused": str(refusal)}
    kept = np.isfinite(result) & (data != 0)
    with np.errstate(over="ignore", under="ignore"):
        relative = (result[kept] - data[kept]) / np.abs(data[kept])
    found["histogram"] = binades(relative, FLOOR)
    return found


def _plain(value: Any) -> Any:
    """Write what JSON has no word for as text."""
    return value if not isinstance(value, float) or math.isfinite(value) else str(value)


def binades(x: _Array, floor: int = -1074) -> dict[str, Any]:
    """Count magnitudes by their binades, zeros left out: of the first one counted, and of those that follow.

    Examples
    --------
    >>> binades(np.array([1.0, -1.5, 4.0, 0.0]))
    {'first': 0, 'counts': [2, 0, 1]}
    """
    some = x[(x != 0) & np.isfinite(x)]
    if not some.size:
        return {"first": 0, "counts": []}
    exponents = np.maximum(np.frexp(some)[1] - 1, floor)
    first = int(exponents.min())
    return {"first": first, "counts": np.bincount(exponents - first).tolist()}
