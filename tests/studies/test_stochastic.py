"""Discrete stochastic arithmetic: the estimate by its formula, and the known examples of its literature."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

import chopper
from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.stochastic import (
    Sampled,
    StochasticArithmetic,
    is_noise,
    significance,
    significant_digits,
    student_value,
)

KEYS = range(8)


# --- the estimate ----------------------------------------------------------------------------------------------------


def test_student_values_in_closed_form() -> None:
    """One and two degrees of freedom have formulas; the limit is the normal distribution; 3 samples at 95 %: 4.303."""
    for p in (0.5, 0.9, 0.95, 0.99, 0.999):
        assert student_value(p, 1) == pytest.approx(math.tan(math.pi * p / 2), rel=1e-12)
        assert student_value(p, 2) == pytest.approx(p * math.sqrt(2 / (1 - p * p)), rel=1e-12)
    assert (
        f"{student_value(0.95, 2):.3f} {student_value(0.95, 3):.3f} {student_value(0.99, 9):.3f}" == "4.303 3.182 3.250"
    )
    assert student_value(0.95, 10001) == pytest.approx(1.95996398, rel=1e-3)


def test_student_values_of_scipy() -> None:
    """A second witness, where it is installed."""
    stats = pytest.importorskip("scipy.stats")
    for degrees in (1, 2, 3, 4, 9, 30, 59):
        for p in (0.1, 0.5, 0.9, 0.95, 0.99, 0.9999):
            assert student_value(p, degrees) == pytest.approx(stats.t.ppf((1 + p) / 2, degrees), rel=1e-10)


def digits_by_definition(samples: list[float], confidence: float = 0.95) -> float:
    """Return C from exact sums."""
    n, exact = len(samples), [Fraction(x) for x in samples]
    mean = sum(exact) / n
    variance = sum((x - mean) ** 2 for x in exact) / (n - 1)
    ratio = n * mean * mean / variance
    return (math.log10(ratio.numerator) - math.log10(ratio.denominator)) / 2 - math.log10(
        student_value(confidence, n - 1)
    )


@pytest.mark.parametrize("scale", [1.0, 1e300, 3e-310])
def test_digits_by_definition(scale: float) -> None:
    """Up to rounding of the logarithm, for samples of any size and likeness."""
    rng = np.random.default_rng(0)
    for n in (2, 3, 4, 10):
        for likeness in range(0, 17, 2):
            x = scale * (1 + 10.0**-likeness * rng.normal(size=n))
            if len(set(x.tolist())) == 1:
                continue
            want = digits_by_definition(x.tolist())
            got = significant_digits(x, confidence=0.95)
            assert got == pytest.approx(max(want, 0), abs=1e-10)
            assert is_noise(x) == (want <= 0)


def test_edges_of_the_estimate() -> None:
    """Equal samples, zeros, infinities, NaN, axes, and what is refused."""
    assert significant_digits([2.0, 2.0, 2.0]) == math.inf and not is_noise([2.0, 2.0])
    assert significant_digits([0.0, -0.0]) == 0 and is_noise([0.0, -0.0])
    for bad in (math.nan, math.inf):
        assert significant_digits([1.0, bad]) == 0 and not is_noise([1.0, bad])
    x = np.array([[1.0, 5.0], [1.0, -5.0], [1.0, 0.0]])
    assert significant_digits(x, limit=7.0).tolist() == [7.0, 0.0]
    assert significant_digits(x.T, axis=1, limit=7.0).tolist() == [7.0, 0.0]
    assert is_noise(x).tolist() == [False, True]
    with pytest.raises(UnsupportedInputError, match="at least 2 samples"):
        significant_digits([1.0])
    with pytest.raises(UnsupportedInputError, match="between 0 and 1"):
        significant_digits([1.0, 2.0], confidence=1)


def test_estimates_of_significantdigits() -> None:
    """The package of that name gives as many bits, where it is installed."""
    package = pytest.importorskip("significantdigits")
    x = 1 + np.random.default_rng(0).normal(size=30) * 1e-5
    bits = package.significant_digits(x, reference=x.mean())
    assert significant_digits(x) == pytest.approx(float(np.ravel(bits)[0]) * math.log10(2), abs=1.5)


# --- samples ---------------------------------------------------------------------------------------------------------


def test_operations_round_to_a_neighbour(tally) -> None:
    """Each sample is one of the two neighbours of the exact result; both come up; exact results stay."""
    a = StochasticArithmetic("bf16", samples=200, key=3)
    x, y = a.array([1.0, 3.0]), a.array([1.5, 7.0])
    for name, exact in (("add", [2.5, 10.0]), ("mul", [1.5, 21.0]), ("sub", [-0.5, -4.0]), ("div", [2 / 3, 3 / 7])):
        result = getattr(a, name)(x, y)
        for i, want in enumerate(exact):
            near = set(result.samples[:, i].tolist())
            grid = 2.0 ** (math.frexp(want)[1] - 8)
            assert near == {math.floor(want / grid) * grid, math.ceil(want / grid) * grid}
            tally.note(200, "bf16")
    assert set(a.sqrt(2.0).samples.tolist()) == {1.4140625, 1.421875}
    assert a.fma(2.0, [3.0], 1.0).samples.tolist() == [[7.0]] * 200


def test_samples_are_arrays() -> None:
    """Shapes, indices, broadcasting, signs, sums, texts."""
    a = StochasticArithmetic("fp32", key=0)
    x = a.array(np.arange(6.0).reshape(2, 3))
    assert x.shape == (2, 3) and len(x) == 2 and x[1].shape == (3,) and x[1, 2].shape == ()
    assert (x + np.ones((4, 1, 3))).shape == (4, 2, 3) and (np.ones(3) * x).shape == (2, 3)
    assert float(x.sum()) == 15 and float(-x[1, 2]) == -5 and float(abs(-x[1, 2])) == 5
    y = x.copy()
    y[0] = 7.0
    assert float(x[0, 0]) == 0 and y.mean[0].tolist() == [7.0] * 3
    assert str(x[0]) == "[@.0 1.000000 2.000000]" and repr(x[1, 0]) == "Sampled('fp32', 3.000000)"
    assert str(a.array(1e39)) == "inf" and (2 - x[1, 0], 3 / x[1, 0])[0].mean == -1
    y = a.array(np.arange(3.0))
    assert (
        (x @ y).mean.tolist() == [5, 14] and (y @ y).mean == 5 and (x @ x.mean.T).mean.tolist() == [[5, 14], [14, 50]]
    )
    assert (np.eye(2) @ x).mean.tolist() == x.mean.tolist() and (np.ones(2) @ x).mean.tolist() == [3, 5, 7]
    with pytest.raises(UnsupportedInputError, match="do not fit"):
        _ = x @ x
    assert bool(x[1, 0]) and not bool(x[0, 0]) and a.array(x) is x
    with pytest.raises(TypeError):
        len(x[0, 0])
    with pytest.raises(UnsupportedInputError):
        bool(x)


def test_comparisons_are_those_of_vignes() -> None:
    """Equal where the difference is noise; larger by the mean, and not equal."""
    a = StochasticArithmetic("fp32", key=0)
    near, far = Sampled([1.0, 1.0 + 2**-23, 1.0 - 2**-23], a), Sampled([2.0, 2.0, 2.0 + 2**-22], a)
    one = a.array(1.0)
    assert (near == one, near != one, near >= one, near <= one) == (True, False, True, True)
    assert (near > one, near < one) == (False, False)
    assert a.instabilities["branching"] == 6
    assert (far > one, far >= one, one < far, one <= far, far != one, far == one) == (True,) * 5 + (False,)
    assert (far < one, far <= one) == (False, False) and a.instabilities["branching"] == 6


def test_instabilities_are_counted() -> None:
    """One of each kind."""
    a = StochasticArithmetic("fp32", key=0)
    noise = Sampled([[1.0, 1.0], [-1.5, 1.0], [0.25, 1.0]], a)
    _ = (1 / noise, noise * noise, noise * 3.0, noise.sqrt())
    close = Sampled([1.0, 1.0 + 2**-22, 1.0 - 2**-23], a)
    _ = close - 1.0
    assert a.instabilities == {"division": 1, "multiplication": 1, "cancellation": 1, "branching": 0, "root": 1}


def test_keys() -> None:
    """The same key gives the same samples, another one others; runs differ from each other."""
    third = lambda a: a.div(np.ones(50), 3.0)  # noqa: E731
    one, two, other = (significance(third, "fp16", key=k).samples for k in (5, 5, 6))
    assert (one == two).all() and (one != other).any() and (one[0] != one[1]).any()


def test_results_that_do_not_fit() -> None:
    """Runs of different shapes, and results of another kind."""
    flips = iter(range(9))
    with pytest.raises(UnsupportedInputError, match="one shape"):
        significance(lambda a: np.ones(next(flips)), "fp16")
    with pytest.raises(UnsupportedInputError, match="Sampled"):
        significance(lambda a: 1.0, "fp16", synchronous=True)
    with pytest.raises(UnsupportedInputError, match="by chance"):
        significance(lambda a: 1.0, "fp16", rounding="up")
    with pytest.raises(UnsupportedInputError, match="2 samples"):
        significance(lambda a: 1.0, "fp16", samples=1)


def coverage(samples: int, rounding: str) -> float:
    """Return how many of 1000 sums of 40 numbers have, against the exact sum, the digits that are promised at 95 %."""
    x = chopper.chop(np.random.default_rng(1).normal(size=(40, 1000)), "fp16")
    a = StochasticArithmetic("fp16", samples=samples, key=2, rounding=rounding)
    total = a.array(x[0])
    for row in x[1:]:
        total = total + row
    exact, found = x.sum(axis=0), a.estimate(total.samples)  # multiples of 2^-24 below 2^10: float64 holds the sums
    return float(np.mean((np.abs(found.mean - exact) <= np.abs(found.mean) * 10.0**-found.digits) | found.noise))


def test_digits_are_there_as_often_as_promised() -> None:
    """Unbiased rounding keeps its promise with any number of samples; even chances with three, and not with many."""
    assert 0.92 < coverage(3, "stochastic") < 0.98 and coverage(12, "stochastic") > 0.92
    assert 0.88 < coverage(3, "stochastic_equal") < 0.97 and coverage(12, "stochastic_equal") < 0.86


# --- known examples --------------------------------------------------------------------------------------------------


def rump(a: Any, x: Any, y: Any) -> Any:
    """Return Rump's polynomial, operation by operation."""
    x2, y2 = a.mul(x, x), a.mul(y, y)
    y4 = a.mul(y2, y2)
    y6, y8 = a.mul(y4, y2), a.mul(y4, y4)
    inner = a.sub(a.sub(a.sub(a.mul(a.mul(a.mul(11.0, x2), y2), 1.0), y6), a.mul(121.0, y4)), 2.0)
    total = a.add(a.add(a.mul(333.75, y6), a.mul(x2, inner)), a.mul(5.5, y8))
    return a.add(total, a.div(x, a.mul(2.0, y)))


