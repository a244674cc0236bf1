"""The positive numbers of a format as integer exponents of its base, and which of them a float stands for."""

from __future__ import annotations

from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.powers import Base
from chopper.engine.inputs import code_dtype
from chopper.engine.plan import Request, family_of, plan_decode, plan_encode
from chopper.engine.run import run
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Metric, Underflow
from chopper.formats.takum import TakumFormat

__all__ = ["NONE", "Lattice", "lattice_of"]

_Array = npt.NDArray[Any]

NONE = 1 << 28
"""In place of the exponent of a float that stands for no code."""


class Lattice:
    """A format as numbers base^exponent with integer exponents, in ascending order, and their negatives.

    Attributes
    ----------
    exponents : array of int64
        Those of the positive numbers.
    turns : array of int64
        Where rounding to nearest turns, before the first number and between it and the next, and so on: places as
        those of `powers.places`.  The first is half of the smallest number by value, for takums without meaning.
    even : bool
        Whether exponents follow each other.
    odd : array of int64
        Whether the codes are odd.
    by_value : bool
        Whether rounding to nearest turns at arithmetic means; see `Natives.mean_places`.
    free_below : bool
        Whether a number between zero and the smallest number may become zero.
    """

    def __init__(self, fmt: LnsFormat | TakumFormat) -> None:
        self.fmt = fmt
        self.even = isinstance(fmt, LnsFormat)
        parts = _of_takum(fmt) if isinstance(fmt, TakumFormat) else _of_lns(fmt)
        codes, self.exponents, self.turns, self.base = parts
        self.codes = np.array(codes, np.int64)
        self.odd = self.codes & 1
        self.free_below = fmt.below_smallest is Underflow.ZERO
        self.by_value = fmt.nearest is Metric.VALUE
        self.last = len(codes) - 1

    @cached_property
    def zeros(self) -> tuple[int, int]:
        """The codes that 0 and -0 become."""
        fmt = self.fmt
        if isinstance(fmt, LnsFormat) and not fmt.zero:
            return int(self.codes[0]), int(self.codes[0]) | fmt.sign_code
        zero = fmt.reserved if isinstance(fmt, LnsFormat) else 0
        return zero, zero

    @cached_property
    def values(self) -> _Array:
        """The nearest float64 of each positive number."""
        return self.decoded[self.codes]

    @cached_property
    def decoded(self) -> _Array:
        """The nearest float64 of every code."""
        fmt, dtype = self.fmt, code_dtype(self.fmt)
        found = np.empty(1 << fmt.bits, np.float64)
        run(plan_decode(fmt, 64), np.arange(1 << fmt.bits).astype(dtype), found, None, None, 1)
        return found

    @cached_property
    def narrow(self) -> _Array:
        """The nearest float32 of every code, where float32 holds the range of the format."""
        if not self.in_float32:
            return self.decoded
        found = np.empty(1 << self.fmt.bits, np.float32)
        codes = np.arange(1 << self.fmt.bits).astype(code_dtype(self.fmt))
        run(plan_decode(self.fmt, 32), codes, found, None, None, 1)
        return found.astype(np.float64)

    @cached_property
    def exponent_of_code(self) -> _Array:
        """The exponent of every code, `NONE` of those that are no numbers, and of zero."""
        found = np.full(1 << self.fmt.bits, NONE, np.int64)
        found[self.codes] = self.exponents
        sign = 1 << (self.fmt.bits - 1)
        found[self.codes | sign if self.even else 2 * sign - self.codes] = self.exponents
        return found

    @cached_property
    def _cells(self) -> _Array:
        """For each integer from the smallest exponent on, the number at or below it."""
        span = np.arange(self.exponents[0], self.exponents[-1] + 1)
        return (np.searchsorted(self.exponents, span, side="right") - 1).astype(np.int16)

    def cell(self, exponent: _Array) -> _Array:
        """Return which number lies at or below an integer exponent, -1 where none does."""
        low, high = int(self.exponents[0]), int(self.exponents[-1])
        place = np.clip(exponent, low - 1, high) - low
        return place if self.even else np.where(place < 0, -1, self._cells[place])

    def read(self, x: _Array) -> _Array:
        """Return the exponents of the numbers that floats other than zero, infinities and NaN stand for, or `NONE`.

        A float stands for a code if it is the nearest float64, or the nearest float32, to the number of the code.
        """
        if not self.even and not self.in_float32:
            return self._looked_up(x)
        plan, codes = plan_encode(Request(self.fmt), 64), np.empty(x.size, code_dtype(self.fmt))
        run(plan, x, codes, None, None, 1)
        found = self.exponent_of_code[codes]
        other = np.flatnonzero(self.decoded[codes] != x)
        if other.size:
            found[other[self.narrow[codes[other]] != x[other]]] = NONE
        return found

    def _looked_up(self, x: _Array) -> _Array:
        """Return what `read` returns, by the top bits of the patterns: no two numbers have them in common."""
        by = 51 - self.base.digits
        low, table = self._buckets
        place = (np.abs(x).view(np.int64) >> by) - low
        cell = table[np.clip(place, 0, table.size - 1)]
        return np.where(self.values[cell] == np.abs(x), self.exponents[cell], NONE)

    @cached_property
    def _buckets(self) -> tuple[int, _Array]:
        """The top bits of the smallest number, and for these and all after them a number that has them, if one does."""
        top = self.values.view(np.int64) >> (51 - self.base.digits)
        assert (np.diff(top) > 0).all()
        table = np.zeros(int(top[-1] - top[0]) + 1, np.int16)
        table[top - top[0]] = np.arange(top.size)
        return int(top[0]), table

    @cached_property
    def in_float32(self) -> bool:
        """Whether float32 holds the range of the format."""
        return family_of(self.fmt).fits(self.fmt, 32)


