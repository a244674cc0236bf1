"""The compiled loops over blocks that share a scale.

An array is rows of `columns` elements, cut into blocks of `length`; the last block of a row may be shorter.  Blocks
are counted through all rows; a loop runs over the blocks from `start` to `stop`, so that threads can share them.
The first argument names kernel and sources, so that no compiled loop on disk outlives an edit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.extending import overload

from chopper.engine.compiled import compiled
from chopper.engine.families.scaled import exact
from chopper.engine.lanes import fit, lane, peak, peek, store, where, wide
from chopper.kernels.threefry import random_word

__all__ = ["divide", "fill", "largest", "loop", "multiply", "word_at"]

_quotient, _product, _word = compiled(exact.quotient), compiled(exact.product), compiled(random_word)


def loop(function: Callable[..., Any]) -> Any:
    """Compile a loop when first called for, kept on disk wherever a place for it can be written to."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # neither the package's folder nor the user's cache is writeable
        return numba.njit(nogil=True, error_model="numpy")(function)


def word_at(kernel: Any, words: Any, i: int) -> Any:
    """Return the random word of an element as a lane; of a kernel that uses none, nothing is read."""
    raise NotImplementedError


@overload(word_at)
def _word_at(kernel: Any, words: Any, i: Any) -> Callable[..., Any]:
    def read(kernel: Any, words: Any, i: Any) -> Any:
        return fit(kernel, lane(words[i]))

    def none(kernel: Any, words: Any, i: Any) -> Any:
        return 0

    return read if kernel.kernel.random else none


@loop
def fill(kernel: Any, words: Any, key: Any, start: int, stop: int) -> None:
    """Write the random words of elements from `start` on; the low word of the counter does not wrap around."""
    k0, k1, high, low = key
    for i in range(start, stop):
        store(_word(lane(k0), lane(k1), lane(high), lane(low + i)), words, i)


@loop
def largest(
    kernel: Any, x: Any, finite: Any, whole: Any, span: Any, shape: Any, inf: int, start: int, stop: int
) -> None:
    """Find the largest pattern of a magnitude in each block, among finite numbers and among all.

    Blocks of as many elements as `span` has are quickest.
    """
    columns, length, count = shape
    mask = inf | (inf & -inf) - 1
    j = start % count
    first = start // count * columns + j * length
    for block in range(start, stop):
        size = min(length, columns - j * length)
        if size == len(span):
            most = peak(kernel, x, first, span)
        else:
            most = peek(kernel, x, first) & 0
            for i in range(size):
                mag = peek(kernel, x, first + i) & mask
                most = where(mag > most, mag, most)
        store(most, whole, block)
        if wide(most) >= inf:
            most = most & 0
            for i in range(size):
                mag = peek(kernel, x, first + i) & mask
                most = where(mag < inf, where(mag > most, mag, most), most)
        store(most, finite, block)
        first += size
        j = j + 1 if j + 1 < count else 0


@loop
def divide(
    kernel: Any, bits: Any, out: Any, scale: Any, width: Any, exponent: Any, shape: Any, steps: int, c: Any,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Divide every element by the scale of its block: patterns of float64, rounded to odd.

    A scale of 0 gives zeros; NaN and infinities stay.
    """
    columns, length, count = shape
    for block in range(start, stop):
        row, j = block // count, block % count
        first = row * columns + j * length
        last = min(first + length, (row + 1) * columns)
        s, w, e = scale[block], width[block], exponent[block]
        for i in range(first, last):
            neg = bits[i] < 0
            mag = numba.int64(bits[i]) & ~c.sign
            if mag >= c.inf:
                q = 0x7FF0000000000000 | (1 if mag > c.inf else 0)
            elif s == 0:
                q = 0
            else:
                q = _quotient(where, mag, s, w, e, steps, c)
            out[i] = q | (-1 << 63 if neg else 0)


@loop
def multiply(
    kernel: Any, values: Any, out: Any, scale: Any, exponent: Any, shape: Any, to: Any, start: int, stop: int
) -> None:
    """Multiply every element by the scale of its block: patterns of float64 to patterns of an IEEE format.

    A negative scale makes its block NaN.
    """
    columns, length, count = shape
    inf = (2 * to.bias + 1) << to.fraction_bits
    nan = inf | 1 << (to.fraction_bits - 1)
    for block in range(start, stop):
        row, j = block // count, block % count
        first = row * columns + j * length
        last = min(first + length, (row + 1) * columns)
        s, e = scale[block], exponent[block]
        for i in range(first, last):
            sign = inf + (1 << to.fraction_bits) if values[i] < 0 else 0
            mag = values[i] & 0x7FFFFFFFFFFFFFFF
            if s < 0 or mag > 0x7FF0000000000000:
                out[i] = nan
            elif s == 0:
                out[i] = sign
            elif mag == 0x7FF0000000000000:
                out[i] = inf | sign
            else:
                out[i] = _product(where, mag, s, e, to) | sign
