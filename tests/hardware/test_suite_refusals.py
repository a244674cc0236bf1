"""``chopper verify --hardware`` asked for nonsense, and probes that fail: nothing passes for agreement."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from chopper import hardware
from chopper.errors import RandomKeyError, UnsupportedInputError
from chopper.verify.hardware import classes, compare, convert, probes, replay, run, tiles
from chopper.verify.hardware.command import main
from chopper_ext.probes.torch_products import torch_probes


@dataclass
class Failing:
    """A probe, and a conversion, that raises an error after some calls."""

    error: Exception
    left: int = 0
    unit: str = "x86.vdpbf16ps.bf16"
    name: str = "cast"
    source: str = "fp16"
    target: str = "e4m3"
    shape: tuple[int, int, int] = (1, 16, 2)

    def missing(self) -> None:
        """It runs everywhere."""

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return the model's results, until it fails."""
        self.left -= 1
        if self.left < 0:
            raise self.error
        return hardware.products(self.unit, a, b, c)

    def converted(self, codes: Any) -> Any:
        """Fail."""
        raise self.error


def test_what_fails_is_said(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """A probe that fails, at once or later, has a reason and no results; the machine's lacks are no failure."""
    for left in (0, 3):
        for error, failed in ((ValueError("boom"), True), (OSError("refused"), False), (RuntimeError("no"), False)):
            found = compare(Failing(error, left), 64)
            assert (found.classes, found.failed) == ({}, failed)
            assert found.reason == f"{type(error).__name__}: {error}"
    turned = convert(Failing(KeyError("x")), 64)
    assert (turned.failed, turned.results) == (True, 0)
    monkeypatch.setattr("chopper.verify.hardware.suite.conversion_probes", lambda: ())
    for error, code in ((ValueError("boom"), 1), (OSError("refused"), 0)):
        monkeypatch.setattr("chopper.verify.hardware.suite.probes", lambda error=error: (Failing(error),))
        assert main(["--rows", "64"]) == code
        assert f"not run: {type(error).__name__}" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--rows", "0"], "rows=0 is not legal"),
        (["--key", "-1"], "-1 is not a key"),
        (["--threads", "0"], "threads=0 is not legal"),
        (["--only", "nonsense"], "only='nonsense'"),
        (["--merge", "--earlier", "no_such_file.json", "--report", "page.md"], "no_such_file.json"),
        (["--merge", "--earlier", "broken.json", "--report", "page.md"], "broken.json is not what --json wrote"),
    ],
)
def test_command(arguments: list[str], text: str, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """One line, and another exit code than that of a difference."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "broken.json").write_text("{")
    assert main(arguments) == 2
    assert text in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--merge"], ["--merge", "--report", "page.md"]])
def test_merging_needs_files(arguments: list[str], capsys: Any) -> None:
    """Both ends of it."""
    with pytest.raises(SystemExit, match="2"):
        main(arguments)
    assert "pass both" in capsys.readouterr().err


def test_inputs() -> None:
    """Units by name; formats of less than a byte; classes and keys that do not exist."""
    for name in ("b200.tcgen05.e2m1", "b200.tcgen05.e3m2_e2m3"):
        unit = hardware.unit(name)
        for kind in classes(name):
            hardware.products(unit, *tiles(name, (2, 3, 32), kind, 2))  # which refuses what is no code
    with pytest.raises(UnsupportedInputError, match="legal: randn, positive"):
        tiles("h100.wgmma.e4m3", (2, 3, 32), "nonsense", 1)
    with pytest.raises(RandomKeyError, match="-1 is not a key"):
        run(1, -1)


def test_files_of_other_kinds(tmp_path: Path) -> None:
    """What holds no recorded vectors says so."""
    path = tmp_path / "x.npz"
    path.write_text("text")
    with pytest.raises(UnsupportedInputError, match=r"x\.npz holds no recorded vectors: it is no \.npz file"):
        replay(path)
    np.save(tmp_path / "y.npy", np.zeros(3))
    with pytest.raises(UnsupportedInputError, match="about, b, c, d missing"):
        replay(tmp_path / "y.npy")
    for about in ("{}", '{"unit": "x86.vdpbf16ps.bf16", "classes": ["mid"]}'):
        np.savez(path, **dict.fromkeys("abcd", np.zeros((2, 1, 1))), about=about)
        with pytest.raises(UnsupportedInputError, match="the class of each tile"):
            replay(str(path))  # type: ignore[arg-type]


def test_probes_of_packages_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The package is named."""

    def load() -> None:
        raise ImportError("no such library")

    point = SimpleNamespace(value="other:probes", dist=SimpleNamespace(name="other"), load=load)
    monkeypatch.setattr("chopper.verify.hardware.probing.entry_points", lambda group: [point])
    with pytest.raises(UnsupportedInputError, match=r"of other cannot be loaded .*no such library.*uninstall other"):
        probes()


def test_products_without_c() -> None:
    """A probe that adds nothing refuses a c other than zero before it asks for a device."""
    one = torch_probes()[0]
    codes, c = np.zeros((1, 64, one.k), np.uint16), np.ones((1, 64, 64), np.uint32)
    with pytest.raises(UnsupportedInputError, match="pass zeros"):
        one.products(codes, codes, c)
