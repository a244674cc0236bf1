# mypy: disable-error-code="assignment, no-untyped-def, untyped-decorator"
"""The dialect of the kernels as functions of Triton: the same source, compiled for CUDA."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from types import FunctionType
from typing import Any

import triton
import triton.language as tl

from chopper_ext.torch.words import signed

__all__ = ["builder", "copied", "fields_of", "jitted", "lifted", "look_up", "select"]

_WORD = 1 << 32

_KIND, _SPELLING = tuple, tl.constexpr("tuple")  # of `_build`; each builder has its own


@cache
def jitted(function: Callable[..., Any]) -> Any:
    """Make a dialect function, and every dialect function it calls, one of Triton's."""
    scope = function.__globals__
    called = {
        name: jitted(scope[name]) for name in function.__code__.co_names if isinstance(scope.get(name), FunctionType)
    }
    return copied(function, function.__module__, function.__qualname__, called)


@cache
def builder(kind: type) -> Any:
    """Return a function of Triton's that makes a NamedTuple of its fields, given in three tuples.

    Triton takes functions for constants, but no such class: 3.6 takes it for a tuple, and reads its items.
    """
    # Triton knows functions by their names, in a program, and by the text and the constants they use, in its caches.
    spelling = f"{kind.__module__}.{kind.__qualname__}{getattr(kind, '_fields', '')}"
    own = {"_KIND": kind, "_SPELLING": tl.constexpr(spelling)}
    return copied(_build, kind.__module__, f"{kind.__qualname__}._build", own)


def copied(function: Callable[..., Any], module: str, name: str, scope: dict[str, Any]) -> Any:
    """Return Triton's version of a function with other names and some globals of its own."""
    # Triton's interpreter looks for its language among the globals.
    copy = FunctionType(function.__code__, {**function.__globals__, "tl": tl, **scope}, function.__name__)
    copy.__module__, copy.__qualname__ = module, name
    return triton.jit(copy)


def _build(head, parts, tail):
    tl.static_assert(_SPELLING != "")  # so that the spelling counts in Triton's caches
    return _KIND(*head, *parts, *tail)


@triton.jit
def select(condition, a, b):
    """Select without branching."""
    return tl.where(condition, a, b)


@triton.jit
def look_up(table, index):
    """Return items of a table."""
    return tl.load(table + index)


@triton.jit
def fields_of(integers, tables, lanes: tl.constexpr, begin: tl.constexpr, end: tl.constexpr, kinds: tl.constexpr):
    """Return fields of a NamedTuple, of integers as `lifted` gives them; where a bit of `kinds` is set, of tables."""
    fields = ()
    for i in tl.static_range(begin, end):
        if lanes == tl.int32:
            value = (integers[i].to(tl.int64) >> 32).to(tl.int32)
        else:
            high, low = integers[2 * i + 1].to(tl.int64), integers[2 * i].to(tl.int64)
            value = (high >> 32 << 32) | (low >> 32 & 0xFFFFFFFF)
        if (kinds >> i) & 1:
            fields = fields + (tables + value,)  # noqa: RUF005
        else:
            fields = fields + (value,)  # noqa: RUF005
    return fields


def lifted(integers: Sequence[int], width: int) -> tuple[int, ...]:
    """Return signed integers of a width as `fields_of` takes them: the upper halves of numbers of 64 bits."""
    return tuple(_lifted(number >> shift & (_WORD - 1)) for number in integers for shift in range(0, width, 32))


def _lifted(word: int) -> int:
    """Return a number of 64 bits with the word as its upper half.

    Triton compiles anew for an integer of a tuple that is 1, one that 16 divides, and one that does not fit 32 bits
    after one that does.  The lower half sees to it that all are alike.
    """
    wide = not triton.knobs.runtime.interpret  # the interpreter does not, and takes what fits 32 bits for so many
    return (signed(word, 32) << 32) + (0x80000002 if wide and not word >> 31 else 2)
