"""A call of an operation: operands, the exact result rounded to odd, the rounding of the format, the result."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.inputs import as_words
from chopper.engine.operations.flags import Flags, tell
from chopper.engine.operations.operands import Operands, Target, gather, wide
from chopper.engine.operations.processor import in_hardware, kind_of
from chopper.engine.operations.stages import CHUNK, Stage, put, round_chunk
from chopper.engine.operations.turns import carrier_for, drawn_bits
from chopper.engine.operations.wide import halves_of, integers_of
from chopper.engine.patterns import carrier_of
from chopper.engine.plan import Plan, Request
from chopper.engine.run import all_words, on_number, share
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import exponent_of
from chopper.formats.registry import get
from chopper.kernels.carrier import BINARY64, BINARY128
from chopper.kernels.odd import Exact
from chopper.random import Chunk, as_key
from chopper.rounding import Overflow, Rounding

__all__ = ["Options", "Settings", "operate"]

_Array = npt.NDArray[Any]


class Options(TypedDict, total=False):
    """What an operation takes besides operands, format and rounding; see `chopper.ops.add`."""

    key: Any
    overflow: str | Overflow | None
    out: Any
    random_bits: int
    random_words: Any
    offset: int | Chunk
    flags: Flags | None
    threads: int | None


class Settings(NamedTuple):
    """The same with every default in place."""

    key: Any = None
    overflow: str | Overflow | None = None
    out: Any = None
    random_bits: int = 32
    random_words: Any = None
    offset: int | Chunk = 0
    flags: Flags | None = None
    threads: int | None = None


class _Job(NamedTuple):
    """A first stage, and the plan of the second."""

    name: str
    stage: Stage
    asked: Request
    plan: Plan
    edges: Exact
    kind: np.dtype[Any] | None


def operate(
    name: str,
    stage: Stage,
    xs: Sequence[Any],
    fmt: str | Format,
    rounding: str | Rounding,
    options: Options,
    *,
    given: bool = False,
) -> Any:
    """Round the exact results of an operation once.

    Parameters
    ----------
    name : str
        Of the operation, for formats whose family operates itself.
    stage : Stage
        The exact result, rounded to odd on a carrier; or, where `given`, as float64 patterns that are exact.
    xs : sequence
        The operands.
    fmt, rounding, options
        See `chopper.ops.add`.
    given : bool
        Whether results are exact in float64, so that every format can be rounded to.
    """
    settings = _settings(options)
    asked = planning.request(get(fmt), rounding, settings.overflow, settings.random_bits, None)
    if asked.fmt.blocked:
        raise UnsupportedInputError(
            f"operations round single numbers, and those of {asked.fmt} share scales; pass the format of its elements, "
            "or chop the result"
        )
    operands, target = gather(xs, asked.fmt, settings.out)
    own = None if given else getattr(planning.family_of(asked.fmt), "operate", None)
    words = _words(asked, settings, target, operands.size)
    if own is not None:
        arrays = wide(operands.cut(0, operands.size))
        values = own(name, arrays, asked, words)
        if values is not NotImplemented:
            return target.deliver(np.asarray(values, np.float64))
    job = _Job(name, stage, asked, *_plan(asked, given), kind_of(name, asked))
    marked = job.plan.mark is not None
    direct = target.takes_directly and not marked
    results = target.out.reshape(-1) if direct else np.empty(operands.size, "f8" if marked else target.dtype)
    _run(job, operands, words, results, settings)
    _check(job.plan, operands, results, name, asked)
    return target.deliver(results)


def _settings(options: Options) -> Settings:
    unknown = sorted(options.keys() - set(Settings._fields))
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}; legal: {', '.join(Settings._fields)}")
    settings = Settings(**options)
    threads = settings.threads
    if threads is not None and (not isinstance(threads, int) or isinstance(threads, bool) or threads < 1):
        raise UnsupportedInputError(f"threads={threads!r} is not legal; legal: a positive integer or None")
    return settings


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


def _words(asked: Request, settings: Settings, target: Target, size: int) -> npt.NDArray[np.uint32] | None:
    if not asked.rounding.random:
        return None
    if settings.random_words is not None:
        return as_words(settings.random_words, target.shape)
    return all_words(as_key(settings.key, settings.offset, target.shape), size, settings.threads)


def _run(job: _Job, operands: Operands, words: _Array | None, results: _Array, settings: Settings) -> None:
    def part(start: int, stop: int) -> None:
        for low in range(start, stop, CHUNK):
            high = min(low + CHUNK, stop)
            drawn = None if words is None else words[low:high]
            _chunk(job, operands.cut(low, high), drawn, results[low:high], settings.flags)

    share(part, operands.size, settings.threads)


def _chunk(job: _Job, arrays: tuple[_Array, ...], words: _Array | None, out: _Array, flags: Flags | None) -> None:
    width = job.plan.kernel.width
    if flags is None and job.kind is not None and out.dtype == job.kind and in_hardware(job.name, arrays, out):
        return
    if flags is None:
        exact = job.stage(arrays, job.edges, width)
    else:
        exact = job.stage(arrays, job.edges._replace(pole=carrier_of(width).inf), width)
        exact = integers_of(exact) if width == 128 else exact
    if job.asked.overflow is Overflow.WRAP:
        _check_digits(job.asked, exact)
    tile = out if out.dtype == np.float64 and flags is None else np.empty(out.size)
    round_chunk(job.plan, exact if flags is None else _poles(exact, job.edges, width), words, tile)
    if flags is not None:
        flags.add(tell(job.asked, wide(arrays), exact, words, tile))
    if tile is not out:
        put(tile, out)


def _check_digits(asked: Request, exact: Any) -> None:
    """Raise where wrapping around needs digits that were cut off: of sums of numbers of very different size."""
    high, low = _halves(exact)
    cut = BINARY128.precision - 2 - drawn_bits(asked)
    limit = (exponent_of(asked.fmt.smallest) + cut + BINARY128.bias) << 48
    mag = high & ((1 << 63) - 1)
    lost = (mag >= limit) & (mag < BINARY128.inf >> 64) & (low & 1 == 1)
    if lost.any():
        raise RangeError(
            f"an exact result has no last digit within 2^{cut} of the quantum of {asked.fmt}, so it cannot wrap "
            "around; legal: smaller operands, or overflow='saturate'"
        )


def _halves(exact: Any) -> tuple[_Array, _Array]:
    pairs = halves_of(exact) if isinstance(exact, list) else exact
    return pairs[1::2], pairs[::2]


def _poles(exact: Any, edges: Exact, width: int) -> Any:
    """Put what stands for infinity where dividing by zero gives it; infinite operands give that by rounding."""
    c = carrier_of(width)
    if edges.pole == c.inf:
        return exact
    if width == 128:
        return [edges.pole if n in (c.inf, c.inf | c.sign) else n for n in exact]
    return np.where(exact & ((1 << 63) - 1) == c.inf, edges.pole, exact)


def _check(plan: Plan, operands: Operands, results: _Array, name: str, asked: Request) -> None:
    """Raise where the plan marked a result that must raise."""
    if plan.mark is None:
        return
    bad = np.flatnonzero(results.view(np.int64) == BINARY64.inf + 1)
    if bad.size:
        i = int(bad[0])
        numbers = ", ".join(repr(float(a[0 if a.size == 1 else i])) for a in operands.arrays)
        raise RangeError(
            f"{name}({numbers}) has no result in {asked.fmt} ({bad.size} such elements): under overflow='raise' "
            "results beyond the format's range are errors, under 'wrap' infinities, under nan_input='raise' NaNs; "
            "legal otherwise: overflow='saturate', 'propagate', 'infinity', 'nan'"
        )
