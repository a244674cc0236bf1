"""Options common to all, refusals, breakdowns, progress, chance."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from chopper import chop, linalg
from chopper.arithmetic import Arithmetic
from chopper.errors import ChopperError, FormatError, RangeError, RoundingError, UnsupportedInputError
from chopper.formats.registry import get
from chopper.linalg.machine import Machine, machine_type
from tests.linalg.cases import matrix, symmetric
from tests.tally import Tally

SUBJECT = "linear algebra: the machine's float32 and float64 against chopper's"
A, S, B = matrix(1, (6, 6), "fp16"), symmetric(2, 6, "fp16"), matrix(3, (6,), "fp16")

CALLS = {
    "lu": lambda **o: linalg.lu(A, **o).packed,
    "cholesky": lambda **o: linalg.cholesky(S, **o),
    "householder": lambda **o: linalg.qr(A, **o).r,
    "givens": lambda **o: linalg.qr(A, method="givens", **o).r,
    "mgs": lambda **o: linalg.qr(A, method="mgs", **o).r,
    "solve": lambda **o: linalg.solve(A, B, **o),
    "solve_triangular": lambda **o: linalg.solve_triangular(A, B, **o),
    "lstsq": lambda **o: linalg.lstsq(A[:, :4], B, **o),
    "cg": lambda **o: linalg.cg(S, B, iterations=3, **o).x,
    "gmres": lambda **o: linalg.gmres(S, B, iterations=3, **o).x,
    "power_iteration": lambda **o: linalg.power_iteration(S, iterations=3, **o).vector,
    "fft": lambda **o: linalg.fft(A.reshape(-1)[:8], **o).real,
    "ifft": lambda **o: linalg.ifft(A.reshape(-1)[:8], **o).imag,
    "euler": lambda **o: linalg.euler(lambda fl, t, y: y, B, 0.1, 3, **o),
    "rk4": lambda **o: linalg.rk4(lambda fl, t, y: y, B, 0.1, 3, **o),
}
every_call = pytest.mark.parametrize("name", CALLS)


@every_call
def test_an_arithmetic_in_place_of_a_format(name: str) -> None:
    """It gives the same bits, float64, values of the format."""
    got = np.ascontiguousarray(CALLS[name](arithmetic=Arithmetic("fp16", "toward_zero")))
    assert got.dtype == np.float64
    assert np.array_equal(got, CALLS[name](fmt="fp16", rounding="toward_zero"))
    assert np.array_equal(got, chop(got, "fp16"))


@every_call
def test_chance_has_a_key(name: str) -> None:
    """One key, one result; another key, another one; and all are values of the format."""
    first, again, other = (CALLS[name](fmt="bf16", rounding="stochastic", key=key) for key in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.array_equal(first, chop(np.ascontiguousarray(first), "bf16"))


@every_call
def test_a_format_is_needed_and_only_one(name: str) -> None:
    """Neither and both are refused, and so is what is no format."""
    with pytest.raises(FormatError, match="neither"):
        CALLS[name]()
    with pytest.raises(FormatError, match="both"):
        CALLS[name](fmt="fp16", arithmetic=Arithmetic("fp16"))
    with pytest.raises(FormatError, match="no format"):
        CALLS[name](fmt=16)


@every_call
@pytest.mark.parametrize("fmt", ["fp32", "fp64"])
def test_the_machine_computes_the_same(name: str, fmt: str, tally: Tally) -> None:
    """Where the processor's own arithmetic is used, the bits are those of `chopper.ops`."""
    tally.same(
        np.ascontiguousarray(CALLS[name](fmt=fmt)),
        np.ascontiguousarray(CALLS[name](arithmetic=Arithmetic(fmt))),
        fmt=fmt,
    )


def test_the_machine_leaves_other_numbers_to_ops() -> None:
    """Operands that float32 does not hold are not rounded before the operation."""
    fmt = get("fp32")
    dtype = machine_type(fmt)
    assert dtype is np.float32
    x = 1 + 2.0**-24  # a midpoint: alone it rounds to 1
    assert Machine(fmt, dtype).add(x, 2.0**-40) == 1 + 2.0**-23
    assert machine_type(get("bf16")) is None
    assert Machine(fmt, dtype).total(np.array([x, 1.0])) is None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_machine_adds_term_by_term(dtype: type[np.floating]) -> None:
    """Long sums have the bits of a loop: cancellation, infinities, NaN and zeros with signs among the terms."""
    machine = Machine(get("fp32" if dtype is np.float32 else "fp64"), dtype)
    rng = np.random.default_rng(1)
    terms = (rng.standard_normal((1000, 6)) * 10.0 ** rng.integers(-9, 9, (1000, 6))).astype(dtype).astype(np.float64)
    terms[:, 1], terms[500, 2], terms[700, 3] = -0.0, np.inf, np.nan
    terms[:2, 4] = np.finfo(dtype).max
    for some in (terms, terms[:, 0], terms[:1, 1]):
        want = some[0]
        for term in some[1:]:
            want = machine.add(want, term)
        assert machine.total(some).tobytes() == np.asarray(want).tobytes()


