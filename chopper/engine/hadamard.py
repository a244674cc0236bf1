"""The Hadamard transform over arrays: a compiled loop, or the same additions on NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.run import loop_for

__all__ = ["transform"]

_Array = npt.NDArray[Any]

_TILE = 1 << 14
"""Elements that NumPy takes at a time, so that temporaries stay in cache."""


def transform(x: _Array, out: _Array, before: _Array, after: _Array, block: int) -> None:
    """Transform each block of flat, contiguous `x`: times `before`, butterflies, times `after`.  `out` may be `x`.

    The factors, of one dtype with `x`, repeat; their length is a multiple of `block`.
    """
    entry = loop_for("butterflies", x, out, x, out, before, after, block)
    if entry is not None:
        entry(x, out, before, after, block)
        return
    rows, results = x.reshape(-1, before.size), out.reshape(-1, before.size)
    step = max(1, _TILE // before.size)
    with np.errstate(all="ignore"):
        for start in range(0, len(rows), step):
            tile = (rows[start : start + step] * before).reshape(-1, block)
            for _ in range(block.bit_length() - 1):
                even, odd = tile[:, ::2], tile[:, 1::2]
                tile = np.concatenate([even + odd, even - odd], axis=1)
            results[start : start + step] = tile.reshape(-1, before.size) * after
