"""What a new process pays: for the import, and for the first small array."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort

__all__ = ["measure"]

ROOT = Path(__file__).resolve().parent.parent
TABLE = "A new process"
HEAVY = ("numba", "llvmlite", "torch", "jax", "dask", "scipy", "pandas", "matplotlib")

PROGRAM = f"""
import json, sys, time
import numpy as np
before = set(sys.modules)
start = time.perf_counter()
import chopper
imported = time.perf_counter()
added = set(sys.modules) - before
x = np.linspace(-3, 3, 1000, dtype=np.float32)
chopped = time.perf_counter()
chopper.chop(x, "e4m3")
done = time.perf_counter()
few = x[:64].copy()
calls = []
for _ in range(200):
    begin = time.perf_counter()
    chopper.chop(few, "e4m3")
    calls.append(time.perf_counter() - begin)
print(json.dumps(dict(
    imports=imported - start, first=done - chopped, few=min(calls) * 1e6, modules=len(added),
    own=sum(name.partition(".")[0] == "chopper" for name in added), heavy=sum(name in added for name in {HEAVY!r}),
)))
"""

LINES = {
    # key of the program's answer: (name, line, unit, the most allowed)
    "imports": ("import", "import chopper, on top of import numpy", "s", 0.25),
    "first": ("first chop", "first chop, 1,000 elements", "s", 0.2),
    "few": ("few", "next chops of 64 elements, before a loop is compiled", "us", None),
    "modules": ("modules", "what import chopper adds", "modules", None),
    "own": ("own modules", "of them chopper's own", "modules", None),
    "heavy": ("heavy modules", "of them compilers and frameworks", "modules", 0),
}


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Run new processes and take the minimum of each figure."""
    lines = {answer: line for answer, line in LINES.items() if wanted(f"startup/{line[0]}")}
    if not lines:
        return
    answers = [_process() for _ in range(effort.processes)]
    for answer, (name, line, unit, most) in lines.items():
        value = min(one[answer] for one in answers)
        yield Figure(f"startup/{name}", TABLE, line, "figure", value, unit, most, smaller=True)


def _process() -> dict[str, Any]:
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(
        command, env={**os.environ, "PYTHONPATH": path}, check=True, capture_output=True, text=True, timeout=120
    )
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer
