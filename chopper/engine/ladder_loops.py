"""The compiled loop for short elements under scales of one byte: each element climbs a ladder of thresholds.

A scale has at most 256 codes, an element at most 8 magnitudes.  So the 7 magnitudes at which the result changes, and
the 8 results, are listed for every scale code beforehand, as patterns of the carrier; an element is compared with those
of its block, and no arithmetic remains.
"""

from __future__ import annotations

from typing import Any

from chopper.engine.block_loops import loop
from chopper.engine.lanes import lane, peek, store, where

__all__ = ["ladder"]


@loop
def ladder(
    kernel: Any, x: Any, tops: Any, out: Any, scales: Any, s: Any, first: Any, begins: Any, steps: Any, results: Any,
    sign: int, shape: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Round blocks of 16 elements, and shorter ones, given the largest magnitude of each.

    The parameters s are a `Search`; `first` is the scale code at the beginning of a bucket, `begins` the pattern at
    which a code begins; `steps` and `results` have a row of 8 for each code, the first of a row of steps being unused.
    A negative number has `sign` set besides.
    """
    columns, length, count = shape
    j = start % count
    at = start // count * columns + j * length
    for block in range(start, stop):
        size = min(length, columns - j * length)
        top = tops[block]
        bucket = min(max((top - s.low) >> s.shift, 0), s.buckets - 1)
        code = first[bucket]
        code = code + (top >= begins[code + 1])
        scales[block] = code
        row = 8 * code
        t1, t2, t3, t4 = lane(steps[row + 1]), lane(steps[row + 2]), lane(steps[row + 3]), lane(steps[row + 4])
        t5, t6, t7, v0 = lane(steps[row + 5]), lane(steps[row + 6]), lane(steps[row + 7]), lane(results[row])
        v1, v2, v3, v4 = lane(results[row + 1]), lane(results[row + 2]), lane(results[row + 3]), lane(results[row + 4])
        v5, v6, v7 = lane(results[row + 5]), lane(results[row + 6]), lane(results[row + 7])
        for i in range(16 if size == 16 else size):
            bits = peek(kernel, x, at + i)
            mag = bits & 0x7FFFFFFF
            v = where(mag < t1, v0, v1)
            v = where(mag < t2, v, v2)
            v = where(mag < t3, v, v3)
            v = where(mag < t4, v, v4)
            v = where(mag < t5, v, v5)
            v = where(mag < t6, v, v6)
            v = where(mag < t7, v, v7)
            store(where(bits < 0, v | sign, v), out, at + i)
        at += size
        j = j + 1 if j + 1 < count else 0
