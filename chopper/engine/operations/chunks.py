"""A chunk of a call: both stages, on the shortest way that is exact."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.operations.catalogue import OPERATIONS
from chopper.engine.operations.flags import Flags, tell
from chopper.engine.operations.operands import wide
from chopper.engine.operations.processor import in_hardware, kind_of
from chopper.engine.operations.stages import Stage, put, round_chunk
from chopper.engine.operations.turns import carrier_for, drawn_bits
from chopper.engine.operations.wide import halves_of, integers_of
from chopper.engine.patterns import carrier_of
from chopper.engine.plan import Plan, Request
from chopper.engine.run import on_number
from chopper.errors import RangeError
from chopper.formats.finfo import exponent_of
from chopper.kernels.carrier import BINARY64, BINARY128
from chopper.kernels.odd import Exact
from chopper.rounding import Overflow, Rounding

__all__ = ["CHUNK", "Job", "job_for", "run_chunk"]

_Array = npt.NDArray[Any]

CHUNK = 1 << 15
"""Elements that pass through both stages together, so that temporaries stay in cache."""


class Job(NamedTuple):
    """A first stage, and the plan of the second."""

    name: str
    stage: Stage
    asked: Request
    plan: Plan
    edges: Exact
    kind: np.dtype[Any] | None  # the dtype in which the processor does the same, if there is one
    short: tuple[Plan, Exact] | None  # for results that float64 holds, where the plan is for the wider carrier


def job_for(name: str, stage: Stage, asked: Request, given: bool) -> Job:
    """Return how to do an operation; `given`: its results are exact in float64."""
    plan, edges = _plan(asked, given)
    short = _plan(asked, True) if plan.kernel.width == 128 and name in OPERATIONS else None
    return Job(name, stage, asked, plan, edges, None if given else kind_of(name, asked), short)


@lru_cache(maxsize=512)
def _plan(asked: Request, given: bool) -> tuple[Plan, Exact]:
    """Return the plan of the second stage and the edges of the first one."""
    width = planning.carrier_width(asked.fmt, 64) if given else carrier_for(asked)
    plan = planning.plan_round(asked, width)
    if width == 128 and plan.twin is not None:
        plan = plan.twin
    c = carrier_of(width)
    nan = c.inf | 1 << (c.precision - 2)
    zero = c.sign if asked.rounding is Rounding.DOWN else 0
    return plan, Exact(zero, nan if _lacks_infinity(asked) else c.inf, nan)


def _lacks_infinity(asked: Request) -> bool:
    """Whether the format takes infinity for NaN, as those with a NaR do: dividing by zero gives NaN then."""
    return on_number(planning.plan_round(Request(asked.fmt), 64), BINARY64.inf) > BINARY64.inf


def run_chunk(job: Job, arrays: tuple[_Array, ...], words: _Array | None, out: _Array, flags: Flags | None) -> None:
    """Put the rounded results of operands, all of one length, into an array of float32 or float64."""
    if flags is None and job.kind is not None and out.dtype == job.kind and in_hardware(job.name, arrays, out):
        return
    tile = np.empty(out.size)
    if flags is not None:
        _count(job, arrays, words, tile, flags)
    elif job.short is not None:
        _in_parts(job, *job.short, arrays, words, tile)
    else:
        _in_full(job, arrays, words, tile)
    put(tile, out)


def _in_full(job: Job, arrays: tuple[_Array, ...], words: _Array | None, out: _Array) -> None:
    exact = job.stage(arrays, job.edges, job.plan.kernel.width)
    _check_digits(job, exact)
    round_chunk(job.plan, exact, words, out)


def _in_parts(
    job: Job, plan: Plan, edges: Exact, arrays: tuple[_Array, ...], words: _Array | None, out: _Array
) -> None:
    """Round the results that float64 holds, and the others by way of the wider carrier.

    What was rounded to odd has an odd last bit, so one that is even is exact.
    """
    exact = job.stage(arrays, edges, 64)
    round_chunk(plan, exact, words, out)
    long = np.flatnonzero(exact & 1)
    if long.size:
        rest = np.empty(long.size)
        _in_full(job, tuple(a[long] for a in arrays), None if words is None else words[long], rest)
        out[long] = rest


def _count(job: Job, arrays: tuple[_Array, ...], words: _Array | None, out: _Array, flags: Flags) -> None:
    """As `_in_full`, counting exceptions; dividing by zero gives an infinity until that is done."""
    width = job.plan.kernel.width
    exact = job.stage(arrays, job.edges._replace(pole=carrier_of(width).inf), width)
    exact = integers_of(exact) if width == 128 else exact
    _check_digits(job, exact)
    round_chunk(job.plan, _poles(exact, job.edges, width), words, out)
    flags.add(tell(job.asked, wide(arrays), exact, words, out))


def _poles(exact: Any, edges: Exact, width: int) -> Any:
    """Put what stands for infinity where dividing by zero gives it; infinite operands give that by rounding."""
    c = carrier_of(width)
    if edges.pole == c.inf:
        return exact
    if width == 128:
        return [edges.pole if n in (c.inf, c.inf | c.sign) else n for n in exact]
    return np.where(exact & ((1 << 63) - 1) == c.inf, edges.pole, exact)


def _check_digits(job: Job, exact: Any) -> None:
    """Raise where wrapping around needs digits that were cut off: of sums of numbers of very different size."""
    if job.asked.overflow is not Overflow.WRAP or job.plan.kernel.width != 128:
        return
    pairs = halves_of(exact) if isinstance(exact, list) else exact
    low, high = pairs[::2], pairs[1::2]
    cut = BINARY128.precision - 2 - drawn_bits(job.asked)
    limit = (exponent_of(job.asked.fmt.smallest) + cut + BINARY128.bias) << 48
    mag = high & ((1 << 63) - 1)
    lost = (mag >= limit) & (mag < BINARY128.inf >> 64) & (low & 1 == 1)
    if lost.any():
        raise RangeError(
            f"an exact result has no last digit within 2^{cut} of the quantum of {job.asked.fmt}, so it cannot wrap "
            "around; legal: smaller operands, or overflow='saturate'"
        )
