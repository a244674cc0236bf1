"""The definition for whole arrays: the oracle's neighbours found once for an input, then every mode and policy.

For each magnitude the oracle gives the codes around it and nu as a fraction; what the modes need of nu is kept in
integers.  Edges (overflow, infinity, NaN, zero, negative numbers) are asked from the oracle, one input of each kind.
`tests/conformance/test_judge.py` holds this against the oracle itself.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from chopper.errors import RangeError
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Negative, Subnormals
from chopper.rounding import Overflow, Rounding
from tests.oracle import HALF, neighbours, normal, round_code, smallest_normal_code

__all__ = ["Answer", "Judge", "boundary_words", "values_of"]


class Answer(NamedTuple):
    """Codes, and where there is none because a RangeError is due."""

    codes: np.ndarray
    raises: np.ndarray


class Judge:
    """What a format makes of the elements of a flat array of floats."""

    def __init__(self, fmt: FloatFormat, xs: np.ndarray) -> None:
        self.fmt, self.xs = fmt, xs
        self.negative = np.signbit(xs)
        self.nan, self.infinite, self.zero = np.isnan(xs), np.isinf(xs), xs == 0
        finite = np.where(self.nan | self.infinite | self.zero, xs.dtype.type(1), np.abs(xs))
        distinct, back = np.unique(finite, return_inverse=True)
        rows = np.array([_row(fmt, Fraction(float(a))) for a in distinct], np.int64)
        self.low, self.high, self.side, self.step, self.rest, self.nothing = rows[back].T

    def answer(self, mode: Rounding, overflow: Overflow | None = None, words: Any = 0, random_bits: int = 32) -> Answer:
        """Return the codes under a mode and a policy; raises PolicyError where the policy does not suit the format."""
        fmt = self.fmt
        mirrored = not fmt.signed and fmt.negative is Negative.MAGNITUDE
        neg = np.zeros_like(self.negative) if mirrored else self.negative
        code = self._magnitudes(mode, neg, np.asarray(words, np.int64), random_bits)
        edge = _Edges(fmt, mode, overflow)
        out = code + np.where(neg, fmt.sign_code - (1 << 64 if fmt.sign_code >> 63 else 0), 0)
        vanish = (code == 0) & fmt.zero
        out = np.where(vanish, edge.put(neg, *((fmt.sign_code if fmt.negative_zero else 0) * s for s in (0, 1))), out)
        out = edge.settle(out, code > fmt.max_code, neg, "over")
        if not fmt.signed and not mirrored:
            out = edge.settle(out, neg & ~vanish, neg, "below")
        out = edge.settle(out, self.infinite, neg, "inf")
        out = edge.settle(out, self.zero, neg, "zero")
        out = edge.settle(out, self.nan, neg, "nan")
        return Answer(out.view(np.uint64), edge.raises(out.shape))

    def _magnitudes(self, mode: Rounding, neg: np.ndarray, words: np.ndarray, n: int) -> np.ndarray:
        first = smallest_normal_code(self.fmt)
        code = np.where(self._away(mode, neg, words, n), self.high, self.low)
        if self.fmt.subnormals is Subnormals.FLUSH:
            code = np.where(code < first, 0, code)
        return np.where(self.nothing != 0, first, code)

    def _away(self, mode: Rounding, neg: np.ndarray, words: np.ndarray, n: int) -> np.ndarray:
        odd, inexact = self.low % 2 == 1, (self.step != 0) | (self.rest != 0)
        one, r = 1 << n, words >> (32 - n)
        whole, spare = self.step >> (33 - n), self.step & ((1 << (33 - n)) - 1)  # nu in units of 2^-n, and what is left
        middle = 1 << (32 - n)
        above = (spare > middle) | ((spare == middle) & (self.rest != 0))
        tie = (spare == middle) & (self.rest == 0)
        return {
            Rounding.NEAREST_EVEN: lambda: (self.side > 0) | ((self.side == 0) & odd),
            Rounding.NEAREST_AWAY: lambda: self.side >= 0,
            Rounding.NEAREST_ZERO: lambda: self.side > 0,
            Rounding.TOWARD_ZERO: lambda: np.zeros_like(odd),
            Rounding.AWAY_FROM_ZERO: lambda: inexact,
            Rounding.UP: lambda: inexact & ~neg,
            Rounding.DOWN: lambda: inexact & neg,
            Rounding.TO_ODD: lambda: inexact & ~odd,
            Rounding.STOCHASTIC: lambda: whole + r >= one,
            Rounding.STOCHASTIC_B: lambda: whole + (spare >= middle) + r >= one,
            Rounding.STOCHASTIC_C: lambda: whole + (above | (tie & (whole % 2 == 1))) + r >= one,
            Rounding.STOCHASTIC_EQUAL: lambda: inexact & (words >> 31 == 1),
        }[mode]()


def _row(fmt: FloatFormat, a: Fraction) -> tuple[int, ...]:
    """Return both codes, the side of the midpoint, floor(nu 2^33), whether more is left, and whether under all."""
    if not fmt.zero and a < normal(fmt, smallest_normal_code(fmt)):
        return 0, 0, 0, 0, 0, 1
    low, high, nu = neighbours(fmt, a)
    scaled = nu * (1 << 33)
    whole = math.floor(scaled)
    return low, high, (nu > HALF) - (nu < HALF), whole, scaled != whole, 0


class _Edges:
    """The codes at the edges, from the oracle, and which of them were needed where an error is due."""

    def __init__(self, fmt: FloatFormat, mode: Rounding, overflow: Overflow | None) -> None:
        inputs = {"over": fmt.max * 8, "below": fmt.max, "inf": math.inf, "zero": 0.0, "nan": math.nan}
        self._asked = fmt, mode, overflow
        self._inputs = inputs
        self._errors: list[np.ndarray] = []

    def settle(self, out: np.ndarray, at: np.ndarray, neg: np.ndarray, kind: str) -> np.ndarray:
        """Put the code of a kind of input where it belongs."""
        x = self._inputs[kind]
        for negative in (False, True):
            here = at & (neg == negative)
            for errors in self._errors:
                errors[here] = False
            if not here.any() and kind != "over":  # overflow is always asked: the policy may not suit
                continue
            fmt, mode, overflow = self._asked
            given = (-x if negative else x) if isinstance(x, Fraction) else math.copysign(x, -1 if negative else 1)
            try:
                code = round_code(fmt, given, mode, overflow=overflow)
            except RangeError:
                self._errors.append(here.copy())
                continue
            out = np.where(here, np.uint64(code).view(np.int64), out)
        return out

    @staticmethod
    def put(neg: np.ndarray, positive: int, negative: int) -> np.ndarray:
        """Return one code or the other by sign."""
        return np.where(neg, np.uint64(negative).view(np.int64), np.int64(positive))

    def raises(self, shape: tuple[int, ...]) -> np.ndarray:
        """Return where an error is due."""
        return np.logical_or.reduce([np.zeros(shape, bool), *self._errors])


def boundary_words(judge: Judge, random_bits: int, seed: int) -> np.ndarray:
    """Return words of which two thirds lie at the very place where stochastic rounding turns, or one beside it."""
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 1 << 32, judge.xs.size)
    turn = (1 << 32) - ((judge.step >> (33 - random_bits)) << (32 - random_bits))
    beside = rng.integers(-1, 2, judge.xs.size) << (32 - random_bits)
    return np.where(rng.random(judge.xs.size) < 0.67, (turn + beside) % (1 << 32), words).astype(np.uint32)


def values_of(fmt: FloatFormat, codes: np.ndarray, dtype: object) -> np.ndarray:
    """Return the exact values of codes as floats; those that `dtype` does not hold become NaN with payload 1."""
    kind = np.dtype(dtype)
    distinct, back = np.unique(codes, return_inverse=True)
    return np.array([_value(fmt, int(code), kind.name) for code in distinct], kind)[back].reshape(codes.shape)


@lru_cache(maxsize=1 << 18)
def _value(fmt: FloatFormat, code: int, kind: str) -> float:
    value = fmt.value(code)
    if not isinstance(value, Fraction):
        return value
    number = float(np.dtype(kind).type(float(value)))
    assert math.isfinite(number), f"{kind} cannot hold {value}"
    assert Fraction(number) == value, f"{kind} cannot hold {value}"
    return number
