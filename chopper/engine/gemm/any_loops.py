"""The compiled loop over rows of a result, for every format that binary64 carries, in every mode and order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from chopper.engine.block_loops import loop
from chopper.engine.gemm.drawn import COUNT
from chopper.engine.gemm.rows import add_row, advance_row

__all__ = ["multiply_any"]

_WIDE = 128
"""Columns that are worked on at a time."""
_DEPTH = 48
"""More levels than a tree has."""


@loop
def multiply_any(
    by: Any, total: Any, flush: Any, a: Any, b: Any, out: Any, first: int, last: int, plan: Any, params: Any, key: Any
) -> None:
    """Turn rows first ... last-1 of `out`, which hold what is added to, into a product.

    Parameters
    ----------
    by, total, flush : Kernel or None
        That round products (None: they are not), sums, and sums of blocks.
    a, b, out : arrays of float64
        (M, K), (K, N), (M, N).
    plan : tuple of int
        Order (0 sequential, 1 blocked, 2 pairwise), terms in a block, sign mask where exact zeros take either sign.
    params : tuple
        Of the three kernels.
    key : tuple of int
        High and low word, index of the first element of `out`, words of an element, words of a term.
    """
    order, block, down = plan
    f, g, _ = params
    high, low, origin, steps, words = key
    terms, columns = b.shape
    panel = np.zeros((terms, _WIDE))
    acc, part = np.zeros(_WIDE), np.zeros(_WIDE)
    kept = np.zeros((_DEPTH, _WIDE))
    for left in range(0, columns, _WIDE):
        width = min(_WIDE, columns - left)
        full = (width + COUNT - 1) // COUNT * COUNT
        panel[:, :full] = 0
        for k in range(terms):
            for j in range(width):
                panel[k, j] = b[k, left + j]
        for i in range(first, last):
            index = (origin + i * columns + left) * steps
            acc[:full] = 0
            for j in range(width):
                acc[j] = out[i, left + j]
            keys = (high, low, index, steps)
            row = acc[:full]
            if order == 0:
                _run(by, total, row, panel, a, i, 0, terms, f, g, keys, words, down)
            elif order == 1:
                _add_blocks(by, total, flush, row, part[:full], panel, a, i, block, params, keys, words, down)
            else:
                _tree(by, total, flush, row, kept[:, :full], panel, a, i, block, params, keys, words, down)
            for j in range(width):
                out[i, left + j] = acc[j]


@njit(error_model="numpy")
def _run(
    by: Any,
    total: Any,
    acc: Any,
    panel: Any,
    a: Any,
    row: int,
    first: int,
    last: int,
    f: Any,
    g: Any,
    key: Any,
    words: int,
    down: int,
) -> None:
    """Do steps first ... last-1 of one row."""
    high, low, index, steps = key
    for k in range(first, last):
        at = index + k * words
        inner, outer = (high, low, at, steps), (high, low, at + words - 1, steps)
        advance_row(by, total, acc, panel[k], a[row, k], f, g, inner, outer, down)


@njit(error_model="numpy")
def _add_blocks(
    by: Any,
    total: Any,
    flush: Any,
    acc: Any,
    part: Any,
    panel: Any,
    a: Any,
    row: int,
    block: int,
    params: Any,
    key: Any,
    words: int,
    down: int,
) -> None:
    """Add sums of blocks in turn."""
    f, g, h = params
    terms = panel.shape[0]
    high, low, index, steps = key
    merge = index + terms * words
    for start in range(0, terms, block):
        part[:] = 0
        _run(by, total, part, panel, a, row, start, min(start + block, terms), f, g, key, words, down)
        _join(flush, acc, part, h, (high, low, merge, steps), down)
        merge += 1


@njit(error_model="numpy")
def _tree(
    by: Any,
    total: Any,
    flush: Any,
    acc: Any,
    kept: Any,
    panel: Any,
    a: Any,
    row: int,
    block: int,
    params: Any,
    key: Any,
    words: int,
    down: int,
) -> None:
    """Add the sums of blocks pairwise: how many are kept is how many bits of the number of blocks are set."""
    f, g, h = params
    terms = panel.shape[0]
    high, low, index, steps = key
    merge = index + terms * words
    depth = 0
    for start in range(0, terms, block):
        kept[depth, :] = 0
        _run(by, total, kept[depth], panel, a, row, start, min(start + block, terms), f, g, key, words, down)
        depth += 1
        rest = start // block + 1
        while rest & 1 == 0:
            _join(flush, kept[depth - 2], kept[depth - 1], h, (high, low, merge, steps), down)
            merge += 1
            depth -= 1
            rest >>= 1
    while depth > 1:
        _join(flush, kept[depth - 2], kept[depth - 1], h, (high, low, merge, steps), down)
        merge += 1
        depth -= 1
    acc[:] = 0
    if depth == 1:
        acc[:] = kept[0]


@njit(error_model="numpy")
def _join(flush: Any, acc: Any, other: Any, h: Any, words: Any, down: int) -> None:
    add_row(flush, acc, other, h, words, down)
