"""The compiled loop for float32 numbers under scales of any kind: divide, round, multiply, in float64.

It is exact where the scale has at most w bits and every value of the element, and every middle of two, at most b bits,
with w + b <= 50.  Let m be such a value or middle, s the scale, and x / s not m.  Both x and m s are integers times
powers of two: x = a 2^i with a < 2^24, and m s = n 2^j with n < 2^(w + b).  They differ by at least 2^min(i, j), so
x / s differs from m by more than one part in 2^50 of it, and rounding the quotient to 53 bits keeps it on its side of
m.  So every mode without chance rounds the quotient as it would round x / s.  Modes with chance see more bits: for them
the quotient is rounded to odd by what is left of x, which is small and therefore exact modulo 2^64.  The product of
value and scale has at most 53 bits, and is rounded once, by the conversion to float32.

Numbers are brought from float32 by integers, and all numbers that count are normal ones, so that flushing subnormal
numbers to zero changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba import types
from numba.extending import overload

from chopper.engine.block_loops import loop, word_at
from chopper.engine.compiled import apply
from chopper.engine.lanes import store, to_bits, to_float

__all__ = ["quotients"]


def _finish(bits: Any, scale: Any, out: Any, i: int) -> None:
    """Write a rounded quotient: a code, or its product with the scale."""
    raise NotImplementedError


@overload(_finish)
def _choose(bits: Any, scale: Any, out: Any, i: Any) -> Callable[..., Any]:
    def product(bits: Any, scale: Any, out: Any, i: Any) -> Any:
        out[i] = numba.float32(to_float(bits) * scale)

    def code(bits: Any, scale: Any, out: Any, i: Any) -> Any:
        store(bits, out, i)

    return product if isinstance(out.dtype, types.Float) else code


def _odd(kernel: Any, q: Any, m: Any, e: Any, number: Any, exponent: Any) -> Any:
    """Return a quotient of m * 2^e by number * 2^exponent, rounded to odd instead of to nearest, if chance wants it."""
    raise NotImplementedError


@overload(_odd)
def _choose_odd(kernel: Any, q: Any, m: Any, e: Any, number: Any, exponent: Any) -> Callable[..., Any]:
    def rest(kernel: Any, q: Any, m: Any, e: Any, number: Any, exponent: Any) -> Any:
        by = e - exponent - ((q >> 52) - 1075)
        left = (m << by if by < 64 else 0) - ((q & ((1 << 52) - 1)) | (1 << 52)) * number
        odd = (q - (1 if left < 0 else 0)) | (1 if left != 0 else 0)
        return odd if m != 0 else q

    def none(kernel: Any, q: Any, m: Any, e: Any, number: Any, exponent: Any) -> Any:
        return q

    return rest if kernel.kernel.random else none


@loop
def quotients(
    kernel: Any, bits: Any, words: Any, out: Any, scale: Any, number: Any, exponent: Any, f: Any, shape: Any,
    start: int, stop: int,
) -> None:  # fmt: skip
    """Round to values or codes; `scale` is number * 2^exponent as float64, NaN for blocks that are NaN."""
    columns, length, count = shape
    j = start % count
    first = start // count * columns + j * length
    for block in range(start, stop):
        size = min(length, columns - j * length)
        s = scale[block]
        keep = 0 if s == 0 else -1
        divisor = 1.0 if s == 0 else s
        n, j2 = number[block], exponent[block]
        xs, outs = bits[first : first + size], out[first : first + size]
        for i in range(size):
            mag = xs[i] & numba.int32(0x7FFFFFFF)
            e = max(mag >> 23, 1)
            m = numba.int32(mag - ((e - 1) << 23))
            x = numba.float64(m) * to_float((numba.int64(e) + 873) << 52)
            q = _odd(kernel, to_bits(x / divisor), numba.int64(m), numba.int64(e) - 150, n, j2) & keep
            word = word_at(kernel, words, first + i)
            _finish(apply(kernel, q | (numba.int64(xs[i]) & (-1 << 63)), word, f), s, outs, i)
        first += size
        j = j + 1 if j + 1 < count else 0