@pytest.mark.parametrize("method", ["householder", "mgs"])
def test_pairwise_sums(method: str) -> None:
    """Another order gives other bits; an unknown one is refused."""
    a = matrix(4, (30, 4), "bf16")
    first, second = (linalg.qr(a, "bf16", method=method, order=order).r for order in ("sequential", "pairwise"))
    assert not np.array_equal(first, second)
    with pytest.raises(RoundingError, match="sequential"):
        linalg.qr(a, "bf16", order="random")


REFUSED = [
    (lambda: linalg.lu([1.0, 2.0], "fp16"), UnsupportedInputError, "two axes"),
    (lambda: linalg.lu([[1j]], "fp16"), UnsupportedInputError, "complex128"),
    (lambda: linalg.cholesky(np.ones((2, 3)), "fp16"), UnsupportedInputError, "square"),
    (lambda: linalg.cholesky([[1.0, 2.0], [2.0, 1.0]], "fp16"), linalg.BreakdownError, "pivot 2 is -3"),
    (lambda: linalg.solve([[1.0, 1.0], [1.0, 1.0]], [1.0, 2.0], "fp16"), linalg.BreakdownError, "singular"),
    (lambda: linalg.solve(np.eye(2), [1.0, 2.0, 3.0], "fp16"), UnsupportedInputError, r"\(2,\)"),
    (lambda: linalg.solve_triangular([[0.0]], [1.0], "fp16"), linalg.BreakdownError, "diagonal"),
    (lambda: linalg.lstsq(np.ones((2, 3)), np.ones(2), "fp16"), UnsupportedInputError, "rows"),
    (lambda: linalg.lstsq(np.ones((3, 2)), np.ones(3), "fp64"), linalg.BreakdownError, "singular"),
    (lambda: linalg.qr([[1.0, 0.0], [1.0, 0.0]], "fp16", method="mgs"), linalg.BreakdownError, "householder"),
    (lambda: linalg.qr(np.ones((2, 3)), "fp16", method="mgs"), UnsupportedInputError, "rows"),
    (lambda: linalg.qr(np.ones((2, 3)), "fp16", method="svd"), UnsupportedInputError, "givens"),
    (lambda: linalg.qr(np.ones((3, 3)), "fp16", mode="raw"), UnsupportedInputError, "complete"),
    (lambda: linalg.cg(np.eye(2), np.ones((2, 2)), "fp16"), UnsupportedInputError, "vector"),
    (lambda: linalg.cg(np.eye(2), np.ones(2), "fp16", tolerance=-1.0), RangeError, "tolerance"),
    (lambda: linalg.cg(np.eye(2), np.ones(2), "fp16", iterations=1.5), RangeError, "iterations"),
    (lambda: linalg.cg(lambda x: x[:1], np.ones(2), "fp16"), UnsupportedInputError, "returned shape"),
    (lambda: linalg.gmres(np.eye(2), np.ones(2), "fp16", restart=0), RangeError, "restart"),
    (lambda: linalg.power_iteration(np.eye(2), "fp16", x0=[0.0, 0.0]), RangeError, "norm 0"),
    (lambda: linalg.power_iteration(np.eye(2), "q0.7"), FormatError, "tolerance="),
    (lambda: linalg.refine(np.eye(2), np.ones(2), method="qr"), UnsupportedInputError, "gmres"),
    (lambda: linalg.refine(np.eye(2), np.ones((2, 2))), UnsupportedInputError, "vector"),
    (lambda: linalg.refine(np.eye(2) * 1e6, np.ones(2)), linalg.BreakdownError, "squeeze="),
    (lambda: linalg.refine(np.diag([1.0, 1e-9]), np.ones(2)), linalg.BreakdownError, "squeeze="),
    (lambda: linalg.fft(np.ones(6), "fp16"), UnsupportedInputError, "pad"),
    (lambda: linalg.fft(["a"], "fp16"), UnsupportedInputError, "dtype"),
    (lambda: linalg.euler(lambda fl, t, y: y, [1.0], 1e-9, 3, "fp16"), RangeError, "step"),
    (lambda: linalg.euler(lambda fl, t, y: y, [1.0], 0.1, -3, "fp16"), RangeError, "steps"),
    (lambda: linalg.rk4(lambda fl, t, y: [1.0, 2.0], [1.0], 0.1, 3, "fp16"), UnsupportedInputError, "shape"),
    (lambda: linalg.lu(np.eye(2), "fp16", progress=3), UnsupportedInputError, "progress"),
]


