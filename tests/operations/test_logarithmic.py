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
from tests.operations.logarithm_oracle import NEAREST, Number, Oracle, exact_result

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
    """The exact results of one operation on numbers of a format, placed between their neighbours."""

    def __init__(self, oracle: Oracle, name: str, indices: list[np.ndarray], negative: list[np.ndarray]) -> None:
        """`indices` are those of magnitudes among the oracle's numbers; -1 is zero."""
        self.oracle, self.name = oracle, name
        self.x = [np.array([0.0 if i < 0 else oracle.floats[i] for i in index]) for index in indices]
        self.x = [np.where(n, -v, v) for v, n in zip(self.x, negative, strict=True)]
        terms = [
            [tuple((e, f * (-1 if n else 1)) for e, f in oracle.number(int(i))) for i, n in zip(index, neg, strict=True)]
            for index, neg in zip(indices, negative, strict=True)
        ]
        self.rows = [self._row(name, list(row)) for row in zip(*terms, strict=True)]

    def _row(self, name: str, terms: list) -> tuple[int, Number, int, bool, int]:
        sign, y = exact_result(name, terms, self.oracle.base)
        if sign == 0:
            return 0, y, 0, True, 0
        i, exact = self.oracle.cell(y)
        return sign, y, i, exact, 0 if exact else self.oracle.side(y, i)

    def check(self, tally, modes: list[Rounding] = FIXED) -> None:
        """Compare all modes without chance."""
        oracle = self.oracle
        for mode in modes:
            want = [
                oracle.result(i, exact, oracle.goes(i, exact, side, sign < 0, mode), sign < 0)
                if sign else oracle.zero(mode is Rounding.DOWN)
                for sign, _, i, exact, side in self.rows
            ]  # fmt: skip
            got = operate(self.name, self.x, oracle.fmt, mode)
            tally.same(got, np.array(want), np.arange(got.size), fmt=oracle.fmt, mode=mode, about=self.name)

    def check_chance(self, tally, rng: np.random.Generator, bits: tuple[int, ...] = (32, 3)) -> None:
        """Compare all modes of chance, for some words."""
        oracle, words = self.oracle, rng.integers(0, 1 << 32, len(self.rows), np.uint32)
        for mode in RANDOM:
            for count in bits:
                want = [
                    oracle.result(i, exact, oracle.drawn(y, i, exact, mode, int(word), count), sign < 0)
                    if sign else oracle.zero()
                    for (sign, y, i, exact, _), word in zip(self.rows, words, strict=True)
                ]  # fmt: skip
                got = operate(self.name, self.x, oracle.fmt, mode, words, random_bits=count)
                tally.same(got, np.array(want), np.arange(got.size), fmt=oracle.fmt, mode=mode, about=self.name)


def every_pair(name: str, fmt: str) -> Answers:
    """Return the answers for every pair of codes of numbers, zero included where the format has it."""
    oracle = oracle_of(fmt)
    zero = [-1] if getattr(oracle.fmt, "zero", True) else []
    signed = [(i, False) for i in (*zero, *range(len(oracle.codes)))] + [(i, True) for i in range(len(oracle.codes))]
    a, b = (part.reshape(-1, 2) for part in np.broadcast_arrays(np.array(signed)[:, None], np.array(signed)[None]))
    if name == "div":
        a, b = a[b[:, 0] >= 0], b[b[:, 0] >= 0]
    return Answers(oracle, name, [a[:, 0], b[:, 0]], [a[:, 1].astype(bool), b[:, 1].astype(bool)])


SMALL = "lns<5,1> lns<5,2,underflow=smallest> lns<5,0,nearest=value> lns<6,2,nearest=value> pow2_4 logsqrt2_5 twin_log4 "
SMALL += "lns<5,1,zero=false,nan=false> lns<5,2,bias=5> takum_log5 takum_log6 takum_log5<underflow=zero> "
SMALL += "takum_log6<nearest=value> lns<4,3> lns<6,4,stochastic=code> lns<5,2,underflow=smallest,stochastic=code>"


@pytest.mark.parametrize("fmt", SMALL.split())
def test_every_pair_of_small_formats(fmt: str, tally) -> None:
    rng = np.random.default_rng(0)
    for name in ("add", "sub", "mul", "div"):
        answers = every_pair(name, fmt)
        answers.check(tally)
        answers.check_chance(tally, rng)
