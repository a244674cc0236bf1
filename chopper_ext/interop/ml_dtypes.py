"""ml_dtypes: codes as NumPy arrays of its dtypes and back, without a copy.

`chopper.chop`, `chopper.encode` and `chopper.decode` take arrays of its dtypes without this module.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

from chopper.errors import FormatError, UnknownFormatError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["as_dtype", "codes_of"]

_NATIVE = ("float16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")


def as_dtype(codes: npt.NDArray[Any], fmt: str | Format) -> npt.NDArray[Any]:
    """Return codes as an array of the dtype, of ml_dtypes or NumPy, that stores the format: a view.

    Raises
    ------
    UnsupportedInputError
        If there is no such dtype, or the codes are not those of `chopper.encode`.

    Examples
    --------
    >>> import chopper, numpy as np
    >>> x = as_dtype(chopper.encode(np.array([0.3, 1000.0]), "e4m3"), "e4m3")
    >>> x.dtype.name, x.astype(float).tolist()
    ('float8_e4m3fn', [0.3125, 448.0])
    """
    wanted = get(fmt)
    dtype = _dtypes().get(wanted)
    if dtype is None:
        raise UnsupportedInputError(f"ml_dtypes has no dtype that stores {wanted}; keep the codes as integers")
    if codes.dtype != f"u{dtype.itemsize}":
        raise UnsupportedInputError(f"codes have dtype {codes.dtype}; pass those that chopper.encode gives")
    return codes.view(dtype)


def codes_of(x: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], Format]:
    """Return the codes that an array holds, as a view, and their format.

    Raises
    ------
    UnsupportedInputError
        If the dtype stores no format that chopper knows.

    Examples
    --------
    >>> codes, fmt = codes_of(np.array([1.0, -2.0], ml_dtypes.float8_e5m2))
    >>> codes.tolist(), str(fmt)
    ([60, 192], 'e5m2')
    """
    found = next((fmt for fmt, dtype in _dtypes().items() if dtype == x.dtype), None)
    if found is None or not x.dtype.isnative:
        raise UnsupportedInputError(f"dtype {x.dtype} stores no format that chopper knows")
    return x.view(f"u{x.dtype.itemsize}"), found


@cache
def _dtypes() -> dict[Format, np.dtype[Any]]:
    """Return the dtype that stores each format: formats bear the names of the dtypes."""
    found: dict[Format, np.dtype[Any]] = {}
    for name in (*_NATIVE, *sorted(vars(ml_dtypes))):
        if name.startswith(("float", "bfloat", "int", "uint")):
            try:
                found.setdefault(get(name), np.dtype(getattr(ml_dtypes, name, name)))
            except (UnknownFormatError, FormatError):
                continue
    return found