class Exact:
    """The same operations on fractions."""

    add, sub = staticmethod(lambda x, y: Fraction(x) + y), staticmethod(lambda x, y: Fraction(x) - Fraction(y))
    mul, div = staticmethod(lambda x, y: Fraction(x) * Fraction(y)), staticmethod(lambda x, y: Fraction(x) / y)


@pytest.mark.parametrize("synchronous", [False, True])
def test_rump(synchronous: bool) -> None:
    """The polynomial at (77617, 33096) is -0.827396...; in fp32 nothing of a result is significant."""
    assert float(rump(Exact, 77617, 33096)) == pytest.approx(-0.827396059946821, rel=1e-14)
    plain = rump(Arithmetic("fp32"), 77617.0, 33096.0)
    assert abs(plain) > 1e20
    for key in KEYS:
        found = significance(lambda a: rump(a, 77617.0, 33096.0), "fp32", key=key, synchronous=synchronous)
        assert found.noise or found.digits < 1.2
    easy = significance(lambda a: rump(a, 1.0, 3.0), "fp32", synchronous=synchronous)
    assert found.format == "fp32" and easy.digits > 4
    assert abs(float(easy.mean) / float(rump(Exact, 1, 3)) - 1) < 10.0 ** -(easy.digits - 1)


def determinant(a: StochasticArithmetic, n: int) -> Sampled:
    """Return the determinant of Hilbert's matrix by elimination without pivoting."""
    rows = [[a.array(1.0) / (i + j + 1) for j in range(n)] for i in range(n)]
    result = a.array(1.0)
    for k in range(n):
        result = result * rows[k][k]
        for i in range(k + 1, n):
            factor = rows[i][k] / rows[k][k]
            for j in range(k + 1, n):
                rows[i][j] = rows[i][j] - factor * rows[k][j]
    return result


