"""Iterative methods, transforms and steps have the bits of loops over exact fractions."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest

from chopper import chop, linalg
from chopper.linalg.twiddles import circle
from tests.linalg import iterations
from tests.linalg.cases import ARITHMETICS, matrix, rows, symmetric
from tests.linalg.scalar import Scalar
from tests.tally import Tally

SUBJECT = "linear algebra: iterations, transforms, steps against loops over fractions"

every_arithmetic = pytest.mark.parametrize(("fmt", "mode"), ARITHMETICS)


@every_arithmetic
def test_cg(fmt: str, mode: str, tally: Tally) -> None:
    """The iterate after three steps, and the history."""
    a, b = symmetric(1, 5, fmt), matrix(2, (5,), fmt)
    got = linalg.cg(a, b, fmt, mode, tolerance=0.0, iterations=3)
    x, rho = iterations.cg(Scalar(fmt, mode), rows(a), b.tolist(), got.iterations)
    tally.same(got.x, np.array(x), fmt=fmt, mode=mode)
    tally.same(got.history, np.sqrt(np.array(rho)), fmt=fmt, mode=mode)


@every_arithmetic
def test_gmres(fmt: str, mode: str, tally: Tally) -> None:
    """One cycle of three steps; then the residual is computed anew."""
    a, b, r = symmetric(3, 5, fmt), matrix(4, (5,), fmt), Scalar(fmt, mode)
    got = linalg.gmres(a, b, fmt, mode, tolerance=0.0, restart=3, iterations=3)
    d, norms = iterations.gmres_cycle(r, lambda v: iterations.product(r, rows(a), v), b.tolist(), 3)
    x = [r.add(0.0, one) for one in d]
    tally.same(got.x, np.array(x), fmt=fmt, mode=mode)
    left = [r.sub(one, other) for one, other in zip(b.tolist(), iterations.product(r, rows(a), x), strict=True)]
    tally.same(got.history, np.array([*norms, r.norm(left)]), fmt=fmt, mode=mode)


@every_arithmetic
def test_power_iteration(fmt: str, mode: str, tally: Tally) -> None:
    """Quotients and vector after four steps."""
    a, x = symmetric(5, 4, fmt), matrix(6, (4,), fmt)
    got = linalg.power_iteration(a, fmt, mode, x0=x, tolerance=0.0, iterations=4)
    quotients, v = iterations.power(Scalar(fmt, mode), rows(a), x.tolist(), got.iterations)
    tally.same(got.history, np.array(quotients), fmt=fmt, mode=mode)
    tally.same(got.vector, np.array(v), fmt=fmt, mode=mode)
    assert got.value == quotients[-1]


def rounded_circle(fmt: str, sign: int):
    """Return w(k, n), rounded by the oracle from mpmath."""
    r = Scalar(fmt)

    def w(k: int, n: int) -> tuple[float, float]:
        c, s = circle(k, n)
        return r.round(c), sign * r.round(s)

    return w


@every_arithmetic
@pytest.mark.parametrize("size", [1, 2, 16])
def test_fft(fmt: str, mode: str, size: int, tally: Tally) -> None:
    """The loop over stages gives what recursion gives, forth and back."""
    re, im, r = matrix(7, (size,), fmt), matrix(8, (size,), fmt), Scalar(fmt, mode)
    x = list(zip(re.tolist(), im.tolist(), strict=True))
    want = iterations.fft(r, x, rounded_circle(fmt, -1))
    got = linalg.fft(re + 1j * im, fmt, mode)
    tally.same(np.ascontiguousarray(got.real), np.array([a for a, _ in want]), fmt=fmt, mode=mode)
    tally.same(np.ascontiguousarray(got.imag), np.array([b for _, b in want]), fmt=fmt, mode=mode)
    share = r.round(1 / size)
    back = [tuple(r.mul(one, share) for one in pair) for pair in iterations.fft(r, x, rounded_circle(fmt, 1))]
    got = linalg.ifft(re + 1j * im, fmt, mode)
    tally.same(np.ascontiguousarray(got.real), np.array([a for a, _ in back]), fmt=fmt, mode=mode)
    tally.same(np.ascontiguousarray(got.imag), np.array([b for _, b in back]), fmt=fmt, mode=mode)


@pytest.mark.parametrize("size", [2, 8, 64, 512])
def test_circle(size: int) -> None:
    """Cosines and sines are exact to 140 bits."""
    with mpmath.workprec(400):
        for k in range(size):
            angle = 2 * mpmath.pi * k / size
            for got, want in zip(circle(k, size), (mpmath.cos(angle), mpmath.sin(angle)), strict=True):
                assert abs(mpmath.mpf(got.numerator) / got.denominator - want) < mpmath.mpf(2) ** -140


@pytest.mark.parametrize("fmt", ["fp64", "fp32", "fp16", "bf16", "e4m3", "posit16"])
def test_table_of_circle(fmt: str, tally: Tally) -> None:
    """The numbers of the table are nearest: no code lies nearer, by mpmath."""
    table = linalg.fft(np.eye(64)[1], fmt)  # the transform of a unit vector is the table itself
    with mpmath.workprec(200):
        angles = [2 * mpmath.pi * k / 64 for k in range(64)]
        exact = np.array([[float(mpmath.cos(t)), float(-mpmath.sin(t))] for t in angles])
    exact[np.abs(exact) < 1e-15] = 0.0
    want = chop(exact, fmt)  # none of these cosines lies within 2^-53 of a midpoint of a narrower format
    assert np.array_equal(table.real, want[:, 0])
    assert np.array_equal(table.imag, want[:, 1])
    tally.note(128, fmt)


@every_arithmetic
def test_rk4(fmt: str, mode: str, tally: Tally) -> None:
    """A system with time in it, its own operations rounded."""
    r, y0 = Scalar(fmt, mode), matrix(9, (2,), fmt)

    def slow(t: float, y: list[float]) -> list[float]:
        return [r.mul(y[0], y[1]), r.sub(t, y[0])]

    got = linalg.rk4(lambda fl, t, y: [fl.mul(y[0], y[1]), fl.sub(t, y[0])], y0, 0.3, 4, fmt, mode)
    tally.same(got, np.array(iterations.runge_kutta(r, slow, y0.tolist(), 0.3, 4)), fmt=fmt, mode=mode)


@every_arithmetic
@pytest.mark.parametrize("compensated", [False, True])
def test_euler(fmt: str, mode: str, compensated: bool, tally: Tally) -> None:
    """Plain and with Kahan's summation."""
    r, y = Scalar(fmt, mode), float(matrix(10, (1,), fmt)[0])
    h, lost, want = r.round(0.01), 0.0, [[y]]
    for _ in range(12):
        change = r.mul(h, r.mul(y, y))
        if compensated:
            change = r.sub(change, lost)
        after = r.add(y, change)
        lost = r.sub(r.sub(after, y), change) if compensated else 0.0
        y = after
        want.append([y])
    got = linalg.euler(lambda fl, t, y: fl.mul(y, y), want[0], 0.01, 12, fmt, mode, compensated=compensated)
    tally.same(got, np.array(want), fmt=fmt, mode=mode)
