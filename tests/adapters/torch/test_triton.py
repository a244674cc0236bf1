"""Triton without a GPU: its interpreter gives the bits of NumPy, and its compiler makes PTX of every family."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytestmark = pytest.mark.skipif(not find_spec("triton"), reason="Triton is not installed")

SUBJECT = "Triton's interpreter against NumPy"


def run(root: Path, *arguments: str, interpret: bool) -> list[int]:
    """Run a case in a process of its own and return the numbers it prints."""
    environment = {**os.environ, "PYTHONPATH": str(root), "TRITON_INTERPRET": "1" if interpret else "0"}
    command = [sys.executable, "-m", "tests.adapters.torch.triton_cases", *arguments]
    ended = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=900)
    assert ended.returncode == 0, ended.stderr[-3000:]
    return [int(word) for word in ended.stdout.split()]


def test_interpreter(root: Path, tally):
    kernels, compared = run(root, "interpret", "15", interpret=True)
    tally.note(compared)
    assert kernels >= 15


def test_launch(root: Path):
    kernels, distinct = run(root, "launch", "3", interpret=False)
    assert kernels == distinct >= 3


def test_products(root: Path, tally):
    units, compared = run(root, "products", "2", interpret=True)
    tally.note(compared)
    assert units > 10
    tally.note(run(root, "sums", "3", interpret=True)[1])
    assert run(root, "tiles", "1", interpret=False)[0] >= 1


@pytest.mark.exhaustive  # by its time
def test_every_unit(root: Path, tally):
    tally.note(run(root, "products", "1000", interpret=True)[1])
    tally.note(run(root, "sums", "1000", interpret=True)[1])
    compiled, units = run(root, "tiles", "1000", interpret=False)
    assert compiled == units


@pytest.mark.exhaustive  # by its time
def test_every_kernel(root: Path, tally):
    kernels, compared = run(root, "interpret", "1000", interpret=True)
    tally.note(compared)
    assert kernels > 200
    kernels, distinct = run(root, "launch", "1000", interpret=False)
    assert kernels == distinct > 200
