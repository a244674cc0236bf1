"""Moves between float dtypes that lose nothing, whatever the processor does with subnormal numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.errors import RangeError

__all__ = ["narrow", "widen"]

_Array = npt.NDArray[Any]
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


def widen(source: _Array, carrier: np.dtype[Any]) -> _Array:
    """Return numbers in float32 or float64, exactly.

    Raises
    ------
    RangeError
        For an integer without an exact float64.
    """
    if source.dtype == carrier and source.dtype.isnative:
        return source
    if source.dtype.kind not in "iub":
        with np.errstate(invalid="ignore"):  # a signalling NaN
            wide = source.astype(carrier, copy=False)
            return wide if source.itemsize == carrier.itemsize else _with_subnormals(source, wide)
    wide = source.astype(np.float64)
    if source.dtype.itemsize == 8 and source.size and (np.abs(wide) >= 2.0**53).any():
        lost = [int(i) for i in source.ravel() if int(float(int(i))) != int(i)]
        if lost:
            raise RangeError(f"the integer {lost[0]} has no exact float64; convert the array to floats first")
    return wide


def _with_subnormals(source: _Array, wide: _Array) -> _Array:
    """Put back the subnormal numbers that the processor may have flushed to zero on the way from float32."""
    bits = source.astype(np.float32).view(np.int32)
    low = bits & 0x7FFFFFFF
    tiny = (low != 0) & (low < 1 << 23)
    if wide.dtype == _FLOAT64 and tiny.any():
        wide[tiny] = np.copysign(low[tiny] * 2.0**-149, bits[tiny])
    return wide


def narrow(result: _Array, dtype: np.dtype[Any]) -> _Array:
    """Return numbers in a narrower dtype, exactly.

    Raises
    ------
    RangeError
        If one does not fit.
    """
    if result.itemsize == dtype.itemsize:
        return result.astype(dtype)
    with np.errstate(all="ignore"):
        single = _to_single(result) if result.dtype == _FLOAT64 else result
        final = single.astype(dtype)
        again = widen(widen(final, _FLOAT32), result.dtype)
        kind = f"i{result.itemsize}"
        lost = (again.view(kind) != result.view(kind)) & ~np.isnan(result)
    if lost.any():
        raise RangeError(
            f"the rounded value {result[lost].flat[0]!s} does not fit {dtype.name}; widen the input first, "
            "to float32 or float64"
        )
    return final


def _to_single(wide: _Array) -> _Array:
    """Return float64 as float32, with the subnormal numbers that the processor may flush to zero."""
    single = wide.astype(np.float32)
    tiny = np.abs(wide) < 2.0**-126
    if tiny.any():
        low = (np.abs(wide[tiny]) * 2.0**149).astype(np.int32)
        single.view(np.int32)[tiny] = low | np.where(np.signbit(wide[tiny]), -(1 << 31), 0).astype(np.int32)
    return single
