"""The compiled loop for blocks whose scales are powers of two: one pass finds the scale and rounds the elements.

Rounding x to an element times 2^k is rounding x to a format whose exponents are shifted by k.  So the element's own
kernel serves on the carrier of x, with parameters that are shifted for each block.
"""

from __future__ import annotations

from typing import Any

from numba.extending import overload

from chopper.engine.block_loops import loop, word_at
from chopper.engine.compiled import apply
from chopper.engine.families.scaled.parameters import LEFT
from chopper.engine.lanes import peek, store, where, wide
from chopper.kernels.fixed import FixedParams
from chopper.kernels.float import FloatParams
from chopper.kernels.magic import FixedMagic, MagicParams

__all__ = ["powers"]


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
        top = peek(kernel, x, first) & 0
        for i in range(size):
            mag = peek(kernel, x, first + i)
            mag = mag & (s.inf | ((1 << s.shift) - 1))
            top = where(mag > top, mag, top)
        code = min(max(((wide(top) - s.first) >> s.shift) + 1, s.least), s.most)
        k = code - s.bias
        legal = wide(top) < s.inf and s.low <= k <= s.high
        scales[block] = code if legal or wide(top) == 0 else LEFT
        k = k if legal else s.low
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