def hilbert(n: int) -> Fraction:
    """Return the determinant of Hilbert's matrix."""

    def product(m: int) -> int:
        return math.prod(math.factorial(i) for i in range(m))

    return Fraction(product(n) ** 4, product(2 * n))


def test_determinant_of_hilberts_matrix() -> None:
    """Digits fall with the size until none is left; what is promised is there, but for a digit."""
    assert hilbert(3) == Fraction(1, 2160)
    before = []
    for n in (2, 3, 5, 8):
        digits = []
        for key in KEYS[:3]:
            a = StochasticArithmetic("fp32", key=key)
            found = determinant(a, n)
            true = -math.log10(abs(float(found) / float(hilbert(n)) - 1) + 1e-16)
            digits.append(float(found.digits))
            assert true > found.digits - 1 or found.noise
        before.append(np.median(digits))
    assert before == sorted(before, reverse=True)
    assert before[0] > 5.5 and 1 < before[2] < 3.5 and before[-1] < 0.7
    assert a.instabilities["cancellation"] + a.instabilities["division"] > 0


def muller(a: Any, steps: int) -> list[Any]:
    """Return the terms of Muller's sequence, whose limit is 6, and 100 but for exact arithmetic."""
    terms = [a.array(5.5), a.array(61.0) / 11]
    for _ in range(steps):
        last, before = terms[-1], terms[-2]
        terms.append(a.array(111.0) - a.array(1130.0) / last + a.array(3000.0) / (last * before))
    return terms


