"""Code that was written for NumPy runs unchanged, and gives the bits of loops over single numbers."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chopper.arrays import ChopArray, array
from chopper.emulation import emulate
from tests.arrays.scalar import Machine, bits, same

FORMATS = ("bf16", "e5m10", "posit16", "e4m3", "lns<12,6>")


def gauss(a, b):
    """Solve a x = b by elimination with partial pivoting, in place."""
    n = len(b)
    for k in range(n - 1):
        p = k + np.argmax(np.abs(a[k:, k]))
        if p != k:
            a[[k, p]] = a[[p, k]]
            b[k], b[p] = b[p], b[k]
        factors = a[k + 1 :, k] / a[k, k]
        a[k + 1 :, k:] -= np.outer(factors, a[k, k:])
        b[k + 1 :] -= factors * b[k]
    x = np.zeros_like(b)
    for k in range(n - 1, -1, -1):
        x[k] = (b[k] - a[k, k + 1 :] @ x[k + 1 :]) / a[k, k]
    return x


def gauss_by_numbers(m: Machine, a: list[list[float]], b: list[float]) -> list[float]:
    """Do the same in a loop over numbers."""
    n = len(b)
    for k in range(n - 1):
        p = max(range(k, n), key=lambda i: (abs(a[i][k]), -i))
        a[k], a[p], b[k], b[p] = a[p], a[k], b[p], b[k]
        for i in range(k + 1, n):
            factor = m.div(a[i][k], a[k][k])
            for j in range(k, n):
                a[i][j] = m.sub(a[i][j], m.mul(factor, a[k][j]))
            b[i] = m.sub(b[i], m.mul(factor, b[k]))
    x = [0.0] * n
    for k in range(n - 1, -1, -1):
        total = 0.0
        for j in range(k + 1, n):
            total = m.add(total, m.mul(a[k][j], x[j]))
        x[k] = m.div(m.sub(b[k], total), a[k][k])
    return x


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("mode", ["nearest_even", "up"])
def test_elimination(fmt: str, mode: str) -> None:
    """Slices in place, argmax, swaps of rows, outer products."""
    rng = np.random.default_rng(3)
    a, b = array(rng.standard_normal((7, 7)), fmt, mode), array(rng.standard_normal(7), fmt, mode)
    expected = gauss_by_numbers(Machine(fmt, mode), a.tolist(), b.tolist())
    result = gauss(a.copy(), b.copy())
    assert isinstance(result, ChopArray)
    assert same(result, expected)
    assert same(emulate(fmt, mode)(gauss)(a.copy(), b.copy()), expected)


def lorenz(state, sigma=10.0, rho=28.0, beta=8.0 / 3.0):
    """Return the derivative of the Lorenz system."""
    x, y, z = state
    return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def rk4(f, state, step, count):
    """Return the states of the classical method of Runge and Kutta."""
    states = [state]
    for _ in range(count):
        k1 = f(state)
        k2 = f(state + step / 2 * k1)
        k3 = f(state + step / 2 * k2)
        k4 = f(state + step * k3)
        state = state + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states.append(state)
    return states


def rk4_by_numbers(m: Machine, state: list[float], step: float, count: int, chopped: bool) -> list[list[float]]:
    """Do the same in a loop over numbers; a step that is a plain number is divided before it is rounded."""
    half, sixth = ((m.div(m.round(step), 2), m.div(m.round(step), 6)) if chopped else
                   (m.round(step / 2), m.round(step / 6)))  # fmt: skip
    sigma, rho, beta = m.round(10.0), m.round(28.0), m.round(8.0 / 3.0)

    def f(s: list[float]) -> list[float]:
        x, y, z = s
        return [
            m.mul(sigma, m.sub(y, x)), m.sub(m.mul(x, m.sub(rho, z)), y), m.sub(m.mul(x, y), m.mul(beta, z)),
        ]  # fmt: skip

    def along(s: list[float], h: float, k: list[float]) -> list[float]:
        return [m.add(a, m.mul(h, b)) for a, b in zip(s, k, strict=True)]

    states = [state]
    for _ in range(count):
        k1 = f(state)
        k2 = f(along(state, half, k1))
        k3 = f(along(state, half, k2))
        k4 = f(along(state, m.round(step), k3))
        slope = [m.add(m.add(m.add(a, m.mul(2, b)), m.mul(2, c)), d) for a, b, c, d in zip(k1, k2, k3, k4, strict=True)]
        state = along(state, sixth, slope)
        states.append(state)
    return states


@pytest.mark.parametrize("fmt", FORMATS)
def test_lorenz(fmt: str) -> None:
    """``numpy.array`` of single elements inside; called directly, and emulated with and without a plain step."""
    start = array([1.0, 1.0, 1.0], fmt)
    expected = rk4_by_numbers(Machine(fmt), start.tolist(), 0.02, 12, chopped=False)
    result = rk4(lorenz, start, 0.02, 12)
    assert all(map(same, result, expected))
    assert all(isinstance(one, ChopArray) for one in result)
    expected = rk4_by_numbers(Machine(fmt), start.tolist(), 0.02, 12, chopped=True)
    plain = emulate(fmt)(rk4)(lorenz, [1.0, 1.0, 1.0], 0.02, 1)
    assert isinstance(plain[0], list)  # a list is a list of numbers, to which nothing can be added
    emulated = emulate(fmt)(rk4)(lorenz, np.ones(3), 0.02, 12)
    assert all(type(one) is np.ndarray for one in emulated)
    assert all(map(same, emulated, expected))


def fft(re, im):
    """Return the discrete Fourier transform of a power of two numbers, real and imaginary parts apart."""
    n = len(re)
    if n == 1:
        return re, im
    (a, b), (c, d) = fft(re[::2], im[::2]), fft(re[1::2], im[1::2])
    angle = -2 * np.pi * np.arange(n // 2) / n
    u, v = np.cos(angle), np.sin(angle)
    p, q = u * c - v * d, u * d + v * c
    return np.concatenate([a + p, a - p]), np.concatenate([b + q, b - q])


def fft_by_numbers(m: Machine, re: list[float], im: list[float]) -> tuple[list[float], list[float]]:
    """Do the same in a loop over numbers."""
    n = len(re)
    if n == 1:
        return re, im
    (a, b), (c, d) = fft_by_numbers(m, re[::2], im[::2]), fft_by_numbers(m, re[1::2], im[1::2])
    out = [[0.0] * n, [0.0] * n]
    for k in range(n // 2):
        angle = -2 * np.pi * k / n
        u, v = m.round(np.cos(angle)), m.round(np.sin(angle))
        p, q = m.sub(m.mul(u, c[k]), m.mul(v, d[k])), m.add(m.mul(u, d[k]), m.mul(v, c[k]))
        out[0][k], out[0][k + n // 2] = m.add(a[k], p), m.sub(a[k], p)
        out[1][k], out[1][k + n // 2] = m.add(b[k], q), m.sub(b[k], q)
    return out[0], out[1]


@pytest.mark.parametrize("fmt", FORMATS)
def test_fft(fmt: str) -> None:
    """Twiddle factors are plain numbers, rounded where they meet the data."""
    re, im = (array(np.random.default_rng(i).standard_normal(16), fmt) for i in (0, 1))
    expected = fft_by_numbers(Machine(fmt), re.tolist(), im.tolist())
    assert all(map(same, fft(re, im), expected))


def newton(x, count):
    """Return approximations of square roots by the method of Newton and Heron."""
    y = np.maximum(x, 1.0)
    for _ in range(count):
        y = 0.5 * (y + x / y)
    return y


@pytest.mark.parametrize("fmt", FORMATS)
def test_newton(fmt: str) -> None:
    """Literals on the left, a choice at the start."""
    x, m = array([0.3, 2.0, 5.0, 13.7], fmt), Machine(fmt)
    result = newton(x, 6)
    for value, root in zip(x.tolist(), result.tolist(), strict=True):
        y = max(value, 1.0)
        for _ in range(6):
            y = m.mul(m.round(0.5), m.add(y, m.div(value, y)))
        assert bits(root) == bits(y)
    assert same(emulate(fmt)(newton)(x, 6), result)


def horner(coefficients, x):
    """Evaluate a polynomial, the highest power first."""
    total = 0 * x
    for one in coefficients:
        total = total * x + one
    return total


@pytest.mark.parametrize("fmt", FORMATS)
def test_horner(fmt: str) -> None:
    """Plain coefficients, in a list; a polynomial of NumPy too."""
    x, m = array(np.linspace(-1.5, 1.5, 9), fmt), Machine(fmt)
    coefficients = [1 / math.factorial(k) for k in range(6, -1, -1)]
    result = horner(coefficients, x)
    for value, found in zip(x.tolist(), result.tolist(), strict=True):
        total = m.mul(0, value)
        for one in coefficients:
            total = m.add(m.mul(total, value), m.round(one))
        assert bits(found) == bits(total)
    assert same(np.polyval(coefficients, x), result)


@pytest.mark.parametrize("mode", ["stochastic", "stochastic_equal"])
def test_random_runs_repeat(mode: str) -> None:
    """The whole of an elimination depends on the key alone."""
    rng = np.random.default_rng(3)
    a, b = rng.standard_normal((6, 6)), rng.standard_normal(6)
    runs = [emulate("bf16", mode, key=key)(gauss)(a.copy(), b.copy()) for key in (1, 1, 2)]
    assert same(runs[0], runs[1])
    assert not same(runs[0], runs[2])
    one = array(a, "bf16", mode, key=1)
    assert same(gauss(one.copy(), array(b, one.arithmetic)), runs[0])
