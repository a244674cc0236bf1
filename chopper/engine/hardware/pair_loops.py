"""The compiled loop of sums of pairs that saturate."""

from __future__ import annotations

from typing import Any

from chopper.engine.block_loops import loop

__all__ = ["pair_sums"]

_TOP, _BOTTOM = (1 << 15) - 1, -(1 << 15)


@loop
def pair_sums(by: Any, a: Any, b: Any, out: Any, first: int, last: int) -> None:
    """Add products of pairs, clamped to int16, to rows first ... last-1 of the T M ones of `out`, which wraps.

    Factors are int16 (T, M, K) and (T, K, N); `out` is int32 (T, M, N); K is even.
    """
    rows = a.shape[1]
    for at in range(first, last):
        t, i = at // rows, at % rows
        acc = out[t, i]
        for k in range(0, a.shape[2], 2):
            x, y, left, right = a[t, i, k], a[t, i, k + 1], b[t, k], b[t, k + 1]
            for j in range(acc.size):
                acc[j] += min(max(x * left[j] + y * right[j], _BOTTOM), _TOP)
