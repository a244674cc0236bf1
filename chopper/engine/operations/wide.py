"""The carrier of 128 bits: compiled loops over pairs of int64, low halves first, or Python integers for few numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.kernel import Kernel
from chopper.engine.operations.catalogue import LOOPS, Operation
from chopper.engine.plan import Plan
from chopper.engine.run import loop_for
from chopper.kernels.carrier import BINARY64, BINARY128
from chopper.kernels.odd import Exact, narrow, widen

__all__ = ["exact_wide", "halves_of", "integers_of", "narrowed", "round_wide"]

_Array = npt.NDArray[Any]
_MASK = (1 << 64) - 1


_WEIGHT = 8
"""How many numbers one counts for that is done in Python, when it comes to compiling."""


def _weighed(a: _Array) -> _Array:
    return np.broadcast_to(a[:1], a.size * _WEIGHT) if a.size else a


def _where(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


def halves_of(numbers: Any) -> npt.NDArray[np.int64]:
    """Return integers of 128 bits as pairs of int64."""
    flat = [half for n in numbers for half in (n & _MASK, (n >> 64) & _MASK)]
    return np.array(flat, np.uint64).view(np.int64)


def integers_of(exact: Any) -> list[int]:
    """Return pairs of int64 as integers; a list of integers as it is."""
    if isinstance(exact, list):
        return exact
    low, high = exact[::2].view(np.uint64).tolist(), exact[1::2].tolist()
    return [(b << 64) | a for a, b in zip(low, high, strict=True)]


def exact_wide(operation: Operation, arrays: tuple[_Array, ...], f: Exact) -> Any:
    """Return the patterns of 128 bits, rounded to odd, of an operation on float64 arrays."""
    kernel = Kernel(operation.module, operation.wide or operation.name, "toward_zero", 128)
    out = np.empty(2 * arrays[0].size, np.int64)
    rest = (out, halves_of(f), Exact(0, 0, 0))
    loop = f"operations.wide_loops.{LOOPS[operation.arity]}"
    entry = loop_for(loop, _weighed(arrays[0]), out, kernel, *arrays, *rest, by=kernel)
    if entry is not None:
        entry(kernel, *arrays, *rest)
        return out
    columns = [[widen(_where, n, BINARY64, BINARY128) for n in a.view(np.int64).tolist()] for a in arrays]
    return [kernel.function(_where, *numbers, BINARY128, f) for numbers in zip(*columns, strict=True)]


def round_wide(plan: Plan, exact: Any, words: npt.NDArray[np.uint32] | None, out: npt.NDArray[np.int64]) -> None:
    """Run a plan for 128 bits into patterns of 64 bits, which hold the values of the format."""
    kernel, f = plan.kernel, plan.params
    rest = (out, halves_of(f), type(f)(*[0] * len(f)))
    shown = np.empty(0, np.int64) if isinstance(exact, list) else exact
    drawing = () if words is None else (words,)
    name = "rounded" if words is None else "by_chance"
    loop = f"operations.wide_loops.{name}"
    entry = loop_for(loop, _weighed(out), out, kernel, shown, *drawing, *rest, by=(kernel, name))
    if entry is not None:
        lanes = halves_of(exact) if isinstance(exact, list) else exact
        entry(kernel, lanes, *drawing, *rest)
        return
    drawn = [0] * out.size if words is None else words.tolist()
    results = [kernel(_where, n, word, f) for n, word in zip(integers_of(exact), drawn, strict=True)]
    marked, mark = BINARY64.inf + 1, BINARY128.inf + 1
    out[...] = [marked if n == mark else narrow(_where, n, BINARY128, BINARY64) for n in results]


def narrowed(exact: Any, size: int) -> npt.NDArray[np.int64]:
    """Return patterns of 64 bits, rounded to odd, for those of 128."""
    if isinstance(exact, list):
        return np.array([narrow(_where, n, BINARY128, BINARY64) for n in exact], np.int64)
    out = np.empty(size, np.int64)
    entry = loop_for("operations.wide_loops.narrowed", _weighed(out), out, exact, out)
    if entry is None:
        return narrowed(integers_of(exact), size)
    entry(exact, out)
    return out
