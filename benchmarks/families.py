"""Formats that are no floats, on one thread, as a fraction of copying the same array."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmarks.data import normal
from benchmarks.figure import Figure, Wanted
from benchmarks.floats import operation
from benchmarks.timing import Effort, interleaved

__all__ = ["FLOORS", "measure"]

FLOORS = {"posit8": 0.3, "posit16": 0.3, "lns8": 0.3, "int8": 0.3, "fixed<3,4>": 0.3, "nf4": 0.1, "dynamic8": 0.1}
"""The formats, and the least fraction of a copy that rounding to nearest is to reach on 64 MB."""

OPERATIONS = ("nearest_even", "toward_zero", "stochastic", "encode", "decode")


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure fractions of a copy on float32 from N(0, 1), with ``out=`` given, on one thread."""
    megabytes = 1 if effort.quick else 64
    table = f"float32, {megabytes} MB, formats that are no floats, one thread: fraction of np.copyto"
    for fmt, floor in FLOORS.items():
        names = {op: f"families/{fmt}/{megabytes}MB/{op}" for op in OPERATIONS}
        names = {op: name for op, name in names.items() if wanted(name)}
        if not names:
            continue
        x = normal("float32", megabytes)
        out = np.empty_like(x)
        times = interleaved({op: operation(op, x, out, fmt, 1) for op in ("copy", *names)}, effort)
        for op, name in names.items():
            promised = floor if op == "nearest_even" and megabytes == 64 else None
            yield Figure(name, table, fmt, op, times["copy"] / times[op], floor=promised)
