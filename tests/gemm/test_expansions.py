"""Error-free sums and products, exactly."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.arithmetic import Arithmetic
from chopper.expansions import fast_two_sum, grow, multiply, two_product, two_sum

SUBJECT = "error-free sums and products against fractions"


def total(pair):
    return [Fraction(float(s)) + Fraction(float(e)) for s, e in zip(*pair, strict=True)]


@pytest.mark.parametrize("fmt", ["fp16", "bf16", "tf32"])
def test_errors_are_exact(fmt, tally):
    rng, by = np.random.default_rng(3), Arithmetic(fmt)
    x, y = (chopper.chop(rng.normal(size=2000) * 2.0 ** rng.integers(-3, 4, 2000), fmt) for _ in range(2))
    a, b = ([Fraction(float(v)) for v in numbers] for numbers in (x, y))
    assert total(two_sum(x, y, by)) == [p + q for p, q in zip(a, b, strict=True)]
    big, small = np.where(abs(x) < abs(y), y, x), np.where(abs(x) < abs(y), x, y)
    assert total(fast_two_sum(big, small, by)) == total(two_sum(x, y, by))
    tally.note(2 * x.size, fmt)
    away = (abs(x) > 0.5) & (abs(y) > 0.5)  # the error of a smaller product may be no number of fp16
    x, y = x[away], y[away]
    exactly = [Fraction(float(p)) * Fraction(float(q)) for p, q in zip(x, y, strict=True)]
    assert total(two_product(x, y, by)) == exactly
    tally.note(x.size, fmt)


def test_growing_keeps_what_one_number_loses():
    by = Arithmetic("bf16")
    m, e = 256.0, 0.0
    for _ in range(64):
        m, e = grow(m, e, 0.125, by)
    assert m + e == 264.0
    assert sum(multiply(1.5, 0.0, 1.5, 0.0, by)) == 2.25
