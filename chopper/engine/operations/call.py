"""A call of an operation: operands, the exact result rounded to odd, the rounding of the format, the result."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, TypedDict

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.backend import Operator, elsewhere
from chopper.engine.inputs import as_words, exact_float, is_number
from chopper.engine.operations.chunks import CHUNK, run_chunk
from chopper.engine.operations.flags import Flags
from chopper.engine.operations.job import Job, job_for
from chopper.engine.operations.operands import Operands, Target, gather, wide
from chopper.engine.operations.single import exact_of, first_word, number_of, pattern_of, round_one
from chopper.engine.operations.stages import Stage
from chopper.engine.operations.turns import decides
from chopper.engine.plan import Plan, Request
from chopper.engine.run import all_words
from chopper.engine.threads import as_threads, share
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.kernels.carrier import BINARY64
from chopper.random import Chunk, as_key
from chopper.rounding import Overflow, Rounding

__all__ = ["Options", "Settings", "hand_over", "operate", "settings_of", "words_for"]

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
        Of the operation, for formats that turn at no binary fractions and whose family operates itself: its module of
        the engine has a function ``operate(name, operands, request, words)`` then.
    stage : Stage
        The exact result, rounded to odd on a carrier; or, where `given`, as float64 patterns that are exact.
    xs : sequence
        The operands.
    fmt, rounding, options
        See `chopper.ops.add`.
    given : bool
        Whether results are exact in float64, so that every format can be rounded to.
    """
    other = elsewhere(xs)
    if other is not None:
        return hand_over(other, name, xs, fmt, rounding, options)
    settings = settings_of(options) if options else _DEFAULTS
    asked = planning.request(get(fmt), rounding, settings.overflow, settings.random_bits, None)
    if asked.fmt.blocked:
        raise UnsupportedInputError(
            f"operations round single numbers, and those of {asked.fmt} share scales; pass the format of its elements, "
            "or chop the result"
        )
    own = None if given or decides(asked) else getattr(planning.family_of(asked.fmt), "operate", None)
    if own is None and settings.out is None and settings.flags is None and all(map(is_number, xs)):
        number = _on_numbers(job_for(name, stage, asked, given), xs, settings)
        if number is not None:
            return number
    operands, target = gather(xs, asked.fmt, settings.out)
    words = words_for(asked, settings, target, operands.size)
    if own is not None:
        arrays = wide(operands.cut(0, operands.size))
        values = own(name, arrays, asked, words)
        if values is not NotImplemented:
            return target.deliver(np.asarray(values, np.float64))
    job = job_for(name, stage, asked, given)
    marked = job.plan.mark is not None
    direct = target.takes_directly and not marked
    results = target.out.reshape(-1) if direct else np.empty(operands.size, "f8" if marked else target.dtype)
    _run(job, operands, words, results, settings)
    _check(job.plan, operands, results, name, asked)
    return target.deliver(results)


def hand_over(
    other: Operator, name: str, xs: Sequence[Any], fmt: str | Format, rounding: str | Rounding, options: Options
) -> Any:
    """Let another backend run a function of `chopper.ops`."""
    from chopper import ops  # as a statement, which compilers follow

    function = getattr(ops, name)
    return other.operate(function, xs, {"fmt": fmt, "rounding": rounding, **options})


_DEFAULTS = Settings()


def _on_numbers(job: Job, xs: Sequence[float], settings: Settings) -> float | None:
    """Return the result for Python numbers in Python integers, or None where that does not serve."""
    exact = exact_of(job, tuple([pattern_of(exact_float(x)) for x in xs]))
    if exact is None:
        return None
    word = 0
    if job.asked.rounding.random:
        given = settings.random_words
        word = first_word(as_key(settings.key, settings.offset)) if given is None else int(as_words(given, ())[0])
    return number_of(round_one(job, exact, word))


def settings_of(options: Options) -> Settings:
    """Return the options of a call with every default in place; raises for what is not legal."""
    unknown = sorted(options.keys() - set(Settings._fields))
    if unknown:
        raise TypeError(f"unexpected keyword argument {unknown[0]!r}; legal: {', '.join(Settings._fields)}")
    settings = Settings(**options)
    as_threads(settings.threads)
    return settings


def words_for(asked: Request, settings: Settings, target: Target, size: int) -> npt.NDArray[np.uint32] | None:
    """Return the random words of the elements of a result; None in modes without chance."""
    if not asked.rounding.random:
        return None
    if settings.random_words is not None:
        return as_words(settings.random_words, target.shape)
    return all_words(as_key(settings.key, settings.offset, target.shape), size, settings.threads)


def _run(job: Job, operands: Operands, words: _Array | None, results: _Array, settings: Settings) -> None:
    def part(start: int, stop: int) -> None:
        for low in range(start, stop, CHUNK):
            high = min(low + CHUNK, stop)
            drawn = None if words is None else words[low:high]
            run_chunk(job, operands.cut(low, high), drawn, results[low:high], settings.flags)

    share(part, operands.size, settings.threads, steps=operands.size > CHUNK)


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
