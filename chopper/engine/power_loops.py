"""The compiled loops for blocks whose scales are powers of two: one pass finds the scale and rounds the elements.

Rounding x to an element times 2^k is rounding x to a format whose exponents are shifted by k.  So the element's own
kernel serves on the carrier of x, with parameters that are shifted for each block.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numba.extending import overload

from chopper.engine.block_loops import loop, word_at
from chopper.engine.compiled import apply
from chopper.engine.families.scaled.parameters import LEFT
from chopper.engine.lanes import load, peak, peek, store, where, wide
from chopper.kernels.fixed import FixedParams
from chopper.kernels.float import FloatParams
from chopper.kernels.magic import FixedMagic, MagicParams

__all__ = ["across", "powers"]

_TILE = 64
"""Columns that are rounded together, so that what is known of each stays in cache."""


def _shifted(f: Any, k: int, step: int) -> Any:
    """Return a kernel's parameters for values times 2^k; `step` is what that adds to patterns, 0 where codes result."""
    raise NotImplementedError


def _shifted_magic(f: Any, k: Any, step: Any) -> Any:
    return MagicParams(f.low + step, f.lift, f.limit + step, f.over_pos + step, f.nan_pos)


def _shifted_fixed_magic(f: Any, k: Any, step: Any) -> Any:
    return FixedMagic(
        f.magic + step, f.max_pos + step, f.max_neg + step, f.over_pos + step, f.over_neg + step, f.nan
    )  # fmt: skip


def _shifted_float(f: Any, k: Any, step: Any) -> Any:
    return FloatParams(
        f.drop, f.emin + k, f.gap, f.origin + k, f.single, f.random_bits, f.quantum + step, f.unit, f.floor, f.smallest,
        f.under, f.max_pos + step, f.max_neg + step, f.over_pos + step, f.over_neg + step, f.zero_pos, f.zero_neg,
        f.inf_pos + step, f.inf_neg + step, f.nan_pos, f.nan_neg, f.sign, f.zero_sign,
    )  # fmt: skip


def _shifted_fixed(f: Any, k: Any, step: Any) -> Any:
    return FixedParams(
        f.origin + k, f.random_bits, f.quantum + step, f.mask, f.max_pos + step, f.max_neg + step, f.over_pos + step,
        f.over_neg + step, f.nan,
    )  # fmt: skip


_BY_KIND = {
    "MagicParams": _shifted_magic,
    "FixedMagic": _shifted_fixed_magic,
    "FloatParams": _shifted_float,
    "FixedParams": _shifted_fixed,
}


@overload(_shifted)
def _choose(f: Any, k: Any, step: Any) -> Any:
    return _BY_KIND[f.instance_class.__name__]


@numba.njit(forceinline=True)
def _scale(top: Any, s: Any) -> Any:
    """Return the code of the scale for a largest magnitude, or `LEFT`, and the scale's exponent."""
    code = min(max(((top - s.first) >> s.shift) + 1, s.least), s.most)
    k = code - s.bias
    legal = top < s.inf and s.low <= k <= s.high
    return code if legal or top == 0 else LEFT, k if legal else s.low


@loop
def powers(
    kernel: Any, x: Any, words: Any, out: Any, scales: Any, f: Any, s: Any, span: Any, shape: Any, start: int, stop: int
) -> None:
    """Round to values or codes, and write the codes of the scales.

    The parameters s are `Powers`.  A block where the shifted format would leave the carrier's normal range, or with a
    NaN or an infinity, is marked `LEFT`, and what is written for it means nothing.  Blocks of as many elements as
    `span` has are quickest: their length is known when the loop is compiled.
    """
    columns, length, count = shape
    j = start % count
    first = start // count * columns + j * length
    for block in range(start, stop):
        size = min(length, columns - j * length)
        if size == len(span):
            top = peak(kernel, x, first, span)
        else:
            top = peek(kernel, x, first) & 0
            for i in range(size):
                mag = peek(kernel, x, first + i) & (s.inf | ((1 << s.shift) - 1))
                top = where(mag > top, mag, top)
        code, k = _scale(wide(top), s)
        scales[block] = code
        g = _shifted(f, k, (k << s.shift) * s.values)
        if size == len(span):
            for i in range(len(span)):
                word = word_at(kernel, words, first + i)
                store(apply(kernel, peek(kernel, x, first + i), word, g), out, first + i)
        else:
            for i in range(size):
                word = word_at(kernel, words, first + i)
                store(apply(kernel, peek(kernel, x, first + i), word, g), out, first + i)
        first += size
        j = j + 1 if j + 1 < count else 0


@loop
def across(
    kernel: Any, x: Any, words: Any, out: Any, scales: Any, f: Any, s: Any, shape: Any, start: int, stop: int
) -> None:
    """As `powers`, for blocks that lie across the rows of a stack of matrices: each is a piece of a column.

    The shape is that of the matrices and the length of a block; work is counted in bands, as many rows as a block has
    elements.  Codes of scales lie in the order of bands, then columns.
    """
    rows, columns, length = shape
    count = (rows + length - 1) // length
    tops, exponents = np.empty(_TILE, np.int64), np.empty(_TILE, np.int64)
    for band in range(start, stop):
        j = band % count
        size = min(length, rows - j * length)
        corner = (band // count * rows + j * length) * columns
        for left in range(0, columns, _TILE):
            width = min(_TILE, columns - left)
            for i in range(width):
                tops[i] = 0
            for r in range(size):
                first = corner + r * columns + left
                for i in range(width):
                    mag = peek(kernel, x, first + i) & (s.inf | ((1 << s.shift) - 1))
                    top = load(kernel, tops[i])
                    tops[i] = wide(where(mag > top, mag, top))
            for i in range(width):
                code, exponents[i] = _scale(tops[i], s)
                scales[band * columns + left + i] = code
            for r in range(size):
                first = corner + r * columns + left
                for i in range(width):
                    k = load(kernel, exponents[i])
                    g = _shifted(f, k, (k << s.shift) * s.values)
                    word = word_at(kernel, words, first + i)
                    store(apply(kernel, peek(kernel, x, first + i), word, g), out, first + i)
