"""Results of the literature, small enough to run every day."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from chopper import chop, finfo, get, linalg
from chopper.arithmetic import Arithmetic
from tests.linalg.scalar import Scalar

HARMONIC = {
    ("e3m4", "nearest_even"): (3.5, 16),
    ("e3m4", "up"): (np.inf, 49),
    ("e3m4", "down"): (2.5, 9),
    ("e3m4", "toward_zero"): (2.5, 9),
    ("bf16", "nearest_even"): (5.0625, 65),
    ("bf16", "down"): (4.0, 41),
    ("bf16", "toward_zero"): (4.0, 41),
    ("fp16", "nearest_even"): (7.0859375, 513),
    ("fp16", "up"): (np.inf, 13911),
    ("fp16", "down"): (5.74609375, 257),
    ("fp16", "toward_zero"): (5.74609375, 257),
    ("e4m3_ieee", "nearest_even"): (3.0, 9),
    ("e4m3_ieee", "up"): (np.inf, 60),
    ("e4m3_ieee", "down"): (2.0, 5),
    ("e5m2", "nearest_even"): (2.0, 5),
    ("e5m2", "up"): (np.inf, 64),
    ("e5m2", "down"): (2.0, 5),
}
"""Where the harmonic series stops, and at which n, as MATLAB's chop computes it (demo_harmonic.m)."""


def harmonic(fl: Arithmetic, limit: int = 20000) -> tuple[float, int]:
    """Return the sum of 1/n, and the first n that leaves it as it was."""
    total = 0.0
    for n, term in enumerate(fl.div(1.0, np.arange(1.0, limit + 1)), 1):
        after = float(fl.add(total, term))
        if after == total:
            return total, n
        total = after
    return total, limit


@pytest.mark.parametrize(("fmt", "mode"), HARMONIC)
def test_harmonic_series(fmt: str, mode: str) -> None:
    """The sum stops where others say."""
    assert harmonic(Arithmetic(fmt, mode)) == HARMONIC[fmt, mode]


def test_harmonic_series_rounded_up_goes_on() -> None:
    """Each sum rounded up is larger than the one before, in bf16 too, up to infinity at n = 16148.

    Rounding the float64 sum stops at n = 5013 with 2.199e12: there 1/n is lost before it can be rounded up.
    """
    exact, fl, total = Scalar("bf16", "up"), Arithmetic("bf16", "up"), 0.0
    for n in range(1, 5060):
        term = exact.round(Fraction(1, n))
        after = exact.round(Fraction(total) + Fraction(term))
        assert after > total
        if n > 4980:
            assert float(fl.add(total, fl.div(1.0, float(n)))) == after
        total = after
    assert total > 2.2e12


def descend(fl: Arithmetic, w: np.ndarray, rate: float, steps: int, kahan: bool = False) -> np.ndarray:
    """Return w after steps down the gradient of w^2 / 2, with or without Kahan's compensation."""
    lost = np.zeros_like(w)
    for _ in range(steps):
        change = fl.sub(0.0, fl.mul(rate, w))
        if kahan:
            change = fl.sub(change, lost)
            after = fl.add(w, change)
            lost = fl.sub(fl.sub(after, w), change)
        else:
            after = fl.add(w, change)
        w = after
    return w


def test_gradient_steps_stand_still_in_bf16() -> None:
    """To nearest, bf16 weights never move at rate 2^-10; with chance or compensation they follow exp(-t)."""
    start, rate, steps = np.ones(400), 2.0**-10, 512
    want = (1 - rate) ** steps
    assert (descend(Arithmetic("bf16"), start, rate, steps) == 1.0).all()
    by_chance = descend(Arithmetic("bf16", "stochastic", key=1), start, rate, steps)
    assert abs(by_chance.mean() / want - 1) < 0.02
    assert by_chance.std() > 0
    kahan = descend(Arithmetic("bf16"), start, rate, steps, kahan=True)
    assert (np.abs(kahan / want - 1) < 2 * float(finfo("bf16").eps)).all()


def test_stochastic_sums_grow_slowly() -> None:
    """The error of a sum of n numbers grows like sqrt(n) u with chance, like n u to nearest (where it stagnates)."""
    terms = np.asarray(chop(np.random.default_rng(3).uniform(0.0, 1.0, 4096), "bf16"))
    nearest, chance = Arithmetic("bf16"), Arithmetic("bf16", "stochastic", key=4)
    stuck, moving = 0.0, np.zeros(64)
    for term in terms:
        stuck, moving = float(nearest.add(stuck, term)), chance.add(moving, term)
    want, u = terms.sum(), float(finfo("bf16").unit_roundoff)
    assert abs(stuck / want - 1) > 0.7
    assert np.sqrt(np.mean((moving / want - 1) ** 2)) < 2 * np.sqrt(4096) * u
    assert abs(moving.mean() / want - 1) < 4 * moving.std() / 8 / want


def spread(n: int, condition: float, seed: int = 0) -> np.ndarray:
    """Return a random matrix of fp32 with singular values from 1 to 1/condition, their logarithms evenly spread."""
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return np.asarray(chop((left * np.geomspace(1, 1 / condition, n)) @ right, "fp32"))


