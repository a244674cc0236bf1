"""The compiled loops of units whose every operation is rounded by itself.

Operands are stacks (T, M, K) and (T, K, N); `out` (T, M, N) holds c and becomes the result.  N is a multiple of 16, all
arrays are contiguous, and a loop does rows first ... last-1 of the T M ones.  `step` and f are as in `rows`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.engine.block_loops import loop
from chopper.engine.hardware.rows import add, advance, multiply

__all__ = ["even_odd", "fused_chain", "pair_tree"]

_WIDE = 256
"""Columns that are worked on at a time."""


@loop
def fused_chain(step: Any, a: Any, b: Any, out: Any, f: Any, order: Any, first: int, last: int) -> None:
    """Run a `FusedChain`."""
    rows, terms = a.shape[1], a.shape[2]
    group = order.size
    for left in range(0, out.shape[2], _WIDE):
        for at in range(first, last):
            t, i = at // rows, at % rows
            panel, acc = b[t], out[t, i, left : left + _WIDE]
            for start in range(0, terms, group):
                for n in range(group):
                    k = start + order[n]
                    if k < terms:
                        advance(step, acc, panel[k, left : left + _WIDE], a[t, i, k], f)


@loop
def even_odd(step: Any, a: Any, b: Any, out: Any, f: Any, block: int, first: int, last: int) -> None:
    """Run an `EvenOddChain`."""
    rows, terms = a.shape[1], a.shape[2]
    sums = np.zeros((2, _WIDE), out.dtype)
    for left in range(0, out.shape[2], _WIDE):
        for at in range(first, last):
            t, i = at // rows, at % rows
            panel, acc = b[t], out[t, i, left : left + _WIDE]
            even, odd = sums[0, : acc.size], sums[1, : acc.size]
            for start in range(0, terms, block):
                stop = min(start + block, terms)
                even[:] = 0
                odd[:] = 0
                for k in range(start, stop, 2):
                    advance(step, even, panel[k, left : left + _WIDE], a[t, i, k], f)
                    if k + 1 < stop:
                        advance(step, odd, panel[k + 1, left : left + _WIDE], a[t, i, k + 1], f)
                add(step, even, odd, f)
                add(step, acc, even, f)


@loop
def pair_tree(step: Any, by: Any, a: Any, b: Any, out: Any, f: Any, block: int, first: int, last: int) -> None:
    """Run a `PairTree`; products are rounded by the kernel `by`, or not at all."""
    rows, terms = a.shape[1], a.shape[2]
    parts = np.zeros((block, _WIDE), out.dtype)
    for left in range(0, out.shape[2], _WIDE):
        for at in range(first, last):
            t, i = at // rows, at % rows
            panel, acc = b[t], out[t, i, left : left + _WIDE]
            for start in range(0, terms, block):
                for n in range(block):
                    if start + n < terms:
                        row = panel[start + n, left : left + _WIDE]
                        multiply(step, by, parts[n, : acc.size], row, a[t, i, start + n], f)
                    else:
                        parts[n, :] = 0
                stride = 1
                while stride < block:
                    for n in range(0, block, 2 * stride):
                        add(step, parts[n, : acc.size], parts[n + stride, : acc.size], f)
                    stride *= 2
                add(step, acc, parts[0, : acc.size], f)
