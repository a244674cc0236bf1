"""Steps of a matrix unit over one row of the result.

A step is a kernel, then rows are float64 and each result is the exact number rounded once by the kernel: products of
two numbers of at most 26 bits are exact in binary64, sums are rounded to odd, and nothing comes near its subnormal
numbers.  Or a step is None, then rows are float32 and the processor does it: the caller knows that no result can be
subnormal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import types
from numba.extending import intrinsic, overload

from chopper.engine.gemm.rows import add_row, advance_row

__all__ = ["add", "advance", "multiply"]


@intrinsic
def _fused(typingctx: Any, a: Any, b: Any, c: Any) -> Any:
    """Return a * b + c, rounded once."""
    return c(c, c, c), lambda context, builder, sig, args: builder.fma(*args)


def advance(step: Any, acc: Any, b: Any, a: Any, f: Any) -> None:
    """Do acc = R(a b + acc)."""
    raise NotImplementedError


@overload(advance)
def _advance(step: Any, acc: Any, b: Any, a: Any, f: Any) -> Callable[..., None]:
    def exact(step: Any, acc: Any, b: Any, a: Any, f: Any) -> None:
        advance_row(None, step, acc, b, a, (), f, (0, 0, 0, 0), (0, 0, 0, 0), 0)

    def native(step: Any, acc: Any, b: Any, a: Any, f: Any) -> None:
        for j in range(acc.size):
            acc[j] = _fused(a, b[j], acc[j])

    return native if isinstance(step, types.NoneType) else exact


def add(step: Any, acc: Any, other: Any, f: Any) -> None:
    """Do acc = R(acc + other)."""
    raise NotImplementedError


@overload(add)
def _add(step: Any, acc: Any, other: Any, f: Any) -> Callable[..., None]:
    def exact(step: Any, acc: Any, other: Any, f: Any) -> None:
        add_row(step, acc, other, f, (0, 0, 0, 0), 0)

    def native(step: Any, acc: Any, other: Any, f: Any) -> None:
        for j in range(acc.size):
            acc[j] += other[j]

    return native if isinstance(step, types.NoneType) else exact


def multiply(step: Any, by: Any, acc: Any, b: Any, a: Any, f: Any) -> None:
    """Do acc = R(a b), or acc = a b where `by` is None and step is not."""
    raise NotImplementedError


@overload(multiply)
def _multiply(step: Any, by: Any, acc: Any, b: Any, a: Any, f: Any) -> Callable[..., None]:
    def exact(step: Any, by: Any, acc: Any, b: Any, a: Any, f: Any) -> None:
        acc[:] = -0.0  # what any product, -0 too, is added to unchanged
        advance_row(None, None, acc, b, a, (), (), (0, 0, 0, 0), (0, 0, 0, 0), 0)

    def rounded(step: Any, by: Any, acc: Any, b: Any, a: Any, f: Any) -> None:
        acc[:] = -0.0
        advance_row(by, None, acc, b, a, f, (), (0, 0, 0, 0), (0, 0, 0, 0), 0)

    def native(step: Any, by: Any, acc: Any, b: Any, a: Any, f: Any) -> None:
        for j in range(acc.size):
            acc[j] = a * b[j]

    if isinstance(step, types.NoneType):
        return native
    return exact if isinstance(by, types.NoneType) else rounded
