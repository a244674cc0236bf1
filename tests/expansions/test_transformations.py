"""Error-free transformations over all pairs of short formats: exact where they are said to be, close elsewhere."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from chopper import chop
from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.expansions import fast_two_sum, halves, two_product, two_product_by_halves, two_sum
from tests.expansions.grids import NEAREST, OTHERS, grid
from tests.tally import Tally

SUBJECT = "error-free transformations"
FORMATS = ("e3m4", "e5m2", "e4m3", "e4m1")


def arithmetic(name: str, mode: str) -> Arithmetic:
    """Return the arithmetic of a mode, with a key where it needs one."""
    return Arithmetic(name, mode, **({"key": 5} if mode.startswith("stochastic") else {}))


def integers(x: Any, unit: Fraction) -> np.ndarray:
    """Return finite numbers of a short format in units: int64 holds them."""
    scaled = np.asarray(x, np.float64) / float(unit)  # the unit is a power of two
    assert np.all((scaled == np.rint(scaled)) & (np.abs(scaled) < 2.0**62))
    return scaled.astype(np.int64)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("mode", NEAREST + OTHERS)
def test_sums_of_all_pairs(name: str, mode: str, tally: Tally) -> None:
    """To nearest both are exact; in other modes the rest is close, and that of the fast one a neighbour."""
    g, ar = grid(name), arithmetic(name, mode)
    a, b = (integers(x, g.unit) for x in (g.a, g.b))
    held = np.abs(a + b) <= g.most
    inner = held & (np.abs(a) < g.most) & (np.abs(b) < g.most)
    fast = held & (np.abs(a) >= np.abs(b))
    for function, where in ((two_sum, inner), (fast_two_sum, fast)):
        s, e = (integers(x[where], g.unit) for x in function(g.a, g.b, ar))
        rest = (a + b)[where] - s
        tally.note(int(where.sum()), name, mode)
        if mode in NEAREST:
            assert np.array_equal(e, rest)
            assert np.array_equal(s * float(g.unit), chop((a + b)[where] * float(g.unit), name, mode))
        elif function is two_sum:
            ulps = np.maximum(np.exp2(np.floor(np.log2(np.maximum(np.abs(s), 1)))).astype(np.int64), 1)
            assert np.all(np.abs(e - rest) << (2 * g.precision - 1) <= ulps)
            assert np.all(e[rest == 0] == 0)
        else:
            units = integers(g.values, g.unit)
            low = units[np.searchsorted(units, rest, side="right") - 1]
            high = units[np.searchsorted(units, rest, side="left")]
            assert np.all((e == low) | (e == high))


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("mode", ["nearest_even", "down", "stochastic"])
def test_products_of_all_pairs(name: str, mode: str, tally: Tally) -> None:
    """A product and its rest are exact in every mode where the rest is a multiple of the smallest number."""
    g, ar = grid(name), arithmetic(name, mode)
    a, b = (integers(x, g.unit) for x in (g.a, g.b))
    product, per = a * b, int(1 / g.unit)
    p, e = two_product(g.a, g.b, ar)
    where = np.abs(product) <= g.most * per
    rest = product[where] - integers(p[where], g.unit) * per
    whole = rest % per == 0
    assert np.array_equal(integers(e[where], g.unit)[whole] * per, rest[whole])
    tally.note(int(whole.sum()), name, mode)


@pytest.mark.parametrize("name", ["e3m4", "e5m2", "e4m3", "e4m4"])
@pytest.mark.parametrize("mode", NEAREST)
def test_products_by_halves(name: str, mode: str, tally: Tally) -> None:
    """Without fused multiply-add: exact to nearest where nothing overflows and products of halves are multiples."""
    g, ar = grid(name), arithmetic(name, mode)
    a, b = (integers(x, g.unit) for x in (g.a, g.b))
    per, factor = int(1 / g.unit), (1 << (g.precision + 1 >> 1)) + 1
    small = (factor * np.abs(a) <= g.most) & (factor * np.abs(b) <= g.most)
    x, y = g.a[small], g.b[small]
    (ah, al), (bh, bl) = ([integers(part, g.unit) for part in halves(z, ar)] for z in (x, y))
    assert np.array_equal(ah + al, a[small]) and np.array_equal(bh + bl, b[small])
    parts = (ah * bh, ah * bl, al * bh, al * bl)
    whole = np.all([part % per == 0 for part in parts], axis=0) & (np.abs(parts[0]) <= g.most * per)
    whole &= np.abs(a[small] * b[small]) <= g.most * per
    p, e = two_product_by_halves(x[whole], y[whole], ar)
    assert np.array_equal((integers(p, g.unit) + integers(e, g.unit)) * per, (a * b)[small][whole])
    assert whole.sum() > 1000
    tally.note(int(whole.sum()), name, mode)


@pytest.mark.parametrize("name", ["bf16", "fp16"])
@pytest.mark.parametrize("mode", ["nearest_even", "nearest_away"])
def test_samples(name: str, mode: str, tally: Tally) -> None:
    """Long formats against fractions: subnormal numbers, cancelling and far exponents among them."""
    rng, ar = np.random.default_rng(3), arithmetic(name, mode)
    span = 60 if name == "bf16" else 10
    a, b = (chop(rng.standard_normal(1000) * 2.0 ** rng.integers(-span, span // 2, 1000), name) for _ in range(2))
    b[:300] = chop(-a[:300] * (1 + rng.integers(-4, 5, 300) / 256), name)
    least = Fraction(float(ar.fmt.smallest))
    for x, y in ((a, b), (b, a)):
        s, e = two_sum(x, y, ar)
        p, r = two_product(x, y, ar)
        for row in zip(*(n.tolist() for n in (x, y, s, e, p, r)), strict=True):
            m, n, total, rest, product, left = map(Fraction, row)
            assert total + rest == m + n
            if (m * n - product) % least == 0:
                assert product + left == m * n
    tally.note(4000, name, mode)


def test_no_halves() -> None:
    """Formats without a precision of 3 cannot be split."""
    for name in ("e2m1", "posit16", "int8"):
        with pytest.raises(UnsupportedInputError, match="halves"):
            halves(1.0, Arithmetic(name))
