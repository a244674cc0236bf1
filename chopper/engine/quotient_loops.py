"""The compiled loops for float32 numbers under scales of any kind: divide, round, multiply, in float64.

They are exact where the scale has at most w bits and every value of the element, and every middle of two, at most b
bits, with w + b <= 48.  Let m be such a value or middle, s the scale, and x / s not m.  Both x and m s are integers
times powers of two: x = a 2^i with a < 2^24, and m s = n 2^j with n < 2^(w + b).  They differ by at least 2^min(i, j),
so x / s differs from m by more than one part in 2^48 of it.  The quotient is x times 1 / s, rounded twice, so off by
less than one part in 2^51, and then rounded to 51 bits: a quotient that is m becomes m, any other stays on its side.
So every mode without chance rounds it as it would round x / s.  Modes with chance see more bits: for them x is divided,
and the quotient rounded to odd by what is left of x, which is small and therefore exact modulo 2^64.  The product of
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
from chopper.engine.lanes import lane, store, to_bits, to_float, where, wide

__all__ = ["currents", "quotients"]

_FRACTION, _HIDDEN = (1 << 52) - 1, 1 << 52


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


def _quotient(kernel: Any, x: Any, s: Any, by: Any, m: Any, e: Any) -> Any:
    """Return the pattern of x / s, where x is m * 2^e and `by` is 1 / s: near enough, or rounded to odd."""
    raise NotImplementedError


@overload(_quotient)
def _choose_quotient(kernel: Any, x: Any, s: Any, by: Any, m: Any, e: Any) -> Callable[..., Any]:
    def near(kernel: Any, x: Any, s: Any, by: Any, m: Any, e: Any) -> Any:
        return (to_bits(x * by) + 2) & ~3

    def odd(kernel: Any, x: Any, s: Any, by: Any, m: Any, e: Any) -> Any:
        q, number = to_bits(x / s), to_bits(s)
        shift = e - (number >> 52) + 1075 - ((q >> 52) - 1075)
        whole = numba.uint64(m) << numba.uint64(shift) if shift < 64 else numba.uint64(0)
        taken = numba.uint64((q & _FRACTION) | _HIDDEN) * numba.uint64((number & _FRACTION) | _HIDDEN)
        left = numba.int64(whole - taken)  # unsigned, since only these may wrap around
        return (q - (1 if left < 0 else 0)) | (1 if left != 0 else 0) if m != 0 else q

    return odd if kernel.kernel.random else near


@numba.njit(forceinline=True)
def _number(mag: Any) -> Any:
    """Return the number that a magnitude of float32 is, its significand, and its exponent with a bias of 150."""
    e = max(mag >> 23, 1)
    m = numba.int32(mag - ((e - 1) << 23))
    return numba.float64(m) * to_float((numba.int64(e) + 873) << 52), m, e


@numba.njit(forceinline=True)
def _each(kernel: Any, bits: Any, words: Any, out: Any, s: Any, by: Any, keep: int, f: Any, first: int, i: int) -> None:
    """Round the element i of a block whose scale is s, and `by` 1 / s; quotients become 0 where `keep` is."""
    x, m, e = _number(bits[i] & numba.int32(0x7FFFFFFF))
    q = _quotient(kernel, x, 1.0 if s == 0 else s, by, numba.int64(m), numba.int64(e) - 150) & keep
    word = word_at(kernel, words, first + i)
    _finish(apply(kernel, q | (numba.int64(bits[i]) & (-1 << 63)), word, f), s, out, i)


@numba.njit(forceinline=True)
def _divided(kernel: Any, bits: Any, words: Any, out: Any, s: Any, f: Any, span: Any, first: int, size: int) -> None:
    """Round a block under the scale s, NaN where the block is NaN, to values or codes."""
    keep = 0 if s == 0 else -1
    by = 1.0 / (1.0 if s == 0 else s)
    xs, outs = bits[first : first + size], out[first : first + size]
    if size == len(span):
        for i in range(len(span)):
            _each(kernel, xs, words, outs, s, by, keep, f, first, i)
    else:
        for i in range(size):
            _each(kernel, xs, words, outs, s, by, keep, f, first, i)


@loop
def quotients(
    kernel: Any, bits: Any, words: Any, out: Any, scale: Any, f: Any, span: Any, shape: Any, start: int, stop: int
) -> None:
    """Round to values or codes under scales of float64, NaN for blocks that are NaN.

    Blocks of as many elements as `span` has are quickest, here and below.
    """
    columns, length, count = shape
    j = start % count
    first = start // count * columns + j * length
    for block in range(start, stop):
        size = min(length, columns - j * length)
        _divided(kernel, bits, words, out, scale[block], f, span, first, size)
        first += size
        j = j + 1 if j + 1 < count else 0


@loop
def currents(
    kernel: Any, bits: Any, words: Any, out: Any, tops: Any, scales: Any, left: Any, f: Any, encode: Any, g: Any,
    decode: Any, h: Any, s: Any, unit: float, inf: int, span: Any, shape: Any, start: int, stop: int,
) -> None:  # fmt: skip
    """Round to values or codes under scales that follow from the largest magnitudes, and write the codes of the scales.

    The parameters s are `Current`; `encode` and `decode` are the kernels of the scale.  The statistic is divided as
    elements are.  All scales are in units of `unit`.  Where `tops` has entries, they are the largest magnitudes of the
    blocks.  A block with a NaN or an infinity, or whose results would leave the carrier's normal range, is marked in
    `left`, and nothing is written for it.
    """
    columns, length, count = shape
    j = start % count
    first = start // count * columns + j * length
    for block in range(start, stop):
        size = min(length, columns - j * length)
        if len(tops) > 0:
            top = numba.int64(tops[block])
        else:
            most = lane(0)
            xs = bits[first : first + size]
            for i in range(size):
                mag = lane(xs[i]) & 0x7FFFFFFF
                most = where(mag > most, mag, most)
            top = wide(most)
        q = s.least_quotient
        if top >= s.least:
            q = (to_bits(_number(numba.int32(top))[0] * s.by) + 2) & ~3
        code = apply(encode, q, 0, g)
        value = apply(decode, code, 0, h)
        if value < s.floor:
            code, value = s.floor_code, s.floor
        store(code, scales, block)
        scale = to_float(value) * unit
        left[block] = top >= inf or 0 < scale < s.low
        if not left[block]:
            _divided(kernel, bits, words, out, scale, f, span, first, size)
        first += size
        j = j + 1 if j + 1 < count else 0
