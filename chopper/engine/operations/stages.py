"""The two stages of an operation, chunk by chunk: the exact result rounded to odd, then the rounding of the format."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.casts import narrow, widen
from chopper.engine.kernel import Kernel
from chopper.engine.operations.catalogue import LOOPS, OPERATIONS, Operation
from chopper.engine.operations.wide import exact_wide, narrowed, round_wide
from chopper.engine.patterns import carrier_of
from chopper.engine.plan import Plan
from chopper.engine.run import loop_for, run
from chopper.kernels.carrier import BINARY64
from chopper.kernels.odd import Exact
from chopper.kernels.products import holds_product

__all__ = ["STAGES", "Stage", "put", "round_chunk"]

_Array = npt.NDArray[Any]

Stage = Callable[[tuple[_Array, ...], Exact, int], Any]
"""Exact results rounded to odd, from operands of one length, all float32 or all float64; see `wide` for the latter.

The other arguments are what to do at the edges and the width of the carrier.  The patterns are an array of int64 for
64 bits; for 128 a list of integers, or pairs of int64, the low half first.
"""

_FLOAT64 = np.dtype(np.float64)


def _by_kernel(operation: Operation) -> Stage:
    """Return the first stage of an operation that has a kernel."""

    def stage(arrays: tuple[_Array, ...], f: Exact, width: int) -> Any:
        if width == 128:
            return exact_wide(operation, tuple(widen(a, _FLOAT64) for a in arrays), f)
        result = _by_processor(operation, arrays, f)
        if result is not None:
            return result
        arrays = tuple(widen(a, _FLOAT64) for a in arrays)
        result = _on_lanes(operation, arrays, f)
        if operation.whole:
            _mend(operation, arrays, f, result)
        return result

    return stage


STAGES = MappingProxyType({name: _by_kernel(operation) for name, operation in OPERATIONS.items()})
"""The first stages of the operations that have kernels, by name."""


def _by_processor(operation: Operation, arrays: tuple[_Array, ...], f: Exact) -> _Array | None:
    """Return the patterns by the processor's own arithmetic, or None where that may not be exact."""
    out = np.empty(arrays[0].size, np.int64)
    entry = loop_for(f"operations.fast_loops.{operation.name}", arrays[0], out, *arrays, out, f)
    return out if entry is not None and entry(*arrays, out, f) else None


def _on_lanes(operation: Operation, arrays: tuple[_Array, ...], f: Exact) -> _Array:
    """Return the patterns of 64 bits, by a compiled loop or by NumPy while there is none."""
    kernel = Kernel(operation.module, operation.name, "toward_zero", 64)
    out = np.empty(arrays[0].size, np.int64)
    loop = f"operations.loops.{LOOPS[operation.arity]}"
    entry = loop_for(loop, arrays[0], out, kernel, *arrays, out, f, by=kernel)
    if entry is None:
        with np.errstate(all="ignore"):
            result: _Array = operation.function(64)(np.where, *(a.view(np.int64) for a in arrays), BINARY64, f)
        return result
    entry(kernel, *arrays, out, f)
    return out


def _mend(operation: Operation, arrays: tuple[_Array, ...], f: Exact, result: _Array) -> None:
    """Put right the results whose products the carrier of 64 bits may not hold."""
    x, y = arrays[:2]
    held = np.empty(x.size, np.int64)
    kernel = Kernel("products", "holds_product", "toward_zero", 64)
    entry = loop_for("operations.loops.both", x, held, kernel, x, y, held, by=kernel)
    if entry is None:
        held = holds_product(np.where, x.view(np.int64), y.view(np.int64), BINARY64)
    else:
        entry(kernel, x, y, held)
    if not held.all():
        long = held == 0
        exact = exact_wide(operation, tuple(a[long] for a in arrays), _edges_wide(f))
        result[long] = narrowed(exact, int(np.count_nonzero(long)))


def _edges_wide(f: Exact) -> Exact:
    """Return the edges of an operation for 128 bits, given those for 64."""
    c = carrier_of(128)
    nan = c.inf | 1 << (c.precision - 2)
    return Exact(c.sign if f.zero else 0, c.inf if f.pole == BINARY64.inf else nan, nan)


def put(tile: _Array, out: _Array) -> None:
    """Write float64 values into float32 or float64, exactly."""
    if out.dtype == tile.dtype:
        out[...] = tile
        return
    entry = loop_for("operations.fast_loops.single", tile, out, tile, out)
    if entry is None or not entry(tile, out):
        out[...] = narrow(tile, out.dtype)


def round_chunk(plan: Plan, exact: Any, words: _Array | None, out: _Array) -> None:
    """Round patterns of the plan's carrier to float64 values of the format."""
    if plan.kernel.width == 128:
        round_wide(plan, exact, words, out.view(np.int64))
    else:
        run(plan, exact.view(np.float64), out, None, words, 1)
