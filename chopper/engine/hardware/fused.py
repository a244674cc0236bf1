"""Truncated fused sums: order, promotion, and the loop that adds."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.compiled import Kernel
from chopper.engine.hardware.fused_loops import add_blocks
from chopper.engine.hardware.operands import Lanes, decoded
from chopper.engine.run import share
from chopper.hardware.base import Unit
from chopper.hardware.models import FusedSum
from chopper.kernels.fused import Fused

__all__ = ["products"]

_Array = npt.NDArray[Any]
_NONE = -100000
"""A floor that is none."""


def products(unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N)."""
    model = unit.model
    if model.order == "quarters":
        a, b = _quarters(a), _quarters(b)
    return _promoted(model, decoded(a, unit.a), decoded(b, unit.b), c, threads)


def _quarters(x: _Array) -> _Array:
    """Pad k to a multiple of 32, and bring those with k % 4 < 2 first in each 32."""
    k = np.arange(32)
    order = np.concatenate([k[k % 4 < 2], k[k % 4 >= 2]])
    whole = np.zeros((*x.shape[:-1], -(-x.shape[-1] // 32) * 32), x.dtype)
    whole[..., : x.shape[-1]] = x
    return whole.reshape(*x.shape[:-1], -1, 32)[..., order].reshape(whole.shape)


def _promoted(model: FusedSum, a: Lanes, b: Lanes, c: _Array, threads: int | None) -> _Array:
    size = a.s.shape[-1]
    if model.promote is None:
        return _chain(model, a, b, c, threads)
    for k in range(0, size, model.promote):
        x, y = (Lanes(*(part[..., k : k + model.promote] for part in side[:3]), side.digits) for side in (a, b))
        c = _added(c, _chain(model, x, y, np.zeros_like(c), threads))
    return c


def _added(x: _Array, y: _Array) -> _Array:
    """Return the codes of sums, to nearest even; every NaN is that of the hardware."""
    kind, nan = (np.float16, 0x7FFF) if x.itemsize == 2 else (np.float32, 0x7FFFFFFF)
    with np.errstate(all="ignore"):
        total = x.view(kind) + y.view(kind)
    codes: _Array = total.view(x.dtype)
    return np.where(np.isnan(total), x.dtype.type(nan), codes)


def _chain(model: FusedSum, a: Lanes, b: Lanes, c: _Array, threads: int | None) -> _Array:
    """Return the sum of all blocks in turn."""
    half = c.itemsize == 2
    digits, bias, inf = (10, 15, 0x7C00) if half else (23, 127, 0x7F800000)
    floor = _NONE if model.floor is None else model.floor
    drop = digits - (model.precision - 1)
    f = Fused(model.fraction, floor, digits, bias, inf, 0x7FFF if half else 0x7FFFFFFF, drop)
    out = c.astype(np.int64)
    x, y = (tuple(np.ascontiguousarray(part) for part in side[:3]) for side in (a, b))
    chosen = np.arange(out.size)
    kernel = Kernel("fused", "total", model.rounding, 64)

    def part(first: int, last: int) -> None:
        add_blocks(kernel, x, y, out, chosen, f, a.digits + b.digits, model.terms, first, last)

    share(part, out.size, threads, weight=max(1, a.s.shape[-1] // 4))
    return out.astype(c.dtype)
