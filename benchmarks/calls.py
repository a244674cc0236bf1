"""What one call costs apart from its elements."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

import chopper
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["measure"]

FEW = 64
TABLE = "One call, once its loop is compiled: microseconds"


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure calls on few elements and on a Python float."""
    cases = {name: case for name, case in _cases().items() if wanted(f"calls/{name}")}
    if not cases:
        return
    large = np.ones(1 << 16, np.float32)
    chopper.chop(large, "e4m3")
    chopper.chop(large, "e4m3", "stochastic", key=1)
    chopper.decode(chopper.encode(large, "e4m3"), "e4m3")
    for name, seconds in interleaved(cases, effort).items():
        yield Figure(f"calls/{name}", TABLE, name, "us", seconds * 1e6, unit="us", smaller=True, ours="np." not in name)


def _cases() -> dict[str, Callable[[], object]]:
    x = np.linspace(-3, 3, FEW, dtype=np.float32)
    out = np.empty_like(x)
    codes = chopper.encode(x, "e4m3")
    fmt = chopper.get("e4m3")
    return {
        f"np.copyto, {FEW} elements": lambda: np.copyto(out, x),
        f"chop, {FEW} elements": lambda: chopper.chop(x, "e4m3"),
        f"chop, {FEW} elements, out given": lambda: chopper.chop(x, "e4m3", out=out),
        f"chop, {FEW} elements, format object": lambda: chopper.chop(x, fmt),
        f"chop, {FEW} elements, stochastic": lambda: chopper.chop(x, "e4m3", "stochastic", key=1),
        f"encode, {FEW} elements": lambda: chopper.encode(x, "e4m3"),
        f"decode, {FEW} elements": lambda: chopper.decode(codes, "e4m3"),
        "chop, a Python float": lambda: chopper.chop(0.1, "e4m3"),
    }
