"""What formats make of numbers, by their definitions, for whole arrays."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from chopper.errors import RangeError
from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Subnormals, Underflow
from chopper.formats.posit import PositFormat
from chopper.formats.table import TableFormat
from chopper.formats.takum import TakumFormat
from chopper.rounding import Rounding
from tests.conformance.judge import Judge, values_of
from tests.families import fixed_oracle, posit_oracle, takum_oracle
from tests.families.definition import Definition
from tests.oracle import round_code

__all__ = ["code_of", "expected", "number"]


@lru_cache(maxsize=64)
def _definition(fmt: TableFormat) -> Definition:
    return Definition(fmt, 53)


def code_of(fmt: Format, x: Any, mode: Rounding, word: int = 0, **options: Any) -> int:
    """Return the code that a float or a Fraction becomes."""
    if isinstance(fmt, FloatFormat):
        return round_code(fmt, x, mode, word=word, **options)
    if isinstance(fmt, PositFormat):
        return posit_oracle.round_code(fmt, x, mode, word=word, **options)
    if isinstance(fmt, TakumFormat):
        return takum_oracle.round_code(fmt, x, mode, word=word, **options)
    if isinstance(fmt, FixedFormat):
        return fixed_oracle.round_code(fmt, x, mode, word=word, **options)
    return _definition(fmt).code(x, mode, options.get("overflow"), word)


def number(fmt: Format, code: int) -> float:
    """Return the value of a code."""
    value = fmt.value(code)
    if not isinstance(value, Fraction):
        return value
    found = float(value)
    assert Fraction(found) == value
    return found


def expected(fmt: Format, xs: np.ndarray, mode: Rounding, words: np.ndarray | None = None) -> np.ndarray:
    """Return the values, in float64, that numbers become; NaN with payload where an error is due."""
    if isinstance(fmt, FloatFormat) and (words is not None or fmt.bits > 16):
        return _floats(fmt, xs, mode, words)
    if words is not None or fmt.bits <= 4 or fmt.bits > 16:
        return np.array([_one(fmt, x, mode, w) for x, w in zip(xs.tolist(), _list(words, xs.size), strict=True)])
    return _Steps(fmt).values(xs, mode)


def _list(words: np.ndarray | None, size: int) -> list[int]:
    return [0] * size if words is None else words.tolist()


def _one(fmt: Format, x: float, mode: Rounding, word: int) -> float:
    return _kept(fmt, x, math.copysign(1, x), mode, word)


@lru_cache(maxsize=1 << 18)
def _kept(fmt: Format, x: float, _: float, mode: Rounding, word: int) -> float:
    try:
        return number(fmt, code_of(fmt, x, mode, word))
    except RangeError:
        return math.nan


_LAST: list[Any] = []


def _floats(fmt: FloatFormat, xs: np.ndarray, mode: Rounding, words: np.ndarray | None) -> np.ndarray:
    if not (_LAST and _LAST[0] == fmt and _LAST[1] is xs):
        _LAST[:] = [fmt, xs, Judge(fmt, xs)]
    answer = _LAST[2].answer(mode, words=0 if words is None else words.astype(np.int64))
    return np.where(answer.raises, np.nan, values_of(fmt, answer.codes, np.float64))


class _Steps:
    """The values of a format in order, and where rounding to nearest turns; beyond the ends the oracle is asked."""

    def __new__(cls, fmt: Format) -> _Steps:
        return _steps(fmt)

    def prepare(self, fmt: Format) -> _Steps:
        found: dict[Fraction, int] = {}
        for code in fmt.codes:
            value = fmt.value(code)
            if isinstance(value, Fraction):
                found.setdefault(value, code)
        self.fmt, self.exact = fmt, sorted(found)
        self.codes = np.array([found[v] for v in self.exact])
        self.at = np.array([float(v) for v in self.exact])
        self.middle = np.array([float(_middle(fmt, *pair)) for pair in self._pairs()])
        gradual = getattr(fmt, "subnormals", Subnormals.GRADUAL) is Subnormals.GRADUAL
        self.bottom = 0.0 if gradual else float(fmt.smallest_normal)
        self.size = max(abs(self.at[0]), abs(self.at[-1]))
        self.small = getattr(fmt, "underflow", getattr(fmt, "below_smallest", None)) is Underflow.SMALLEST
        return self

    def _pairs(self) -> list[tuple[Fraction, Fraction, int, int]]:
        return [
            (a, b, int(self.codes[i]), int(self.codes[i + 1]))
            for i, (a, b) in enumerate(zip(self.exact, self.exact[1:], strict=False))
        ]

    def values(self, xs: np.ndarray, mode: Rounding) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            inside = (xs > self.at[0]) & (xs < self.at[-1]) & (np.abs(xs) >= self.bottom) & (xs != 0)
            far = np.isfinite(xs) & (np.abs(xs) > 4 * self.size)
        safe = np.where(inside, xs, self.at[len(self.at) // 2])
        i = np.minimum(np.searchsorted(self.at, safe, "right") - 1, self.at.size - 2)
        low, high = self.at[i], self.at[i + 1]
        up = self._goes_up(safe, i, mode)
        if self.small:
            up = np.where((low == 0) & (safe > 0), True, np.where((high == 0) & (safe < 0), False, up))
        out = np.where(safe == low, low, np.where(up, high, low))
        if getattr(self.fmt, "negative_zero", False):
            out = np.where(out == 0, np.copysign(0.0, safe), out)
        rest = np.flatnonzero(~inside)
        out[rest] = [
            _one(self.fmt, x, mode, 0) for x in np.where(far, np.copysign(8 * self.size, xs), xs)[rest].tolist()
        ]
        return out

    def _goes_up(self, x: np.ndarray, i: np.ndarray, mode: Rounding) -> Any:
        if mode is Rounding.UP:
            return True
        if mode is Rounding.DOWN:
            return False
        if mode is Rounding.TOWARD_ZERO:
            return x < 0
        assert mode is Rounding.NEAREST_EVEN
        turn = self.middle[i]
        tie = np.where(x > 0, self.codes[i] % 2 == 1, self.codes[i + 1] % 2 == 0)
        return np.where(x == turn, self._tie(tie, i), x > turn)

    def _tie(self, even: np.ndarray, i: np.ndarray) -> np.ndarray:
        if not hasattr(self.fmt, "tie_goes_up"):
            return even
        given = [self.fmt.tie_goes_up(int(self.codes[k]), int(self.codes[k + 1])) for k in i.tolist()]
        return np.array([e if g is None else g for e, g in zip(even.tolist(), given, strict=True)])


@lru_cache(maxsize=256)
def _steps(fmt: Format) -> _Steps:
    return object.__new__(_Steps).prepare(fmt)


def _middle(fmt: Format, a: Fraction, b: Fraction, low: int, high: int) -> Fraction:
    """Return where rounding to nearest turns between two neighbours, by definition."""
    if isinstance(fmt, PositFormat) and a != 0 and b != 0:
        longer = posit_oracle._Longer(n=fmt.n + 1, es=fmt.es)
        return longer._magnitude(2 * low + 1) if a > 0 else -longer._magnitude(2 * ((1 << fmt.n) - high) + 1)
    if isinstance(fmt, TakumFormat) and a != 0 and b != 0:
        half = Fraction(1, 2)
        return (
            takum_oracle.value(fmt.n, low + half) if a > 0 else -takum_oracle.value(fmt.n, (1 << fmt.n) - high + half)
        )
    if isinstance(fmt, TableFormat) and not isinstance(fmt, TakumFormat):
        return Fraction(fmt.middle(low, high))
    return (a + b) / 2
