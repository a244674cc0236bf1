"""The compiled loops over tiles of a result, in the carrier's own arithmetic."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from chopper.engine.block_loops import loop
from chopper.engine.gemm.vectors import ROWS, VECTORS, advance, join

__all__ = ["BLOCKED", "SEQUENTIAL", "TREE", "multiply"]

SEQUENTIAL, BLOCKED, TREE = 0, 1, 2
"""Orders."""

_DEPTH = 48
"""More levels than a tree has."""


@loop
def multiply(
    step: Any,
    merge: Any,
    a: Any,
    b: Any,
    out: Any,
    first: int,
    last: int,
    order: int,
    block: int,
    magics: Any,
    probe: Any,
) -> bool:
    """Turn rows first ... last-1 of `out`, which hold what is added to, into a product.

    Returns False, and does nothing, where the processor flushes subnormal numbers to zero.

    Parameters
    ----------
    step, merge : Step
        How products are added, and sums of blocks.
    a : array
        (M, K) with M a multiple of `ROWS`.
    b, out : array
        (K, N) and at most (M, N).
    order, block : int
        As above; in a tree `out` is overwritten.
    magics : tuple of Magic
        Of products, sums, and sums of blocks.
    probe : float
        The smallest normal number, and one half, in the dtype of the arrays.
    """
    if probe[0] * probe[1] == 0:
        return False
    f, g, h = magics
    terms, columns = b.shape
    wide = VECTORS * 64 // out.itemsize
    panel = np.zeros((terms, wide), out.dtype)
    tile = np.zeros((ROWS, wide), out.dtype)
    part = np.zeros((ROWS, wide), out.dtype)
    kept = np.zeros((_DEPTH, ROWS, wide), out.dtype)
    for left in range(0, columns, wide):
        width = min(wide, columns - left)
        for k in range(terms):
            for j in range(width):
                panel[k, j] = b[k, left + j]
        for top in range(first, last, ROWS):
            height = min(ROWS, last - top)
            for i in range(height):
                for j in range(width):
                    tile[i, j] = out[top + i, left + j]
            if order == 0:
                _advance(step, a, panel, tile, top, 0, terms, f, g)
            elif order == 1:
                for start in range(0, terms, block):
                    part[:] = 0
                    _advance(step, a, panel, part, top, start, min(block, terms - start), f, g)
                    join(merge, tile, part, h)
            else:
                _tree(step, merge, a, panel, tile, kept, top, block, f, g, h)
            for i in range(height):
                for j in range(width):
                    out[top + i, left + j] = tile[i, j]
    return True


@numba.njit(error_model="numpy")
def _advance(
    step: Any, a: Any, panel: Any, tile: Any, row: int, first: int, count: int, f: Any, g: Any
) -> None:  # a function of its own, so that it is compiled but once
    advance(step, a, panel, tile, row, first, count, f, g)


@numba.njit(error_model="numpy")
def _tree(
    step: Any, merge: Any, a: Any, panel: Any, tile: Any, kept: Any, top: int, block: int, f: Any, g: Any, h: Any
) -> None:
    """Add the sums of blocks pairwise: how many are kept is how many bits of the number of blocks are set."""
    terms = panel.shape[0]
    depth = 0
    number = 0
    for start in range(0, terms, block):
        kept[depth, :] = 0
        _advance(step, a, panel, kept[depth], top, start, min(block, terms - start), f, g)
        depth += 1
        number += 1
        rest = number
        while rest & 1 == 0:
            join(merge, kept[depth - 2], kept[depth - 1], h)
            depth -= 1
            rest >>= 1
    while depth > 1:
        join(merge, kept[depth - 2], kept[depth - 1], h)
        depth -= 1
    tile[:] = 0
    if depth == 1:
        tile[:] = kept[0]