def test_muller() -> None:
    """Digits are lost until none is left; then it converges to a wrong number, after unstable operations."""
    exact = [Fraction(11, 2), Fraction(61, 11)]
    for _ in range(25):
        exact.append(111 - 1130 / exact[-1] + 3000 / (exact[-1] * exact[-2]))
    assert 5.9 < float(exact[-1]) < 6
    unstable = []
    for key in KEYS:
        a = StochasticArithmetic("fp32", key=key)
        terms = muller(a, 25)
        digits = [float(term.digits) for term in terms]
        lost = digits.index(min(digits[:12]))
        assert digits[2] > 3 and min(digits[:12]) < 1 and 4 <= lost <= 10
        for n in range(lost):
            assert abs(float(terms[n]) / float(exact[n]) - 1) < 10.0 ** -(digits[n] - 1)
        assert float(terms[-1]) == pytest.approx(100, rel=1e-5) and digits[-1] > 6
        unstable.append(a.instabilities["division"] > 0)
    assert sum(unstable) >= 4  # where the noise happens to be small, nothing tells that the limit is wrong


def roots(a: StochasticArithmetic) -> tuple[bool, Sampled]:
    """Solve 0.3 x^2 - 2.1 x + 3.675 = 0, whose only root is 3.5: whether the discriminant is zero, and a root."""
    p, q, r = a.array(0.3), a.array(-2.1), a.array(3.675)
    discriminant = q * q - 4.0 * p * r
    return bool(discriminant == 0), -q / (2.0 * p)


