"""The compiled loops of both stages on the carrier of 128 bits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
from numba.extending import overload

from chopper.engine.block_loops import loop
from chopper.engine.compiled import compiled
from chopper.engine.operations.lanes import carrier, extend, fields, low_half, peek, poke, where, word
from chopper.kernels import odd
from chopper.kernels.carrier import BINARY64

__all__ = ["binary", "by_chance", "narrowed", "rounded", "ternary", "unary"]

_widen, _narrow = compiled(odd.widen), compiled(odd.narrow)


def _apply(kernel: Any, numbers: Any, f: Any) -> Any:
    """Run an operation on float64 operands; exists in compiled code only."""
    raise NotImplementedError


@overload(_apply)
def _apply_compiled(kernel: Any, numbers: Any, f: Any) -> Callable[..., Any]:
    core, c64 = compiled(kernel.kernel.function), BINARY64

    def one(kernel: Any, numbers: Any, f: Any) -> Any:
        c = carrier()
        return core(where, _widen(where, extend(numbers[0]), c64, c), c, f)

    def two(kernel: Any, numbers: Any, f: Any) -> Any:
        c = carrier()
        x = _widen(where, extend(numbers[0]), c64, c)
        return core(where, x, _widen(where, extend(numbers[1]), c64, c), c, f)

    def three(kernel: Any, numbers: Any, f: Any) -> Any:
        c = carrier()
        x, y = _widen(where, extend(numbers[0]), c64, c), _widen(where, extend(numbers[1]), c64, c)
        return core(where, x, y, _widen(where, extend(numbers[2]), c64, c), c, f)

    return (one, two, three)[len(numbers) - 1]


def _round(kernel: Any, lane: Any, drawn: Any, f: Any) -> Any:
    """Round a pattern to one of 64 bits; exists in compiled code only."""
    raise NotImplementedError


@overload(_round)
def _round_compiled(kernel: Any, lane: Any, drawn: Any, f: Any) -> Callable[..., Any]:
    core, rule = compiled(kernel.kernel.function), compiled(kernel.kernel.rule_function)

    def run(kernel: Any, lane: Any, drawn: Any, f: Any) -> Any:
        return _shorten(core(where, rule, lane, word(drawn), carrier(), f))

    return run


@numba.njit(forceinline=True)
def _shorten(lane: Any) -> Any:
    """Return the pattern of 64 bits, rounded to odd; the mark of a result that must raise stays one."""
    c = carrier()
    mark = where(lane == c.inf + 1, (lane & 0) + (BINARY64.inf + 1), _narrow(where, lane, c, BINARY64))
    return low_half(mark)


@loop
def unary(kernel: Any, x: Any, out: Any, halves: Any, shape: Any) -> None:
    """Run an operation of one operand."""
    f = fields(halves, shape)
    for i in range(x.size):
        poke(_apply(kernel, (x[i],), f), out, i)


@loop
def binary(kernel: Any, x: Any, y: Any, out: Any, halves: Any, shape: Any) -> None:
    """Run an operation of two operands."""
    f = fields(halves, shape)
    for i in range(x.size):
        poke(_apply(kernel, (x[i], y[i]), f), out, i)


@loop
def ternary(kernel: Any, x: Any, y: Any, z: Any, out: Any, halves: Any, shape: Any) -> None:
    """Run an operation of three operands."""
    f = fields(halves, shape)
    for i in range(x.size):
        poke(_apply(kernel, (x[i], y[i], z[i]), f), out, i)


@loop
def rounded(kernel: Any, exact: Any, out: Any, halves: Any, shape: Any) -> None:
    """Run a rounding plan without random words, from lanes to patterns of 64 bits."""
    f = fields(halves, shape)
    for i in range(out.size):
        out[i] = _round(kernel, peek(exact, i), numba.uint32(0), f)


@loop
def by_chance(kernel: Any, exact: Any, words: Any, out: Any, halves: Any, shape: Any) -> None:
    """Run a rounding plan with random words."""
    f = fields(halves, shape)
    for i in range(out.size):
        out[i] = _round(kernel, peek(exact, i), words[i], f)


@loop
def narrowed(exact: Any, out: Any) -> None:
    """Put lanes as patterns of 64 bits, rounded to odd, into out."""
    for i in range(out.size):
        out[i] = _shorten(peek(exact, i))
