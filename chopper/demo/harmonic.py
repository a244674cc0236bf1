"""The harmonic series: sum 1/n until it stops growing.

In exact arithmetic it grows for ever.  In a format it stops once 1/n is too small to move the sum to the next number:
then no later term can move it either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chopper.analysis import Outcome
from chopper.conversion import chop
from chopper.errors import ChopperError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["HarmonicSum", "harmonic_sum", "harmonic_sums"]

_Array = npt.NDArray[np.float64]

_BLOCK = 1 << 18
"""Terms at a time where the machine itself computes in the format."""


@dataclass(frozen=True)
class HarmonicSum:
    """A harmonic sum in one format.

    Attributes
    ----------
    format : str
        The format.
    total : float
        The sum at the end.
    terms : int
        The first n whose term 1/n left the sum as it was, or the limit.
    stopped : bool
        Whether the sum stopped growing before the limit.
    n, partial : array
        Some of the n, evenly spread on a logarithmic scale, and the partial sums there.
    """

    format: str
    total: float
    terms: int
    stopped: bool
    n: npt.NDArray[np.int64]
    partial: _Array


def harmonic_sum(fmt: str | Format, limit: int = 1 << 16) -> HarmonicSum:
    """Sum 1/n in a format, to nearest even: ``s = chop(s + chop(1/n))`` for n = 1, 2, ... until s stays as it is.

    Every quotient and every sum is computed in float64 and then rounded.  That is one correct rounding for formats of
    at most 24 bits of precision, as 53 >= 2 * 24 + 2.  For fp32 the machine's own float32 gives the same numbers and
    is used instead, as two million terms are needed (`numpy.add.accumulate` adds one after the other).

    Parameters
    ----------
    fmt : str or Format
        The format.
    limit : int
        Give up after so many terms; ignored for fp32.

    Raises
    ------
    UnsupportedInputError
        If the format shares scales in blocks: every number of a sum would be a block by itself.

    Examples
    --------
    >>> one = harmonic_sum("bf16")
    >>> one.total, one.terms, one.stopped
    (5.0625, 65, True)
    >>> harmonic_sum("fp64", limit=1000).stopped
    False
    """
    fmt = get(fmt)
    if fmt.blocked:
        raise UnsupportedInputError(f"the numbers of a sum share no scale: a lone number makes {fmt} what it needs")
    native = fmt == get("fp32")
    blocks = _native_blocks() if native else _chopped_blocks(fmt, limit)
    sums = np.concatenate(list(_until_it_stops(blocks)))
    stopped = sums.size > 1 and bool(sums[-1] == sums[-2] or sums[-1] != sums[-1])
    n = np.unique(np.geomspace(1, sums.size, 400).round().astype(np.int64))
    return HarmonicSum(str(fmt), float(sums[-1]), sums.size, stopped, n, sums[n - 1])


def harmonic_sums(formats: Iterable[str | Format]) -> Iterator[Outcome[HarmonicSum]]:
    """Yield the harmonic sum in every format, or why there is none."""
    for fmt in map(get, formats):
        try:
            yield Outcome(str(fmt), "nearest_even", harmonic_sum(fmt))
        except ChopperError as refusal:
            yield Outcome(str(fmt), "nearest_even", None, str(refusal))


def _until_it_stops(blocks: Iterator[_Array]) -> Iterator[_Array]:
    """Yield blocks of partial sums, the last one cut after the first sum that equals the one before it."""
    last = np.zeros(1)
    for block in blocks:
        before = np.concatenate((last, block[:-1]))
        idle = np.flatnonzero((block == before) | np.isnan(block))
        if idle.size:
            yield block[: idle[0] + 1]
            return
        yield block
        last = block[-1:]


def _native_blocks() -> Iterator[_Array]:
    """Yield the partial sums in the machine's float32, without end."""
    total, start = np.zeros(1, np.float32), 1
    while True:
        terms = np.float32(1) / np.arange(start, start + _BLOCK, dtype=np.float32)
        sums = np.add.accumulate(np.concatenate((total, terms)), dtype=np.float32)[1:]
        yield sums.astype(np.float64)
        total, start = sums[-1:], start + _BLOCK


def _chopped_blocks(fmt: Format, limit: int) -> Iterator[_Array]:
    """Yield the partial sums in a format, in blocks of growing size."""
    total, start = 0.0, 1
    while start <= limit:
        stop = min(2 * start + 15, limit + 1)
        sums = []
        for term in chop(1 / np.arange(start, stop), fmt).tolist():
            total = chop(total + term, fmt)
            sums.append(total)
        yield np.array(sums)
        start = stop