@pytest.mark.parametrize(("call", "error", "text"), REFUSED)
def test_refusals_name_the_cure(call, error, text: str) -> None:
    """Shapes, methods, breakdowns."""
    with pytest.raises(error, match=text) as caught:
        call()
    assert isinstance(caught.value, ChopperError)


def test_a_singular_matrix_has_factors() -> None:
    """A column of zeros is passed over, and U tells."""
    a = np.array([[0.0, 1.0, 2.0], [0.0, 3.0, 4.0], [0.0, 5.0, 6.0]])
    p, low, up = linalg.lu(a, "fp64")
    assert up[0, 0] == 0
    assert np.allclose(p @ low @ up, a)


def test_overflow_shows() -> None:
    """Infinities and NaNs are kept, not hidden."""
    x = linalg.solve([[1e-3, 1.0], [1.0, 1.0]], [6e4, -6e4], "fp16")
    assert not np.isfinite(x).all()


def test_iterations_tell_why_they_end() -> None:
    """Not positive definite, too few steps, not finite."""
    assert linalg.cg(-np.eye(3), np.ones(3), "fp16").reason == "p . a p is -3"
    ended = linalg.cg(S, B, "fp64", iterations=1, tolerance=1e-12)
    assert (ended.converged, ended.reason, ended.iterations, len(ended.history)) == (False, "iterations", 1, 2)
    assert linalg.gmres(S, B, "fp64", iterations=1, tolerance=1e-12).reason == "iterations"
    assert linalg.gmres(S * 6e4, B, "fp16").reason == "not finite"
    assert linalg.power_iteration(np.zeros((2, 2)), "fp16").reason == "a v has norm 0"
    assert linalg.gmres(np.eye(3), np.zeros(3), "fp16").converged


def test_functions_in_place_of_matrices() -> None:
    """What a function returns is rounded; a preconditioner that is the inverse ends GMRES at once."""
    by_matrix, by_function = linalg.cg(S, B, "fp16"), linalg.cg(lambda x: S @ x, B, "fp16")
    assert by_matrix.converged
    assert by_function.converged
    inverse = np.linalg.inv(S)
    found = linalg.gmres(S, B, "fp32", preconditioner=lambda r: inverse @ r, tolerance=1e-5)
    assert (found.converged, found.iterations) == (True, 1)
    start = linalg.cg(S, B, "fp64", x0=np.linalg.solve(S, B), tolerance=1e-12)
    assert (start.converged, start.iterations) == (True, 0)


def test_squeezing() -> None:
    """A matrix out of range is factored once its rows and columns are scaled by powers of two."""
    rows, columns = 2.0 ** np.array([20, 0, -12, 3, -30, 9]), 2.0 ** np.array([5, -5, 20, 0, -20, 1])
    a, seen = rows[:, None] * S * columns, []

    def squeeze(matrix: np.ndarray, fmt: object) -> object:
        seen.append(str(fmt))
        return SimpleNamespace(matrix=matrix / rows[:, None] / columns * 4, rows=1 / rows, columns=1 / columns, mu=4.0)

    want = 1 / columns
    b = a @ want
    with pytest.raises(linalg.BreakdownError):
        linalg.refine(a, b)
    for method in ("lu", "gmres"):
        found = linalg.refine(a, b, method=method, squeeze=squeeze)
        assert found.converged
        assert np.abs(found.x - want).max() <= 1e-6 * want.max()
    assert seen == ["fp16", "fp16"]


def test_refinement_with_chance() -> None:
    """Three formats draw from one generator: the same key, the same result."""
    a = S / 4
    one, same, other = (linalg.refine(a, B, rounding="stochastic", key=key).corrections for key in (1, 1, 2))
    assert np.array_equal(one, same)
    assert not np.array_equal(one, other)
    mixed = linalg.refine(a, B, factor=Arithmetic("bf16", "stochastic", key=1))
    assert mixed.converged


def test_progress() -> None:
    """A function is told every step; a bar leaves nothing behind."""
    told: list[tuple[int, int]] = []
    linalg.lu(A, "fp16", progress=lambda done, total: told.append((done, total)))
    assert told == [(k, 6) for k in range(1, 7)]


def test_progress_bar(capfd: pytest.CaptureFixture[str]) -> None:
    """By default nothing is printed; a bar needs rich."""
    linalg.lu(A, "fp16")
    assert capfd.readouterr() == ("", "")
    pytest.importorskip("rich")
    assert np.array_equal(linalg.lu(A, "fp16", progress=True).packed, linalg.lu(A, "fp16").packed)


def test_the_arguments_stay_as_they_are() -> None:
    """Nothing is computed in place."""
    a, b = A.copy(), B.copy()
    a.flags.writeable = b.flags.writeable = False
    linalg.solve(a, b, "fp64")
    linalg.qr(a, "fp64", method="givens")
    linalg.lstsq(a, b, "fp64", method="mgs")
    linalg.refine(a, b, method="gmres")
    assert np.array_equal(a, A)
    assert np.array_equal(b, B)
