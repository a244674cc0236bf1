"""Formats that other packages bring by entry points."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from chopper.errors import FormatError, UnknownFormatError
from chopper.formats.plugins import Brought, brought
from chopper.formats.registry import Registry, get

FP4 = {"exponent_bits": 2, "precision": 2, "infinities": False, "top_nans": 0}


def install(folder: Path, points: str, **modules: str) -> None:
    """Write modules and the metadata of a package as an installer leaves them."""
    about = folder / "acme_numbers-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-numbers\nVersion: 1.0\n", "utf-8")
    (about / "entry_points.txt").write_text(f"[chopper.formats]\n{points}\n", "utf-8")
    for name, text in modules.items():
        (folder / f"{name}.py").write_text(text, "utf-8")


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder that Python imports from."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return tmp_path


def test_one_format_fields_and_a_mapping(site: Path) -> None:
    """An entry point names a Format, its fields, or several by name."""
    install(
        site,
        "acme6 = acme_one:SIX\nacme4 = acme_one:FOUR\nrest = acme_one:REST",
        acme_one=f"from chopper import FloatFormat\nFOUR = {FP4}\n"
        "SIX = FloatFormat(exponent_bits=3, precision=3)\nREST = {'acme5': FloatFormat(exponent_bits=3, precision=2)}",
    )
    registry = Registry(plugins=brought)
    assert registry.get("Acme-6").bits == 6
    assert (str(registry.get("acme4")), registry.get("acme5").bits) == ("acme4", 5)
    assert [(row.name, row.source) for row in registry.rows()][-3:] == [
        (name, "package acme-numbers") for name in ("acme6", "acme4", "acme5")
    ]


def test_everywhere_in_a_new_process(site: Path) -> None:
    """A name of a package works as one of chopper's own."""
    install(site, "acme4 = acme_two:FOUR", acme_two=f"FOUR = {FP4}")
    code = "import chopper; print(chopper.chop(5.1, 'acme4'), 'acme4' in map(str, chopper.formats()))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False,
                         env={"PYTHONPATH": f"{site}:{Path(__file__).parents[2]}", "PATH": ""})  # fmt: skip
    assert run.stdout == "6.0 True\n", run.stderr


def test_asked_once_and_only_when_needed() -> None:
    """A known name does not load other packages."""
    asked: list[int] = []

    def plugins() -> list[Brought]:
        asked.append(1)
        return [Brought("mine", FP4, "here")]

    registry = Registry(plugins=plugins)
    registry.get("e4m3")
    assert not asked
    for _ in range(2):
        with pytest.raises(UnknownFormatError, match="nearest: 'mine'"):
            registry.get("mine2")
    assert asked == [1]


@pytest.mark.parametrize(
    ("points", "text", "match"),
    [
        ("a = acme_bad:A", "A = 1 / 0", r"'acme_bad:A' of acme-numbers cannot be loaded \(ZeroDivisionError"),
        ("a = acme_bad:A", "A = 3", "is 3; legal: a Format"),
        ("e4m3 = acme_bad:A", f"A = {FP4}", "built in and cannot be redefined"),
    ],
)
def test_errors(site: Path, points: str, text: str, match: str) -> None:
    """What a package gets wrong is an error that names the package, each time it is asked for."""
    name = f"acme_bad{abs(hash(text))}"
    install(site, points.replace("acme_bad", name), **{name: text})
    registry = Registry(plugins=brought)
    for _ in range(2):
        with pytest.raises(FormatError, match=match.replace("acme_bad", name)):
            registry.get("unknown")
    assert registry.get("e4m3") == get("e4m3")
