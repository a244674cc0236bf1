"""Squeezing matrices: scales by definition, in fractions; the matrix is the correctly rounded scaled one."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.equilibration import squeeze
from chopper.errors import RangeError, UnsupportedInputError
from tests.oracle import round_value


def wide(m: int, n: int, decades: float, seed: int = 0) -> np.ndarray:
    """Return a matrix whose entries spread over many powers of ten, with a few zeros."""
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(m, n)) * 10 ** rng.uniform(-decades / 2, decades / 2, (m, n))
    a[rng.random((m, n)) < 0.1] = 0
    return a


def log2_below(x: Fraction) -> int:
    """Return floor(log2 x), by search."""
    power = math.frexp(float(x))[1] if 0 < float(x) < math.inf else 0
    while Fraction(2) ** power > x:
        power -= 1
    while Fraction(2) ** (power + 1) <= x:
        power += 1
    return power


def by_definition(
    a: np.ndarray, limit: Fraction
) -> tuple[list[list[Fraction]], list[Fraction], list[Fraction], Fraction]:
    """Return the scaled matrix, the scales of rows and columns, and mu, in powers of two."""
    exact = [[Fraction(x) for x in row] for row in a.tolist()]
    rows = [_inverse(max(map(abs, row))) for row in exact]
    scaled = [[x * r for x in row] for row, r in zip(exact, rows, strict=True)]
    columns = [_inverse(max(map(abs, column))) for column in zip(*scaled, strict=True)]
    scaled = [[x * c for x, c in zip(row, columns, strict=True)] for row in scaled]
    beta = max(abs(x) for row in scaled for x in row)
    mu = Fraction(2) ** log2_below(limit / beta) if beta else Fraction(1)
    return [[x * mu for x in row] for row in scaled], rows, columns, mu


def _inverse(largest: Fraction) -> Fraction:
    return 1 / Fraction(2) ** log2_below(largest) if largest else Fraction(1)


@pytest.mark.parametrize("mode", ["nearest_even", "up", "toward_zero"])
@pytest.mark.parametrize("name", ["fp16", "bf16", "e5m2", "e4m3"])
@pytest.mark.parametrize("decades", [4, 24, 80])
def test_by_definition(name: str, mode: str, decades: int, tally) -> None:
    """Scales, matrix and counts, bit for bit."""
    fmt = chopper.get(name)
    a = wide(7, 5, decades, seed=decades)
    a[2] = 0
    got = squeeze(a, name, theta=0.3, rounding=mode)
    scaled, rows, columns, mu = by_definition(a, Fraction(0.3) * fmt.max)
    assert [Fraction(x) for x in got.rows] == rows and [Fraction(x) for x in got.columns] == columns
    assert Fraction(got.mu) == mu and got.rows[2] == 1
    want = [[float(round_value(fmt, x, mode)) for x in row] for row in scaled]
    signed = np.copysign(np.abs(np.array(want)), np.where(np.array(want) == 0, a, np.array(want)))
    tally.same(got.matrix, signed, a, fmt=fmt, mode=mode)
    assert got.underflow == sum(
        x != 0 and w == 0 for r, v in zip(scaled, want, strict=True) for x, w in zip(r, v, strict=True)
    )
    assert (got.overflow, got.nonfinite, got.format) == (0, 0, name)
    assert np.abs(got.matrix).max() <= 0.3 * float(fmt.max) * (1 + float(fmt.eps))


def test_diagonal_of_ones_and_tiny_numbers() -> None:
    """Small rows are scaled like all others; a matrix of zeros has mu = 1."""
    one = squeeze(np.diag([1.0, 1e-12]), "fp16", theta=0.8)
    assert (np.diag(one.matrix) > 0.25 * 65504).all() and one.underflow == 0
    none = squeeze(np.zeros((3, 2)), "fp16")
    assert none.mu == 1 and (none.rows == 1).all() and (none.columns == 1).all() and (none.matrix == 0).all()
    assert squeeze(np.zeros((0, 3))).matrix.shape == (0, 3)


def test_extremes_of_float64() -> None:
    """Nothing in between overflows; scales stay in float64."""
    a = np.array([[5e-324, 0.0], [1e308, 3e-300]])
    for powers in (True, False):
        one = squeeze(a, "fp16", powers_of_two=powers)
        assert np.isfinite(one.matrix).all() and np.isfinite(one.rows).all() and (one.rows > 0).all()
        assert one.matrix[1, 0] > 1000
    with pytest.raises(RangeError, match="leave float64"):
        squeeze(np.array([[1e300, 1e-300], [1e300, 1e300]]), "fp64", target=1e-290)


def test_what_leaves_float64_is_rounded_by_its_mode() -> None:
    """An entry 2^-1400 below the others becomes the smallest number when rounding up, zero to nearest."""
    a = np.array([[1e300, 1e-200], [1e300, 1e300]])
    a[0, 1] = 1e-310
    up, nearest = (squeeze(a, "fp16", rounding=mode) for mode in ("up", "nearest_even"))
    assert up.matrix[0, 1] == 2.0**-24 and nearest.matrix[0, 1] == 0 and nearest.underflow == 1


@pytest.mark.parametrize("name", ["fp16", "e4m3"])
def test_symmetric(name: str) -> None:
    """A symmetric matrix stays symmetric, with one set of scales; its entries do not leave the range."""
    a = wide(9, 9, 16, seed=3)
    a = np.tril(a) + np.tril(a, -1).T
    a[4] = a[:, 4] = 0
    for powers in (True, False):
        one = squeeze(a, name, theta=0.5, symmetric=True, powers_of_two=powers)
        assert (one.matrix == one.matrix.T).all() and (one.rows == one.columns).all() and one.rows[4] == 1
        assert one.overflow == 0 and np.abs(one.matrix).max() <= 0.5 * float(chopper.get(name).max)
        largest = np.delete(np.abs(a * one.rows[:, None] * one.columns).max(axis=1), 4)
        low, high = (1 / 4 / 1.1, 2 * 1.1) if powers else (2**-0.0625, 2**0.0626)
        assert (largest >= low).all() and (largest <= high).all()


def test_the_system_that_is_solved(tally) -> None:
    """With y of the scaled system, A (columns y) = b exactly, in fractions; the format holds the scaled matrix."""
    a, y = wide(8, 8, 12, seed=1), np.arange(1.0, 9.0)
    one = squeeze(a, "fp64")
    x = one.solution(y)
    b = [sum(Fraction(p) * Fraction(q) for p, q in zip(row, x, strict=True)) for row in a.tolist()]
    left = [sum(Fraction(p) * Fraction(q) for p, q in zip(row, y, strict=True)) for row in one.matrix.tolist()]
    assert left == [Fraction(one.mu) * Fraction(r) * value for r, value in zip(one.rows, b, strict=True)]
    sides = one.right_side(np.stack([y, 2 * y], axis=1))
    tally.same(sides[:, 1], 2 * one.mu * one.rows * y)
    assert one.solution(np.ones((8, 2))).shape == (8, 2)


def test_scales_that_are_no_powers_of_two() -> None:
    """Every row and column has the largest magnitude 1 before mu, but for rounding; mu brings it to theta max."""
    a = wide(9, 7, 30, seed=4)
    one = squeeze(a, "fp16", powers_of_two=False, theta=0.25)
    size = np.abs(a * one.rows[:, None] * one.columns)
    assert np.allclose(size.max(axis=0), 1, rtol=1e-15, atol=0)
    assert abs(one.mu - 0.25 * 65504) < 1e-10 and np.abs(one.matrix).max() == 0.25 * 65504
    kept = (np.abs(one.matrix) >= 2.0**-14) & (a != 0)
    assert (np.abs(one.unsqueeze() / np.where(a == 0, 1, a) - 1)[kept] <= 2.0**-11 * 1.0001).all()


def test_powers_of_two_scale_exactly(tally) -> None:
    """A format of float64's precision gives the matrix back, bit for bit."""
    a = wide(20, 30, 60, seed=9)
    tally.same(squeeze(a, "fp64").unsqueeze(), a)


