"""Errors against references, in ulps, and backward errors: against sums in fractions, one element at a time."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import chopper
from chopper.analysis import backward_error, compare, measure, product_error, spacing, ulp_errors
from chopper.errors import RangeError, UnsupportedInputError

SMALL = ("e4m3", "e5m2", "e2m3", "posit8", "takum_linear8", "takum_linear12", "hif8", "int8", "nf4", "fixed<8,4>",
         "fp16", "ue4m3", "e8m0", "binary8p3se")  # fmt: skip


def magnitudes(fmt: chopper.Format) -> list[Fraction]:
    """Return the values of a format from zero on, without repetition."""
    values = [fmt.value(code) for code in fmt.codes]
    return sorted({Fraction(v) for v in values if not (isinstance(v, float) and not math.isfinite(v)) and v >= 0})


@pytest.mark.parametrize("name", SMALL)
def test_spacing_by_the_list_of_values(name: str, tally) -> None:
    """For all values, all midpoints, what lies beyond, and zero."""
    fmt = chopper.get(name)
    every = magnitudes(fmt)
    points = every + [(a + b) / 2 for a, b in pairwise(every)]
    points += [every[-1] * 2, every[0] if every[0] else every[1] / 3]
    points = [p for p in points[:: max(1, len(points) // 1000)] if Fraction(float(p)) == p]
    want = []
    for point in points:
        low = min(_place(every, point), len(every) - 2)
        want.append(float(every[low + 1] - every[low]))
    got = spacing(np.array([float(p) for p in points]), fmt)
    tally.same(got, np.array(want), points, fmt=fmt)
    if getattr(fmt, "signed", True):
        tally.same(spacing(-np.array([float(p) for p in points]), fmt), got, points, fmt=fmt)


def _place(every: list[Fraction], point: Fraction) -> int:
    low, high = 0, len(every)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if every[middle] <= point else (low, middle)
    return low


def test_spacing_of_wide_floats() -> None:
    """The ulp of float32 and float64 is NumPy's."""
    x = np.random.default_rng(0).normal(size=500) * 10.0 ** np.arange(-250, 250)
    assert (spacing(x, "fp64") == np.spacing(np.abs(x))).all()
    y = np.float32(x[(np.abs(x) < 1e38) & (np.abs(x) > 1e-45)])
    assert (spacing(y, "fp32") == np.spacing(np.abs(y))).all()
    assert spacing(0.0, "fp64") == 5e-324 and spacing(np.inf, "fp16") == 32
    with pytest.raises(UnsupportedInputError, match="share scales"):
        spacing(1.0, "mxfp8")
    with pytest.raises(RangeError):
        spacing(1.0, "binary12p1ue")


