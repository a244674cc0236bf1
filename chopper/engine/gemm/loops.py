"""The compiled loops over tiles of a result, in the carrier's own arithmetic."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from chopper.engine.block_loops import loop
from chopper.engine.gemm.vectors import ROWS, VECTORS, advance, join

__all__ = ["multiply"]

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
    key: Any,
    probe: Any,
) -> Any:
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
        0 sequential, 1 blocked, 2 pairwise: `out` is then overwritten.
    magics : tuple of Magic
        Of products, sums, and sums of blocks.
    key : tuple of int
        High and low word, index of the first element of `out`, words of an element, words of a term.
    probe : tuple of float
        The smallest normal number, and one half, in the dtype of the arrays.
    """
    if probe[0] * probe[1] == 0:
        return False
    terms, columns = b.shape
    wide = VECTORS * 64 // out.itemsize
    panel = np.zeros((terms, wide), out.dtype)
    tile = np.zeros((ROWS, wide), out.dtype)
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
            draw = _draw(key, top, left, columns)
            if order == 0:
                _advance(step, a, panel, tile, top, 0, terms, magics, draw)
            elif order == 1:
                _add_blocks(step, merge, a, panel, tile, kept[0], top, block, magics, draw)
            else:
                _tree(step, merge, a, panel, tile, kept, top, block, magics, draw)
            for i in range(height):
                for j in range(width):
                    out[top + i, left + j] = tile[i, j]
    return True


@njit(error_model="numpy")
def _draw(key: Any, top: int, left: int, columns: int) -> Any:
    """Return what `advance` takes to make the words of a tile."""
    high, low, origin, steps, words = key
    return high, low, (origin + top * columns + left) * steps, steps, columns * steps, words


@njit(error_model="numpy")
def _later(draw: Any, words: int) -> Any:
    high, low, index, steps, row, term = draw
    return high, low, index + words, steps, row, term


@njit(error_model="numpy")
def _advance(
    step: Any, a: Any, panel: Any, tile: Any, row: int, first: int, count: int, magics: Any, draw: Any
) -> None:
    """Call `advance`: in a function of its own, so that it is compiled but once."""
    advance(step, a, panel, tile, row, first, count, magics[0], magics[1], _later(draw, first * draw[5]))


@njit(error_model="numpy")
def _join(merge: Any, tile: Any, other: Any, magics: Any, draw: Any) -> None:
    join(merge, tile, other, magics[2], draw)


@njit(error_model="numpy")
def _add_blocks(
    step: Any, merge: Any, a: Any, panel: Any, tile: Any, part: Any, top: int, block: int, magics: Any, draw: Any
) -> None:
    """Add sums of blocks in turn."""
    terms = panel.shape[0]
    at = _later(draw, terms * draw[5])
    for start in range(0, terms, block):
        part[:] = 0
        _advance(step, a, panel, part, top, start, min(block, terms - start), magics, draw)
        _join(merge, tile, part, magics, at)
        at = _later(at, 1)


@njit(error_model="numpy")
def _tree(
    step: Any, merge: Any, a: Any, panel: Any, tile: Any, kept: Any, top: int, block: int, magics: Any, draw: Any
) -> None:
    """Add the sums of blocks pairwise: how many are kept is how many bits of the number of blocks are set."""
    terms = panel.shape[0]
    at = _later(draw, terms * draw[5])
    depth = 0
    for start in range(0, terms, block):
        kept[depth, :] = 0
        _advance(step, a, panel, kept[depth], top, start, min(block, terms - start), magics, draw)
        depth += 1
        rest = start // block + 1
        while depth > 1 and rest & 1 == 0:
            _join(merge, kept[depth - 2], kept[depth - 1], magics, at)
            at = _later(at, 1)
            depth -= 1
            rest >>= 1
    while depth > 1:
        _join(merge, kept[depth - 2], kept[depth - 1], magics, at)
        at = _later(at, 1)
        depth -= 1
    tile[:] = 0
    if depth == 1:
        tile[:] = kept[0]
