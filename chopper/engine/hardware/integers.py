"""Exact sums of integers in 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.hardware.base import Unit

__all__ = ["products"]

_Array = npt.NDArray[Any]
_EXACT = 1 << 22
"""Products of 8-bit integers of which float64 holds any sum."""


def products(unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N)."""
    x, y = (side.view(np.int8) if name == "int8" else side for side, name in ((a, unit.a), (b, unit.b)))
    total = c.view(np.int32).astype(np.int64)
    step = unit.model.terms if unit.model.overflow == "saturate" else _EXACT
    for k in range(0, x.shape[-1], step):
        left, right = (side[..., k : k + step].astype(np.float64) for side in (x, y))
        total += np.matmul(left, right.swapaxes(-1, -2)).astype(np.int64)
        if unit.model.overflow == "saturate":
            np.clip(total, -(1 << 31), (1 << 31) - 1, out=total)
    return total.astype(np.int32).view(np.uint32)