@pytest.mark.parametrize("name", ["e4m3", "fp16", "posit8", "int8"])
def test_ulp_errors_are_exact(name: str, tally) -> None:
    """Thirds and other fractions, against the list of values."""
    fmt = chopper.get(name)
    every = magnitudes(fmt)
    rng = np.random.default_rng(1)
    exact = np.array([Fraction(int(n), 3) * every[len(every) // 2] for n in rng.integers(-9, 9, 200)], object)
    computed = chopper.chop(np.array([float(x) for x in exact]), fmt, "up")
    want = []
    for c, r in zip(computed.tolist(), exact.tolist(), strict=True):
        low = min(_place(every, abs(r)), len(every) - 2)
        want.append(float((Fraction(c) - r) / (every[low + 1] - every[low])))
    tally.same(ulp_errors(computed, exact, fmt), np.array(want), exact, fmt=fmt)


def test_rounding_to_nearest_errs_by_half_an_ulp() -> None:
    """At most, and by less than one in directed modes; stochastic rounding too."""
    x = np.random.default_rng(2).normal(size=3000) * 10.0 ** np.random.default_rng(3).integers(-6, 4, 3000)
    for name in ("fp16", "e4m3", "posit16", "takum_linear16", "fp32"):
        inside = x[np.abs(x) <= float(chopper.finfo(name).max)]
        if name in ("fp16", "e4m3", "fp32"):
            assert measure(chopper.chop(inside, name), inside, name).max_ulps <= 0.5
        for mode in ("up", "down", "stochastic"):
            assert np.abs(ulp_errors(chopper.chop(inside, name, mode, key=0), inside, name)).max() < 1


def test_measures_by_definition() -> None:
    """All numbers of a row, from fractions."""
    exact = np.array([Fraction(1, 3), Fraction(-2, 7), Fraction(0), Fraction(5), Fraction(10) ** 30], object)
    computed = np.array([0.34375, -0.28125, 0.001953125, 5.0, np.inf])
    found = measure(computed, exact, "e4m3")
    apart = [Fraction(c) - r for c, r in zip(computed[:4].tolist(), exact.tolist(), strict=False)]
    assert found.max_abs == float(max(map(abs, apart)))
    assert found.max_rel == float(abs(apart[0] * 3)) and found.nonfinite == 1 and found.count == 5
    assert found.rms == pytest.approx(math.sqrt(float(sum(a * a for a in apart) / 4)), rel=1e-15)
    relative = [abs(a / r) for a, r in zip(apart, exact.tolist(), strict=False) if r]
    assert found.rms_rel == pytest.approx(math.sqrt(float(sum(a * a for a in relative) / 3)), rel=1e-15)
    signal, noise = sum(r * r for r in exact.tolist()[:4]), sum(a * a for a in apart)
    assert found.sqnr_db == pytest.approx(10 * math.log10(float(signal / noise)), rel=1e-14)
    ulps = [abs(apart[0]) * 32, abs(apart[1]) * 32, Fraction(1), Fraction(0)]
    assert found.max_ulps == 1 and found.mean_ulps == pytest.approx(float(sum(ulps) / 4), rel=1e-15)
    assert found.exact == 0.2


def test_references_that_are_not_finite() -> None:
    """Infinities and NaNs agree or do not; they are no errors."""
    found = measure([np.inf, -np.inf, np.nan, 1.0, 2.0], [np.inf, np.inf, np.nan, np.nan, 2.0])
    assert (found.count, found.mismatched, found.nonfinite, found.exact, found.max_abs) == (1, 2, 0, 0.6, 0.0)
    ulps = ulp_errors([np.inf, np.inf, np.nan, 3.0], [np.inf, -np.inf, 1.0, np.inf], "fp16")
    assert ulps[0] != ulps[0] or ulps[0] == 0
    assert np.isnan(ulps[1:]).all()
    with pytest.raises(UnsupportedInputError):
        measure([], [])
    with pytest.raises(UnsupportedInputError, match="no real number"):
        measure([1.0], np.array(["x"], object))
    with pytest.raises(UnsupportedInputError):
        measure([1.0], ["x"])


def test_large_integers_are_exact() -> None:
    """References beyond float64's precision, and beyond its range."""
    assert measure([2.0**60], np.array([2**60 + 1], object)).max_abs == 1
    assert measure([2.0**60], np.array([2**60 + 1])).max_abs == 1
    assert measure([1.0], np.array([10**400], object)).mismatched == 1


def test_compare_has_saturation_and_relative_rms() -> None:
    """The columns besides those that were there."""
    (row,) = compare(np.array([1.0, 1.0625, -500.0, 1e-5, 0.0, 3.0]), ["e4m3"])
    assert row.saturated == 1 and row.overflow == 1
    relative = [0.0, 0.0625 / 1.0625, 52 / 500, 1.0, 0.0]
    assert row.rms_rel == pytest.approx(math.sqrt(sum(r * r for r in relative) / 5), rel=1e-14)
    (other,) = compare([1e6, 1.0], ["e5m2"])
    assert (other.saturated, other.overflow, other.nonfinite) == (0, 1, 1)


# --- backward errors -------------------------------------------------------------------------------------------------


def exactly(a: np.ndarray) -> list[list[Fraction]]:
    """Return a matrix of fractions."""
    return [[Fraction(x) for x in row] for row in np.asarray(a, float).tolist()]


def times(a: list[list[Fraction]], b: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return the product of two matrices."""
    return [
        [sum((p * q for p, q in zip(row, column, strict=True)), Fraction(0)) for column in zip(*b, strict=True)]
        for row in a
    ]


def magnitude(a: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return the absolute values."""
    return [[abs(x) for x in row] for row in a]


def norm(a: list[list[Fraction]]) -> Fraction:
    """Return the largest row sum of magnitudes."""
    return max(sum(map(abs, row)) for row in a)


@pytest.mark.parametrize("spread", [0, 8, 200])
def test_backward_errors_by_definition(spread: int) -> None:
    """Correctly rounded, for entries of all sizes."""
    rng = np.random.default_rng(spread)

    def some(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) * 10.0 ** rng.integers(-spread // 2, spread // 2 + 1, shape)

    for m, n, k in ((1, 1, 1), (3, 4, 2), (5, 5, 1)):
        a, x, b = some(m, n), some(n, k), some(m, k)
        ea, ex, eb = exactly(a), exactly(x), exactly(b)
        ax = times(ea, ex)
        gap = [[abs(p - q) for p, q in zip(r, s, strict=True)] for r, s in zip(ax, eb, strict=True)]
        size = times(magnitude(ea), magnitude(ex))
        want = max(g / s for r, t in zip(gap, size, strict=True) for g, s in zip(r, t, strict=True))
        assert product_error(a, x, b, componentwise=True) == float(want)
        assert product_error(a, x, b) == float(norm(gap) / (norm(ea) * norm(ex)))
        both = [[s + abs(c) for s, c in zip(r, t, strict=True)] for r, t in zip(size, eb, strict=True)]
        want = max(g / s for r, t in zip(gap, both, strict=True) for g, s in zip(r, t, strict=True))
        assert backward_error(a, x, b, componentwise=True) == float(want)
        columns = [
            max(row[j] for row in gap) / (norm(ea) * max(abs(row[j]) for row in ex) + max(abs(row[j]) for row in eb))
            for j in range(k)
        ]
        assert backward_error(a, x, b) == float(max(columns))
        if k == 1:
            assert backward_error(a, x[:, 0], b[:, 0]) == float(max(columns))


def test_backward_errors_at_the_edges() -> None:
    """Exact solutions, zeros, infinities, shapes."""
    a = np.array([[2.0, 1.0], [1.0, 3.0]])
    assert backward_error(a, [1.0, 2.0], [4.0, 7.0]) == 0 == product_error(a, a, a @ a)
    assert backward_error(a, [np.nan, 1.0], [1.0, 1.0]) == math.inf == product_error(a, a, a + np.inf)
    zero = np.zeros((2, 2))
    assert backward_error(zero, [0.0, 0.0], [0.0, 0.0], componentwise=True) == 0
    assert backward_error(zero, [1.0, 1.0], [0.0, 1.0]) == 1 and product_error(zero, a, a) == math.inf
    assert product_error(np.zeros((0, 2)), a, np.zeros((0, 2))) == 0
    for bad in (([1.0], [1.0], [1.0]), (a, [1.0], [1.0, 1.0]), (a, [1.0, 1.0], [1.0])):
        with pytest.raises(UnsupportedInputError, match="do not fit"):
            backward_error(*bad)
        with pytest.raises(UnsupportedInputError, match="do not fit"):
            product_error(*bad)
    with pytest.raises(UnsupportedInputError, match="finite"):
        backward_error(a * np.inf, [1.0, 1.0], [1.0, 1.0])


def test_narrow_products_keep_their_bound() -> None:
    """A product whose sums were rounded one by one errs by less than n unit roundoffs, componentwise."""
    rng = np.random.default_rng(0)
    a, b = (chopper.chop(rng.normal(size=(40, 40)), "fp16") for _ in range(2))
    total = np.zeros((40, 40))
    for k in range(40):
        total = chopper.chop(total + chopper.chop(np.outer(a[:, k], b[k]), "fp16"), "fp16")
    error = product_error(a, b, total, componentwise=True)
    assert 2.0**-12 < error <= 40 * 2.0**-11 / (1 - 40 * 2.0**-11)
