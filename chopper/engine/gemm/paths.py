"""From operands to a result: shapes, checks, and the quickest path that gives the bits of the definition."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chopper.accumulate import Accumulator
from chopper.engine.families.scaled.layout import lengths
from chopper.engine.gemm.carriers import choose
from chopper.engine.gemm.native import kernels_of, run_kernels, run_native
from chopper.engine.gemm.operands import Operand, extent_of
from chopper.engine.gemm.rounders import rounder_of
from chopper.engine.gemm.shapes import Shapes, shapes_of
from chopper.engine.gemm.stepwise import run_stepwise
from chopper.engine.gemm.task import Task, task_of
from chopper.engine.gemm.words import Words
from chopper.engine.inputs import check_out
from chopper.engine.plan import carrier_width
from chopper.errors import OutputError, UnsupportedInputError
from chopper.formats.registry import get
from chopper.random import Key, as_key
from chopper.rounding import Overflow
from chopper.scaled import ScaledArray

__all__ = ["block_of", "multiply"]

_Array = npt.NDArray[Any]


def multiply(
    a: Any,
    b: Any,
    c: Any,
    accumulate: Accumulator,
    mode: str,
    out: Any,
    key: Any,
    threads: int | None,
    most_axes: int | None = None,
) -> Any:
    """Run `chopper.gemm.matmul`, or `dot` of at most `most_axes` axes."""
    if not isinstance(accumulate, Accumulator):
        raise UnsupportedInputError(
            f"accumulate={accumulate!r} is no Accumulator and no Unit; pass one, or leave it out"
        )
    a, b, accumulate = _decoded(a, b, accumulate, mode)
    x, y = Operand(a), Operand(b)
    z = None if c is None else Operand(c)
    shapes = shapes_of(x.values.shape, y.values.shape, None if z is None else z.values.shape, most_axes)
    task = task_of(accumulate)
    small = x.small and y.small and (z is None or z.small) and carrier_width(task.result.fmt, 32) == 32
    _check_wrap(task, x, y, z)
    dtype = np.dtype(np.float32 if small else np.float64)
    target = check_out(out, a, shapes.result, dtype)
    _check_apart(target, (a, b, c))
    chosen = as_key(key) if task.random else None
    total = _run(task, x, y, z, shapes, chosen, threads)
    result = total.astype(dtype, copy=False).reshape(shapes.result)
    if target is None:
        return result[()]
    np.copyto(target, result)
    return out


def _run(
    task: Task, x: Operand, y: Operand, z: Operand | None, shapes: Shapes, key: Key | None, threads: int | None
) -> _Array:
    """Return the product in the shape `shapes.full`."""
    steps = task.accumulate.steps(shapes.a[-1])
    words = None if key is None else Words(key, steps, task.accumulate.words, shapes.size)
    c = None if z is None else np.broadcast_to(z.doubles.reshape(cast(Any, shapes.c)), shapes.full)
    found = _compiled(task, x, y, c, shapes, words, threads)
    if found is not None:
        return found
    a, b = x.doubles.reshape(shapes.a), y.doubles.reshape(shapes.b)
    return run_stepwise(task, a, b, c, x.narrow and y.narrow, words, threads)


def _compiled(
    task: Task, x: Operand, y: Operand, c: _Array | None, shapes: Shapes, words: Words | None, threads: int | None
) -> _Array | None:
    """Return the product by a compiled loop, None if there is none for it."""
    grouped = task.accumulate.order == "sequential" and (task.accumulate.block or 1) > 1
    if task.sum is None or task.accumulate.compensated or grouped or not shapes.a[-1]:
        return None
    assert task.flush is not None
    rounder = rounder_of(task.flush, x.narrow and y.narrow, threads)

    def word(last: int) -> Any:
        return None if words is None else words.at(words.steps - last)

    with np.errstate(all="ignore"):
        start = None if c is None else rounder.round(c, word(2))
        late = task.accumulate.order in ("pairwise", "tree")
        first = None if late else start
        out = _natively(task, x, y, first, shapes, words, threads)
        if out is None:
            out = _by_kernels(task, x, y, first, shapes, words, threads)
        if out is None:
            return None
        if start is not None and late:
            out = rounder.add(start, out.astype(np.float64), word(3))
        if task.result != (task.flush if task.accumulate.blocks else task.sum):
            out = rounder_of(task.result, True, threads).round(out.astype(np.float64), word(1))
    return out


def _natively(
    task: Task, x: Operand, y: Operand, c: _Array | None, shapes: Shapes, words: Words | None, threads: int | None
) -> _Array | None:
    """Return the product by the carrier's own arithmetic, None if that does not do."""
    minus = c is not None and bool((np.signbit(c) & (c == 0)).any())
    extent = None if c is None else extent_of(np.ascontiguousarray(c))
    choice = choose(task, x.extent, y.extent, extent, shapes.a[-1], minus)
    if choice is None:
        return None
    out = np.zeros(shapes.full, choice.dtype)
    if c is not None:
        out[...] = c
    a, b = ((s.singles if choice.dtype is np.float32 else s.doubles) for s in (x, y))
    assert a is not None and b is not None
    pair, plain = (a.reshape(shapes.a), b.reshape(shapes.b)), task.accumulate
    return out if run_native(choice, plain.order, plain.blocks, *pair, out, words, threads) else None


