"""Factorizations and direct solutions have the bits of loops over exact fractions."""

from __future__ import annotations

import numpy as np
import pytest

from chopper import linalg
from tests.linalg import factors
from tests.linalg.cases import ARITHMETICS, identity, matrix, rows, symmetric
from tests.linalg.scalar import Scalar
from tests.tally import Tally

SUBJECT = "linear algebra: factorizations against loops over fractions"
SHAPES = [(1, 1), (5, 5), (6, 4), (4, 6)]

every_arithmetic = pytest.mark.parametrize(("fmt", "mode"), ARITHMETICS)


@every_arithmetic
@pytest.mark.parametrize("shape", SHAPES)
def test_lu(fmt: str, mode: str, shape: tuple[int, int], tally: Tally) -> None:
    """Both factors, and which row went where."""
    a = matrix(1, shape, fmt)
    found = linalg.lu(a, fmt, mode)
    packed, order = factors.lu(Scalar(fmt, mode), rows(a))
    tally.same(found.packed, np.array(packed), fmt=fmt, mode=mode)
    assert found.rows.tolist() == order
    p, low, up = found
    assert np.array_equal(p.T @ a, a[found.rows])
    assert np.array_equal(low @ up, found.l @ found.u)
    assert np.array_equal(found.l, np.tril(found.packed[:, : min(shape)], -1) + np.eye(shape[0], min(shape)))


@every_arithmetic
@pytest.mark.parametrize("n", [1, 3, 8])
def test_cholesky(fmt: str, mode: str, n: int, tally: Tally) -> None:
    """The lower factor; the upper triangle of the matrix is not read."""
    a = symmetric(2, n, fmt)
    want = np.array(factors.cholesky(Scalar(fmt, mode), rows(a)))
    tally.same(linalg.cholesky(a, fmt, mode), want, fmt=fmt, mode=mode)
    tally.same(linalg.cholesky(np.tril(a) + np.triu(np.full((n, n), 7.0), 1), fmt, mode), want, fmt=fmt, mode=mode)


@every_arithmetic
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_solve_triangular(fmt: str, mode: str, lower: bool, unit: bool, tally: Tally) -> None:
    """Each right-hand side by itself; nothing else of the matrix is read."""
    t, b = matrix(3, (6, 6), fmt), matrix(4, (6, 3), fmt)
    got = linalg.solve_triangular(t, b, fmt, mode, lower=lower, unit_diagonal=unit)
    want = [factors.substitute(Scalar(fmt, mode), rows(t), list(column), lower, unit) for column in b.T]
    tally.same(got, np.array(want).T, fmt=fmt, mode=mode)
    single = linalg.solve_triangular(t, b[:, 0], fmt, mode, lower=lower, unit_diagonal=unit)
    tally.same(single, np.array(want[0]), fmt=fmt, mode=mode)


@every_arithmetic
def test_solve(fmt: str, mode: str, tally: Tally) -> None:
    """LU, then both substitutions."""
    a, b = matrix(5, (7, 7), fmt), matrix(6, (7,), fmt)
    r = Scalar(fmt, mode)
    packed, order = factors.lu(r, rows(a))
    y = factors.substitute(r, packed, [float(b[i]) for i in order], True, True)
    tally.same(linalg.solve(a, b, fmt, mode), np.array(factors.substitute(r, packed, y, False)), fmt=fmt, mode=mode)


@every_arithmetic
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("mode_of_q", ["reduced", "complete"])
def test_qr_householder(fmt: str, mode: str, shape: tuple[int, int], mode_of_q: str, tally: Tally) -> None:
    """R, and Q from the last reflection to the first."""
    a, r = matrix(7, shape, fmt), Scalar(fmt, mode)
    work, done = factors.householder(r, rows(a), shape[1])
    rank = shape[0] if mode_of_q == "complete" else min(shape)
    q = identity(shape[0], rank)
    for one in reversed(done):
        factors.reflected(r, one, q, 0)
    got = linalg.qr(a, fmt, mode, mode=mode_of_q)
    tally.same(got.r, np.array(work[:rank]), fmt=fmt, mode=mode)
    tally.same(got.q, np.array(q), fmt=fmt, mode=mode)


@every_arithmetic
@pytest.mark.parametrize("shape", SHAPES)
def test_qr_givens(fmt: str, mode: str, shape: tuple[int, int], tally: Tally) -> None:
    """Waves of rotations give what one rotation after the other gives."""
    a, r = matrix(8, shape, fmt), Scalar(fmt, mode)
    work, done = factors.givens(r, rows(a), shape[1])
    q = identity(shape[0], min(shape))
    for i, c, s in reversed(done):
        factors.rotated(r, (i, c, -s), q, 0)
    got = linalg.qr(a, fmt, mode, method="givens")
    tally.same(got.r, np.array(work[: min(shape)]), fmt=fmt, mode=mode)
    tally.same(got.q, np.array(q), fmt=fmt, mode=mode)


@every_arithmetic
@pytest.mark.parametrize("shape", [(1, 1), (5, 5), (7, 4)])
def test_qr_mgs(fmt: str, mode: str, shape: tuple[int, int], tally: Tally) -> None:
    """Both factors."""
    a = matrix(9, shape, fmt)
    q, tri = factors.mgs(Scalar(fmt, mode), rows(a), shape[1])
    got = linalg.qr(a, fmt, mode, method="mgs")
    tally.same(got.q, np.array(q), fmt=fmt, mode=mode)
    tally.same(got.r, np.array(tri), fmt=fmt, mode=mode)


@every_arithmetic
@pytest.mark.parametrize("method", ["householder", "givens", "mgs"])
def test_lstsq(fmt: str, mode: str, method: str, tally: Tally) -> None:
    """The right-hand side goes through the factorization as one more column."""
    a, b, r = matrix(10, (7, 4), fmt), matrix(11, (7, 1), fmt), Scalar(fmt, mode)
    reduce = {"householder": factors.householder, "givens": factors.givens}.get(method)
    both = rows(np.concatenate([a, b], axis=1))
    work = reduce(r, both, 4)[0] if reduce else factors.mgs(r, both, 4)[1]
    want = factors.substitute(r, [row[:4] for row in work[:4]], [row[4] for row in work[:4]], False)
    tally.same(linalg.lstsq(a, b[:, 0], fmt, mode, method=method), np.array(want), fmt=fmt, mode=mode)


@pytest.mark.parametrize("seed", range(4))
def test_ties(seed: int, tally: Tally) -> None:
    """Entries of equal size and zeros: the first pivot of equals, the rotation of equals, columns of zeros."""
    a, r = np.random.default_rng(seed).integers(-1, 2, (5, 5)).astype(float), Scalar("bf16")
    a[:, seed] = 0.0
    a[-2:, (seed + 1) % 5] = -1.0, 1.0
    packed, order = factors.lu(r, rows(a))
    found = linalg.lu(a, "bf16")
    tally.same(found.packed, np.array(packed), fmt="bf16")
    assert found.rows.tolist() == order
    for method, loop in (("givens", factors.givens), ("householder", factors.householder)):
        tally.same(linalg.qr(a, "bf16", method=method).r, np.array(loop(r, rows(a), 5)[0]), fmt="bf16", about=method)
