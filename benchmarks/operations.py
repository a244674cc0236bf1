"""Operations rounded once, on one thread, 2^20 elements: nanoseconds for each, next to numpy.add."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved
from chopper import ops

__all__ = ["measure"]

SIZE = 1 << 20
NAMES = ("add", "mul", "div", "sqrt", "fma")
CASES = (
    ("e4m3", "nearest_even"), ("fp16", "nearest_even"), ("bf16", "nearest_even"), ("bf16", "up"),
    ("bf16", "stochastic"), ("fp32", "nearest_even"), ("fp32", "up"), ("posit16", "nearest_even"),
    ("posit32", "nearest_even"), ("fp64", "nearest_even"), ("fp64", "up"),
)  # fmt: skip
DOUBLE = ("fp64", "posit32")
"""Formats that are given float64; the others are given float32."""


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure nanoseconds for each element."""
    table = "operations rounded once, 2^20 elements, one thread: ns for each"
    cases: dict[tuple[str, str], Callable[[], object]] = {}
    for kind in (np.float32, np.float64):
        x, y, _, out = _arrays(kind)
        cases["numpy.add", np.dtype(kind).name] = partial(np.add, x, y, out=out)
    for fmt, mode in CASES:
        for name in NAMES:
            cases[name, f"{fmt} {mode}"] = _case(name, fmt, mode)
    names = {case: f"operations/{'/'.join(case).replace(' ', '/')}" for case in cases}
    chosen = {name: cases[case] for case, name in names.items() if wanted(name)}
    if not chosen:
        return
    times = interleaved(chosen, effort)
    for (line, column), name in names.items():
        if name in times:
            ns = times[name] / SIZE * 1e9
            yield Figure(name, table, column, line, ns, "ns", smaller=True, ours=line != "numpy.add")


def _arrays(kind: type) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(4)
    return (*(rng.standard_normal(SIZE).astype(kind) for _ in range(3)), np.empty(SIZE, kind))


def _case(name: str, fmt: str, mode: str) -> Callable[[], object]:
    x, y, z, out = _arrays(np.float64 if fmt in DOUBLE else np.float32)
    operands = {"sqrt": (np.abs(x),), "fma": (x, y, z)}.get(name, (x, y))
    return partial(getattr(ops, name), *operands, fmt, mode, key=1, out=out, threads=1)
