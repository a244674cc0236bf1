"""Sums of pairs of 8-bit products that saturate in int16."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.threads import share
from chopper.hardware.base import Unit

__all__ = ["products"]

_Array = npt.NDArray[Any]


def products(unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N)."""
    from chopper.engine.hardware.pair_loops import pair_sums

    room = -(-a.shape[-1] // 2) * 2
    sides = []
    for codes, name in ((a, unit.a), (b, unit.b)):
        wide = np.zeros((*codes.shape[:-1], room), np.int16)
        wide[..., : codes.shape[-1]] = codes.view(np.int8) if name == "int8" else codes
        sides.append(wide)
    x, y = sides[0], np.ascontiguousarray(sides[1].swapaxes(-1, -2))
    out = c.view(np.int32).copy()
    weight = max(1, room * out.shape[-1] // 8)
    share(
        lambda first, last: pair_sums(None, x, y, out, first, last), out.shape[0] * out.shape[1], threads, weight=weight
    )
    return out.view(np.uint32)
