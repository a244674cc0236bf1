"""The project speaks of itself alone: no file names a place on somebody's machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.architecture.source import ROOT

TOPS = ("root", "home", "work", "Users")
PLACE = re.compile(rf"(?<![\w.:/~-])/(?:{'|'.join(TOPS)})/\w[^\s\"'`)]*")
SKIPPED = {".git", ".venv", "shared", "__pycache__", "site", "build", "dist"}


def project_files() -> list[Path]:
    """List the files that are, or would be, under version control."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    except (OSError, subprocess.CalledProcessError):  # an unpacked archive
        found = (path for path in ROOT.rglob("*") if not SKIPPED & set(path.relative_to(ROOT).parts))
    else:
        found = (ROOT / name for name in listing.split("\0") if name)
    return sorted(path for path in found if path.is_file() and not path.is_symlink())


def places(text: str) -> list[str]:
    """Return the absolute places of a machine that `text` names."""
    return PLACE.findall(text)


def test_no_file_names_a_place() -> None:
    """No project text holds such a path."""
    found = {}
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        if places(text):
            found[str(path.relative_to(ROOT))] = places(text)
    assert found == {}


@pytest.mark.parametrize("top", TOPS)
def test_a_place_is_caught(top: str) -> None:
    """The rule can fail."""
    assert places(f'see "/{top}/someone/data.npy"') == [f"/{top}/someone/data.npy"]


def test_addresses_and_fragments_pass() -> None:
    """Web addresses, relative paths and plain words are not places."""
    assert places("https://example.org/home/page a/work/b root/home/work ./root/x /usr/bin/env work/home") == []


def test_the_listing_sees_this_file() -> None:
    """The files are found at all."""
    assert Path(__file__).resolve() in project_files()