def _by_kernels(
    task: Task, x: Operand, y: Operand, c: _Array | None, shapes: Shapes, words: Words | None, threads: int | None
) -> _Array | None:
    """Return the product by the kernels of the formats in binary64, None if that does not do."""
    finite = x.extent.finite and y.extent.finite and (c is None or bool(np.isfinite(c).all()))
    kernels = kernels_of(task, finite) if x.narrow and y.narrow else None
    if kernels is None:
        return None
    out = np.zeros(shapes.full)
    if c is not None:
        out[...] = c
    pair, plain = (x.doubles.reshape(shapes.a), y.doubles.reshape(shapes.b)), task.accumulate
    return out if run_kernels(kernels, plain.order, plain.blocks, *pair, out, words, threads) else None


def _decoded(a: Any, b: Any, accumulate: Accumulator, mode: str) -> tuple[Any, Any, Accumulator]:
    """Return plain operands, and the accumulator that stands for the mode."""
    if mode not in ("dequantized", "block", "exact"):
        raise UnsupportedInputError(f"mode={mode!r} is not legal; legal: 'dequantized', 'block', 'exact'")
    if mode == "exact":
        last = accumulate.result or accumulate.flush or accumulate.sum
        policy = accumulate.overflow if accumulate.sum == "exact" or get(last) == get(accumulate.sum) else None
        accumulate = Accumulator(
            sum="exact", result=last, rounding=accumulate.rounding, random_bits=accumulate.random_bits, overflow=policy
        )
    elif mode == "block":
        plainly = replace(accumulate, product=None, fused=True)
        if plainly.order != "sequential" or plainly.compensated or plainly.sum == "exact":
            raise UnsupportedInputError(
                "mode='block' adds blocks in turn; leave order=, compensated= and sum='exact' out"
            )
        accumulate = replace(plainly, block=block_of(a, b))
    plain = (x.decode(np.float64) if isinstance(x, ScaledArray) else x for x in (a, b))
    return (*plain, accumulate)  # type: ignore[return-value]


def block_of(a: Any, b: Any) -> int:
    """Return the size of the blocks of two arrays along the axis that is summed over.

    Raises
    ------
    UnsupportedInputError
        If the arrays have no blocks there, or of different sizes.
    """
    found = set()
    for x, axis in ((a, -1), (b, -2)):
        if isinstance(x, ScaledArray):
            along = axis if x.ndim > 1 else -1
            found.add(lengths(x.fmt.levels[0].block, x.shape, x.axis)[along])
    if len(found) != 1 or found == {1}:
        raise UnsupportedInputError(
            f"mode='block' needs blocks of one size along the axis that is summed over, found {sorted(found)}; "
            "encode a with axis=-1 and b with axis=-2, or use mode='dequantized' or 'exact'"
        )
    return found.pop()


def _check_wrap(task: Task, x: Operand, y: Operand, z: Operand | None) -> None:
    """Check that binary64 holds every bit that matters where numbers wrap around.

    Raises
    ------
    UnsupportedInputError
        If it does not.
    """
    for asked in (task.product, task.sum):
        if asked is None or asked.overflow is not Overflow.WRAP:
            continue
        fraction = asked.fmt.fraction_bits  # type: ignore[attr-defined]
        terms = [(x.extent.unit + y.extent.unit, x.extent.top + y.extent.top)]
        terms += [] if z is None else [(z.extent.unit, z.extent.top)]
        whole = all(unit >= -fraction for unit, _ in terms)
        below = 0 if whole else 2 + (asked.random_bits if asked.rounding.random else 0)
        if max(top for _, top in terms) + 1 + fraction + below > 53:
            raise UnsupportedInputError(
                f"under overflow='wrap' products are too large to be added to {asked.fmt} exactly; legal: magnitudes "
                f"of a and b whose product is below 2^{52 - fraction - below}"
            )


def _check_apart(target: _Array | None, operands: tuple[Any, ...]) -> None:
    if target is None:
        return
    for x in operands:
        if isinstance(x, np.ndarray) and np.may_share_memory(x, target):
            raise OutputError("out overlaps an operand; pass separate memory")
