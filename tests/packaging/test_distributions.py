"""What is in the distributions, and what they do in an empty environment: ``make package``."""

from __future__ import annotations

import json
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, VERSIONS, interpreter, new_environment, run

pytestmark = pytest.mark.packaging

ROUND = "import chopper, numpy; print(chopper.chop(numpy.float32([0.1, 300]), 'e4m3').tolist())"
ROUNDED = "[0.1015625, 288.0]\n"
EXTRAS = {
    "cli": ("chopper.cli", "['-m', 'chopper', 'round', '0.1', '--fmt', 'e4m3']"),
    "plot": ("chopper.plots", None),
    "dask": ("chopper_ext.dask", None),
    "jax": ("chopper_ext.jax", None),
}
"""What each extra makes importable."""


def test_the_wheel_holds_the_packages_alone(built: dict[str, Path]) -> None:
    """Every module and marker, and nothing else."""
    names = set(zipfile.ZipFile(built["wheel"]).namelist())
    for package in ("chopper", "chopper_ext"):
        files = {str(path.relative_to(ROOT)) for path in (ROOT / package).rglob("*") if path.is_file()}
        wanted = {name for name in files if "__pycache__" not in name}
        assert wanted <= names
        assert f"{package}/py.typed" in names
    about = {name for name in names if ".dist-info/" in name}
    assert all(name.startswith(("chopper/", "chopper_ext/")) for name in names - about)
    assert any(name.endswith("LICENSE") for name in about)


def test_the_sdist_tests_itself(built: dict[str, Path], tmp_path: Path) -> None:
    """The sdist holds what the tests need, and no more than the tree."""
    with tarfile.open(built["sdist"]) as archive:
        archive.extractall(tmp_path, filter="data")
    (folder,) = tmp_path.iterdir()
    for name in (
        "pyproject.toml",
        "Makefile",
        "README.md",
        "CHANGELOG.md",
        "LICENSE",
        "tests/oracle.py",
        "docs/index.md",
    ):
        assert (folder / name).is_file()
    assert not list(folder.rglob("*.pyc"))


@pytest.mark.parametrize("version", VERSIONS)
def test_every_python(version: str, built: dict[str, Path], tmp_path: Path) -> None:
    """The wheel installs on every version named, with the newest dependencies, and rounds."""
    base = interpreter(version)
    if base is None:
        pytest.skip(f"python{version} is not installed here")
    python = new_environment(tmp_path / "env", base)
    run(python, "-m", "pip", "install", "-q", built["wheel"])
    assert run(python, "-c", ROUND, cwd=tmp_path) == ROUNDED
    installed = {one["name"].lower() for one in json.loads(run(python, "-m", "pip", "list", "--format=json"))}
    assert installed - {"pip", "setuptools"} == {"chopper", "numpy", "numba", "llvmlite"}


def test_oldest_dependencies(built: dict[str, Path], tmp_path: Path) -> None:
    """The oldest versions that pyproject.toml admits do."""
    python = new_environment(tmp_path / "env", interpreter("3.11") or interpreter("3.12"))
    run(python, "-m", "pip", "install", "-q", built["wheel"], "numpy==2.0.*", "numba==0.61.*")
    assert run(python, "-c", ROUND, cwd=tmp_path) == ROUNDED
    code = "import chopper; print(chopper.chop(0.1, 'posit8', 'stochastic', key=1), chopper.ops.exp(1.0, 'bf16'))"
    newest = run(sys.executable, "-c", code, cwd=ROOT)
    assert run(python, "-c", code, cwd=tmp_path) == newest


@pytest.mark.parametrize("extra", EXTRAS)
def test_extras(extra: str, built: dict[str, Path], tmp_path: Path) -> None:
    """An extra brings what its module needs."""
    module, command = EXTRAS[extra]
    python = new_environment(tmp_path / "env", sys.executable)
    run(python, "-m", "pip", "install", "-q", f"{built['wheel']}[{extra}]")
    run(python, "-c", f"import {module}", cwd=tmp_path)
    if command:
        assert "0.1015625" in run(python.parent / "chopper", "round", "0.1", "--fmt", "e4m3", cwd=tmp_path)
