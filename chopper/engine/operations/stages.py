"""The two stages of an operation, chunk by chunk: the exact result rounded to odd, then the rounding of the format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.operations.catalogue import Operation
from chopper.engine.operations.wide import exact_numbers, narrowed, round_numbers
from chopper.engine.patterns import carrier_of
from chopper.engine.plan import Plan
from chopper.engine.run import run
from chopper.kernels.carrier import BINARY64
from chopper.kernels.odd import Exact
from chopper.kernels.products import holds_product

__all__ = ["CHUNK", "Stage", "by_kernel", "round_chunk"]

_Array = npt.NDArray[Any]

Stage = Callable[[tuple[_Array, ...], Exact, int], Any]
"""Float64 operands of one length, what to do at the edges, and the width of the carrier -> patterns rounded to odd.

An array of int64 for 64 bits, a list of integers for 128.
"""

CHUNK = 1 << 15
"""Elements that pass through both stages together, so that temporaries stay in cache."""


def by_kernel(operation: Operation) -> Stage:
    """Return the first stage of an operation that has a kernel."""

    def stage(arrays: tuple[_Array, ...], f: Exact, width: int) -> Any:
        if width == 128:
            return exact_numbers(operation, arrays, f)
        bits = [a.view(np.int64) for a in arrays]
        with np.errstate(all="ignore"):
            result = operation.function(64)(np.where, *bits, BINARY64, f)
            if operation.whole:
                _mend(operation, arrays, bits, f, result)
        return result

    return stage


def _mend(operation: Operation, arrays: tuple[_Array, ...], bits: list[_Array], f: Exact, result: _Array) -> None:
    """Put right the results whose products the carrier of 64 bits may not hold."""
    long = holds_product(np.where, bits[0], bits[1], BINARY64) == 0
    if long.any():
        again = exact_numbers(operation, tuple(a[long] for a in arrays), _edges_wide(f))
        result[long] = narrowed(again)


def _edges_wide(f: Exact) -> Exact:
    """Return the edges of an operation for 128 bits, given those for 64."""
    c = carrier_of(128)
    nan = c.inf | 1 << (c.precision - 2)
    return Exact(c.sign if f.zero else 0, c.inf if f.pole == BINARY64.inf else nan, nan)


def round_chunk(plan: Plan, exact: Any, words: _Array | None, out: _Array) -> None:
    """Round patterns of the plan's carrier to float64 values of the format."""
    if plan.kernel.width == 128:
        out.view(np.int64)[...] = round_numbers(plan, exact, words)
    else:
        run(plan, exact.view(np.float64), out, None, words, 1)
