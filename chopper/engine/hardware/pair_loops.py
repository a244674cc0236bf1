"""The compiled loops of integer sums that saturate on the way: rows first ... last-1 of the T M ones.

Factors are int16 or int32, (T, M, K) and (T, K, N); `out` is int32, (T, M, N), and holds what is added to.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.engine.block_loops import loop

__all__ = ["pair_sums", "saturating_sums"]

_TOP, _BOTTOM = (1 << 15) - 1, -(1 << 15)
_LAST, _FIRST = (1 << 31) - 1, -(1 << 31)


@loop
def pair_sums(by: Any, a: Any, b: Any, out: Any, first: int, last: int) -> None:
    """Add products of pairs, clamped to int16, to `out`, which wraps; K is even."""
    rows = a.shape[1]
    for at in range(first, last):
        t, i = at // rows, at % rows
        acc = out[t, i]
        for k in range(0, a.shape[2], 2):
            x, y, left, right = a[t, i, k], a[t, i, k + 1], b[t, k], b[t, k + 1]
            for j in range(acc.size):
                acc[j] += min(max(x * left[j] + y * right[j], _BOTTOM), _TOP)


@loop
def saturating_sums(by: Any, a: Any, b: Any, out: Any, terms: int, first: int, last: int) -> None:
    """Add the products of each `terms` consecutive k to `out` exactly, and clamp it to int32."""
    rows, whole = a.shape[1], a.shape[2]
    total = np.zeros(out.shape[2], np.int64)
    for at in range(first, last):
        t, i = at // rows, at % rows
        acc = out[t, i]
        for start in range(0, whole, terms):
            for j in range(acc.size):
                total[j] = acc[j]
            for k in range(start, min(start + terms, whole)):
                x, row = np.int64(a[t, i, k]), b[t, k]
                for j in range(acc.size):
                    total[j] += x * row[j]
            for j in range(acc.size):
                acc[j] = min(max(total[j], _FIRST), _LAST)