@pytest.mark.parametrize("name", ["posit16", "takum_linear16", "hif8", "int8", "lns8", "mxfp8"])
def test_other_families(name: str) -> None:
    """Any format; with a target of 1 tapered ones lose less."""
    a = wide(6, 6, 4, seed=2)
    one = squeeze(a, name, target=1.0 if name != "int8" else None)
    assert np.isfinite(one.matrix).all() and one.overflow == 0
    if name in ("posit16", "takum_linear16"):
        far = squeeze(a, name)
        errors = [np.abs(found.unsqueeze() - a)[a != 0].max() for found in (one, far)]
        assert errors[0] < errors[1]


def test_counts() -> None:
    """Entries over 24 decades in fp16: what underflows is counted; a large theta overflows nothing."""
    a = wide(12, 12, 24, seed=6)
    one = squeeze(a, "fp16", theta=1.0)
    assert one.underflow == np.count_nonzero((one.matrix == 0) & (a != 0)) > 0
    assert one.overflow == one.nonfinite == 0
    over = squeeze(a, "fp16", target=1e6)
    assert over.overflow == np.count_nonzero(np.abs(over.matrix) == np.inf) == over.nonfinite > 0
    negative = squeeze(-np.abs(a), "ue4m3")
    assert negative.overflow == np.count_nonzero(a)


@pytest.mark.parametrize(
    ("a", "options"),
    [
        (np.ones(3), {}),
        (np.array([[1.0, np.nan]]), {}),
        (np.array([[1.0, np.inf]]), {}),
        (np.ones((2, 3)), {"symmetric": True}),
        (np.array([[1.0, 2.0], [3.0, 1.0]]), {"symmetric": True}),
        (np.ones((2, 2)), {"theta": 0}),
        (np.ones((2, 2)), {"theta": 1.5}),
        (np.ones((2, 2)), {"target": math.inf}),
        (np.ones((2, 2)), {"target": -1.0}),
    ],
)
def test_refusals(a: np.ndarray, options: dict) -> None:
    """What is no matrix, or no legal scale."""
    with pytest.raises(UnsupportedInputError):
        squeeze(a, "fp16", **options)
