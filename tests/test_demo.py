"""The demonstration: its parts give what is known, and its figure is drawn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import chopper
from chopper.demo import harmonic_sum, run, shown
from chopper.demo.digits import digit_scores, evaluate, load_digits, network_notes, train
from chopper.demo.figure import spread
from chopper.demo.least_squares import Breakdown, Problem, fit, fits, gram, solve

FEW = ("fp64", "fp32", "bf16", "e4m3", "ue4m3", "e8m0")


@pytest.mark.parametrize(
    ("fmt", "total", "terms"),
    [("bf16", 5.0625, 65), ("fp16", 7.0859375, 513), ("e4m3_ieee", 3.0, 9), ("e5m2", 2.0, 5), ("tf32", 7.0859375, 513)],
)
def test_harmonic_sums_published_elsewhere(fmt: str, total: float, terms: int) -> None:
    """The sums that MATLAB's chop is known to give."""
    found = harmonic_sum(fmt)
    assert (found.total, found.terms, found.stopped) == (total, terms, True)
    assert (found.n[0], found.n[-1], found.partial[-1]) == (1, terms, total)


def test_harmonic_sum_in_float32() -> None:
    """The known sum; and the machine's float32, used for it, gives what chop gives."""
    found = harmonic_sum("fp32")
    assert (found.terms, found.stopped) == (2097152, True)
    assert found.total == 15.403682708740234
    n = np.arange(1, 20001)
    terms = np.float32(1) / n.astype(np.float32)
    assert (chopper.chop(1 / n, "fp32") == terms).all()
    sums = np.add.accumulate(terms, dtype=np.float32).astype(np.float64)
    assert (chopper.chop(sums[:-1] + terms[1:], "fp32") == sums[1:]).all()


def test_harmonic_sum_may_be_given_up() -> None:
    """A limit ends what would go on."""
    found = harmonic_sum("fp64", limit=777)
    assert (found.terms, found.stopped) == (777, False)
    assert found.total == pytest.approx(np.sum(1 / np.arange(1, 778)), rel=1e-14)


def test_harmonic_sum_is_the_plain_loop() -> None:
    """The blocks hide nothing."""
    total, n = 0.0, 0
    while True:
        n += 1
        before, total = total, chopper.chop(total + chopper.chop(1 / n, "float11"), "float11")
        if total == before:
            break
    assert (harmonic_sum("float11").total, harmonic_sum("float11").terms) == (total, n)


def test_every_operation_of_gram_is_rounded() -> None:
    """Against scalars, one operation at a time."""
    a = chopper.chop(np.random.default_rng(0).normal(size=(30, 3)), "e4m3")
    found = gram(a, lambda x: chopper.chop(x, "e4m3"))
    for i in range(3):
        for j in range(3):
            total = chopper.chop(a[0, i] * a[0, j], "e4m3")
            for k in range(1, 30):
                total = chopper.chop(total + chopper.chop(a[k, i] * a[k, j], "e4m3"), "e4m3")
            assert found[i, j] == total


def test_elimination() -> None:
    """Exact rounding gives the solution; a singular matrix stops it."""
    rng = np.random.default_rng(1)
    g, x = rng.normal(size=(6, 6)), rng.normal(size=6)
    assert np.allclose(solve(g, g @ x, lambda v: v), x)
    with pytest.raises(Breakdown, match="pivot 2 is 0"):
        solve(np.ones((2, 2)), np.ones(2), lambda v: v)


def test_least_squares() -> None:
    """Errors fall with precision; what cannot be solved says why."""
    pytest.importorskip("sklearn")
    found = {one.format: one.value for one in fits(["fp64", "fp32", "fp24", "fp16", "e8m0", "e3m4"])}
    assert all(found.values())
    errors = [found[name].error for name in ("fp64", "fp32", "fp24", "fp16")]  # type: ignore[union-attr]
    assert errors == sorted(errors) and errors[0] < 1e-12 and errors[1] < 1e-3 < errors[3] < 1
    assert found["fp64"].residual == pytest.approx(0.6944433582, rel=1e-9)  # type: ignore[union-attr]
    assert found["e8m0"].breakdown == "pivot 1 is NaN"  # type: ignore[union-attr]
    assert found["e3m4"].breakdown == "pivot 1 is inf"  # type: ignore[union-attr]


