"""The cache of compiled loops: it serves the next process, and never outlives an edit of a kernel."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import chopper

PROGRAM = """
import numpy as np
from chopper import chop
from chopper.engine import loops
x = np.full(1 << 16, 1.0625, np.float32)
y = chop(x, "e4m3", "nearest_away")
hits, misses = sum(loops.each.stats.cache_hits.values()), sum(loops.each.stats.cache_misses.values())
print(y[0], hits, misses)
"""


def run(folder: Path) -> list[str]:
    """Run the program with the copy of the package in a folder, caching beside it."""
    env = {**os.environ, "PYTHONPATH": str(folder)}
    env.pop("NUMBA_CACHE_DIR", None)
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=env, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_cache_serves_the_next_process_and_follows_edits(tmp_path: Path) -> None:
    package = tmp_path / "chopper"
    shutil.copytree(Path(chopper.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    assert run(tmp_path) == ["1.125", "0", "1"]
    assert run(tmp_path) == ["1.125", "1", "0"]
    rules = package / "kernels" / "rules.py"
    text = rules.read_text()
    rule = "def nearest_away(where, neg, odd, r, s, shift, word, bits):\n    return (1 << s) >> 1\n"
    assert rule in text
    rules.write_text(text.replace(rule, rule.replace("(1 << s) >> 1", "s & 0")))
    assert run(tmp_path) == ["1.0", "0", "1"]
    rules.write_text(text)
    assert run(tmp_path) == ["1.125", "1", "0"]


def test_a_place_that_cannot_be_written_to_is_no_obstacle(tmp_path: Path) -> None:
    package = tmp_path / "chopper"
    shutil.copytree(Path(chopper.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    loops = package / "engine" / "loops.py"
    text = loops.read_text()
    broken = "import numba\n\n_njit = numba.njit\n\n\ndef _refusing(**options: Any) -> Any:\n"
    broken += "    if options.get('cache'):\n        raise RuntimeError('no locator available')\n"
    broken += "    return _njit(**options)\n"
    loops.write_text(text.replace("import numba\n", broken, 1).replace("numba.njit(nogil", "_refusing(nogil"))
    assert run(tmp_path)[0] == "1.125"
