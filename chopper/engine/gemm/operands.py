"""What comes into a matrix product: arrays of exact numbers, and what is known of them."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.casts import widen
from chopper.engine.inputs import as_real

__all__ = ["Operand"]

_Array = npt.NDArray[Any]
_FLOAT32, _FLOAT64 = np.dtype(np.float32), np.dtype(np.float64)


class Operand:
    """An array of numbers, looked at as far as a path needs it."""

    def __init__(self, x: Any) -> None:
        source = as_real(x)
        self.small = source.dtype.kind not in "iub" and source.dtype.itemsize <= 4
        self.values = widen(source, _FLOAT32 if self.small else _FLOAT64)

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

    @cached_property
    def finite(self) -> bool:
        """Whether no number is infinite or NaN."""
        return bool(np.isfinite(self.values).all())

    @cached_property
    def top(self) -> int:
        """The least e with magnitudes below 2^e, of the finite numbers; -5000 if all are zero."""
        return self._extent[1]

    @cached_property
    def unit(self) -> int:
        """The largest e such that the finite numbers are multiples of 2^e; 5000 if all are zero."""
        return self._extent[0]

    @property
    def width(self) -> int:
        """Bits of the significand that any of the numbers needs, at most 53."""
        return self._extent[2]

    @cached_property
    def low(self) -> int:
        """The least e of a nonzero finite number with 2^(e-1) <= its magnitude; 5000 if all are zero."""
        return self._extent[3]

    @cached_property
    def _extent(self) -> tuple[int, int, int, int]:
        x = self.doubles[np.isfinite(self.doubles) & (self.doubles != 0)]
        if x.size == 0:
            return 5000, -5000, 0, 5000
        m, e = np.frexp(x)
        whole = np.abs(m * 2.0**53).astype(np.int64)
        trailing = np.bitwise_count((whole & -whole) - 1).astype(np.int64)
        width = 53 - trailing
        return int((e - width).min()), int(e.max()), int(width.max()), int(e.min())
