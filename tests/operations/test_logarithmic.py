"""Arithmetic of logarithmic numbers against exact results, decided by mpmath and algebra, and against xlns."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest

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


@pytest.mark.parametrize("fmt", ["lns8", pytest.param("takum_log8", marks=pytest.mark.exhaustive)])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div"])
def test_every_pair_of_eight_bits(fmt: str, name: str, tally) -> None:
    """As above, for the formats of eight bits."""
    answers = every_pair(name, fmt)
    answers.check(tally)
    answers.check_chance(tally, np.random.default_rng(0))


LONG = (
    "lns12 lns<16,10> lns<12,6,nearest=value> lns<12,6,stochastic=code> lns_madam8_g8 lns_madam8_g32 takum_log8 "
    "takum_log12 takum_log16 takum_log12<underflow=zero>"
)
LONGER = "lns<16,8> lns<16,15> lns<16,10,stochastic=code> lns<16,12,nearest=value> takum_log16<nearest=value>"


def hard(oracle: Oracle, rng: np.random.Generator, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of numbers whose sums find mistakes.

    Sums next to numbers of the format and to the middles between them; like numbers, which cancel; the ends.
    """
    floats = np.array(oracle.floats)
    last, period = floats.size - 1, round(1 / float(oracle.exponents[1] - oracle.exponents[0]))
    a = rng.integers(0, last + 1, 1000 * count)
    b = np.maximum(a - rng.integers(0, last + 1, a.size) // rng.choice([1, 2, 8, 64], a.size), 0)
    sign = rng.choice([-1, 1], a.size)
    with np.errstate(all="ignore"):
        y = floats[a] + sign * floats[b]
        i = np.clip(np.searchsorted(floats, y) - 1, 0, last - 1)
        place = 2 * np.log(y / floats[i]) / np.log(floats[i + 1] / floats[i])
        far = np.abs(place - np.round(place))
    near = np.argsort(np.where((far > 0) & (i < last - 1), far, 9))[:count]
    a, b, sign = a[near], b[near], sign[near]
    some = rng.integers(0, last + 1, count)
    ends = np.concatenate([np.arange(3), last - np.arange(3)])
    edges, others = (part.reshape(-1) for part in np.meshgrid(ends, np.concatenate([ends, some[:4]])))
    apart = rng.choice([0, 1, 2, 3, 5, period], count)
    a = np.concatenate([a, some, edges, edges])
    b = np.concatenate([b, np.maximum(some - apart, 0), others, others])
    side = np.repeat([1, -1], edges.size)
    return floats[a], floats[b] * np.concatenate([sign, rng.choice([-1, -1, 1], count), side])


@pytest.mark.parametrize("fmt", LONG.split())
def test_long_formats(fmt: str, tally) -> None:
    """Operations on numbers of longer formats, in all modes."""
    check_long(fmt, 20, tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize("fmt", f"{LONG} {LONGER}".split())
def test_more_of_long_formats(fmt: str, tally) -> None:
    """The same, a hundred times as many."""
    check_long(fmt, 2000, tally)


def check_long(fmt: str, count: int, tally) -> None:
    oracle, rng = oracle_of(fmt), np.random.default_rng(count)
    floats = np.array(oracle.floats)
    a, b = hard(oracle, rng, count)
    flip = rng.choice([-1, 1], a.size)
    some, other = (rng.choice(floats, count) for _ in range(2))
    signed = rng.choice([-1, 1], count)
    product = np.clip(some * other, floats[0], floats[-1])
    close = floats[np.clip(np.searchsorted(floats, product) + rng.integers(-2, 3, count), 0, floats.size - 1)]
    operations = [
        ("add", [a * flip, b * flip]),
        ("sub", [a * flip, -b * flip]),
        ("mul", [some * signed, other]),
        ("div", [some * signed, other]),
        ("sqrt", [some]),
        ("fma", [some * signed, other, close * rng.choice([-1, 1], count)]),
        ("fma", [some * signed, other, rng.choice(floats, count)]),
    ]
    for name, x in operations:
        answers = Answers(oracle, name, x)
        answers.check(tally)
        answers.check_chance(tally, rng, max(count // 2, 20))


def test_powers(tally) -> None:
    for fmt in ("lns8", "lns12", "lns_madam8_g8", "takum_log12", "lns<5,0,nearest=value>"):
        oracle, rng = oracle_of(fmt), np.random.default_rng(1)
        n = np.tile([0, 1, -1, 2, -3, 5, 17, -1000003, 1 << 40], 3)
        x = rng.choice(oracle.floats, n.size) * rng.choice([-1, 1], n.size)
        x[:9] = 1
        answers = Answers(oracle, "power", [x], n)
        answers.check(tally)
        answers.check_chance(tally, rng, 20)


OTHERS = ["lns8", "lns<6,0,nearest=value>", "takum_log8"]


@pytest.mark.parametrize(
    "fmt", OTHERS + [pytest.param(name, marks=pytest.mark.exhaustive) for name in ("lns<16,10>", "takum_log16")]
)
def test_other_numbers(fmt: str, tally) -> None:
    """Operands that are no numbers of the format are the numbers that they are."""
    oracle, rng = oracle_of(fmt), np.random.default_rng(2)
    floats, count = np.array(oracle.floats), 40
    some = rng.choice(floats, count) * rng.choice([-1, 1], count)
    strange = np.exp(rng.normal(0, 2, count)) * rng.choice([-1, 1], count)
    strange[:8] = 3, -0.75, 1e50, 1e-50, 2.5, -2.5, 0.1, 1 / 3
    i = rng.integers(0, floats.size - 1, count)
    middle = np.sqrt(floats[i]) * np.sqrt(floats[i + 1])
    rest = middle - some  # sums next to where rounding turns
    rest = np.where(rest == 0, 3.0, rest)
    operations = [
        ("add", [some, rest]), ("sub", [rest, -some]), ("add", [strange, strange[::-1].copy()]),
        ("add", [strange, np.zeros(count)]), ("mul", [some, strange]), ("mul", [strange, strange]),
        ("div", [some, strange]), ("div", [strange, some]), ("sqrt", [np.abs(strange)]), ("sqrt", [middle]),
        ("fma", [some, strange, rest]), ("fma", [some, rng.permutation(some), strange]),
    ]  # fmt: skip
    for name, x in operations:
        answers = Answers(oracle, name, x)
        answers.check(tally)
        answers.check_chance(tally, rng, 20)
    n = rng.integers(-9, 10, count)
    Answers(oracle, "power", [np.clip(strange, -1e30, 1e30)], n).check(tally)
