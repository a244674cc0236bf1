"""Codebooks from formulas and from data."""

from __future__ import annotations

from bisect import bisect_left
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import chopper
from chopper import codebooks
from chopper.errors import FormatError, UnsupportedInputError


def by_definition(data: list[float], levels: int, rounds: int = 100) -> list[float]:
    """Return the levels as the docstring defines them, in fractions."""
    numbers = sorted(map(Fraction, data))
    distinct = sorted(set(numbers))
    n = len(distinct)
    found = distinct if n <= levels else [distinct[(2 * i + 1) * n // (2 * levels)] for i in range(levels)]
    before: list[list[Fraction]] = []
    for _ in range(rounds):
        cuts = [Fraction(float((a + b) / 2)) for a, b in pairwise(found)]
        parts: list[list[Fraction]] = [[] for _ in found]
        for value in numbers:
            parts[bisect_left(cuts, value)].append(value)
        if parts == before:
            break
        before = parts
        for i, part in enumerate(parts):
            if part:
                mean = Fraction(float(sum(part)) / len(part))
                found[i] = min(max(mean, part[0]), part[-1])
    return [float(value) for value in found]


@pytest.mark.parametrize("levels", [2, 3, 5, 16])
@pytest.mark.parametrize("seed", range(3))
def test_lloyd_max_is_as_defined(seed: int, levels: int) -> None:
    """Normal data, heavy tails, and data with many equal numbers."""
    rng = np.random.default_rng(seed)
    sets = [rng.standard_normal(120), rng.standard_cauchy(90), rng.integers(-9, 9, 90) / 4]
    for data in sets:
        want = by_definition(data.tolist(), levels)
        assert [float(value) for value in codebooks.lloyd_max(data, levels).values] == want


def test_lloyd_max_lowers_the_error() -> None:
    """More levels err less, and fitted ones less than even ones; shape, order and dtype do not matter."""
    x = np.random.default_rng(0).standard_normal(4096).astype(np.float32)
    books = [codebooks.lloyd_max(x, k, dtype=np.float32) for k in (2, 4, 8, 16)]
    errors = [float(np.mean((chopper.chop(x, book) - x) ** 2)) for book in books]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < float(np.mean((chopper.chop(x / 4, "int4") * 4 - x) ** 2))
    fmt = codebooks.lloyd_max(x, 16)
    assert fmt == codebooks.lloyd_max(x[::-1].reshape(64, 64), 16) == codebooks.lloyd_max(x.astype(float).tolist(), 16)
    assert fmt.bits == 4
    assert chopper.encode(np.array([float(fmt.max)]), fmt).tolist() == [15]


def test_few_numbers_are_their_own_levels() -> None:
    """Also where one of them is minus zero."""
    assert [float(v) for v in codebooks.lloyd_max([3, -0.0, 3, 1], 8).values] == [0.0, 1.0, 3.0]
    start = [float(v) for v in codebooks.lloyd_max(range(10), 2, rounds=0).values]
    assert start == [2.0, 7.0]


@pytest.mark.parametrize("data", [[], [1.0], [1.0, 1.0], [1.0, np.nan], [np.inf, 1.0], [1e308] * 20 + [0], ["a"], [1j]])
def test_data_that_is_refused(data: list[object]) -> None:
    """The error says what to do."""
    with pytest.raises(UnsupportedInputError, match=r"pass|leave"):
        codebooks.lloyd_max(data)


@pytest.mark.parametrize(("levels", "rounds"), [(1, 1), (1 << 17, 1), (2.0, 1), (4, -1)])
def test_arguments_that_are_refused(levels: int, rounds: int) -> None:
    """Levels and rounds have a range."""
    with pytest.raises(FormatError):
        codebooks.lloyd_max([0, 1, 2], levels, rounds=rounds)


def test_formulas() -> None:
    """Symmetric, from -1 to 1, of 2^bits - 1 levels; the named dynamic map."""
    for fmt in (codebooks.power(4, 0.5), codebooks.power(8, 3), codebooks.tangent(5, 1.5)):
        values = fmt.values
        assert values[-1] == 1 and list(values) == [-value for value in reversed(values)]
        assert len(values) == (1 << fmt.bits) - 1 and list(values) == sorted(set(values))
    single = [float(value) for value in codebooks.power(4, 0.5, np.float32).values]
    assert single == [float(np.float32(value)) for value in codebooks.power(4, 0.5).values]
    with pytest.raises(FormatError, match="float16"):
        codebooks.tangent(4, 1.0, np.float16)
    even = [float(value) for value in codebooks.power(4, 1).values]
    assert even == [k / 7 for k in range(-7, 8)]
    assert codebooks.dynamic() == chopper.get("dynamic8")
    for wrong in (lambda: codebooks.power(4, 0), lambda: codebooks.tangent(4, 1.6), lambda: codebooks.power(1, 1)):
        with pytest.raises(FormatError):
            wrong()
