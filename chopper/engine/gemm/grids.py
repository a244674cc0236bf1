"""Exact sums by compiled loops: how many grids they take, and running them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.gemm.operands import Extent
from chopper.engine.run import loop_for
from chopper.engine.threads import share

__all__ = ["Grids", "grids_of", "run_exact"]

_Array = npt.NDArray[Any]
_CHEAP = 256
"""Steps that count as one number when it is decided whether a compiler is worth its time."""
_MOST = 16
"""More grids than float32 operands take."""


class Grids(NamedTuple):
    """Where products are split."""

    units: _Array
    magics: _Array
    width: int


def grids_of(a: Extent, b: Extent, c: Extent | None, terms: int) -> Grids | None:
    """Return the grids for c + a @ b, None if float64 does not hold every product or they are too many."""
    if not (a.finite and b.finite and (c is None or c.finite)) or a.width + b.width > 53:
        return None
    unit, top = a.unit + b.unit, a.top + b.top
    if c is not None:
        unit, top = min(unit, c.unit), max(top, c.top)
    if unit > 2000:  # all is zero
        unit, top = 0, 0
    width = 53 - (terms + 1).bit_length()
    count = max(1, -(-(top - unit + 1) // width))
    places = [unit + n * width for n in reversed(range(count))]
    if width < 16 or count > _MOST or unit < -900 or places[0] > 900:
        return None
    units = np.ldexp(1.0, places)
    return Grids(units, units * 2.0**52 * 1.5, width)


def run_exact(grids: Grids, a: _Array, b: _Array, out: _Array, threads: int | None) -> bool:
    """Turn `out` (..., M, N), which holds what is added to, into a product, rounded to odd; False if it is left alone.

    `out` is contiguous; a (..., M, K) and b (..., K, N) are broadcast.
    """
    batch = out.shape[:-2]
    for at in np.ndindex(batch):
        x, y = (np.ascontiguousarray(np.broadcast_to(s, (*batch, *s.shape[-2:]))[at]) for s in (a, b))
        work = np.broadcast_to(out[:1, :1].reshape(-1)[:1], (x.shape[0] * y.size // _CHEAP,)) if out.size else out
        result: Any = out[at]
        entry = loop_for("gemm.exact_loops.add_exactly", work, out, x, y, result, 0, 1, *grids)
        if entry is None:
            return False

        def part(start: int, stop: int, entry: Any = entry, x: Any = x, y: Any = y, result: Any = result) -> None:
            entry(x, y, result, start, stop, *grids)

        share(part, x.shape[0], threads, weight=max(1, y.size // 4))
    return True
