"""Operands: numbers and arrays of every real dtype, as float64 of one shape, and what the result is to be."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.casts import narrow, widen
from chopper.engine.inputs import as_real, check_out, is_number
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format

__all__ = ["Operands", "Target", "gather", "wide"]

_Array = npt.NDArray[Any]
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Operands(NamedTuple):
    """Operands as flat arrays, all float32 or all float64, of one element where they are the same for all."""

    arrays: tuple[_Array, ...]
    shape: tuple[int, ...]
    size: int

    def cut(self, low: int, high: int) -> tuple[_Array, ...]:
        """Return the operands of the elements from `low` to `high`."""
        if low == 0 and high == self.size and all(a.size == high for a in self.arrays):
            return self.arrays
        count = high - low
        return tuple(np.full(count, a[0]) if a.size == 1 != count else a[low:high] for a in self.arrays)


class Target(NamedTuple):
    """Where results go: in which dtype, and as what."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    out: Any
    scalar: str  # "number", "generic" or "", for an array

    @property
    def takes_directly(self) -> bool:
        """Whether results can be written to `out` one after the other."""
        return self.out is not None and self.out.flags.c_contiguous and self.out.dtype.isnative

    def deliver(self, values: _Array) -> Any:
        """Return values, flat, in the dtype, shape and kind of the result."""
        if self.out is not None:
            if not np.may_share_memory(values, self.out):
                np.copyto(self.out, self._cast(values.reshape(self.shape)))
            return self.out
        result = self._cast(values.reshape(self.shape))
        if self.scalar == "number":
            return result[()].item()
        return result[()] if self.scalar else result

    def _cast(self, values: _Array) -> _Array:
        return values if values.dtype == self.dtype else narrow(values, self.dtype)


def gather(xs: Sequence[Any], fmt: Format, out: Any) -> tuple[Operands, Target]:
    """Make operands alike, and say what the result will be.

    Parameters
    ----------
    xs : sequence
        Numbers, NumPy scalars, arrays of every real dtype, nested lists.
    fmt : Format
        Of the result.
    out : array or None
        Checked here against every operand.

    Raises
    ------
    UnsupportedInputError
        For operands that do not broadcast, or are no real numbers.
    RangeError
        For an integer without an exact float64.
    OutputError
        For an `out` that cannot take the result.
    """
    sources = [as_real(x) for x in xs]
    try:
        shape = sources[0].shape
        if any(a.shape != shape for a in sources):
            shape = np.broadcast_shapes(*(a.shape for a in sources))
    except ValueError:
        shapes = ", ".join(str(a.shape) for a in sources)
        raise UnsupportedInputError(f"shapes {shapes} do not broadcast; pass arrays of one shape, or numbers") from None
    kind = _result_dtype(xs, sources, fmt)
    if out is not None:
        for x in xs:
            check_out(out, x, shape, kind)
    scalar = "" if any(isinstance(x, (np.ndarray, list, tuple)) for x in xs) else "generic"
    scalar = "number" if all(is_number(x) for x in xs) else scalar
    dtype = _FLOAT32 if all(map(_is_short, sources)) else _FLOAT64
    flat = tuple([_flat(a, shape, dtype) for a in sources])
    return Operands(flat, shape, prod(shape)), Target(kind, shape, out, scalar)


def wide(arrays: tuple[_Array, ...]) -> tuple[_Array, ...]:
    """Return arrays as float64."""
    return tuple(widen(a, _FLOAT64) for a in arrays)


def _is_short(a: _Array) -> bool:
    """Whether float32 holds an operand, as far as its dtype tells, or its value if it is one number."""
    if a.dtype.kind not in "iub" and a.dtype.itemsize <= 4:
        return True
    return a.size == 1 and 2.0**-100 < abs(number := float(a.reshape(-1)[0])) < 2.0**100 and _held(number)


def _held(number: float) -> bool:
    return float(np.float32(number)) == number


def _flat(a: _Array, shape: tuple[int, ...], dtype: np.dtype[Any]) -> _Array:
    carried = a.astype(np.float32) if dtype == _FLOAT32 and a.dtype.itemsize > 4 else widen(a, dtype)
    if carried.size == 1 or carried.shape == shape:
        return np.ascontiguousarray(carried).reshape(-1)
    return np.ascontiguousarray(np.broadcast_to(carried, shape)).reshape(-1)


def _result_dtype(xs: Sequence[Any], sources: Sequence[_Array], fmt: Format) -> np.dtype[Any]:
    """Return float32 if every operand that has a float dtype is no wider and the format fits, else float64."""
    floats = [a.dtype for x, a in zip(xs, sources, strict=True) if a.dtype.kind not in "iub" and not is_number(x)]
    narrow32 = bool(floats) and all(dtype.itemsize <= 4 for dtype in floats)
    return _FLOAT32 if narrow32 and _fits_single(fmt) else _FLOAT64


@lru_cache(maxsize=1024)
def _fits_single(fmt: Format) -> bool:
    return planning.family_of(fmt).fits(fmt, 32)
