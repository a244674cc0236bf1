"""Running the compiled loops over stacks of matrices."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.gemm.carriers import Choice
from chopper.engine.gemm.rounders import carries
from chopper.engine.gemm.task import Task
from chopper.engine.gemm.words import Words
from chopper.engine.kernel import Kernel
from chopper.engine.plan import Request, plan_round
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.rounding import Overflow, Rounding

__all__ = ["Kernels", "kernels_of", "run_kernels", "run_native"]

_Array = npt.NDArray[Any]
_ROWS = 8
"""Rows of a tile, as `vectors.ROWS`, which is not imported before anything is compiled."""
_CHEAP = 256
"""Steps that count as one number when it is decided whether a compiler is worth its time."""
_STEP = 2
"""Numbers that a step counts as at least: without a loop it is several calls of NumPy, however few numbers it takes."""
_ORDERS = {"sequential": 0, "blocked": 1, "pairwise": 2, "tree": 2}
_Run = Callable[[_Array, _Array, _Array, tuple[int, ...]], bool]


class Kernels(NamedTuple):
    """What `any_loops.multiply_any` takes: kernels of products (None: exact), sums, and sums of blocks."""

    kernels: tuple[Kernel | None, Kernel, Kernel]
    params: tuple[Any, Any, Any]
    down: int


def kernels_of(task: Task, finite: bool) -> Kernels | None:
    """Return the kernels of a product, None if one of them is not to be had as vectors in binary64.

    `finite`: no operand is infinite or NaN.
    """
    found = [_kernel(asked, finite) for asked in (task.product, task.sum, task.flush)]
    if None in found:
        return None
    kernels, params = zip(*found, strict=True)
    return Kernels(kernels, params, -(1 << 63) if task.result.rounding is Rounding.DOWN else 0)


def _kernel(asked: Request | None, finite: bool) -> tuple[Kernel | None, Any] | None:
    if asked is None:
        return None, ()
    if not carries(asked):
        return None
    plan = plan_round(asked, 64)
    plan = plan if plan.twin is None else plan.twin
    raises = plan.mark is not None and not (finite and asked.overflow is Overflow.WRAP)
    usable = not raises and plan.kernel.width == 64 and not plan.kernel.tables
    return (plan.kernel, plan.params) if usable else None


def run_native(
    choice: Choice,
    order: str,
    block: int | None,
    a: _Array,
    b: _Array,
    out: _Array,
    words: Words | None,
    threads: int | None,
) -> bool:
    """Turn `out` (..., M, N), which holds what is added to, into a product of a (..., M, K) and b (..., K, N).

    Returns False if that is not to be had: no loop is compiled yet for so few numbers, or the processor flushes
    subnormal numbers to zero; `out` is then to be made anew.
    """
    info = np.finfo(choice.dtype)
    probe = (info.smallest_normal, choice.dtype(0.5))

    def run(x: _Array, y: _Array, result: _Array, key: tuple[int, ...]) -> bool:
        rows, terms = x.shape
        whole = np.zeros((-(-rows // _ROWS) * _ROWS, terms), choice.dtype)
        whole[:rows] = x
        arguments: Any = (choice.step, choice.merge, whole, y, result)
        tail: Any = (_ORDERS[order], block or 1, choice.magics, key, probe)
        by = (choice.step, choice.merge)
        entry = loop_for("gemm.loops.multiply", _work(x, y), result, *arguments, 0, rows, *tail, by=by)
        if entry is None:
            return False
        fine: list[bool] = []

        def part(start: int, stop: int) -> None:
            fine.append(bool(entry(*arguments, start * _ROWS, min(stop * _ROWS, rows), *tail)))

        share(part, whole.shape[0] // _ROWS, threads, weight=max(1, terms * result.shape[1] // 8))
        return all(fine)

    return _each(run, a, b, out, words)


def run_kernels(
    kernels: Kernels,
    order: str,
    block: int | None,
    a: _Array,
    b: _Array,
    out: _Array,
    words: Words | None,
    threads: int | None,
) -> bool:
    """As `run_native`, for arrays of float64."""
    plan = (_ORDERS[order], block or 1, kernels.down)

    def run(x: _Array, y: _Array, result: _Array, key: tuple[int, ...]) -> bool:
        arguments: Any = (*kernels.kernels, x, y, result)
        tail: Any = (plan, kernels.params, key)
        entry = loop_for(
            "gemm.any_loops.multiply_any", _work(x, y), result, *arguments, 0, 1, *tail, by=kernels.kernels
        )
        if entry is None:
            return False
        share(
            lambda start, stop: entry(*arguments, start, stop, *tail),
            x.shape[0],
            threads,
            weight=max(1, y.size // 4),
        )
        return True

    return _each(run, a, b, out, words)


def _work(a: _Array, b: _Array) -> _Array:
    """Return an array of the dtype of `a`, of the size of what there is to do: at least `_STEP` for each term."""
    return np.broadcast_to(a.ravel()[:1], max(a.shape[0] * (b.size // _CHEAP), _STEP * a.shape[1]))


def _each(run: _Run, a: _Array, b: _Array, out: _Array, words: Words | None) -> bool:
    """Run matrix by matrix."""
    batch, size = out.shape[:-2], out.shape[-2] * out.shape[-1]
    if not size:
        return True
    stacks = [np.broadcast_to(s, (*batch, *s.shape[-2:])) for s in (a, b)]
    for n, at in enumerate(np.ndindex(batch)):
        x, y = (np.ascontiguousarray(stack[at]) for stack in stacks)
        if not run(x, y, out[at], _key(words, n * size)):
            return False
    return True


def _key(words: Words | None, first: int) -> tuple[int, ...]:
    """Return what the loops make random words from, for the elements from `first` on."""
    if words is None:
        return 0, 0, 0, 0, 0
    return words.key.high, words.key.low, words.key.offset + first, words.steps, words.term
