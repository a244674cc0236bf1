"""The compiled loop of exact sums: products split at fixed places, each part added without error in float64.

Grid n holds multiples of 2^g_n, g_0 > g_1 > ... , w bits apart; the last one is that of the least bit of any product.
``(p + 3 * 2^(g + 51)) - 3 * 2^(g + 51)`` is p to the nearest multiple of 2^g, and what is left of p goes on to the next
grid.  As no grid holds more than 2^52 of its units, every addition is exact (Rump, Ogita, Oishi, "Accurate
floating-point summation", SIAM J. Sci. Comput. 31 (2008), doi:10.1137/050645671, split in this way).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

from chopper.engine.block_loops import loop

__all__ = ["add_exactly"]

_WIDE = 128
"""Columns that are worked on at a time."""
_ROOM = 62
"""Bits in which the top of a sum is put together."""


@loop
def add_exactly(a: Any, b: Any, out: Any, first: int, last: int, grids: Any, magics: Any, width: int) -> None:
    """Turn rows first ... last-1 of `out`, which hold what is added to, into a product, rounded to odd.

    Parameters
    ----------
    a, b, out : arrays of float64
        (M, K), (K, N), (M, N).
    grids, magics : arrays of float64
        2^g_n, and 3/2 of the power of two whose ulp it is.
    width : int
        Bits between grids.
    """
    terms, columns = b.shape
    count = grids.size
    panel = np.zeros((terms, _WIDE))
    sums = np.zeros((count, _WIDE))
    rest = np.zeros(_WIDE)
    digits = np.zeros(count, np.int64)
    for left in range(0, columns, _WIDE):
        wide = min(_WIDE, columns - left)
        for k in range(terms):
            for j in range(wide):
                panel[k, j] = b[k, left + j]
        for i in range(first, last):
            sums[:] = 0
            for j in range(wide):
                rest[j] = out[i, left + j]
            _split(rest, sums, magics)
            for k in range(terms):
                _multiply(a[i, k], panel[k], rest)
                _split(rest, sums, magics)
            for j in range(wide):
                for n in range(count):
                    digits[n] = np.int64(sums[n, j] / grids[n])
                out[i, left + j] = _to_odd(digits, width, grids[count - 1])


@njit(error_model="numpy")
def _multiply(a: float, b: Any, out: Any) -> None:
    for j in range(out.size):
        out[j] = a * b[j]


@njit(error_model="numpy")
def _split(rest: Any, sums: Any, magics: Any) -> None:
    """Add numbers to the grids; `rest` is used up."""
    last = magics.size - 1
    for n in range(last):
        magic, row = magics[n], sums[n]
        for j in range(rest.size):
            part = (rest[j] + magic) - magic
            row[j] += part
            rest[j] -= part
    row = sums[last]
    for j in range(rest.size):
        row[j] += rest[j]


@njit(error_model="numpy")
def _carry(digits: Any, width: int) -> None:
    """Bring all digits but the first into 0 ... 2^width - 1."""
    for n in range(digits.size - 1, 0, -1):
        more = digits[n] >> width
        digits[n] -= more << width
        digits[n - 1] += more


@njit(error_model="numpy")
def _to_odd(digits: Any, width: int, unit: float) -> float:
    """Return the number of these digits, the last one in units of `unit`, rounded to odd."""
    _carry(digits, width)
    negative = digits[0] < 0
    if negative:
        for n in range(digits.size):
            digits[n] = -digits[n]
        _carry(digits, width)
    whole = digits[0]
    at, power = 1, width * (digits.size - 1)
    while at < digits.size and whole >> (_ROOM - width) == 0:
        whole = whole << width | digits[at]
        at += 1
        power -= width
    sticky = 0
    if at < digits.size:
        free = 0
        while whole >> (_ROOM - 1 - free) == 0:
            free += 1
        cut = width - free
        whole = whole << free | digits[at] >> cut
        sticky = digits[at] & ((1 << cut) - 1)
        power -= free
        for n in range(at + 1, digits.size):
            sticky |= digits[n]
    drop = 0
    while whole >> (53 + drop) != 0:
        drop += 1
    kept = whole >> drop
    if sticky != 0 or kept << drop != whole:
        kept |= 1
    number: float = np.float64(kept) * 2.0 ** (power + drop) * unit
    return -number if negative else number
