"""The benchmarks run, print what they promise, and know better from worse."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import chopper
from benchmarks import training
from benchmarks.figure import Figure
from benchmarks.floats import OPERATIONS, floor
from benchmarks.others import OTHERS, missing
from benchmarks.page import Before, Scale, page
from benchmarks.report import insert, markdown, regressions, tables, verdict
from benchmarks.timing import QUICK, Effort, interleaved
from chopper.recipes import presets

FAST = Figure("floats/nearest_even", "Speed", "nearest_even", "e4m3", 0.7, floor=0.6)
SLOW = Figure("floats/up", "Speed", "up", "e4m3", 0.3, floor=0.4)
LONG = Figure("startup/import", "Start", "import", "figure", 0.3, "s", 0.25, smaller=True)


def run(root: Path, *options: str) -> str:
    """Run the benchmarks in a process of their own."""
    command = [sys.executable, "-W", "error", "-m", "benchmarks", "--quick", *options]
    return subprocess.run(command, cwd=root, check=True, capture_output=True, text=True, timeout=120).stdout


@pytest.mark.slow
def test_the_program(root: Path, tmp_path: Path) -> None:
    """It prints the rows asked for and no others, with floors, and keeps the figures."""
    kept = tmp_path / "figures.json"
    only = ("--only", "floats/float32/e4m3/1MB/nearest_even/", "--only", "startup/import")
    printed = run(root, *only, "--json", str(kept))
    assert "import chopper" in printed
    assert ">= 0.5" in printed and "<= 0.25" in printed
    assert "stochastic" not in printed
    answer = json.loads(kept.read_text())
    assert [row["name"] for row in answer["figures"]] == ["startup/import", "floats/float32/e4m3/1MB/nearest_even"]
    assert all(row["value"] > 0 for row in answer["figures"])
    assert answer["machine"]["python"]
    shown = tmp_path / "figures.html"
    compared = run(root, *only[2:], "--compare", str(kept), "--tolerance", "1000", "--html", str(shown))
    assert "worse than" in compared
    assert "0 worse than in figures.json by more than 100000%" in shown.read_text(encoding="utf-8")


def test_the_curves_of_training(root: Path) -> None:
    """The file that the notebook shows has a run of every recipe, and steps of the size that the program names."""
    kept = json.loads((root / "notebooks" / "data" / "training.json").read_text(encoding="utf-8"))
    assert kept["size"] == training.Size().flat()
    assert set(kept["runs"]) == set(training.VARIANTS)
    assert {variant.preset for variant in training.VARIANTS.values()} <= set(presets())
    curves = [run["losses"] for runs in kept["runs"].values() for run in runs.values()]
    assert {len(losses) for losses in curves} == {kept["size"]["steps"]}
    assert all(losses[0] > losses[-1] > 0 for losses in curves)


def test_interleaved() -> None:
    """Every case takes its turns; a slow one is spared further ones."""
    calls = {"a": 0, "b": 0}

    def case(name: str) -> None:
        calls[name] += 1

    effort = Effort(rounds=4, turn=0.0, most=1.0, processes=1)
    times = interleaved({name: lambda name=name: case(name) for name in calls}, effort)
    assert calls == {"a": 5, "b": 5}
    assert all(0 <= time < 1 for time in times.values())
    interleaved({"a": lambda: case("a")}, Effort(rounds=4, turn=0.0, most=0.0, processes=1))
    assert calls["a"] == 6
    assert QUICK.quick


def test_floors() -> None:
    """What is promised on one thread."""
    promised = {op: floor(op, "e4m3", 64) for op in OPERATIONS if floor(op, "e4m3", 64) is not None}
    assert promised.pop("nearest_even") == 0.6
    assert promised.pop("decode") == 0.5
    assert promised.pop("stochastic") == promised.pop("stochastic_equal") == 0.2
    assert set(promised.values()) == {0.4} and len(promised) == 8
    assert floor("nearest_even", "bf16", 1) == 0.5
    assert floor("encode", "fp16", 64) is None
    assert floor("up", "fp16", 1) is None


def test_others_round_to_the_same() -> None:
    """What is timed beside chopper gives the same values, where it is installed."""
    rng = np.random.default_rng(0)
    wide = np.exp2(rng.uniform(-60, 60, 500)) * rng.choice([-1, 1], 500)
    x = np.concatenate([rng.standard_normal(500), wide]).astype(np.float32)
    absent = missing(lambda name: True)
    for other in (other for other in OTHERS if other.package not in absent):
        case = other.prepare(x)
        given = case()
        got = getattr(case, "args", (x, x))[1] if given is None else given
        assert (got == chopper.chop(x, other.fmt)).all(), other.line


def test_tables() -> None:
    """Figures of one table are gathered, with their floors."""
    first, second = tables([FAST, LONG, SLOW])
    assert first.header == ("", "e4m3", "floor", "met")
    assert first.rows == (("nearest_even", "0.70", ">= 0.6", "yes"), ("up", "0.30", ">= 0.4", "no"))
    assert second.rows == (("import", "0.3 s", "<= 0.25", "no"),)
    assert verdict([FAST, LONG, SLOW]) == "1 of 3 floors met"


def test_markdown(tmp_path: Path) -> None:
    """Tables go between the markers, again and again."""
    page = tmp_path / "page.md"
    page.write_text("before\n<!-- figures -->\n<!-- end of figures -->\nafter\n")
    for _ in range(2):
        insert(page, markdown([FAST], "A machine."))
    text = page.read_text()
    assert text.startswith("before\n") and text.endswith("\nafter\n")
    assert text.count("| nearest_even | 0.70 | >= 0.6 | yes |") == 1
    page.write_text("no markers")
    with pytest.raises(ValueError, match="lacks the lines"):
        insert(page, "text")


def cells(text: str) -> dict[str, str]:
    """Return the cells of a page by the names of their figures."""
    return dict(re.findall(r'<td class="\w+" title="([^"]*)">(.*?)</td>', text))


def test_page() -> None:
    """One file without scripts and addresses; bars for ratios, floors with a tick, what became slower is marked."""
    figures = [FAST, SLOW, LONG, replace(FAST, name="<b>", line="<b>", value=0.35, floor=None)]
    text = page(figures, "A <machine>.")
    assert text.startswith("<!doctype html>") and "&lt;machine&gt;" in text and "<b>&" not in text
    assert not re.search(r"<script|<link|<img|src=|url\(|https?:|@import", text)
    assert "color-scheme: light dark" in text and "1 of 3 floors met" in text and "was" not in cells(text)[FAST.name]
    shown = cells(text)
    assert list(shown) == [FAST.name, SLOW.name, "&lt;b&gt;", LONG.name]
    assert "width:70.0%" in shown[FAST.name] and "left:60.0%" in shown[FAST.name] and "met: ≥ 0.6" in shown[FAST.name]
    assert "not met: ≥ 0.4" in shown[SLOW.name] and "<i" not in shown["&lt;b&gt;"]
    assert "bar" not in shown[LONG.name] and "0.3 s" in shown[LONG.name] and "not met: ≤ 0.25" in shown[LONG.name]


def test_page_beside_older_figures() -> None:
    """Worse, better, within the tolerance, new: as the list of regressions says."""
    old = {FAST.name: 1.0, SLOW.name: 0.2, LONG.name: 0.29}
    text = page([FAST, SLOW, LONG, replace(FAST, name="new", line="new")], "A machine.", Before("old.json", old, 0.15))
    shown = cells(text)
    assert "worse: was 1<" in shown[FAST.name] and "better: was 0.2<" in shown[SLOW.name]
    assert "was" not in shown[LONG.name] and "was" not in shown["new"]
    assert "1 worse than in old.json by more than 15%" in text and "1 worse<" in text
    assert "worse" not in cells(page([replace(FAST, ours=False)], "", Before("old.json", old)))[FAST.name]


def test_scales_of_bars() -> None:
    """Ratios of one order are drawn as they are, others by their logarithms; 1 always has a place."""
    assert Scale.of([0.2, 0.5]).part(0.5) == 0.5
    assert Scale.of([2.0, 4.0]).part(1.0) == 0.25
    wide = Scale.of([1.0, 1000.0])
    assert 0 < wide.part(1.0) < wide.part(30.0) < wide.part(1000.0) == 1
    assert Scale.of([0.0]).part(0.0) == 0


def test_regressions() -> None:
    """Worse means smaller for fractions, larger for times; new figures have nothing to be compared with."""
    old = {FAST.name: 1.0, LONG.name: 0.2}
    assert len(regressions([FAST, SLOW, LONG], old, 0.15)) == 2
    assert regressions([FAST, SLOW, LONG], old, 0.6) == []
    assert regressions([replace(FAST, ours=False)], old, 0.0) == []
    assert regressions([FAST, LONG], {FAST.name: 0.5, LONG.name: 0.5}, 0.0) == []
