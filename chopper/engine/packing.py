"""Streams of codes as dense bytes: the kernels of `chopper.kernels.packing` run over arrays."""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

from chopper.engine.kernel import Kernel
from chopper.engine.plan import Plan
from chopper.engine.run import loop_for, run
from chopper.kernels.packing import Fold

__all__ = ["folded", "unfolded"]

_Bytes = npt.NDArray[np.uint8]
_Words = npt.NDArray[np.int64]


def folded(codes: _Bytes, bits: int, backwards: bool) -> _Bytes:
    """Pack a contiguous stream of a multiple of 8 codes of 1 to 7 bits, the first in the lowest bits or the highest."""
    words = np.require(codes.view(">i8" if backwards else "<i8"), np.int64, "A")
    dense = np.empty(words.size * bits, np.uint8)
    plan = _plan("fold", bits)
    if bits in (1, 2, 4):  # there is a dtype for eight codes together
        out = dense.view(f"u{bits}")
        run(plan, words, out, None, None, 1)
        return out.astype(f"{'>' if backwards else '<'}u{bits}", copy=False).view(np.uint8)
    entry = loop_for("narrow", words, dense, plan.kernel, words, dense, plan.params, bits)
    if entry is not None:
        entry(plan.kernel, words, dense, plan.params, bits)
    else:
        wide = np.empty_like(words)
        run(plan, words, wide, None, None, 1)
        dense.reshape(-1, bits)[...] = wide.astype("<i8", copy=False).view(np.uint8).reshape(-1, 8)[:, :bits]
    return _mirrored(dense, bits) if backwards else dense


def unfolded(dense: _Bytes, bits: int, backwards: bool) -> _Bytes:
    """Undo `folded`."""
    words = np.empty(dense.size // bits, np.int64)
    plan = _plan("unfold", bits)
    if bits in (1, 2, 4):
        source = np.require(dense.view(f"{'>' if backwards else '<'}u{bits}"), f"u{bits}", "A")
        run(plan, source, words, None, None, 1)
    else:
        dense = _mirrored(dense, bits) if backwards else dense
        entry = loop_for("widen", dense, words, plan.kernel, dense, words, plan.params, bits)
        if entry is not None:
            entry(plan.kernel, dense, words, plan.params, bits)
        else:
            wide = np.zeros((words.size, 8), np.uint8)
            wide[:, :bits] = dense.reshape(-1, bits)
            run(plan, wide.reshape(-1).view("<i8").astype(np.int64, copy=False), words, None, None, 1)
    return words.astype(">i8" if backwards else "<i8", copy=False).view(np.uint8)


@cache
def _plan(name: str, bits: int) -> Plan:
    steps: list[int] = []
    for width, room in ((bits, 8), (2 * bits, 16), (4 * bits, 32)):
        low = sum(((1 << width) - 1) << at for at in range(0, 64, 2 * room))
        steps += [room - width, low, low << width]
    return Plan(Kernel("packing", name, "toward_zero", 64), Fold(*steps))


def _mirrored(dense: _Bytes, size: int) -> _Bytes:
    """Return the bytes with every `size` of them in reverse."""
    return np.ascontiguousarray(dense.reshape(-1, size)[:, ::-1]).reshape(-1)
