"""Packing codes, and the Hadamard transform, on one thread, as fractions of copying the same array."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from benchmarks.data import MB, normal
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved
from chopper.packing import pack, unpack
from chopper.rotation import hadamard

__all__ = ["measure"]

WIDTHS = (2, 4, 6)
BLOCKS = (16, 32, 128)


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure fractions of a copy: of the codes, one in a byte; of the float32 numbers."""
    megabytes = 1 if effort.quick else 16
    yield from _fractions(effort, wanted, f"packing, {megabytes} MB of codes", _packing(megabytes))
    yield from _fractions(effort, wanted, f"Hadamard transform, float32, {megabytes} MB", _transforms(megabytes))


def _fractions(
    effort: Effort, wanted: Wanted, what: str, cases: dict[tuple[str, str], Callable[[], object]]
) -> Iterator[Figure]:
    copy = cases.pop(("copy", ""))
    names = {case: f"packing/{'/'.join(case)}" for case in cases}
    chosen = {name: cases[case] for case, name in names.items() if wanted(name)}
    if not chosen:
        return
    times = interleaved({"copy": copy, **chosen}, effort)
    for (line, column), name in names.items():
        if name in chosen:
            table = f"{what}, one thread: fraction of np.copyto"
            yield Figure(name, table, line, column, times["copy"] / times[name])


def _packing(megabytes: int) -> dict[tuple[str, str], Callable[[], object]]:
    codes = np.random.default_rng(3).integers(0, 256, megabytes * MB, dtype=np.uint8)
    cases: dict[tuple[str, str], Callable[[], object]] = {("copy", ""): partial(np.copyto, np.empty_like(codes), codes)}
    for bits in WIDTHS:
        own = codes >> (8 - bits)
        cases["pack", f"{bits} bits"] = partial(pack, own, bits)
        cases["unpack", f"{bits} bits"] = partial(unpack, pack(own, bits), bits, own.size)
    return cases


def _transforms(megabytes: int) -> dict[tuple[str, str], Callable[[], object]]:
    x = normal("float32", megabytes)
    out = np.empty_like(x)
    cases: dict[tuple[str, str], Callable[[], object]] = {("copy", ""): partial(np.copyto, out, x)}
    for block in BLOCKS:
        cases["hadamard", f"block {block}"] = partial(hadamard, x, block=block, key=1, out=out)
    return cases
