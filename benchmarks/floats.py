"""Every operation, format, carrier and size on one thread, as a fraction of copying the same array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

import chopper
from benchmarks.data import normal, patterns
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["CARRIERS", "FORMATS", "OPERATIONS", "floor", "measure", "measure_data", "operation"]

CARRIERS = ("float32", "float64")
"""The dtypes of the arrays."""

FORMATS = ("e4m3", "fp16", "bf16", "e5m2")
"""The formats to round to."""

DETERMINISTIC = ("nearest_away", "nearest_zero", "toward_zero", "away_from_zero", "up", "down", "to_odd")
RANDOM = ("stochastic", "stochastic_equal")
OPERATIONS = ("nearest_even", *DETERMINISTIC, *RANDOM, "encode", "decode", "nearest_even in place")
"""What is timed."""

FLOORS = {
    ("nearest_even", 1): 0.5,
    ("nearest_even", 64): 0.6,
    ("decode", 64): 0.5,
    **{(mode, 64): 0.4 for mode in DETERMINISTIC},
    **{(mode, 64): 0.2 for mode in RANDOM},
}
CODES_OF_8_BITS = 0.4


def floor(name: str, fmt: str, megabytes: int) -> float | None:
    """Return the least fraction of a copy that an operation must reach on one thread, if one is promised."""
    if name == "encode":
        return CODES_OF_8_BITS if megabytes == 64 and chopper.get(fmt).bits <= 8 else None
    return FLOORS.get((name, megabytes))


def operation(name: str, x: npt.NDArray[Any], out: npt.NDArray[Any], fmt: str, threads: int) -> Callable[[], object]:
    """Return the call to time; everything that it needs is made beforehand, its output included."""
    if name == "copy":
        return partial(np.copyto, out, x)
    if name in ("encode", "decode"):
        codes = chopper.encode(x, fmt)
        if name == "encode":
            return partial(chopper.encode, x, fmt, out=codes, threads=threads)
        return partial(chopper.decode, codes, fmt, x.dtype, out=out, threads=threads)
    if name.endswith("in place"):
        y = x.copy()
        return partial(chopper.chop, y, fmt, name.split()[0], out=y, threads=threads)
    key = 1 if name in RANDOM else None
    return partial(chopper.chop, x, fmt, name, key=key, out=out, threads=threads)


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure fractions of a copy on numbers from N(0, 1), with ``out=`` given, on one thread."""
    for megabytes in (1,) if effort.quick else (1, 64):
        for carrier in CARRIERS:
            for fmt in FORMATS:
                names = {op: f"floats/{carrier}/{fmt}/{megabytes}MB/{op}" for op in (*OPERATIONS, "copy")}
                names = {op: name for op, name in names.items() if wanted(name)}
                if not names:
                    continue
                x = normal(carrier, megabytes)
                out = np.empty_like(x)
                cases = {op: operation(op, x, out, fmt, 1) for op in {"copy": "", **names}}
                times = interleaved(cases, effort)
                table = f"{carrier}, {megabytes} MB, one thread: fraction of np.copyto"
                rate = x.nbytes / times["copy"] / 1e9
                for op, name in names.items():
                    if op == "copy":
                        yield Figure(name, table, "np.copyto itself", fmt, rate, unit="GB/s", ours=False)
                    else:
                        yield Figure(name, table, op, fmt, times["copy"] / times[op], floor=floor(op, fmt, megabytes))


def measure_data(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Compare numbers from N(0, 1) with random bit patterns, for one format: speed must not depend on the data."""
    megabytes = 1 if effort.quick else 64
    for carrier in CARRIERS:
        operations = ("nearest_even", "toward_zero", "to_odd", "stochastic", "encode")
        names = {op: f"data/{carrier}/e4m3/{megabytes}MB/{op}" for op in operations}
        names = {op: name for op, name in names.items() if wanted(name)}
        if not names:
            continue
        sets = {"N(0, 1)": normal(carrier, megabytes), "random patterns": patterns(carrier, megabytes)}
        out = np.empty_like(sets["N(0, 1)"])
        cases = {"copy": operation("copy", sets["N(0, 1)"], out, "e4m3", 1)}
        for label, x in sets.items():
            cases |= {f"{op} {label}": operation(op, x, out, "e4m3", 1) for op in names}
        times = interleaved(cases, effort)
        table = f"{carrier}, {megabytes} MB, e4m3, two kinds of data: fraction of np.copyto"
        for op, name in names.items():
            for label in sets:
                value = times["copy"] / times[f"{op} {label}"]
                yield Figure(f"{name}/{label}", table, op, label, value)
