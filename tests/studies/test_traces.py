"""Tracing operations, sweeping over formats, and the figures of both."""

from __future__ import annotations

import copy
import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chopper
from chopper.analysis import Outcome, Traced, measure, rows_of, sweep, text_of, ulp_errors
from chopper.analysis.local import exact_result
from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError

EXACT: dict[str, Callable[..., Fraction]] = {
    "add": lambda x, y: x + y,
    "sub": lambda x, y: x - y,
    "mul": lambda x, y: x * y,
    "div": lambda x, y: x / y,
    "fma": lambda x, y, z: x * y + z,
}


def operands(name: str, count: int, seed: int, spread: int = 30) -> list[np.ndarray]:
    """Return float64 operands, some of which nearly cancel."""
    rng = np.random.default_rng(seed)
    found = [
        rng.normal(size=count) * 2.0 ** rng.integers(-spread, spread, count) for _ in range(3 if name == "fma" else 2)
    ]
    if name in ("add", "sub"):
        close = slice(0, count // 4)
        found[1][close] = found[0][close] * (1 + 1e-9 * rng.normal(size=count // 4)) * (-1 if name == "add" else 1)
    return found


@pytest.mark.parametrize("name", [*EXACT, "sqrt"])
def test_exact_results(name: str, tally) -> None:
    """Sums and products are exact as two floats; quotients, roots and fused ones to 2^-100."""
    given = (
        operands("fma" if name == "fma" else "add", 400, 1) if name != "sqrt" else [np.abs(operands("add", 400, 2)[0])]
    )
    high, low = exact_result(name, tuple(given))  # type: ignore[misc]
    for row in zip(high.tolist(), low.tolist(), *(one.tolist() for one in given), strict=True):
        found, xs = Fraction(row[0]) + Fraction(row[1]), [Fraction(x) for x in row[2:]]
        if name == "sqrt":
            assert abs(found * found - xs[0]) <= xs[0] * Fraction(1, 1 << 99)
        elif name in ("add", "sub", "mul"):
            assert found == EXACT[name](*xs)
        else:
            parts = max(abs(xs[0] * xs[1]), abs(xs[-1])) if name == "fma" else abs(EXACT[name](*xs))
            assert abs(found - EXACT[name](*xs)) <= parts * Fraction(1, 1 << 100)
        tally.note(1)


def test_exact_results_of_other_names() -> None:
    """Names of NumPy's functions, and those that are not known."""
    x = np.array([0.5, 2.0])
    assert (exact_result("exp", (x,))[0] == np.exp(x)).all() and (exact_result("atan", (x,))[0] == np.arctan(x)).all()  # type: ignore[index]
    assert exact_result("pow", (x, x))[0][1] == 4 and exact_result("softmax", (x,)) is None  # type: ignore[index]
    assert exact_result("minimum", (x, x[::-1]))[0].tolist() == [0.5, 0.5]  # type: ignore[index]
    assert exact_result("all", (x,)) is None


@pytest.mark.parametrize("fmt", ["fp16", "bf16", "fp32", "fp64"])
def test_local_errors_by_definition(fmt: str) -> None:
    """The largest relative error of each operation, inexact results and lost bits, from fractions."""
    for name, exact in EXACT.items():
        if name == "fma":
            continue
        given = [chopper.chop(x, fmt) for x in operands(name, 150, 3, 6)]
        traced = Traced(Arithmetic(fmt))
        got = getattr(traced, name)(*given)
        (trace,) = traced.rows()
        wanted = [exact(*(Fraction(x) for x in xs)) for xs in zip(*(one.tolist() for one in given), strict=True)]
        relative = [
            abs(Fraction(g) - w) / abs(w) if w else Fraction(0) for g, w in zip(got.tolist(), wanted, strict=True)
        ]
        assert trace.inexact == sum(r != 0 for r in relative)
        assert trace.max_rel == pytest.approx(float(max(relative)), rel=1e-13)
        assert fmt == "fp16" or trace.max_rel <= float(chopper.finfo(fmt).eps) / 2  # subnormal products
        if name in ("add", "sub"):
            precision = chopper.finfo(fmt).precision
            lost = []
            for x, y, g in zip(*(one.tolist() for one in given), got.tolist(), strict=True):
                most = math.frexp(max(abs(x), abs(y)))[1]
                lost.append(precision if g == 0 else min(max(most - math.frexp(g)[1], 0), precision))
            assert (trace.lost_bits, trace.cancelled) == (max(lost), sum(2 * bits >= precision for bits in lost))
            assert trace.lost_bits > 2


def test_overflow_underflow_and_invalid() -> None:
    """Each is counted where it happens; a pole is no overflow, and a NaN that comes in is not invalid."""
    traced = Traced(Arithmetic("e5m2"))
    traced.mul(np.array([5e4, 1e-4, 2.0]), np.array([5e4, 1e-4, 2.0]))
    traced.div(np.array([1.0, 0.0]), np.zeros(2))
    traced.sub(np.array([np.inf, np.nan]), np.array([np.inf, 1.0]))
    traced.sqrt(np.array([-1.0, 4.0]))
    found = {one.operation: (one.overflow, one.underflow, one.invalid) for one in traced.rows()}
    assert found == {"mul": (1, 1, 0), "div": (0, 0, 1), "sub": (0, 0, 1), "sqrt": (0, 0, 1)}
    saturated = Traced(Arithmetic("e4m3"))
    assert saturated.add(400.0, 400.0) == 448 and saturated.rows()[0].overflow == 1
    wide = Traced(Arithmetic("fp64"))
    wide.mul(1e200, 1e200)
    assert wide.rows()[0].overflow == 1


def expression(a: Any, x: Any) -> Any:
    """Return (1 - cos x) / x^2 by its series, badly."""
    square = a.mul(x, x)
    return a.div(a.sub(1.0, a.sub(1.0, a.div(square, 2.0))), square)


def test_places() -> None:
    """Each line and operation has a row; the line that cancels comes first."""
    traced = Traced(Arithmetic("fp16"))
    for x in (0.05, 0.1, 0.2):
        expression(traced, chopper.chop(x, "fp16"))
    first = inspect.getsourcelines(expression)[1]
    rows = traced.rows()
    assert (rows[0].operation, rows[0].line, rows[0].function) == ("sub", first + 3, "expression")
    assert rows[0].source.startswith("return a.div(") and Path(rows[0].file).name == "test_traces.py"
    assert {(one.operation, one.line - first, one.calls) for one in rows} == {
        ("mul", 2, 3),
        ("div", 3, 6),
        ("sub", 3, 6),
    }
    assert [one.operation for one in traced.rows("seen")] == ["mul", "div", "sub"]
    assert traced.rows("calls")[-1].operation == "mul"
    table = str(traced).splitlines()
    assert (
        len(table) == 4 and table[0].split()[:2] == ["operation", "place"] and f"test_traces.py:{first + 3}" in table[1]
    )
    whole = traced.by_operation()
    assert [(one.operation, one.calls) for one in whole] == [("mul", 3), ("div", 6), ("sub", 6)]
    assert whole[2].lost_bits == rows[0].lost_bits >= 8
    traced.clear()
    assert traced.rows() == [] and traced.fmt == chopper.get("fp16")
    with pytest.raises(UnsupportedInputError, match="lost, error, calls, seen"):
        traced.rows("size")


def test_results_are_unchanged() -> None:
    """What is watched gives the same bits, in random modes too."""
    x = np.random.default_rng(0).normal(size=100)
    one, two = Arithmetic("e4m3", "stochastic", key=5), Traced(Arithmetic("e4m3", "stochastic", key=5))
    for _ in range(3):
        assert (one.mul(one.round(x), x) == two.mul(two.round(x), x)).all()


def test_arithmetics_that_come_back_are_watched() -> None:
    """One in another format, say, writes to the same table."""

    class Other(Arithmetic):
        def like(self, fmt: str) -> Other:
            """Return another one."""
            return Other(fmt)

    traced = Traced(Other("fp16"))
    traced.add(1.0, 2.0)
    traced.like("e4m3").add(1.0, 1 / 16)
    assert [(one.operation, one.calls) for one in traced.by_operation()] == [("add", 2)]
    assert isinstance(traced, Arithmetic) and copy.deepcopy(traced) is traced is copy.copy(traced)
    assert traced.by_operation()[0].inexact == 1


# --- sweeps ----------------------------------------------------------------------------------------------------------


@dataclass
class Pair:
    """A result of two numbers."""

    error: float
    format: str = "other"


def test_rows_of_sweeps() -> None:
    """Numbers, mappings and dataclasses become columns; refusals a column of their own."""
    found = rows_of(sweep(lambda a: a.add(a.round(0.3), 1.0), ["e4m3", "fp16"], ["up", "down"], arithmetic=True))
    assert [row["value"] for row in found] == [1.375, 1.25, chopper.chop(1.3004, "fp16", "up"), 1.2998046875]
    assert rows_of([Outcome("a", "b", Pair(1.0))]) == [{"format": "a", "rounding": "b", "error": 1.0}]
    mixed = rows_of([Outcome("a", "b", {"x": 1}), Outcome("c", "d", None, "no")])
    assert mixed == [
        {"format": "a", "rounding": "b", "x": 1, "error": None},
        {"format": "c", "rounding": "d", "x": None, "error": "no"},
    ]
    exact = np.array([Fraction(1, 3)], object)
    rows = rows_of(sweep(lambda r: measure([r(1 / 3)], exact), ["e4m3", "fp16"]))
    assert [row["max_rel"] for row in rows] == [1 / 32, 1 / 4096]
    assert text_of(rows).splitlines()[0].startswith("format  rounding      count")


def test_random_sweeps_are_reproducible() -> None:
    """The same key for every run."""

    def fn(a: Any) -> list[float]:
        return a.div(np.ones(50), 3.0).tolist()  # type: ignore[no-any-return]

    one, two, other = (
        [found.value for found in sweep(fn, ["e4m3"], ["stochastic"], key=key, arithmetic=True)] for key in (1, 1, 2)
    )
    assert one == two != other


# --- figures ---------------------------------------------------------------------------------------------------------


def test_figures(tmp_path: Path) -> None:
    """Each is drawn, also where values are missing."""
    plots = pytest.importorskip("chopper.plots")
    pytest.importorskip("matplotlib")
    exact = np.random.default_rng(0).normal(size=400)
    formats = ["fp16", "e4m3", "binary12p1ue"]
    found = list(sweep(lambda r: measure(r(exact), exact), formats, ["nearest_even", "stochastic"]))
    plots.plot_sweep(found, tmp_path / "a.png", "rms_rel", label="error", title="Errors")
    plots.plot_sweep([Outcome("a", "b", 0.0), Outcome("c", "b", 1)], tmp_path / "b.svg", logarithmic=False)
    errors = {name: ulp_errors(chopper.chop(exact, name, "up"), exact, name) for name in ("fp16", "e4m3")}
    plots.plot_ulps({**errors, "none": [np.nan], "wide": [1e9, np.inf]}, tmp_path / "c.png", title="Ulps")
    plots.plot_digits({"a": [7.0, 3.0, np.inf], "b": [1.0]}, tmp_path / "d.png", limit=7.2)
    plots.plot_digits({"a": [7.0]}, tmp_path / "e.pdf")
    assert all((tmp_path / f"{one}").stat().st_size > 5000 for one in ("a.png", "b.svg", "c.png", "d.png", "e.pdf"))


def test_what_cannot_be_drawn(tmp_path: Path) -> None:
    """Nothing to show, or no figure."""
    plots = pytest.importorskip("chopper.plots")
    pytest.importorskip("matplotlib")
    with pytest.raises(UnsupportedInputError, match="column 'other'"):
        plots.plot_sweep([Outcome("a", "b", 1.0)], tmp_path / "x.png", "other")
    with pytest.raises(UnsupportedInputError, match="no error"):
        plots.plot_ulps({"a": [np.nan]}, tmp_path / "x.png")
    with pytest.raises(UnsupportedInputError, match="no digits"):
        plots.plot_digits({}, tmp_path / "x.png")
    with pytest.raises(UnsupportedInputError, match="legal"):
        plots.plot_digits({"a": [1.0]}, tmp_path / "x.gif")
    assert list(tmp_path.iterdir()) == []
