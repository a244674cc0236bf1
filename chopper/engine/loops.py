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

__all__ = ["each", "each_in_place", "keyed", "keyed_in_place", "look_up", "with_words"]

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
