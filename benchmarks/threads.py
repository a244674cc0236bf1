"""One and two threads, as fractions of a copy on one thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from benchmarks.data import normal
from benchmarks.figure import Figure, Wanted
from benchmarks.floats import CARRIERS, FORMATS, operation
from benchmarks.timing import Effort, interleaved

__all__ = ["measure"]

FLOORS = {1: 0.6, 2: 1.0}
COPY = "np.copyto, 2 threads"


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure nearest_even; the copy on two threads tells what the memory of the machine allows."""
    megabytes = 8 if effort.quick else 64
    for carrier in CARRIERS:
        for fmt in FORMATS:
            lines = {f"nearest_even, {count} thread{'s' * (count > 1)}": count for count in FLOORS}
            names = {line: f"threads/{carrier}/{fmt}/{megabytes}MB/{line}" for line in (*lines, COPY)}
            names = {line: name for line, name in names.items() if wanted(name)}
            if not names:
                continue
            x = normal(carrier, megabytes)
            out = np.empty_like(x)
            cases = {"copy": operation("copy", x, out, fmt, 1), COPY: lambda x=x, out=out: _copy_by_two(x, out)}
            cases |= {line: operation("nearest_even", x, out, fmt, count) for line, count in lines.items()}
            times = interleaved(cases, effort)
            table = f"{carrier}, {megabytes} MB, threads: fraction of np.copyto on one thread"
            for line, name in names.items():
                least = FLOORS.get(lines.get(line, 0)) if megabytes == 64 else None
                yield Figure(name, table, line, fmt, times["copy"] / times[line], floor=least, ours=line != COPY)


def _copy_by_two(x: npt.NDArray[Any], out: npt.NDArray[Any]) -> None:
    middle = x.size // 2
    helper = threading.Thread(target=np.copyto, args=(out[middle:], x[middle:]))
    helper.start()
    np.copyto(out[:middle], x[:middle])
    helper.join()
