"""What comes into a matrix product: arrays of exact numbers, and what is known of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.casts import widen
from chopper.engine.inputs import as_real

__all__ = ["Extent", "Operand", "extent_of"]

_Array = npt.NDArray[Any]
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Extent(NamedTuple):
    """What is known of finite numbers."""

    unit: int  # all are multiples of 2^unit
    top: int  # all are below 2^top
    width: int  # bits of the significand that suffice for each
    finite: bool  # whether no others are among them


_NOTHING = Extent(5000, -5000, 0, True)
"""Zeros."""


class Operand:
    """An array of numbers, looked at as far as a path needs it."""

    def __init__(self, x: Any) -> None:
        source = as_real(x)
        self.small = source.dtype.kind not in "iub" and source.dtype.itemsize <= 4
        self.values = np.ascontiguousarray(widen(source, _FLOAT32 if self.small else _FLOAT64)).reshape(source.shape)

    @classmethod
    def of(cls, values: _Array, like: Operand) -> Operand:
        """Return an operand of other values, in the dtype of `like`."""
        new = cls.__new__(cls)
        new.small, new.values = like.small, values
        return new

    @cached_property
    def doubles(self) -> _Array:
        """The numbers as float64."""
        with np.errstate(all="ignore"):
            return self.values.astype(np.float64, copy=False)

    @cached_property
    def singles(self) -> _Array | None:
        """The numbers as float32, None if it does not hold them."""
        if self.values.dtype == _FLOAT32:
            return self.values
        with np.errstate(all="ignore"):
            found = self.values.astype(np.float32)
            same = (found == self.values) | np.isnan(self.values)
        return found if same.all() else None

    @property
    def narrow(self) -> bool:
        """Whether float32 holds the numbers, so that float64 holds products of two."""
        return self.singles is not None

    @property
    def finite(self) -> bool:
        """Whether no number is infinite or NaN."""
        return self.extent.finite

    @cached_property
    def extent(self) -> Extent:
        """The range and the bits of the numbers."""
        return extent_of(self.values)


def extent_of(x: _Array) -> Extent:
    """Measure the patterns of a contiguous array of float32 or float64: bounds, not the closest ones."""
    if x.size == 0:
        return _NOTHING
    bias, digits = (127, 23) if x.dtype == _FLOAT32 else (1023, 52)
    kind: Any = np.uint32 if x.dtype == _FLOAT32 else np.uint64
    bits: Any = x.view(kind)
    inf = (2 * bias + 1) << digits
    mags = bits & kind((1 << (8 * bits.itemsize - 1)) - 1)
    most = int(mags.max())
    finite = most < inf
    if not finite:
        mags = np.where(mags < kind(inf), mags, kind(0))
        most = int(mags.max())
    if most == 0:
        return _NOTHING._replace(finite=finite)
    least = int((mags - kind(1)).min()) + 1  # zero becomes the largest integer
    fraction = int(np.bitwise_or.reduce(mags, axis=None)) & ((1 << digits) - 1)
    trailing = (fraction & -fraction).bit_length() - 1 if fraction else digits
    low, high = max(least >> digits, 1) - bias, max(most >> digits, 1) - bias
    return Extent(low - digits + trailing, high + 1, digits + 1 - trailing, finite)
