"""Sums in two stages: checks, and the loop."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.hardware.operands import Lanes, Operand
from chopper.engine.kernel import Kernel
from chopper.engine.threads import share
from chopper.hardware.base import Unit
from chopper.kernels.fused import Fused

__all__ = ["products"]

_Array = npt.NDArray[Any]


def products(unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N)."""
    from chopper.engine.hardware.staged_loops import add_stages

    model = unit.model
    left, right = Operand(a, unit.a), Operand(b, unit.b)
    digits = left.digits + right.digits
    size = a.shape[-1]
    x, y = (Lanes(*(np.ascontiguousarray(part).reshape(-1, size) for part in side.lanes)) for side in (left, right))
    out = c.astype(np.int64)
    f = Fused(model.room, -126, 23, 127, 0x7F800000, 0x7FFFFFFF, 0)
    plan = (model.terms, model.fraction, model.split, digits)
    kernel = Kernel("fused", "total", "nearest_even", 64)
    share(
        lambda first, last: add_stages(kernel, x, y, out, f, plan, first, last),
        out.size,
        threads,
        a.shape[-1],
    )
    return out.astype(c.dtype)
