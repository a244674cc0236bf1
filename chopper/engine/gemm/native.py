"""Running the carrier's own arithmetic over stacks of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.gemm.carriers import Choice
from chopper.engine.run import loop_for, share

__all__ = ["run_native"]

_Array = npt.NDArray[Any]
_ROWS = 8
"""Rows of a tile, as `vectors.ROWS`, which is not imported before anything is compiled."""
_CHEAP = 256
"""Steps that count as one number when it is decided whether a compiler is worth its time."""
_ORDERS = {"sequential": 0, "blocked": 1, "pairwise": 2, "tree": 2}


def run_native(
    choice: Choice, order: str, block: int | None, a: _Array, b: _Array, out: _Array, threads: int | None
) -> bool:
    """Turn `out` (..., M, N), which holds what is added to, into a product of a (..., M, K) and b (..., K, N).

    Returns False if that is not to be had: no loop is compiled yet for so few numbers, or the processor flushes
    subnormal numbers to zero; `out` is then to be made anew.
    """
    done = True
    for at in np.ndindex(out.shape[:-2]):
        x, y = (np.broadcast_to(s, (*out.shape[:-2], *s.shape[-2:]))[at] for s in (a, b))
        done = done and _one(choice, _ORDERS[order], block or 1, x, y, out[at], threads)
        if not done:
            break
    return done


def _one(choice: Choice, order: int, block: int, a: _Array, b: _Array, out: _Array, threads: int | None) -> bool:
    rows, terms = a.shape
    whole = np.zeros((-(-rows // _ROWS) * _ROWS, terms), choice.dtype)
    whole[:rows] = a
    b = np.ascontiguousarray(b)
    info = np.finfo(choice.dtype)
    probe = (info.smallest_normal, choice.dtype(0.5))
    arguments: Any = (choice.step, choice.merge, whole, b, out)
    tail: Any = (order, block, choice.magics, probe)
    work = np.broadcast_to(out[:1, :1], (rows, terms * out.shape[1] // _CHEAP))
    entry = loop_for("gemm.loops.multiply", work, out, *arguments, 0, rows, *tail, by=(choice.step, choice.merge))
    if entry is None:
        return False
    fine: list[bool] = []

    def part(start: int, stop: int) -> None:
        fine.append(bool(entry(*arguments, start * _ROWS, min(stop * _ROWS, rows), *tail)))

    share(part, whole.shape[0] // _ROWS, threads, weight=max(1, terms * out.shape[1] // 8))
    return all(fine)
