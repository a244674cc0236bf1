"""The compiled loops: every family, carrier and rounding mode runs through these few.

Each is specialised by Numba for the type of its kernel and arrays when first asked for, and kept on disk.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

from chopper.engine.compiled import apply, compiled
from chopper.engine.lanes import fit, lane, load, store
from chopper.kernels.threefry import random_word

__all__ = [
    "butterflies",
    "each",
    "each_in_place",
    "keyed",
    "keyed_in_place",
    "look_up",
    "narrow",
    "widen",
    "with_words",
]

_TILE = 1024

_word = compiled(random_word)


def _loop(function: Callable[..., None]) -> Any:
    """Compile a loop when first called for, kept on disk wherever a place for it can be written to."""
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    except RuntimeError:  # neither the package's folder nor the user's cache is writeable
        return numba.njit(nogil=True, error_model="numpy")(function)


@_loop
def each(kernel: Any, x: Any, out: Any, f: Any) -> None:
    """Run a kernel without random words from x to out."""
    for i in range(x.size):
        store(apply(kernel, load(kernel, x[i]), 0, f), out, i)


@_loop
def each_in_place(kernel: Any, x: Any, f: Any) -> None:
    """Run a kernel without random words on x itself: two names for one array would defeat the vectoriser."""
    for i in range(x.size):
        store(apply(kernel, load(kernel, x[i]), 0, f), x, i)


@_loop
def keyed(kernel: Any, x: Any, out: Any, f: Any, key: Any) -> None:
    """Run a kernel from x to out with the random words of elements ``low, low + 1, ...`` of a key."""
    words = np.empty(_TILE, np.uint32)
    for start in range(0, x.size, _TILE):
        xs, outs = x[start : start + _TILE], out[start : start + _TILE]
        _fill(words, key, start)
        for i in range(xs.size):
            store(apply(kernel, load(kernel, xs[i]), fit(kernel, lane(words[i])), f), outs, i)


@_loop
def keyed_in_place(kernel: Any, x: Any, f: Any, key: Any) -> None:
    """As `keyed`, on x itself."""
    words = np.empty(_TILE, np.uint32)
    for start in range(0, x.size, _TILE):
        xs = x[start : start + _TILE]
        _fill(words, key, start)
        for i in range(xs.size):
            store(apply(kernel, load(kernel, xs[i]), fit(kernel, lane(words[i])), f), xs, i)


@numba.njit(error_model="numpy")
def _fill(words: Any, key: Any, start: int) -> None:
    """Fill a tile with random words: apart from the rounding, so that more of them are under way at a time."""
    k0, k1, high, low = key
    count = lane(low + start)
    for i in range(words.size):
        store(_word(lane(k0), lane(k1), lane(high), count), words, i)
        count = count + 1


@_loop
def with_words(kernel: Any, x: Any, words: Any, out: Any, f: Any) -> None:
    """Run a kernel from x to out with given random words."""
    for i in range(x.size):
        store(apply(kernel, load(kernel, x[i]), fit(kernel, lane(words[i])), f), out, i)


@_loop
def look_up(codes: Any, out: Any, table: Any) -> None:
    """Replace every code by its entry in a table that covers the whole range of the code's dtype."""
    for i in range(codes.size):
        out[i] = table[codes[i]]


@_loop
def narrow(kernel: Any, words: Any, dense: Any, f: Any, size: int) -> None:
    """Run a kernel on words and write the low `size` bytes of each, 3, 5, 6 or 7."""
    tile = np.empty(_TILE, np.int64)  # memory of the loop's own: nothing else can lie there, so moving it is vectorised
    for start in range(0, words.size, _TILE):
        xs, out = words[start : start + _TILE], dense[start * size :]
        for i in range(xs.size):
            store(apply(kernel, load(kernel, xs[i]), 0, f), tile, i)
        wide = tile.view(np.uint8)
        if size == 3:
            _move(wide, 8, out, 3, 3, xs.size)
        elif size == 5:
            _move(wide, 8, out, 5, 5, xs.size)
        elif size == 6:
            _move(wide, 8, out, 6, 6, xs.size)
        else:
            _move(wide, 8, out, 7, 7, xs.size)


@_loop
def widen(kernel: Any, dense: Any, words: Any, f: Any, size: int) -> None:
    """Run a kernel on words of `size` bytes each, 3, 5, 6 or 7."""
    tile = np.zeros(_TILE, np.int64)
    for start in range(0, words.size, _TILE):
        out, xs = words[start : start + _TILE], dense[start * size :]
        wide = tile.view(np.uint8)
        if size == 3:
            _move(xs, 3, wide, 8, 3, out.size)
        elif size == 5:
            _move(xs, 5, wide, 8, 5, out.size)
        elif size == 6:
            _move(xs, 6, wide, 8, 6, out.size)
        else:
            _move(xs, 7, wide, 8, 7, out.size)
        for i in range(out.size):
            store(apply(kernel, load(kernel, tile[i]), 0, f), out, i)


@numba.njit(forceinline=True, error_model="numpy")
def _move(x: Any, x_step: int, out: Any, out_step: int, size: int, count: int) -> None:
    """Copy `size` bytes at a time; inlined with constants, so that the inner loop is unrolled."""
    for i in range(count):
        for j in range(size):
            out[i * out_step + j] = x[i * x_step + j]


@_loop
def butterflies(x: Any, out: Any, before: Any, after: Any, block: int) -> None:
    """Transform block after block; the factors before and after repeat.  `out` may be `x`."""
    a, b = np.empty(block, x.dtype), np.empty(block, x.dtype)
    at = 0
    for start in range(0, x.size, block):
        for i in range(block):
            a[i] = x[start + i] * before[at + i]
        width = block
        while width > 2:  # there and back: exchanging the names a and b would take eight times as long
            _meet(a, b)
            _meet(b, a)
            width >>= 2
        if width == 2:
            _meet(a, b)
            a[:] = b
        for i in range(block):
            out[start + i] = a[i] * after[at + i]
        at += block
        if at == before.size:
            at = 0


@numba.njit(forceinline=True, error_model="numpy")
def _meet(x: Any, out: Any) -> None:
    """Put the sums of neighbours to the front, their differences to the back."""
    half = x.size >> 1
    for i in range(half):
        u, v = x[2 * i], x[2 * i + 1]
        out[i], out[i + half] = u + v, u - v