@lru_cache(maxsize=64)
def lattice_of(fmt: LnsFormat | TakumFormat) -> Lattice:
    """Return the lattice of a format."""
    return Lattice(fmt)


_Parts = tuple[list[int], _Array, _Array, Base]


def _of_lns(fmt: LnsFormat) -> _Parts:
    """Return codes, exponents, turns, base."""
    exponents = np.arange(fmt.lowest + fmt.bias, fmt.highest + fmt.bias + 1, dtype=np.int64)
    codes = [e & (fmt.sign_code - 1) for e in range(fmt.lowest, fmt.highest + 1)]
    under = 2 if fmt.nearest is Metric.CODE else 4 << fmt.fraction_bits  # half a step, or half of the number
    turns = np.concatenate([4 * exponents[:1] - under, 4 * exponents[:-1] + 2])
    return codes, exponents, turns, Base(False, fmt.fraction_bits)


def _of_takum(fmt: TakumFormat) -> _Parts:
    """Return codes, exponents, turns, base: for e^(l / 2), exponents are l in units of the last bit near 1."""
    n, digits = fmt.n, max(fmt.n, 12) - 5
    codes = range(1, 1 << (n - 1))
    exponents = np.array([_logarithm(code, n, digits) for code in codes], np.int64)
    halves = [_logarithm(2 * code + 1, n + 1, digits + 1) for code in codes[:-1]]
    turns = np.array([0, *(2 * half for half in halves)], np.int64)
    return list(codes), exponents, turns, Base(True, digits + 1)


def _logarithm(code: int, bits: int, digits: int) -> int:
    """Return c + m of the code of a positive number, in units of 2^-digits."""
    code, bits = code << max(12 - bits, 0), max(bits, 12)
    regime, up = code >> (bits - 5) & 7, code >> (bits - 2) & 1
    r = regime if up else 7 - regime
    below = bits - 5 - r
    raw = code >> below & ((1 << r) - 1)
    c = (1 << r) - 1 + raw if up else 1 - (2 << r) + raw
    m = code & ((1 << below) - 1)
    return (c << digits) + (m << (digits - below))
