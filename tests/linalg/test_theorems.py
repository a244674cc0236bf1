"""What theorems say about rounding errors holds, residuals being computed in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from chopper import chop, finfo, linalg
from chopper.linalg.setting import setting

FORMATS = ["bf16", "fp16", "tf32", "fp32", "fp64"]
SIZE = 12


def exact(a: np.ndarray) -> np.ndarray:
    """Return an array of fractions."""
    return np.array([Fraction(float(one)) for one in a.reshape(-1)], object).reshape(a.shape)


def gamma(k: int, fmt: str) -> Fraction:
    """Return k u / (1 - k u)."""
    u = Fraction(finfo(fmt).unit_roundoff)
    return k * u / (1 - k * u)


def normal(seed: int, shape: tuple[int, ...], fmt: str) -> np.ndarray:
    """Return random numbers of a format."""
    return np.asarray(chop(np.random.default_rng(seed).standard_normal(shape), fmt))


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("shape", [(SIZE, SIZE), (SIZE, 5), (5, SIZE)])
def test_lu(fmt: str, shape: tuple[int, int]) -> None:
    """Higham, theorem 9.3: |LU - A| <= gamma_r |L| |U|."""
    a = normal(1, shape, fmt)
    found = linalg.lu(a, fmt)
    low, up = exact(found.l), exact(found.u)
    assert (abs(low @ up - exact(a[found.rows])) <= gamma(min(shape), fmt) * (abs(low) @ abs(up))).all()
    assert np.abs(found.l).max() == 1


@pytest.mark.parametrize("fmt", FORMATS)
def test_cholesky(fmt: str) -> None:
    """Higham, theorem 10.3: |L L.T - A| <= gamma_(n+1) |L| |L.T|."""
    half = np.random.default_rng(2).standard_normal((SIZE, SIZE))
    a = chop(half @ half.T + np.eye(SIZE), fmt)
    low = exact(linalg.cholesky(a, fmt))
    assert (abs(low @ low.T - exact(np.asarray(a))) <= gamma(SIZE + 1, fmt) * (abs(low) @ abs(low.T))).all()


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("lower", [False, True])
def test_substitution(fmt: str, lower: bool) -> None:
    """Higham, theorem 8.5: |T x - b| <= gamma_n |T| |x|."""
    t, b = normal(3, (SIZE, SIZE), fmt) + 0.0, normal(4, (SIZE,), fmt)
    t = np.tril(t) if lower else np.triu(t)
    x = exact(linalg.solve_triangular(t, b, fmt, lower=lower))
    assert (abs(exact(t) @ x - exact(b)) <= gamma(SIZE, fmt) * (abs(exact(t)) @ abs(x))).all()


@pytest.mark.parametrize("fmt", FORMATS)
def test_solve(fmt: str) -> None:
    """Higham, theorem 9.4: |A x - b| <= gamma_3n P |L| |U| |x|."""
    a, b = normal(5, (SIZE, SIZE), fmt), normal(6, (SIZE,), fmt)
    x, found = exact(linalg.solve(a, b, fmt)), linalg.lu(a, fmt)
    bound = gamma(3 * SIZE, fmt) * (abs(exact(found.l)) @ abs(exact(found.u)) @ abs(x))
    assert (abs(exact(a) @ x - exact(b))[found.rows] <= bound).all()


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("order", ["sequential", "pairwise"])
def test_sums(fmt: str, order: str) -> None:
    """Higham, section 4.2: the error of a sum of n products is at most gamma_n, or gamma_(1 + log2 n), times sizes."""
    a, x = normal(7, (1, 64), fmt), normal(8, (64,), fmt)
    got = Fraction(setting(fmt, order=order).dot(a[0], x))
    terms = exact(a[0]) * exact(x)
    assert abs(got - terms.sum()) <= gamma(64 if order == "sequential" else 7, fmt) * abs(terms).sum()


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("method", ["householder", "givens", "mgs"])
def test_qr(fmt: str, method: str) -> None:
    """Q R is near A, and Q nearly orthogonal, by some multiple of u; Higham, theorems 19.4, 19.10, 19.13."""
    a, u = normal(9, (SIZE, 8), fmt), float(finfo(fmt).unit_roundoff)
    q, r = linalg.qr(a, fmt, method=method)
    assert np.linalg.norm(q @ r - a) <= 4 * SIZE * u * np.linalg.norm(a)
    spread = np.linalg.cond(a) if method == "mgs" else 1.0
    assert np.linalg.norm(q.T @ q - np.eye(8)) <= 8 * SIZE * u * spread
    assert not np.tril(r, -1).any()


def test_mgs_loses_orthogonality_and_reflections_do_not() -> None:
    """Björck: the loss grows with the condition; least squares by MGS are good all the same."""
    n = 10
    a = np.vander(np.linspace(0, 1, 20), n)  # condition 1e7
    q, _ = linalg.qr(a, "fp32", method="mgs")
    p, _ = linalg.qr(a, "fp32")
    assert np.linalg.norm(q.T @ q - np.eye(n)) > 1e3 * np.linalg.norm(p.T @ p - np.eye(n))
    rounded, b = np.asarray(chop(a, "fp32")), np.asarray(chop(a @ np.ones(n), "fp32"))
    residuals = [np.linalg.norm(b - rounded @ linalg.lstsq(a, b, "fp32", method=m)) for m in ("mgs", "householder")]
    assert max(residuals) <= 1e-5 * np.linalg.norm(b)


@pytest.mark.parametrize("fmt", FORMATS[:-1])
@pytest.mark.parametrize("size", [16, 256])
def test_fft(fmt: str, size: int) -> None:
    """Higham, theorem 24.2; the reference is in float64."""
    x, u = normal(10, (size,), fmt), float(finfo(fmt).unit_roundoff)
    stages, four = int(math.log2(size)), 4 * u / (1 - 4 * u)
    each = math.sqrt(2) * u + four * (math.sqrt(2) + math.sqrt(2) * u)
    want = np.fft.fft(x)
    error = np.linalg.norm(linalg.fft(x, fmt) - want) / np.linalg.norm(want)
    assert 0 < error <= stages * each / (1 - stages * each)
    back = linalg.ifft(linalg.fft(x, fmt), fmt)
    assert np.linalg.norm(back - x) <= 2.5 * stages * each * np.linalg.norm(x)


@pytest.mark.parametrize("fmt", ["fp32", "fp16"])
def test_iterations_reach_the_accuracy_of_the_format(fmt: str) -> None:
    """CG, GMRES and the power iteration end near the solution."""
    u = float(finfo(fmt).unit_roundoff)
    half = np.random.default_rng(11).standard_normal((SIZE, SIZE))
    a = np.asarray(chop(half @ half.T / SIZE + np.eye(SIZE), fmt))
    b = np.asarray(chop(np.ones(SIZE), fmt))
    for found in (linalg.cg(a, b, fmt), linalg.gmres(a, b, fmt), linalg.gmres(a, b, fmt, restart=4, order="pairwise")):
        assert found.converged
        assert np.linalg.norm(a @ found.x - b) <= 40 * u * np.linalg.norm(b)
    pair = linalg.power_iteration(a, fmt, tolerance=2 * u, iterations=500)
    assert pair.converged
    assert abs(pair.value / np.linalg.eigvalsh(a)[-1] - 1) <= (1e-4 if fmt == "fp32" else 0.05)
