"""Every ``chopper`` command that the texts show runs, and makes the files that it names."""

from __future__ import annotations

import re
import shlex
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("typer")

from typer.testing import CliRunner

from chopper.cli import app
from tests.docs.test_readme import ROOT, TEXTS, blocks

SPOKEN = re.compile(r"`(chopper [a-z][^`]*)`")
NAMED = ("chopper compare", "chopper info", "chopper round")
"""Spoken of without arguments: only that they exist is checked."""

LONG = {
    "chopper verify": "some ten seconds of loops to be compiled, and proofs; tests/test_cli.py runs a part",
    "chopper verify --hardware": "a minute, and what it compares is the machine; tests/hardware runs it on models",
    "chopper verify --hardware --report FILE": "the same",
    "chopper demo": "a minute of training or more; tests/test_demo.py and tests/test_cli.py run it with fewer formats",
}
"""Commands that are not run here, and why."""


def commands(text: str) -> list[str]:
    """Return the ``chopper`` commands after a prompt in the blocks of a text, and those in its sentences."""
    lines = [line[2:] for body in blocks(text, "console") for line in body.splitlines() if line.startswith("$ ")]
    spoken = [" ".join(found.split()) for found in SPOKEN.findall(re.sub(r"^```.*?^```", "", text, flags=re.M | re.S))]
    written = [shlex.join(shlex.split(line, comments=True)) for line in lines if line.startswith("chopper ")]
    return list(dict.fromkeys([*written, *(one for one in spoken if "..." not in one)]))


SHOWN = sorted({(line, path.stem) for path in TEXTS for line in commands(path.read_text(encoding="utf-8"))})
ONCE = [one for before, one in pairwise([("", ""), *SHOWN]) if one[0] not in (before[0], *LONG)]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder with the files that the texts name."""
    monkeypatch.chdir(tmp_path)
    numbers = np.random.default_rng(0).standard_normal(500)
    for name in ("data.npy", "weights.npy"):
        np.save(tmp_path / name, numbers.astype(np.float32))
    return tmp_path


@pytest.mark.parametrize("line", [line for line, _ in ONCE])
def test_command(line: str, folder: Path) -> None:
    """It succeeds, says something, and writes what it was told to write."""
    if "plot" in line:
        pytest.importorskip("matplotlib")
    words = [*shlex.split(line)[1:], *(["--help"] if line in NAMED else [])]
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1", "TERM": "dumb"}).invoke(app, words)
    assert result.exit_code == 0, result.output
    assert result.stdout.strip()
    for option, value in pairwise(words):
        if option in ("--plot", "--out", "--json", "--report"):
            assert (folder / value).stat().st_size > 1000


@pytest.mark.parametrize("line", LONG)
def test_long_commands_are_shown_and_exist(line: str) -> None:
    """The list above names nothing in vain, and options of what it names exist."""
    assert line in {shown for shown, _ in SHOWN}
    result = CliRunner().invoke(app, [*shlex.split(line)[1:], "--help"])
    assert result.exit_code == 0, result.output


def test_first_steps_show_commands() -> None:
    """Commands are found where they stand."""
    for name in ("README.md", "docs/start/analysis.md", "docs/start/hardware.md", "docs/explorer.md"):
        assert commands((ROOT / name).read_text(encoding="utf-8"))


def test_commands_are_read() -> None:
    """Prompts, comments and sentences; other programs and other languages are left alone."""
    text = "Try `chopper info\ne4m3`.\n\n```console\n$ pip install x\n$ chopper table e2m1  # codes\nchopper no\n```\n"
    assert commands(text + "\n```python\nx = '`chopper demo`'\n```\n") == ["chopper table e2m1", "chopper info e4m3"]
