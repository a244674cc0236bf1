"""A call of a function: operands, stand-ins for the values, their one rounding, the result."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.backend import elsewhere
from chopper.engine.casts import narrow
from chopper.engine.operations.call import Options, hand_over, settings_of, words_for
from chopper.engine.operations.chunks import CHUNK
from chopper.engine.operations.flags import tell
from chopper.engine.operations.operands import Operands, gather, wide
from chopper.engine.operations.stages import round_chunk
from chopper.engine.operations.turns import carrier_for
from chopper.engine.patterns import carrier_of
from chopper.engine.plan import Plan, Request
from chopper.engine.run import on_number
from chopper.engine.threads import share
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.functions.evaluate import BINARY64, BINARY128, enclosed, settled, stand_ins, wrapped
from chopper.functions.logarithmic import is_logarithmic, operate
from chopper.functions.rows import ROWS, Function
from chopper.functions.turns import turns_of
from chopper.kernels.odd import widen
from chopper.rounding import Overflow, Rounding

__all__ = ["call"]

_BELOW = 36
"""Bits below the quantum that decide how a value rounds: those of chance, and a few."""

_Array = npt.NDArray[Any]


def call(name: str, xs: Sequence[Any], fmt: str | Format, rounding: str | Rounding, options: Options) -> Any:
    """Round the values of a function once; parameters and errors are those of `chopper.ops.exp`."""
    other = elsewhere(xs)
    if other is not None:
        return hand_over(other, name, xs, fmt, rounding, options)
    settings = settings_of(options)
    asked = planning.request(get(fmt), rounding, settings.overflow, settings.random_bits, None)
    if asked.fmt.blocked:
        raise UnsupportedInputError(
            f"functions round single numbers, and those of {asked.fmt} share scales; pass the format of its elements, "
            "or chop the result"
        )
    operands, target = gather(xs, asked.fmt, settings.out)
    words = words_for(asked, settings, target, operands.size)
    if is_logarithmic(asked.fmt):
        return target.deliver(operate(ROWS[name], name, wide(operands.cut(0, operands.size)), asked, words))
    job = _Job(ROWS[name], asked)
    marked = job.plans[1].mark is not None
    results = np.empty(operands.size)

    def part(start: int, stop: int) -> None:
        for low in range(start, stop, CHUNK):
            high = min(low + CHUNK, stop)
            drawn = None if words is None else words[low:high]
            job.run(wide(operands.cut(low, high)), drawn, results[low:high], settings.flags)

    share(part, operands.size, settings.threads)
    if marked:
        _check(job, operands, results, name)
    return target.deliver(results if target.dtype == results.dtype else narrow(results, target.dtype))


@dataclass
class _Job:
    """A function to a format: stand-ins on 64 bits where they serve, values on the carrier that the format needs."""

    row: Function
    asked: Request

    @cached_property
    def width(self) -> int:
        """The carrier on which values are rounded to odd."""
        return carrier_for(self.asked)

    @cached_property
    def plans(self) -> tuple[Plan, Plan]:
        """How to round stand-ins and values."""
        plan = planning.plan_round(self.asked, self.width)
        return planning.plan_round(self.asked, 64), (self.width == 128 and plan.twin) or plan

    @cached_property
    def quick(self) -> bool:
        """Whether float64 is finer than the turns of the format by far."""
        mode = self.asked.rounding
        few = turns_of(self.asked.fmt).digits <= 40
        return few and (self.width == 64 or mode.random) and self.asked.overflow is not Overflow.WRAP

    @cached_property
    def lacks_infinity(self) -> bool:
        """Whether the format takes infinity for NaN, so that poles are NaN."""
        plan = planning.plan_round(Request(self.asked.fmt), 64)
        return on_number(plan, carrier_of(64).inf) > carrier_of(64).inf

    def run(self, arrays: tuple[_Array, ...], words: _Array | None, out: _Array, flags: Any) -> None:
        """Evaluate and round a chunk."""
        stand, undecided = self._stand_ins(arrays, words)
        at = np.flatnonzero(undecided)
        values: Any = self._values(arrays, at) if at.size else []
        if self.width == 64:
            stand.view(np.int64)[at] = values
        rounded = stand
        if self.lacks_infinity:
            rounded = np.where(np.isinf(stand) & np.logical_and.reduce([np.isfinite(a) for a in arrays]), np.nan, stand)
        round_chunk(self.plans[0], rounded.view(np.int64), words, out)
        if self.width == 128 and at.size:
            some = np.empty(at.size)
            round_chunk(self.plans[1], values, None if words is None else words[at], some)
            out[at] = some
        if flags is not None:
            exact = stand.view(np.int64) if self.width == 64 else _mixed(stand, at, values)
            flags.add(tell(self.asked, arrays, exact, words, out))

    def _values(self, arrays: tuple[_Array, ...], at: _Array) -> list[int]:
        if self.asked.overflow is Overflow.WRAP:
            fmt: Any = self.asked.fmt  # only fixed point wraps around
            return wrapped(self.row, arrays, at, (-fmt.fraction_bits - _BELOW, fmt.bits - fmt.fraction_bits))
        return settled(self.row, arrays, at, BINARY64 if self.width == 64 else BINARY128)

    def _stand_ins(self, arrays: tuple[_Array, ...], words: _Array | None) -> tuple[_Array, _Array]:
        if not self.quick:
            low, high = enclosed(self.row, arrays)
            return low, low.view(np.int64) != high.view(np.int64)
        if words is None:
            return stand_ins(self.row, arrays, turns_of(self.asked.fmt))

        def chance(x: _Array) -> _Array:
            out = np.empty(x.size)
            round_chunk(self.plans[0], x.view(np.int64), words, out)
            return out

        return stand_ins(self.row, arrays, turns_of(self.asked.fmt), chance, self.width == 64)


def _mixed(stand: _Array, at: _Array, values: list[int]) -> list[int]:
    """Return stand-ins as patterns of 128 bits, values in their places."""
    short, long = carrier_of(64), carrier_of(128)
    found: list[int] = [widen(lambda c, a, b: a if c else b, n, short, long) for n in stand.view(np.int64).tolist()]  # type: ignore[no-untyped-call]
    for i, value in zip(at.tolist(), values, strict=True):
        found[i] = value
    return found


def _check(job: _Job, operands: Operands, results: _Array, name: str) -> None:
    """Raise where the plan marked a result that must raise."""
    bad = np.flatnonzero(results.view(np.int64) == carrier_of(64).inf + 1)
    if bad.size:
        i = int(bad[0])
        numbers = ", ".join(repr(float(a[0 if a.size == 1 else i])) for a in operands.arrays)
        raise RangeError(
            f"{name}({numbers}) has no result in {job.asked.fmt} ({bad.size} such elements): under overflow='raise' "
            "results beyond the format's range are errors, under 'wrap' infinities, under nan_input='raise' NaNs; "
            "legal otherwise: overflow='saturate', 'propagate', 'infinity', 'nan'"
        )
