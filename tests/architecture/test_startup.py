"""``import chopper`` is light: it loads no compiler and no framework, and takes little time."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.architecture.source import ROOT

HEAVY = frozenset({"numba", "llvmlite", "torch", "jax", "jaxlib", "dask", "scipy", "matplotlib", "pandas", "sklearn"})
SECONDS = 0.25

LOADED = "import json, sys; import {0}; print(json.dumps(sorted({{name.partition('.')[0] for name in sys.modules}})))"
TIMED = "import numpy, time; t = time.process_time(); import chopper; print(time.process_time() - t)"


def run(code: str) -> str:
    """Run Python code in a process of its own, at the root of the source tree, and return what it prints."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def loaded(module: str) -> frozenset[str]:
    """Return the heavy packages that importing `module` loads."""
    return HEAVY & set(json.loads(run(LOADED.format(module))))


def test_import_is_light() -> None:
    """No heavy package is loaded."""
    assert loaded("chopper") == frozenset()


def test_import_prints_nothing() -> None:
    """The library is silent."""
    assert run("import chopper") == ""


MODULES = """
import importlib, pkgutil, chopper
for one in pkgutil.iter_modules(chopper.__path__):
    if one.name == "__main__":  # which runs the command
        continue
    try:
        found = getattr(chopper, one.name)
    except ModuleNotFoundError as error:  # an extra that is not installed
        if error.name.startswith("chopper"):
            raise
        continue
    named = one.name in chopper.__all__  # as what is listed by that name: `formats` is a function
    assert named or found is importlib.import_module(f"chopper.{one.name}"), one.name
for name in ("nonsense", "_nonsense"):
    assert not hasattr(chopper, name)
"""


def test_every_module_is_an_attribute() -> None:
    """After ``import chopper`` alone, whatever was imported before."""
    assert run(MODULES) == ""


def test_a_heavy_import_is_caught() -> None:
    """The check sees a package that does load one of them."""
    pytest.importorskip("numba")
    assert "llvmlite" in loaded("numba")


@pytest.mark.slow
def test_import_is_fast() -> None:
    """What chopper adds to numpy stays below the limit; processor time, minimum of five, against noise."""
    assert min(float(run(TIMED)) for _ in range(5)) <= SECONDS


@pytest.mark.slow
def test_a_slow_import_is_caught() -> None:
    """The clock sees a slow import."""
    pytest.importorskip("numba")
    assert min(float(run(TIMED.replace("chopper", "numba"))) for _ in range(2)) > SECONDS / 4
