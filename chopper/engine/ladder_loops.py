"""The compiled loop for short elements under scales of one byte: each element climbs a ladder of thresholds.

A scale has at most 256 codes, an element at most 8 magnitudes.  So the 7 magnitudes at which the result changes, and
the 8 results, are listed for every scale code beforehand, as patterns of the carrier; an element is compared with those
of its block, and no arithmetic remains.
"""

from __future__ import annotations

from typing import Any

import numba

from chopper.engine.block_loops import loop
from chopper.engine.lanes import peak, peek, row, store, where, wide

__all__ = ["ladder"]

_EIGHT = (0,) * 8


@numba.njit(forceinline=True)
def _climb(bits: Any, t: Any, v: Any, sign: int) -> Any:
    """Return the result for a pattern: three comparisons, each with what the one before says."""
    mag = bits & 0x7FFFFFFF
    c4 = mag < t[4]
    c2 = mag < where(c4, t[2], t[6])
    c1 = mag < where(c4, where(c2, t[1], t[3]), where(c2, t[5], t[7]))
    below = where(c2, where(c1, v[0], v[1]), where(c1, v[2], v[3]))
    above = where(c2, where(c1, v[4], v[5]), where(c1, v[6], v[7]))
    found = where(c4, below, above)
    return where(bits < 0, found | sign, found)


@numba.njit
def _tail(kernel: Any, x: Any, out: Any, steps: Any, results: Any, sign: int, at: int, size: int) -> None:
    """Round a block of any length; apart, so that the other way reads the tables straight into vectors."""
    t, v = row(steps, 0, _EIGHT), row(results, 0, _EIGHT)
    for i in range(size):
        store(_climb(peek(kernel, x, at + i), t, v, sign), out, at + i)


@loop
def ladder(
    kernel: Any, x: Any, out: Any, scales: Any, s: Any, buckets: Any, steps: Any, results: Any, sign: int, span: Any,
    shape: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Round blocks to values or codes; those of as many elements as `span` has are quickest.

    The parameters s are a `Search`; a bucket holds the scale code at its beginning and, from bit 8 on, the pattern at
    which the next code begins.  `steps` and `results` have a row of 8 for each code, the first of a row of steps being
    unused.  A negative number has `sign` set besides.
    """
    columns, length, count = shape
    j = start % count
    at = start // count * columns + j * length
    last = columns - (count - 1) * length
    for block in range(start, stop):
        j += 1
        size = length if j < count else last
        j = j if j < count else 0
        if size == len(span):
            top = wide(peak(kernel, x, at, span))
        else:
            top = wide(peek(kernel, x, at) & 0)
            for i in range(size):
                top = max(top, wide(peek(kernel, x, at + i) & 0x7FFFFFFF))
        bucket = buckets[min(max((top - s.low) >> s.shift, 0), s.last)]
        code = (bucket & 255) + (top >= bucket >> 8)
        store(code, scales, block)
        if size == len(span):
            t, v = row(steps, 8 * code, _EIGHT), row(results, 8 * code, _EIGHT)
            for i in range(len(span)):
                store(_climb(peek(kernel, x, at + i), t, v, sign), out, at + i)
        else:
            _tail(kernel, x, out, steps[8 * code :], results[8 * code :], sign, at, size)
        at += size