def test_fit_of_an_exact_problem() -> None:
    """Small integers stay exact in bf16."""
    a = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    x = np.array([1.0, -1.0])
    assert fit(Problem(a, a @ x, x), lambda v: chopper.chop(v, "bf16")).error == 0


def test_digits() -> None:
    """The network learns; fp16 keeps its skill, ue4m3 loses it for want of a sign, e8m0 has no answer at all."""
    pytest.importorskip("sklearn")
    digits = load_digits()
    net = train(digits)
    assert all((a == b).all() for a, b in zip(net, train(digits), strict=True))
    exact = evaluate(net, digits, lambda x: x)
    assert exact.accuracy > 0.94 and exact.unanswered == 0
    found = {
        (one.format, one.rounding): one.value
        for one in digit_scores(["fp16", "e4m3", "ue4m3", "e8m0"], ["nearest_even", "stochastic"])
    }
    assert found["fp16", "nearest_even"].accuracy == pytest.approx(exact.accuracy, abs=0.005)  # type: ignore[union-attr]
    assert found["e4m3", "stochastic"].accuracy > 0.9  # type: ignore[union-attr]
    assert found["ue4m3", "nearest_even"].accuracy < 0.9  # type: ignore[union-attr]
    assert found["e8m0", "nearest_even"].unanswered == 1  # type: ignore[union-attr]


def test_notes() -> None:
    """What a format cannot hold is said."""
    assert network_notes("ue4m3") == "unsigned: x < 0 becomes 0"
    assert network_notes("e4m3b15") == "largest value 1.875"
    assert network_notes("fp32") == ""


def test_labels_keep_their_distance() -> None:
    """No two labels closer than the gap."""
    moved = spread([0.0, 0.1, 0.2, 5.0], 0.5)
    assert moved == [0.0, 0.5, 1.0, 5.0]


def test_the_whole(tmp_path: Path) -> None:
    """A few formats through all parts: progress, tables, figure."""
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    from rich.console import Console

    from chopper.demo.figure import draw
    from chopper.demo.report import tables

    steps: list[tuple[str, int, int]] = []
    demo = run([*FEW, "binary12p1ue"], report=lambda *step: steps.append(step))
    assert [step for step in steps if step[1] == step[2]] == [
        ("digits", 35, 35), ("least squares", 7, 7), ("harmonic series", 7, 7),
    ]  # fmt: skip
    refused = [one for one in (*demo.scores, *demo.fits, *demo.sums) if one.value is None]
    assert {one.format for one in refused} == {"binary12p1ue"} and all(one.error for one in refused)
    console = Console(width=120, record=True, file=(tmp_path / "text").open("w"))
    for table in tables(demo):
        console.print(table)
    text = console.export_text()
    assert "2097152" in text and "still growing" in text and "no zero" in text
    console.file.close()
    draw(demo, tmp_path / "demo.png")
    assert (tmp_path / "demo.png").stat().st_size > 50_000


def test_shared_scales() -> None:
    """Four kinds are shown by default, read digits and solve the problem, and have no harmonic series."""
    pytest.importorskip("sklearn")
    four = [fmt for fmt in shown() if fmt.blocked]
    assert {*map(str, four)} == {"mxfp4", "nvfp4", "nf4_block64", "dfp16"}
    found = run(four)
    assert all(one.value is not None and one.value.accuracy > 0.85 for one in found.scores)
    assert all(one.value is not None for one in found.fits)
    assert all(one.value is None and "share no scale" in one.error for one in found.sums)