def solution(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Solve by fractions."""
    n = len(a)
    rows = [[Fraction(float(one)) for one in (*row, right)] for row, right in zip(a, b, strict=True)]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        for i in range(n):
            if i != k:
                factor = rows[i][k] / rows[k][k]
                rows[i] = [one - factor * other for one, other in zip(rows[i], rows[k], strict=True)]
    return np.array([float(rows[k][n] / rows[k][k]) for k in range(n)])


@pytest.mark.parametrize(
    ("factor", "condition", "by_lu"),
    [
        ("fp16", 1e1, True),
        ("fp16", 1e2, True),
        ("fp16", 1e6, False),
        ("fp16", 1e7, False),
        ("bf16", 1e1, True),
        ("bf16", 1e5, False),
        ("bf16", 1e6, False),
    ],
)
def test_refinement_in_three_precisions(factor: str, condition: float, by_lu: bool) -> None:
    """Carson, Higham 2018: LU-IR needs cond u_f < 1, GMRES-IR cond u_f < u^(-1/2); then the error is of order u."""
    a, u = spread(16, condition), float(finfo("fp32").unit_roundoff)
    b = np.asarray(chop(a @ np.ones(16), "fp32"))
    want = solution(a, b)
    for method, expected in (("lu", by_lu), ("gmres", True)):
        found = linalg.refine(a, b, factor=factor, method=method, order="pairwise")
        error = float(np.abs(found.x - want).max() / np.abs(want).max())
        assert found.converged is expected, (method, found.reason, error)
        assert (error <= 2 * u) is expected, (method, error)
        if expected:
            assert found.backward[-1] <= 2 * u
        else:
            assert error > 1e-2


def test_refinement_in_one_precision_gives_a_small_residual_only() -> None:
    """With residuals in the working format the backward error is of order u, the error of order cond u."""
    a = spread(16, 1e4)
    b, u = np.asarray(chop(a @ np.ones(16), "fp32")), float(finfo("fp32").unit_roundoff)
    found = linalg.refine(a, b, factor="fp32", working="fp32", residual="fp32")
    assert found.backward.min() <= u
    error = np.abs(found.x - solution(a, b)).max()
    assert 10 * u < error < 1e4 * 20 * u
    better = linalg.refine(a, b, factor="fp32", working="fp32", residual="fp64")
    assert better.converged
    assert np.abs(better.x - solution(a, b)).max() <= 2 * u


def test_exact_dot_products_of_posits() -> None:
    """A quire keeps what a sequence of rounded sums loses: the terms cancel down to 1."""
    fmt = get("posit16")
    x, y = chop([4096.0, 1.0, -4096.0], fmt), chop([4096.0, 1.0, 4096.0], fmt)
    fl = Arithmetic(fmt)
    total = fl.mul(x[0], y[0])
    for a, b in zip(x[1:], y[1:], strict=True):
        total = fl.add(total, fl.mul(a, b))
    assert float(total) == 0.0
    exact = sum(Fraction(float(a)) * Fraction(float(b)) for a, b in zip(x, y, strict=True))
    assert exact == 1
    assert chop(float(exact), fmt) == 1.0


def test_small_steps_stand_still_and_chance_moves_them() -> None:
    """Euler for y' = -y in bf16: to nearest the error grows as h shrinks, with chance it goes on to fall."""
    nearest, chance = [], []
    for k in (4, 10):
        steps = 2**k

        def decay(fl, t, y):
            return -y

        end = linalg.euler(decay, np.ones(256), 1 / steps, steps, "bf16")[-1, 0]
        mean = linalg.euler(decay, np.ones(256), 1 / steps, steps, "bf16", "stochastic", key=5)[-1].mean()
        nearest.append(abs(end - np.exp(-1)))
        chance.append(abs(mean - np.exp(-1)))
    assert nearest[1] > 0.6
    assert chance[1] < 0.01 < chance[0]
    kahan = linalg.euler(decay, np.ones(1), 2.0**-9, 512, "bf16", compensated=True)[-1, 0]
    assert abs(kahan - np.exp(-1)) < float(finfo("bf16").eps)


def lorenz(fl, t, y):
    """Return the slopes of the Lorenz system, every operation rounded."""
    x, y, z = y
    return np.array(
        [
            fl.mul(10.0, fl.sub(y, x)),
            fl.sub(fl.mul(x, fl.sub(28.0, z)), y),
            fl.sub(fl.mul(x, y), fl.mul(fl.round(8 / 3), z)),
        ]
    )


def test_lorenz_attractor_in_half_precision() -> None:
    """fp16 with chance stays on the attractor: the mean of z over time is near 23.5, as in double precision."""
    start = np.array([[1.0], [1.0], [20.0]]) + np.linspace(0, 0.5, 128)
    means = [
        linalg.rk4(lorenz, start, 2.0**-6, 240, fmt, mode, key=key)[80:, 2].mean()
        for fmt, mode, key in (("fp64", "nearest_even", None), ("fp16", "stochastic", 6))
    ]
    assert all(22.5 < mean < 24.5 for mean in means)
    assert abs(means[0] - means[1]) < 0.6
