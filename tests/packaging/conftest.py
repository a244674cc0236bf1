"""The distributions of this source tree, and empty environments to install them into."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
"""The versions of Python that pyproject.toml names."""

Run = Callable[..., str]


def run(*command: object, cwd: Path | None = None, **environment: str) -> str:
    """Return what a command prints; its errors are shown where it fails."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, check=False, env=environment or None
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Return the sdist, and the wheel built from it."""
    folder = tmp_path_factory.mktemp("dist")
    environment = new_environment(folder / "build", sys.executable)
    run(environment, "-m", "pip", "install", "-q", "build")
    source = folder / "source"
    ignored = shutil.ignore_patterns(".*", "site", "build", "dist", "__pycache__")
    shutil.copytree(ROOT, source, ignore=ignored)
    run(environment, "-m", "build", "--outdir", folder, source)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return {"sdist": sdist, "wheel": wheel}


def new_environment(folder: Path, python: object) -> Path:
    """Make an empty environment and return its Python."""
    run(python, "-m", "venv", folder)
    return folder / "bin" / "python"


def interpreter(version: str) -> str | None:
    """Return the Python of a version that works here."""
    candidates = [f"python{version}", *map(str, Path.home().glob(f".pyenv/versions/{version}.*/bin/python3"))]
    for candidate in candidates:
        found = shutil.which(candidate)
        if found and subprocess.run([found, "-c", "pass"], capture_output=True, check=False).returncode == 0:
            return found
    return None
