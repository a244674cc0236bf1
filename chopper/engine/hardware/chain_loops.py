"""The compiled loops of units whose every operation is rounded by itself.

Operands are stacks (T, M, K) and (T, K, N); `out` (T, M, N) holds c and becomes the result.  N is a multiple of 16, all
arrays are contiguous, and a loop does rows first ... last-1 of the T M ones.  `step` and f are as in `rows`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from chopper.engine.block_loops import loop
from chopper.engine.hardware.rows import add, advance, multiply
from chopper.engine.lanes import to_bits, to_float

__all__ = ["even_odd", "exact_sum", "fused_chain", "pair_tree"]

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


@loop
def exact_sum(step: Any, a: Any, b: Any, out: Any, f: Any, block: int, first: int, last: int) -> None:
    """Run an `ExactSum`."""
    rows, terms = a.shape[1], a.shape[2]
    parts = np.zeros(block + 1)
    nothing = np.full(out.shape[2], -0.0)
    for at in range(first, last):
        t, i = at // rows, at % rows
        acc = out[t, i]
        for start in range(0, terms, block):
            count = min(block, terms - start)
            for j in range(acc.size):
                parts[0] = acc[j]
                plain = acc[j]
                for n in range(count):
                    parts[n + 1] = a[t, i, start + n] * b[t, start + n, j]
                    plain += parts[n + 1]
                acc[j] = _odd_sum(parts[: count + 1]) if np.isfinite(plain) else plain
            add(step, acc, nothing, f)


@njit(error_model="numpy")
def _odd_sum(x: Any) -> float:
    """Return the sum of some numbers rounded to odd; +0 if it is zero.  The numbers are changed.

    Sums of neighbours and their errors take the places of the numbers until nothing changes: each number is then at
    most half an ulp of the one before, and rounding to odd from the last one on loses nothing that matters.
    """
    changed = True
    while changed:
        changed = False
        for n in range(x.size - 1, 0, -1):
            s, error = _two_sum(x[n - 1], x[n])
            changed |= (s != x[n - 1]) | (error != x[n])
            x[n - 1], x[n] = s, error
    total = x[x.size - 1]
    for n in range(x.size - 2, -1, -1):
        s, error = _two_sum(x[n], total)
        bits = to_bits(s)
        if error != 0 and bits & 1 == 0:
            bits += 1 if (error > 0) == (s > 0) else -1
        total = to_float(bits)
    return total if total != 0 else 0.0


@njit(error_model="numpy")
def _two_sum(x: float, y: float) -> Any:
    s = x + y
    part = s - x
    return s, (x - (s - part)) + (y - part)
