"""The compiled loops: every family, carrier and rounding mode runs through these few.

Each is specialised by Numba for the type of its kernel and arrays when first asked for, and kept on disk.
"""

from __future__ import annotations

from typing import Any

import numba

from chopper.engine.compiled import apply, compiled
from chopper.engine.lanes import fit, lane, load, store
from chopper.kernels.threefry import random_word

__all__ = ["each", "each_in_place", "keyed", "keyed_in_place", "look_up", "with_words"]

_word = compiled(random_word)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def each(kernel: Any, x: Any, out: Any, f: Any) -> None:
    """Run a kernel without random words from x to out."""
    for i in range(x.size):
        out[i] = store(apply(kernel, load(kernel, x[i]), 0, f), out)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def each_in_place(kernel: Any, x: Any, f: Any) -> None:
    """Run a kernel without random words on x itself: two names for one array would defeat the vectoriser."""
    for i in range(x.size):
        x[i] = store(apply(kernel, load(kernel, x[i]), 0, f), x)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def keyed(kernel: Any, x: Any, out: Any, f: Any, key: Any) -> None:
    """Run a kernel from x to out with the random words of elements ``low, low + 1, ...`` of a key."""
    k0, k1, high, low = key
    count = lane(low)
    for i in range(x.size):
        word = _word(lane(k0), lane(k1), lane(high), count)
        count = count + 1
        out[i] = store(apply(kernel, load(kernel, x[i]), fit(kernel, word), f), out)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def keyed_in_place(kernel: Any, x: Any, f: Any, key: Any) -> None:
    """As `keyed`, on x itself."""
    k0, k1, high, low = key
    count = lane(low)
    for i in range(x.size):
        word = _word(lane(k0), lane(k1), lane(high), count)
        count = count + 1
        x[i] = store(apply(kernel, load(kernel, x[i]), fit(kernel, word), f), x)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def with_words(kernel: Any, x: Any, words: Any, out: Any, f: Any) -> None:
    """Run a kernel from x to out with given random words."""
    for i in range(x.size):
        out[i] = store(apply(kernel, load(kernel, x[i]), fit(kernel, lane(words[i])), f), out)


@numba.njit(nogil=True, cache=True, error_model="numpy")
def look_up(codes: Any, out: Any, table: Any) -> None:
    """Replace every code by its entry in a table that covers the whole range of the code's dtype."""
    for i in range(codes.size):
        out[i] = table[codes[i]]