def test_equation_of_second_degree() -> None:
    """In fp32 the discriminant is a negative number; of samples, mostly, a computational zero."""
    b, c = Arithmetic("fp32"), [np.float64(np.float32(x)) for x in (0.3, -2.1, 3.675)]
    plain = b.sub(b.mul(c[1], c[1]), b.mul(b.mul(4.0, c[0]), c[2]))
    assert plain < 0
    found = [roots(StochasticArithmetic("fp32", key=key)) for key in range(20)]
    assert sum(zero for zero, _ in found) >= 16
    assert all(abs(float(root) - 3.5) < 1e-6 for _, root in found)


SOLUTION = (1.7, -4746.89, 50.23, -245.32, 4778.29, -75.73, 3495.43, 4.35, 452.98, -2.76, 8239.24, 3.46, 1000.0, -5.0,
            3642.4, 735.36, 1.7, -2349.17, -8247.52, 9843.57)  # fmt: skip


def cadna_system() -> tuple[np.ndarray, np.ndarray]:
    """Return the matrix of order 20 of CADNA's example of Jacobi's method, and its right side, in fp32."""
    state, entries = 23, []
    for _ in range(400):
        state = (state * 5363 + 143) % 1387
        entries.append(2.0 * state / 1387.0 - 1.0)
    matrix = np.float32(np.array(entries).reshape(20, 20) + 4.500002 * np.eye(20)).astype(np.float64)
    return matrix, np.float32(matrix @ np.float32(SOLUTION).astype(np.float64)).astype(np.float64)


def jacobi(a: Any, matrix: np.ndarray, b: np.ndarray, x: Any, done: Any, most: int) -> tuple[Any, int]:
    """Return an iterate of Jacobi's method at which `done` says stop, and how many there were."""
    for count in range(1, most + 1):
        total = b
        for j in range(len(b)):
            column = np.where(np.arange(len(b)) == j, 0.0, matrix[:, j])
            total = a.sub(total, a.mul(column, x[j]))
        new = a.div(total, np.diag(matrix))
        if done(new, x):
            return new, count
        x = new
    return x, most


def test_jacobi_stops_where_nothing_more_is_gained() -> None:
    """With a bound too small the plain iteration goes on to the end; samples stop at the noise, just as good."""
    matrix, b = cadna_system()
    plain = Arithmetic("fp32")
    far, count = jacobi(plain, matrix, b, np.full(20, 10.0), lambda new, old: np.abs(new - old).max() < 1e-4, 90)
    assert count == 90
    for key in KEYS[:2]:
        a = StochasticArithmetic("fp32", key=key)
        found, count = jacobi(a, matrix, b, a.array(np.full(20, 10.0)), lambda new, old: (new == old).all(), 200)
        assert 20 <= count <= 45
        errors = [np.abs(x - np.array(SOLUTION)).max() for x in (found.mean, far)]
        assert errors[0] < 2 * errors[1] + 0.01


def test_jacobi_on_a_singular_system() -> None:
    """Consistent, of rank 2 of 3: it converges to the solution next to where it starts, and then the difference of two
    iterates is noise; so is the last pivot of elimination."""
    matrix = np.array([[2.0, -1.0, -1.0], [-1.0, 2.0, -1.0], [-1.0, -1.0, 2.0]])
    b = np.array([0.1, 0.2, -0.3])
    for key in KEYS:
        a = StochasticArithmetic("fp32", key=key)
        found, count = jacobi(a, matrix, b, a.array(np.ones(3)), lambda new, old: (new == old).all(), 100)
        assert 15 <= count <= 60
        np.testing.assert_allclose(found.mean, 1 + b / 3, atol=2e-6)
        rows = a.array(np.array([[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]]))
        for k in range(2):
            for i in range(k + 1, 3):
                rows[i] = rows[i] - rows[k] * (rows[i, k] / rows[k, k])
        assert rows[2, 2] == 0 or float(rows[2, 2].digits) < 1.2 or abs(float(rows[2, 2])) < 2e-7
