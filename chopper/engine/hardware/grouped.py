"""Sums of scaled groups of products: groups by exact products of matrices, then the kernels of fused sums."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.hardware.fused_arrays import settled, specials
from chopper.engine.hardware.operands import NAN, Lanes, Operand
from chopper.engine.kernel import Kernel
from chopper.hardware.base import Unit
from chopper.hardware.models import GroupedSum
from chopper.kernels.fused import Fused, align, significand

__all__ = ["products"]

_Array = npt.NDArray[Any]
_NONE = -100000


def products(unit: Unit, a: _Array, b: _Array, c: _Array, threads: int | None, scales: tuple[_Array, _Array]) -> _Array:
    """Return the codes of results for codes (T, M, K), (T, N, K), (T, M, N)."""
    model: GroupedSum = unit.model
    out = c.astype(np.int64)
    f = Fused(model.fraction, _NONE if model.floor is None else model.floor, 23, 127, 0x7F800000, 0x7FFFFFFF, 0)
    left, right = (_Side(unit, x, s, name) for x, s, name in zip((a, b), scales, (unit.a, unit.b), strict=True))
    for t in range(len(out)):
        for k in range(0, left.numbers.shape[-1], model.terms):
            out[t] = _block(model, left, right, t, k, out[t], f)
    return out.astype(c.dtype)


class _Side:
    """Numbers as small integers, and the scale of each group."""

    def __init__(self, unit: Unit, codes: _Array, scales: _Array, name: str) -> None:
        operand = Operand(codes, name)
        lanes = operand.lanes
        terms, group = unit.model.terms, unit.model.group
        lift = lanes.e - operand.extent[0]
        size = -(-codes.shape[-1] // terms) * terms
        self.numbers = np.zeros((*codes.shape[:-1], size))
        self.numbers[..., : codes.shape[-1]] = np.ldexp(lanes.s.astype(np.float64), lift)
        self.digits = operand.digits - operand.extent[0]
        scale = Operand(scales & np.uint8(127) if unit.scale == "ue4m3" else scales, unit.scale)
        wide = np.repeat(np.arange(scales.shape[-1]), unit.block // group)
        wide = np.concatenate([wide, np.zeros(size // group, int)])[: size // group]
        self.scale = Lanes(*(part[..., wide] for part in scale.lanes))
        self.digits += scale.digits


def _block(model: GroupedSum, a: _Side, b: _Side, t: int, k: int, code: _Array, f: Fused) -> _Array:
    """Return the codes of a tile after one more block."""
    ec, sc = significand(np.where, code, f)
    top = np.where(sc == 0, f.floor, np.maximum(ec, f.floor))
    groups = []
    for first in range(k, k + model.terms, model.group):
        part, g = slice(first, first + model.group), first // model.group
        dots = a.numbers[t, :, part] @ b.numbers[t, :, part].T
        x, y = (Lanes(*(lane[t, :, g] for lane in side.scale)) for side in (a, b))
        s = dots.astype(np.int64) * np.multiply.outer(x.s.astype(np.int64), y.s.astype(np.int64))
        e = np.add.outer(x.e.astype(np.int64), y.e.astype(np.int64))
        kind = np.maximum.outer(x.kind, y.kind)
        groups.append((s, e, kind))
        top = np.maximum(top, np.where(s == 0, f.floor, e))
    whole = align(np.where, sc, np.minimum(ec, top), 23, top, f)
    for s, e, _ in groups:
        whole += align(np.where, s, np.minimum(e, top), a.digits + b.digits, top, f)
    kinds = np.stack([kind for _, _, kind in groups], -1).reshape(code.size, -1)
    special = specials(code.reshape(-1), np.zeros_like(kinds, np.int64), np.where(kinds == 0, kinds, NAN), f)
    kernel = Kernel("fused", "total", "toward_zero", 64)
    return settled(kernel, whole.reshape(-1), top.reshape(-1), special, f).reshape(code.shape)
