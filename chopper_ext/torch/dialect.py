# mypy: disable-error-code="no-untyped-def, untyped-decorator"
"""The dialect of the kernels as functions of Triton: the same source, compiled for CUDA."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import FunctionType
from typing import Any

import triton
import triton.language as tl

__all__ = ["builder", "jitted", "look_up", "select"]

_KIND, _SPELLING = tuple, tl.constexpr("tuple")  # of `_build`; each builder has its own


@cache
def jitted(function: Callable[..., Any]) -> Any:
    """Make a dialect function, and every dialect function it calls, one of Triton's."""
    scope = function.__globals__
    called = {
        name: jitted(scope[name]) for name in function.__code__.co_names if isinstance(scope.get(name), FunctionType)
    }
    return _copied(function, function.__module__, function.__qualname__, called)


@cache
def builder(kind: type) -> Any:
    """Return a function of Triton's that makes a NamedTuple of its fields, given in three tuples.

    Triton takes functions for constants, but no such class: 3.6 takes it for a tuple, and reads its items.
    """
    # Triton knows functions by their names, in a program, and by the text and the constants they use, in its caches.
    spelling = f"{kind.__module__}.{kind.__qualname__}{getattr(kind, '_fields', '')}"
    own = {"_KIND": kind, "_SPELLING": tl.constexpr(spelling)}
    return _copied(_build, kind.__module__, f"{kind.__qualname__}._build", own)


def _copied(function: Callable[..., Any], module: str, name: str, scope: dict[str, Any]) -> Any:
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
