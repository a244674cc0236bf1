"""The compiled loops of the first stage: float64 operands to patterns of 64 bits, rounded to odd."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba.extending import overload

from chopper.engine import lanes
from chopper.engine.block_loops import loop
from chopper.engine.compiled import compiled
from chopper.engine.lanes import load, store

__all__ = ["binary", "both", "ternary", "unary"]


def _apply(kernel: Any, numbers: Any, f: Any) -> Any:
    """Run an operation on lanes; exists in compiled code only."""
    raise NotImplementedError


@overload(_apply)
def _apply_compiled(kernel: Any, numbers: Any, f: Any) -> Callable[..., Any]:
    where, core, c = lanes.where, compiled(kernel.kernel.function), kernel.kernel.carrier

    def one(kernel: Any, numbers: Any, f: Any) -> Any:
        return core(where, numbers[0], c, f)

    def two(kernel: Any, numbers: Any, f: Any) -> Any:
        return core(where, numbers[0], numbers[1], c, f)

    def three(kernel: Any, numbers: Any, f: Any) -> Any:
        return core(where, numbers[0], numbers[1], numbers[2], c, f)

    return (one, two, three)[len(numbers) - 1]


def _test(kernel: Any, x: Any, y: Any) -> Any:
    """Run a question to two lanes; exists in compiled code only."""
    raise NotImplementedError


@overload(_test)
def _test_compiled(kernel: Any, x: Any, y: Any) -> Callable[..., Any]:
    where, core, c = lanes.where, compiled(kernel.kernel.function), kernel.kernel.carrier

    def run(kernel: Any, x: Any, y: Any) -> Any:
        return core(where, x, y, c)

    return run


@loop
def unary(kernel: Any, x: Any, out: Any, f: Any) -> None:
    """Run an operation of one operand."""
    for i in range(x.size):
        store(_apply(kernel, (load(kernel, x[i]),), f), out, i)


@loop
def binary(kernel: Any, x: Any, y: Any, out: Any, f: Any) -> None:
    """Run an operation of two operands."""
    for i in range(x.size):
        store(_apply(kernel, (load(kernel, x[i]), load(kernel, y[i])), f), out, i)


@loop
def ternary(kernel: Any, x: Any, y: Any, z: Any, out: Any, f: Any) -> None:
    """Run an operation of three operands."""
    for i in range(x.size):
        store(_apply(kernel, (load(kernel, x[i]), load(kernel, y[i]), load(kernel, z[i])), f), out, i)


@loop
def both(kernel: Any, x: Any, y: Any, out: Any) -> None:
    """Answer a question about two operands."""
    for i in range(x.size):
        store(_test(kernel, load(kernel, x[i]), load(kernel, y[i])), out, i)
