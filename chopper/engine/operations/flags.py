"""The exceptions of IEEE 754, as counters."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.operations.stages import round_chunk
from chopper.engine.operations.wide import narrowed
from chopper.engine.patterns import pattern
from chopper.engine.plan import Request
from chopper.kernels.carrier import BINARY64, BINARY128
from chopper.kernels.odd import widen
from chopper.rounding import Overflow

__all__ = ["Flags", "tell"]

_Array = npt.NDArray[Any]
_NAMES = ("invalid", "divide_by_zero", "overflow", "underflow", "inexact")
_LOCK = threading.Lock()
_MAGNITUDE = (1 << 63) - 1


@dataclass
class Flags:
    """How often each exception of IEEE 754 occurred; pass it as ``flags=`` to operations, which add to it.

    Attributes
    ----------
    invalid : int
        Results that are NaN though no operand is (0 / 0, inf - inf, 0 * inf, the square root of a negative number).
    divide_by_zero : int
        Infinite results of finite operands: a number divided by zero; where the format has a NaR instead, that.
    overflow : int
        Finite results whose rounding, were there no largest value, would lie beyond the range of the format.
    underflow : int
        Results that are not exact, and before rounding smaller than the smallest normal number (in formats without
        subnormal numbers, than the smallest number).
    inexact : int
        Results that differ from the exact result, overflow included.
    """

    invalid: int = 0
    divide_by_zero: int = 0
    overflow: int = 0
    underflow: int = 0
    inexact: int = 0

    def clear(self) -> None:
        """Set every counter to zero."""
        for name in _NAMES:
            setattr(self, name, 0)

    def add(self, counts: dict[str, int]) -> None:
        """Add to the counters; threads may do so at the same time."""
        with _LOCK:
            for name, count in counts.items():
                setattr(self, name, getattr(self, name) + count)


def tell(
    asked: Request, arrays: tuple[_Array, ...], exact: Any, words: _Array | None, result: _Array
) -> dict[str, int]:
    """Return how often each exception occurred in a chunk.

    Parameters
    ----------
    asked : Request
    arrays : tuple of float64 arrays
        The operands.
    exact : array of int64 or list of integers
        Exact results rounded to odd on the carrier of 64 or 128 bits; a number divided by zero is an infinity there.
    words : array of uint32 or None
    result : array of float64
        The rounded results.
    """
    width = 128 if isinstance(exact, list) else 64
    bits = narrowed(exact, result.size) if width == 128 else exact
    mag, got = bits & _MAGNITUDE, result.view(np.int64)
    nan, infinite = mag > BINARY64.inf, mag == BINARY64.inf
    operands = [a.view(np.int64) & _MAGNITUDE for a in arrays]
    tidy = np.logical_and.reduce([a < BINARY64.inf for a in operands])
    numbers = np.logical_and.reduce([a <= BINARY64.inf for a in operands])
    finite = ~nan & ~infinite
    differs = finite & ~_same(exact, got, width)
    tiny = pattern(_smallest_normal(asked.fmt), BINARY64)
    flags = {
        "invalid": nan & numbers,
        "divide_by_zero": infinite & tidy,
        "overflow": finite & _overflows(asked, exact, words, width),
        "underflow": differs & (mag < tiny),
        "inexact": differs,
    }
    return {name: int(np.count_nonzero(raised)) for name, raised in flags.items()}


def _smallest_normal(fmt: Any) -> Any:
    return getattr(fmt, "smallest_normal", fmt.smallest)


def _same(exact: Any, got: _Array, width: int) -> Any:
    """Whether results are the exact ones; zeros of both signs are one number."""
    if width == 64:
        return (exact == got) | ((exact | got) & _MAGNITUDE == 0)
    wide = [widen(lambda c, a, b: a if c else b, n, BINARY64, BINARY128) for n in got.tolist()]
    zero = BINARY128.sign
    return np.array([a == b or (a in (0, zero) and b in (0, zero)) for a, b in zip(exact, wide, strict=True)], bool)


def _overflows(asked: Request, exact: Any, words: _Array | None, width: int) -> Any:
    """Whether rounding leaves the range: where the policy ``raise`` would complain."""
    plan = planning.plan_round(replace(asked, overflow=Overflow.RAISE), width)
    plan = plan.twin or plan
    out = np.empty(len(exact))
    round_chunk(plan, exact, words, out)
    return out.view(np.int64) == BINARY64.inf + 1
