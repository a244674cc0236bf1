"""The first stage by the processor's own float64 arithmetic, where that is exact but for one rounding.

An error-free transformation gives the sign of what the processor rounded away; where anything was, and the result has
an even last bit, it moves by one toward the exact number: that is rounding to odd.  All of it holds while operands are
zero or of middling size, so that no result, error or remainder is subnormal or overflows, whatever the processor does
with subnormal numbers.  Each loop first looks at all its operands and gives up, returning False, if one is not.

Knuth's sum, and products, quotients and roots by fused multiply-add; the fused one after Boldo and Melquiond,
doi:10.1109/TC.2007.70819: with z the odd sum of both errors, vh + z lies on the same side of all numbers that are even.
"""

from __future__ import annotations

import math
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from chopper.engine.block_loops import loop
from chopper.engine.lanes import to_bits, to_float

__all__ = ["add", "div", "fma", "fused", "mul", "plain", "single", "sqrt", "sub"]


@intrinsic
def _fused(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once."""
    number = types.float64
    return number(number, number, number), lambda context, builder, sig, args: builder.fma(*args)


@intrinsic
def _magnitude(typingctx: Any, x: Any) -> Any:
    """Return the pattern of |x| on 64 bits; a subnormal float32 counts as a NaN."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        wide = ir.IntType(64)
        if x == types.float64:
            return builder.and_(builder.bitcast(args[0], wide), wide((1 << 63) - 1))
        low = builder.and_(builder.bitcast(args[0], ir.IntType(32)), ir.IntType(32)((1 << 31) - 1))
        tiny = builder.icmp_unsigned("<", builder.sub(low, low.type(1)), low.type((1 << 23) - 1))
        bits = builder.bitcast(builder.fpext(args[0], ir.DoubleType()), wide)
        bits = builder.and_(bits, wide((1 << 63) - 1))
        return builder.select(tiny, wide(0x7FF8 << 48), bits)

    return types.int64(x), emit


@numba.njit(forceinline=True)
def _middling(x: Any, low: int, high: int) -> Any:
    """Whether all numbers are zero or have an exponent field from `low` to below `high`."""
    outside = 0
    for i in range(x.size):
        mag = _magnitude(x[i])
        outside |= (mag != 0) & ((mag < (low << 52)) | (mag >= (high << 52)))
    return outside == 0


@numba.njit(forceinline=True)
def _odd(s: float, up: bool, down: bool) -> Any:
    """Return the pattern of a sum rounded to nearest, moved if the exact one lies above or below it."""
    bits = to_bits(s)
    step = (1 - ((bits >> 63) & 2)) * (1 - (bits & 1))
    return bits + (step if up else 0) - (step if down else 0)


@numba.njit(forceinline=True)
def _sum(a: float, b: float) -> Any:
    s = a + b
    part = s - a
    return s, (a - (s - part)) + (b - part)


@numba.njit(forceinline=True)
def _add(a: float, b: float, zero: int) -> Any:
    s, error = _sum(a, b)
    bits = _odd(s, error > 0, error < 0)
    cancelled = (bits << 1 == 0) & ((to_bits(a) ^ to_bits(b)) < 0)
    return zero if cancelled else bits


@loop
def plain(x: Any, low: int, high: int) -> bool:
    """Whether all numbers are zero or have a float64 exponent field from `low` to below `high`."""
    return bool(_middling(x, low, high))


@loop
def add(x: Any, y: Any, out: Any, f: Any) -> bool:
    """Put x + y into out."""
    if not (_middling(x, 123, 1923) and _middling(y, 123, 1923)):
        return False
    for i in range(x.size):
        out[i] = _add(np.float64(x[i]), np.float64(y[i]), f.zero)
    return True


@loop
def sub(x: Any, y: Any, out: Any, f: Any) -> bool:
    """Put x - y into out."""
    if not (_middling(x, 123, 1923) and _middling(y, 123, 1923)):
        return False
    for i in range(x.size):
        out[i] = _add(np.float64(x[i]), -np.float64(y[i]), f.zero)
    return True


@loop
def mul(x: Any, y: Any, out: Any, f: Any) -> bool:
    """Put x * y into out."""
    if not (_middling(x, 623, 1423) and _middling(y, 623, 1423)):
        return False
    for i in range(x.size):
        a, b = np.float64(x[i]), np.float64(y[i])
        p = a * b
        error = _fused(a, b, -p)
        out[i] = _odd(p, error > 0, error < 0)
    return True


@loop
def div(x: Any, y: Any, out: Any, f: Any) -> bool:
    """Put x / y into out."""
    if not (_middling(x, 623, 1423) and _middling(y, 623, 1423)):
        return False
    zeros = 0
    for i in range(y.size):
        zeros |= y[i] == 0
    if zeros:
        return False
    for i in range(x.size):
        a, b = np.float64(x[i]), np.float64(y[i])
        q = a / b
        rest = _fused(-q, b, a)
        rest = rest if b > 0 else -rest
        out[i] = _odd(q, rest > 0, rest < 0)
    return True


@loop
def sqrt(x: Any, out: Any, f: Any) -> bool:
    """Put the square root of x into out."""
    if not _middling(x, 623, 1423):
        return False
    negative = 0
    for i in range(x.size):
        negative |= x[i] < 0
    if negative:
        return False
    for i in range(x.size):
        a = np.float64(x[i])
        q = math.sqrt(a)
        rest = _fused(-q, q, a)
        out[i] = _odd(q, rest > 0, rest < 0)
    return True


@loop
def fma(x: Any, y: Any, z: Any, out: Any, f: Any) -> bool:
    """Put x * y + z into out."""
    if not (_middling(x, 623, 1423) and _middling(y, 623, 1423) and _middling(z, 123, 1923)):
        return False
    for i in range(x.size):
        a, b, c = np.float64(x[i]), np.float64(y[i]), np.float64(z[i])
        p = a * b
        th, tl = _sum(c, _fused(a, b, -p))
        vh, vl = _sum(p, th)
        s, error = _sum(tl, vl)
        rest = to_float(_odd(s, error > 0, error < 0))
        s, error = _sum(vh, rest)
        bits = _odd(s, error > 0, error < 0)
        cancelled = (bits << 1 == 0) & ((to_bits(p) ^ to_bits(c)) < 0)
        cancelled |= (bits << 1 == 0) & (p != 0)
        alike = to_bits(p) & to_bits(c)
        out[i] = f.zero if cancelled else (alike if bits << 1 == 0 else bits)
    return True


@loop
def fused(x: Any, y: Any, z: Any, out: Any) -> None:
    """Put x * y + z into out as the processor rounds it."""
    for i in range(x.size):
        out[i] = _fused(x[i], y[i], z[i])


@loop
def single(x: Any, out: Any) -> bool:
    """Put float64 values into an array of float32; False if one is none, or subnormal."""
    lost = 0
    for i in range(x.size):
        mag = to_bits(x[i]) & 0x7FFFFFFFFFFFFFFF
        small = (mag != 0) & (mag < (897 << 52))
        near = float(x[i])
        out[i] = near
        lost |= small | ((float(out[i]) != near) & (near == near))
    return lost == 0
