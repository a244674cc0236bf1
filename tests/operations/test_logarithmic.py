"""Arithmetic of logarithmic numbers against exact results, decided by mpmath and algebra, and against xlns."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import numpy as np
import pytest

import chopper
from chopper.engine.plan import Request, family_of
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.operations.logarithm_oracle import Oracle

SUBJECT = "arithmetic of logarithmic numbers"
FIXED = [mode for mode in Rounding if not mode.random]
RANDOM = [mode for mode in Rounding if mode.random]
COUNTS = {"add": 2, "sub": 2, "mul": 2, "div": 2, "sqrt": 1, "fma": 3}


def operate(name: str, x: list[np.ndarray], fmt, mode: Rounding, words=None, **given) -> np.ndarray:
    """Run an operation of the family's module."""
    return family_of(fmt).operate(name, x, Request(fmt, mode, **given), words)


@lru_cache(maxsize=32)
def oracle_of(name: str) -> Oracle:
    return Oracle(get(name))


class Answers:
    """The exact results of one operation on floats, placed between their neighbours."""

    def __init__(self, oracle: Oracle, name: str, x: list[np.ndarray], n: np.ndarray | None = None) -> None:
        """A float that is the value of a number of the format stands for it."""
        self.oracle, self.name, self.x, self.n = oracle, name, x, n
        kind, sign, normal = reduced(name, x, n)
        rows, back = np.unique(np.stack(normal, axis=1), axis=0, return_inverse=True)
        count = len(x)
        found = [oracle.result(kind, tuple(row[:count]), int(sum(row[count:]))) for row in rows.tolist()]
        places = [oracle.place(y) if positive else (0, True, 0) for positive, y in found]
        back = back.reshape(-1)
        self.sign = sign * np.array([positive for positive, _ in found])[back]
        self.numbers = [found[i][1] for i in back]
        self.cell, self.exact, self.side = (np.array(column)[back] for column in zip(*places, strict=True))

    def run(self, mode: Rounding, words: np.ndarray | None = None, **given) -> np.ndarray:
        """Return what the library gives."""
        x = self.x if self.n is None else [*self.x, self.n.astype(np.float64)]
        return operate(self.name, x, self.oracle.fmt, mode, words, **given)

    def want(self, goes: np.ndarray, mode: Rounding) -> np.ndarray:
        """Return the values, from which numbers go away from zero."""
        found = self.oracle.results(self.cell, goes, self.sign < 0)
        return np.where(self.sign == 0, self.oracle.zero(mode is Rounding.DOWN), found)

    def check(self, tally) -> None:
        """Compare all modes without chance."""
        for mode in FIXED:
            want = self.want(self.oracle.goes(self.cell, self.exact, self.side, self.sign < 0, mode), mode)
            tally.same(self.run(mode), want, self.x[0], fmt=self.oracle.fmt, mode=mode, about=self.name)

    def check_chance(self, tally, rng: np.random.Generator, count: int = 80) -> None:
        """Compare all modes of chance, for some results and words."""
        size = self.sign.size
        some = Some(self, rng.permutation(size)[:count])
        words = rng.integers(0, 1 << 32, len(some.at), np.uint32)
        words[:4] = 0, (1 << 32) - 1, 1 << 31, 1
        for mode in RANDOM:
            for bits in (32, 3):
                tally.same(some.run(mode, words, bits), some.want(mode, words, bits), fmt=self.oracle.fmt, mode=mode)


class Some:
    """Some of the answers."""

    def __init__(self, answers: Answers, at: np.ndarray) -> None:
        self.answers, self.at = answers, at

    def run(self, mode: Rounding, words: np.ndarray, bits: int) -> np.ndarray:
        """Return what the library gives."""
        a = self.answers
        x = [one[self.at] for one in (a.x if a.n is None else [*a.x, a.n.astype(np.float64)])]
        return operate(a.name, x, a.oracle.fmt, mode, words, random_bits=bits)

    def want(self, mode: Rounding, words: np.ndarray, bits: int) -> np.ndarray:
        """Return the values by definition."""
        a = self.answers
        goes = np.zeros(a.sign.shape, bool)
        for i, word in zip(self.at.tolist(), words.tolist(), strict=True):
            if a.sign[i]:
                goes[i] = a.oracle.drawn(a.numbers[i], int(a.cell[i]), bool(a.exact[i]), mode, word, bits)
        return a.want(goes, mode)[self.at]


def reduced(name: str, x: list[np.ndarray], n: np.ndarray | None) -> tuple[str, np.ndarray, list[np.ndarray]]:
    """Return an operation, signs and operands with the same results up to signs: fewer of them are different."""
    if name in ("add", "sub"):
        a, b = x[0], x[1] if name == "add" else -x[1]
        swap = np.abs(b) > np.abs(a)
        a, b = np.where(swap, b, a), np.where(swap, a, b)
        sign = np.where(a < 0, -1, 1)
        return "add", sign, [sign * a + 0.0, sign * b + 0.0]
    signs = [np.where(one < 0, -1, 1) for one in x]
    if name == "power":
        return name, signs[0] ** np.abs(n), [np.abs(x[0]), n.astype(np.float64)]
    if name == "sqrt":
        return name, np.ones(x[0].shape, np.int64), x
    sign = signs[0] * signs[1]
    return name, sign, [np.abs(x[0]), np.abs(x[1]), *(sign * one for one in x[2:])]


def numbers_of(oracle: Oracle) -> np.ndarray:
    """Return all values of a format."""
    floats = np.array(oracle.floats)
    return np.concatenate([-floats[::-1], [0.0] * oracle.has_zero, floats])


def every_pair(name: str, fmt: str) -> Answers:
    """Return the answers for every pair of numbers of a format; a divisor other than zero."""
    values = numbers_of(oracle_of(fmt))
    a, b = (part.reshape(-1) for part in np.meshgrid(values, values))
    return Answers(oracle_of(fmt), name, [a, b] if name != "div" else [a[b != 0], b[b != 0]])


SMALL = (
    "lns<5,1> lns<5,2,underflow=smallest> lns<5,0,nearest=value> lns<6,2,nearest=value> pow2_4 logsqrt2_5 twin_log4 "
    "lns<5,1,zero=false,nan=false> lns<5,2,bias=5> lns<4,3> lns<5,4,stochastic=code> "
    "lns<5,2,underflow=smallest,stochastic=code> takum_log5 takum_log6 takum_log5<underflow=zero> "
    "takum_log6<nearest=value>"
)


@pytest.mark.parametrize("fmt", SMALL.split())
def test_every_pair_of_small_formats(fmt: str, tally) -> None:
    """All sums, differences, products and quotients, in all modes; chance for some of them."""
    rng = np.random.default_rng(0)
    for name in ("add", "sub", "mul", "div"):
        answers = every_pair(name, fmt)
        answers.check(tally)
        answers.check_chance(tally, rng)


@pytest.mark.parametrize("fmt", ["lns8", "takum_log8"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_every_pair_of_eight_bits(fmt: str, name: str, tally) -> None:
    """As above, for the formats of eight bits."""
    answers = every_pair(name, fmt)
    answers.check(tally)
    answers.check_chance(tally, np.random.default_rng(0), 200)
