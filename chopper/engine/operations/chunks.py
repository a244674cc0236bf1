"""A chunk of a call: both stages, on the shortest way that is exact."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.operations.flags import Flags, tell
from chopper.engine.operations.job import Job
from chopper.engine.operations.operands import wide
from chopper.engine.operations.processor import in_hardware
from chopper.engine.operations.single import exact_of, number_of, pattern_of, round_one
from chopper.engine.operations.stages import put, round_chunk
from chopper.engine.operations.turns import drawn_bits
from chopper.engine.operations.wide import halves_of, integers_of
from chopper.engine.patterns import carrier_of
from chopper.engine.plan import Plan
from chopper.errors import RangeError
from chopper.formats.finfo import exponent_of
from chopper.kernels.carrier import BINARY128
from chopper.kernels.odd import Exact
from chopper.rounding import Overflow

__all__ = ["CHUNK", "run_chunk"]

_Array = npt.NDArray[Any]

CHUNK = 1 << 15
"""Elements that pass through both stages together, so that temporaries stay in cache."""


_LEAST, _MOST = 2.0**-126, 2.0**127
"""Between these, a value of a format that fits float32 moves there by the processor, whatever it flushes."""


def run_chunk(job: Job, arrays: tuple[_Array, ...], words: _Array | None, out: _Array, flags: Flags | None) -> None:
    """Put the rounded results of operands, all of one length, into an array of float32 or float64."""
    if flags is None and job.kind is not None and out.dtype == job.kind and in_hardware(job.name, arrays, out):
        return
    if out.size == 1 and flags is None and _alone(job, arrays, words, out):
        return
    tile = np.empty(out.size)
    if flags is not None:
        _count(job, arrays, words, tile, flags)
    elif job.short is not None:
        _in_parts(job, *job.short, arrays, words, tile)
    else:
        _in_full(job, arrays, words, tile)
    put(tile, out)


def _alone(job: Job, arrays: tuple[_Array, ...], words: _Array | None, out: _Array) -> bool:
    """Do the only element in Python integers; False, and nothing done, where that does not serve."""
    exact = exact_of(job, tuple([_pattern(a) for a in arrays]))
    if exact is None:
        return False
    number = number_of(round_one(job, exact, 0 if words is None else int(words[0])))
    if out.itemsize == 8 or _LEAST <= abs(number) <= _MOST:
        out[0] = number
    else:
        put(np.array([number]), out)
    return True


def _pattern(a: _Array) -> int:
    """Return the float64 pattern of the only element of an array of float32 or float64."""
    number = float(a[0])
    return pattern_of(number) if abs(number) >= _LEAST else int(wide((a,))[0].view(np.int64)[0])


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
