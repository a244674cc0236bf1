"""Rests, smaller and larger numbers, signs, powers, comparisons."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from chopper import get, ops
from chopper.errors import UnsupportedInputError
from tests.operations.definition import DETERMINISTIC, Results, Rounded, differing, values

SPECIAL = (0.0, -0.0, 1.0, -1.0, 2.5, 1e-310, -1e-310, 448.0, math.inf, -math.inf, math.nan)


@pytest.mark.parametrize("fmt", ["e4m3", "e5m2", "e2m3", "posit8"])
@pytest.mark.parametrize("name", ["fmod", "remainder"])
def test_rests_of_pairs(name: str, fmt: str) -> None:
    """One pair of codes in 23, every mode."""
    numbers = values(get(fmt))
    x, y = (a.ravel()[5::23].copy() for a in np.meshgrid(numbers, numbers))
    _check(name, fmt, x, y)


@pytest.mark.exhaustive
@pytest.mark.parametrize("fmt", ["e4m3", "e5m2", "e2m3", "posit8"])
@pytest.mark.parametrize("name", ["fmod", "remainder"])
def test_all_rests(name: str, fmt: str) -> None:
    """All pairs of codes, every mode."""
    numbers = values(get(fmt))
    x, y = (a.ravel() for a in np.meshgrid(numbers, numbers))
    _check(name, fmt, x, y)


def _check(name: str, fmt: str, x: np.ndarray, y: np.ndarray) -> None:
    results = Results(name, (x, y))
    for mode in DETERMINISTIC:
        assert differing(getattr(ops, name)(x, y, fmt, mode), results.rounded(fmt, mode)) == 0, mode


@pytest.mark.parametrize(("name", "against"), [("fmod", math.fmod), ("remainder", math.remainder)])
def test_rests_of_floats(name: str, against: object) -> None:
    """The mathematics module agrees on float64, from the smallest to the largest."""
    rng = np.random.default_rng(3)
    x = rng.integers(-(2**63), 2**63 - 1, 4000, dtype=np.int64).view(np.float64)
    with np.errstate(all="ignore"):
        y = x * rng.choice([1, 0.5, 2, 1.5, 3, 0.25, 1e-3, 1e-9, 2 / 3], x.size) * rng.choice([1, 1 + 2e-16], x.size)
    keep = np.isfinite(x) & np.isfinite(y) & (y != 0)
    wanted = [against(a, b) for a, b in zip(x[keep].tolist(), y[keep].tolist(), strict=True)]  # type: ignore[operator]
    assert differing(getattr(ops, name)(x[keep], y[keep], "fp64"), np.array(wanted)) == 0


def test_smaller_and_larger() -> None:
    """The tables of IEEE 754-2019, 9.6."""
    for x in SPECIAL:
        for y in SPECIAL:
            got = {n: getattr(ops, n)(x, y, "fp64") for n in ("minimum", "maximum", "minimum_number", "maximum_number")}
            real = sorted((n for n in (x, y) if n == n), key=lambda n: (n, math.copysign(1, n)))
            if len(real) < 2:
                number = real[0] if real else math.nan
                assert math.isnan(got["minimum"]) and math.isnan(got["maximum"])
                assert repr(got["minimum_number"]) == repr(got["maximum_number"]) == repr(number)
            else:
                assert repr(got["minimum"]) == repr(got["minimum_number"]) == repr(real[0])
                assert repr(got["maximum"]) == repr(got["maximum_number"]) == repr(real[1])


def test_comparisons() -> None:
    """Python's comparisons of floats, and the order with NaR."""
    for x in SPECIAL:
        for y in SPECIAL:
            assert ops.less(x, y) == (x < y) and ops.less_equal(x, y) == (x <= y)
            assert ops.greater(x, y) == (x > y) and ops.greater_equal(x, y) == (x >= y)
            assert ops.equal(x, y) == (x == y) and ops.not_equal(x, y) == (x != y)
    assert ops.compare(math.nan, math.nan, nar=True) == 0 and ops.less(math.nan, -math.inf, nar=True)
    assert ops.less(np.array([1.0, 3.0], np.float32), [2, 2]).tolist() == [True, False]


@pytest.mark.parametrize("fmt", ["e4m3", "bf16", "posit16", "fp64", "int16"])
def test_powers(fmt: str) -> None:
    """Exact powers in fractions, every mode."""
    rng = np.random.default_rng(4)
    bases = [*np.round(rng.standard_normal(12), 2).tolist(), 1.5, -3.0, 1 + 2.0**-52, 0.5]
    for n in (0, 1, 2, 3, 5, -1, -2, -7, 30):
        for mode in DETERMINISTIC:
            rule = Rounded(get(fmt), mode)
            wanted = [rule(Fraction(x) ** n if n >= 0 or x else math.nan) for x in bases if x]
            assert differing(ops.power([x for x in bases if x], n, fmt, mode), np.array(wanted)) == 0, (n, mode)


def test_powers_that_are_long() -> None:
    """Enclosures decide what exact integers are too long for: (1 + 2^-52)^(2^60) has 2^66 bits."""
    assert ops.power(1 + 2.0**-52, 1 << 52, "fp64") == pytest.approx(math.e, rel=1e-15)
    assert ops.power(2.0, 1 << 40, "fp64") == math.inf and ops.power(2.0, -(1 << 40), "fp64", "up") == 5e-324
    assert ops.power(1 - 2.0**-53, 1 << 52, "fp64", "up") > ops.power(1 - 2.0**-53, 1 << 52, "fp64", "down")


def test_powers_at_the_edges() -> None:
    """The rules of pown in IEEE 754."""
    assert ops.power(math.nan, 0, "fp16") == 1 and ops.power(-0.0, -3, "fp16") == -math.inf
    assert ops.power(-0.0, -2, "fp16") == math.inf and ops.power(-math.inf, 3, "fp16") == -math.inf
    assert repr(ops.power(-math.inf, -3, "fp16")) == "-0.0" and math.isnan(ops.power(0.0, -1, "posit8"))
    with pytest.raises(UnsupportedInputError, match="integer"):
        ops.power(2.0, 0.5, "fp16")
