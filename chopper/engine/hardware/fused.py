"""Truncated fused sums: order, promotion, and the loop that adds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.hardware.floats import CHEAP, add_floats, flushes
from chopper.engine.hardware.fused_arrays import add_arrays
from chopper.engine.hardware.operands import Lanes, Operand
from chopper.engine.kernel import Kernel
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.hardware.base import Unit
from chopper.hardware.models import FusedSum
from chopper.kernels.fused import Fused
from chopper.ops import add

__all__ = ["parameters", "products"]

_Array = npt.NDArray[Any]
_NONE = -100000
"""A floor that is none."""


def products(
    unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None, scales: tuple[_Array, _Array] | None = None
) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N)."""
    model = unit.model
    if model.order == "quarters":
        a, b = _quarters(a), _quarters(b)
    left, right = scales or (None, None)
    x, y = Operand(a, unit.a, left, unit.block), Operand(b, unit.b, right, unit.block)
    if model.promote is None:
        return _chain(model, x, y, c, threads)
    for k in range(0, a.shape[-1], model.promote):
        part = slice(k, k + model.promote)
        c = _added(c, _chain(model, x.cut(part), y.cut(part), np.zeros_like(c), threads))
    return c


def _quarters(x: _Array) -> _Array:
    """Pad k to a multiple of 32, and bring those with k % 4 < 2 first in each 32."""
    k = np.arange(32)
    order = np.concatenate([k[k % 4 < 2], k[k % 4 >= 2]])
    whole = np.zeros((*x.shape[:-1], -(-x.shape[-1] // 32) * 32), x.dtype)
    whole[..., : x.shape[-1]] = x
    return np.ascontiguousarray(whole.reshape(*x.shape[:-1], -1, 32)[..., order].reshape(whole.shape))


def _added(x: _Array, y: _Array) -> _Array:
    """Return the codes of sums, to nearest even; every NaN is that of the hardware."""
    kind, nan = (np.float16, 0x7FFF) if x.itemsize == 2 else (np.float32, 0x7FFFFFFF)
    if flushes():
        total = add(x.view(kind), y.view(kind), fmt="fp16" if x.itemsize == 2 else "fp32").astype(kind, copy=False)
    else:
        with np.errstate(all="ignore"):
            total = x.view(kind) + y.view(kind)
    codes: _Array = total.view(x.dtype)
    return np.where(np.isnan(total), x.dtype.type(nan), codes)


def _chain(model: FusedSum, a: Operand, b: Operand, c: _Array, threads: int | None) -> _Array:
    """Return the sum of all blocks in turn."""
    done = add_floats(model, a, b, c, threads)
    if done is None:
        out, rest = c.copy(), np.arange(c.size)
    else:
        out, rest = done
    if rest.size:
        _add_integers(model, a, b, c, out, rest, threads)
    return out


def _add_integers(
    model: FusedSum, a: Operand, b: Operand, c: _Array, out: _Array, chosen: _Array, threads: int | None
) -> None:
    """Write the chosen sums to `out`, by integers."""
    f = parameters(model, c.itemsize == 2)
    kernel = Kernel("fused", "total", model.rounding, 64)
    codes = c.reshape(-1)[chosen].astype(np.int64)
    size = a.codes.shape[-1]
    x, y = (Lanes(*(np.ascontiguousarray(part).reshape(-1, size) for part in side.lanes)) for side in (a, b))
    tail: Any = (chosen, c.shape, f, a.digits + b.digits, model.terms)
    work = np.broadcast_to(codes[:1], (chosen.size * size // CHEAP,))
    entry = loop_for("hardware.fused_loops.add_blocks", work, codes, kernel, x, y, codes, *tail, 0, 1, by=kernel)
    if entry is None:
        add_arrays(kernel, x, y, codes, *tail)
    else:
        share(lambda first, last: entry(kernel, x, y, codes, *tail, first, last), chosen.size, threads, size)
    out.reshape(-1)[chosen] = codes.astype(c.dtype)


def parameters(model: FusedSum, half: bool) -> Fused:
    """Return the integers of a model; `half`: the result is in fp16, else in fp32."""
    digits, bias, inf, nan = (10, 15, 0x7C00, 0x7FFF) if half else (23, 127, 0x7F800000, 0x7FFFFFFF)
    floor = _NONE if model.floor is None else model.floor
    return Fused(model.fraction, floor, digits, bias, inf, nan, digits + 1 - model.precision)
