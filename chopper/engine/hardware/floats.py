"""Truncated fused sums in floats: where that is exact, and running the loop."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.hardware.bounds import WIDE, Bounds, Limits
from chopper.engine.hardware.operands import Operand
from chopper.engine.kernel import Kernel
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.hardware.models import FusedSum

__all__ = ["CHEAP", "add_floats", "dtype_of", "flushes"]

_Array = npt.NDArray[Any]
_LEAST = 1 << 15
"""Products of a matrix that are worth the loop."""
CHEAP = 64
"""Products that count as one number when it is decided whether a compiler is worth its time."""
_ROOM: dict[Any, tuple[int, int, int]] = {np.float32: (24, 45, -100), np.float64: (53, 300, -600)}
"""Bits of the significand; magnitude of exponents; a power of two below all of them."""


def dtype_of(model: FusedSum, a: Operand, b: Operand, half: bool) -> Any:
    """Return the narrowest float in which the sums are exact, None if neither is.

    A term is below 2^(fraction + 2), so terms + 1 of them are below 2^(fraction + 2) (terms + 1).  With no product but
    zeros, the result is what is added to: that needs enough bits, no floor above its exponents, and either no fewer
    bits in results than in what is added to, or truncation of the very pattern of float32.
    """
    truncates = model.rounding == "toward_zero"
    least, digits = (-14, 10) if half else (-126, 23)
    kept = model.precision - 1 if truncates else digits
    shortens = model.precision <= digits
    if shortens and not truncates:
        return None
    if model.terms % 4 or model.fraction < kept or (model.floor is not None and model.floor > least):
        return None
    size = max(a.extent[1] + b.extent[1], -a.extent[0] - b.extent[0])
    for dtype, (bits, extent, _) in _ROOM.items():
        sums = model.fraction + 2 + model.terms.bit_length()
        if dtype is np.float32 and not (half or truncates):
            continue
        if shortens and (half or dtype is np.float64):
            continue
        if sums <= bits and a.digits + b.digits + 2 <= bits and size <= extent:
            return dtype
    return None


def flushes() -> bool:
    """Whether the processor takes subnormal numbers for zeros."""
    return bool(np.float32(2.0**-126) * np.float32(0.5) == 0)


def add_floats(
    model: FusedSum, a: Operand, b: Operand, c: _Array, threads: int | None
) -> tuple[_Array, npt.NDArray[np.int64]] | None:
    """Return the codes of sums, and the flat indices of those that are wrong; None if the loop does not do."""
    tiles, rows, columns = c.shape
    if columns < 16 or rows * columns * a.codes.shape[-1] < _LEAST:
        return None
    half = c.itemsize == 2
    dtype = dtype_of(model, a, b, half)
    if dtype is None or flushes():
        return None
    out = np.empty(c.shape, c.dtype)
    wrong = np.zeros(c.shape, bool)
    if a.rows is not None:
        wrong |= a.rows[:, :, None]
    if b.rows is not None:
        wrong |= b.rows[:, None, :]
    for t in range(tiles):
        sums = _run(model, a, b, c[t], t, dtype, threads)
        if sums is None:
            return None
        wrong[t] |= ~np.isfinite(sums)
        with np.errstate(all="ignore"):
            out[t] = sums.astype(np.float16 if half else np.float32).view(c.dtype)
    return out, np.flatnonzero(wrong)


def _run(model: FusedSum, a: Operand, b: Operand, c: _Array, t: int, dtype: Any, threads: int | None) -> _Array | None:
    """Return the sums of a tile, infinite where they are not known; None if no loop is compiled yet."""
    rows, columns = c.shape
    terms, wide = (-(-n // by) * by for n, by in ((a.codes.shape[-1], model.terms), (columns, WIDE)))
    half = c.itemsize == 2
    with np.errstate(all="ignore"):
        x = [_padded(part, rows, terms) for part in a.numbers(t, dtype)]
        y = [_panels(_padded(part, wide, terms)) for part in b.numbers(t, dtype)]
        out = np.zeros((rows, wide), dtype)
        out[:, :columns] = c.view(np.float16 if half else np.float32)
    nearest = (0,) if model.rounding == "nearest_even" else None
    digits = 23 if dtype is np.float32 else 52
    f = Bounds(model.terms, model.fraction, -1 if nearest else -(1 << (digits + 1 - model.precision)))
    kernel = Kernel("fused", "total", model.rounding, 64)
    tail: Any = (f, _limits(model, half, dtype, digits))
    work = np.broadcast_to(out[:1, :1], (rows, terms * wide // CHEAP))
    arguments: Any = (kernel, *x, *y, out, nearest)
    entry = loop_for("hardware.float_loops.add_lanes", work, out, *arguments, 0, 1, *tail, by=kernel)
    if entry is None:
        return None
    share(lambda first, last: entry(*arguments, first, last, *tail), rows, threads, max(1, terms * wide // 8))
    return out[:, :columns]


def _padded(x: _Array, rows: int, terms: int) -> _Array:
    if x.shape == (rows, terms):
        return np.ascontiguousarray(x)  # the loop counts on it, and NumPy's indexing keeps the order of the indices
    whole = np.zeros((rows, terms), x.dtype)
    whole[: x.shape[0], : x.shape[1]] = x
    return whole


def _panels(x: _Array) -> _Array:
    """Return rows of k as panels of columns."""
    return np.ascontiguousarray(x.reshape(-1, WIDE, x.shape[1]).transpose(0, 2, 1))


def _limits(model: FusedSum, half: bool, dtype: Any, digits: int) -> Any:
    normal = -14 if half else -126
    short = dtype is np.float32 and not half  # no sum is subnormal then
    quantum = 0 if short else normal - (model.precision - 1)
    least = max(-600 if model.floor is None else model.floor, _ROOM[dtype][2])
    infinite = math.inf if short else 2.0 ** (16 if half else 128)
    found = (
        2.0**least,
        2.0**normal,
        2.0**-quantum,
        2.0**quantum,
        infinite,
        1.5 * 2.0 ** (digits + 1 - model.precision),
        math.inf,
    )
    return Limits(*(np.array([x], dtype) for x in found))
