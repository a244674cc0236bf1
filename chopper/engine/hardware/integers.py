"""Exact sums of integers in 32 bits."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.threads import share
from chopper.hardware.base import Unit

__all__ = ["products"]

_Array = npt.NDArray[Any]
_EXACT = 1 << 22
"""Products of integers of up to 16 bits of which float64 holds any sum."""


def products(unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N)."""
    x, y = (side.view(f"i{side.itemsize}") if name[0] == "i" else side for side, name in ((a, unit.a), (b, unit.b)))
    if unit.model.overflow == "saturate":
        return _saturating(unit.model.terms, x, y, c, threads)
    total = c.view(np.int32).astype(np.int64)
    for k in range(0, x.shape[-1], _EXACT):
        left, right = (side[..., k : k + _EXACT].astype(np.float64) for side in (x, y))
        total += np.matmul(left, right.swapaxes(-1, -2)).astype(np.int64)
    return total.astype(np.int32).view(np.uint32)


def _saturating(terms: int, x: _Array, y: _Array, c: _Array, threads: int | None) -> _Array:
    """Return the codes of sums that saturate after each `terms` products."""
    from chopper.engine.hardware.pair_loops import saturating_sums

    a, b = (np.ascontiguousarray(side, np.int32) for side in (x, y.swapaxes(-1, -2)))
    out = c.view(np.int32).copy()
    weight = max(1, int(x.shape[-1]) * out.shape[-1] // 4)
    rows = out.shape[0] * out.shape[1]
    share(lambda first, last: saturating_sums(None, a, b, out, terms, first, last), rows, threads, weight=weight)
    return out.view(np.uint32)
