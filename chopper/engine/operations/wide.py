"""The carrier of 128 bits: one number at a time, in Python integers."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.operations.catalogue import Operation
from chopper.engine.plan import Plan
from chopper.kernels.carrier import BINARY64, BINARY128
from chopper.kernels.odd import Exact, narrow, widen

__all__ = ["exact_numbers", "narrowed", "round_numbers"]


def _where(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


def exact_numbers(operation: Operation, arrays: tuple[npt.NDArray[Any], ...], f: Exact) -> list[int]:
    """Return the patterns of 128 bits, rounded to odd, of an operation on float64 arrays."""
    function = operation.function(128)
    columns = [[widen(_where, n, BINARY64, BINARY128) for n in a.view(np.int64).tolist()] for a in arrays]
    return [function(_where, *numbers, BINARY128, f) for numbers in zip(*columns, strict=True)]


def round_numbers(plan: Plan, patterns: list[int], words: npt.NDArray[np.uint32] | None) -> list[int]:
    """Run a plan for 128 bits; its results are patterns of 64 bits, which hold the values of the format."""
    drawn = [0] * len(patterns) if words is None else words.tolist()
    kernel, f = plan.kernel, plan.params
    results = [kernel(_where, bits, word, f) for bits, word in zip(patterns, drawn, strict=True)]
    return narrowed(results, plan.mark)


def narrowed(patterns: list[int], mark: int | None = None) -> list[int]:
    """Return patterns of 64 bits, rounded to odd, for those of 128; a mark stays one."""
    marked = BINARY64.inf + 1
    return [marked if n == mark else narrow(_where, n, BINARY128, BINARY64) for n in patterns]
