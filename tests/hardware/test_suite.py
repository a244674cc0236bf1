"""``chopper verify --hardware`` without hardware: models play the instructions, and liars are caught."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chopper import encode, hardware
from chopper.verify.hardware import Rehearsal, classes, compare, convert, page, probes, record, replay, run
from chopper.verify.hardware.command import main
from chopper.verify.hardware.probing import conversion_probes
from chopper_ext.probes import tensor_cores
from tests.tally import Tally

SUBJECT = "rehearsed probes"
HOPPER = [one for one in probes() if one.unit.startswith("h100.") and one.shape[2] <= (8 if "fp64" in one.unit else 80)]


@dataclass(frozen=True)
class Liar:
    """An instruction that gives one result wrong, in the last bit."""

    unit: str = "h100.wgmma.e4m3"
    shape: tuple[int, int, int] = (64, 8, 32)
    label: str = "m64n8k32"

    def missing(self) -> None:
        """It runs everywhere."""

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return what the model returns, but for one bit."""
        d = hardware.products(self.unit, a, b, c)
        d[0, 3, 3] ^= 1 << 10
        return d


@dataclass(frozen=True)
class Cast:
    """A conversion played by chopper, which knows no NaN other than one where `wrong`."""

    name: str = "cast"
    source: str = "fp16"
    target: str = "e4m3"
    wrong: bool = False

    def missing(self) -> None:
        """It runs everywhere."""

    def converted(self, codes: Any) -> Any:
        """Return what chopper makes of them."""
        found = self.expected(codes)
        return np.where(codes == 0x3C00, found + 1, found) if self.wrong else found

    def expected(self, codes: Any, threads: int | None = None) -> Any:
        """Return what chopper makes of them."""
        return encode(codes.view(np.float16), self.target, threads=threads)


@pytest.mark.parametrize("probe", HOPPER, ids=lambda one: f"{one.unit}, {one.label}")
def test_rehearsal(probe: Any, tally: Tally, tmp_path: Path) -> None:
    """Every probe of a Hopper GPU goes all the way: inputs, products, comparison, recording, replaying."""
    if probe.unit not in {one.name for one in hardware.units()}:
        pytest.skip(f"there is no unit {probe.unit} yet")
    found = compare(Rehearsal(probe), 100)
    assert (found.reason, found.wrong, tuple(found.classes)) == ("", 0, classes(hardware.unit(probe.unit)))
    tally.note(found.results, probe.unit)
    path = record(found, tmp_path, "2000-01-01")
    assert path is not None and path.stat().st_size < 1 << 15
    unit, counts = replay(path)
    assert unit == probe.unit and sum(wrong for _, wrong in counts.values()) == 0
    assert sum(n for n, _ in counts.values()) == (16 if probe.shape[2] <= 32 else 4) * len(counts)


def test_a_liar_is_caught(tmp_path: Path) -> None:
    """One wrong bit in each class is counted and shown, and the recorded file fails."""
    found = compare(Liar(), 600)
    assert {counts for name, counts in found.classes.items() if name not in ("special", "bits")} == {(1024, 1)}
    shown = found.examples[0]
    assert int(shown["instruction"], 16) ^ int(shown["model"], 16) == 1 << 10 and len(shown["a"]) == 32
    path = record(found, tmp_path)
    assert path is not None and path.name == "h100.wgmma.e4m3@m64n8k32.npz"
    assert sum(wrong for _, wrong in replay(path)[1].values()) == found.wrong


def test_conversions() -> None:
    """Every code of a short format is tried; one wrong code is found."""
    good, bad = convert(Cast(), 1 << 16), convert(Cast(wrong=True), 1 << 16)
    assert (good.results, good.wrong, good.every) == (1 << 16, 0, True)
    assert (bad.wrong, bad.examples) == (1, [{"code": "3c00", "instruction": "39", "chopper": "38"}])
    assert not convert(Cast(), 1000).every


def test_what_is_missing_says_why() -> None:
    """Probes that cannot run give a reason; nothing fails for it."""
    for probe in probes():
        reason = probe.missing()
        assert reason is None or (isinstance(reason, str) and reason)
    for probe in conversion_probes():
        reason = probe.missing()
        assert reason is None or reason


def test_no_two_probes_are_alike() -> None:
    """Unit and label tell probes apart, so that each has a file of its own; their units have the shapes they say."""
    names = [(one.unit, getattr(one, "label", "")) for one in probes()]
    assert len(names) == len(set(names))
    known = {name: one for one in hardware.units() for name in (one.name, *one.aliases)}
    for one in tensor_cores.tensor_core_probes():
        unit = known.get(one.unit)
        assert unit is None or (unit.a, unit.b, unit.c) == (
            one.instruction.a, one.instruction.b, one.instruction.accumulator)  # fmt: skip


def test_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command writes JSON and a page, prints counts, and tells what did not run."""
    files = tmp_path / "data.json", tmp_path / "page.md"
    asked = ["--only", "h100.mma.e4m3", "--rows", "100", "--json", str(files[0]), "--report", str(files[1])]
    assert main([*asked, "--rehearse"]) == 0
    printed = capsys.readouterr().out.splitlines()
    data = json.loads(files[0].read_text())
    assert printed[-1].endswith("compared bit for bit, 0 differ") and len(data["units"]) == len(printed) - 1
    assert {one["machine"] for one in data["units"]} == {"the model itself"}
    text = files[1].read_text()
    assert "| `h100.mma.e4m3` | m16n8k32 |" in text and "**0 differ**" in text
    assert main(["--merge", "--earlier", str(files[0]), "--earlier", str(files[0]), "--report", str(files[1])]) == 0
    assert files[1].read_text().count("## the model itself") == 2


def test_the_command_of_the_package(tmp_path: Path) -> None:
    """``chopper verify --hardware`` does the same."""
    pytest.importorskip("typer")
    from typer.testing import CliRunner

    from chopper.cli import app

    asked = ["verify", "--hardware", "--rehearse", "--only", "h100.mma.int8", "--rows", "100"]
    done = CliRunner(env={"COLUMNS": "200"}).invoke(app, [*asked, "--report", str(tmp_path / "page.md")])
    assert done.exit_code == 0 and "compared bit for bit, 0 differ" in done.stdout
    assert "| `h100.mma.int8.satfinite` | m16n8k32 |" in (tmp_path / "page.md").read_text()


def test_differences_are_reported(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What differs is in the lines, on the page and in the exit code."""
    monkeypatch.setattr("chopper.verify.hardware.suite.probes", lambda: (Liar(),))
    monkeypatch.setattr("chopper.verify.hardware.suite.conversion_probes", lambda: (Cast(wrong=True),))
    assert main(["--rows", "600", "--report", str(tmp_path / "page.md"), "--record", str(tmp_path / "data")]) == 1
    text = (tmp_path / "page.md").read_text()
    assert "randn 1 of 1,024" in text and "| `cast` | all 65,536 | 1 |" in text
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["h100.wgmma.e4m3@m64n8k32.npz"]


def test_a_rehearsal_records_nothing(tmp_path: Path) -> None:
    """What a model said is never recorded as what hardware said."""
    run(64, only="h100.mma.int8", rehearse=True, folder=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_page_of_nothing() -> None:
    """A page is written even where nothing ran."""
    data = {"date": "2000-01-01", "units": [], "conversions": [], "without_probe": ["v100.mma.fp16"]}
    assert "- there is no probe: v100.mma" in page([data])
