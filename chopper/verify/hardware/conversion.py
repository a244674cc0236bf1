"""Conversion instructions against chopper's rounding."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.verify.hardware.comparison import differing
from chopper.verify.hardware.draws import Draws
from chopper.verify.hardware.layouts import layout
from chopper.verify.hardware.probing import ENVIRONMENT, machine_of, reason_of

__all__ = ["Converted", "convert"]

_Array = npt.NDArray[Any]
_PART = 1 << 22
_WORKERS = 8
_SHOWN = 6


@dataclass
class Converted:
    """What came of one conversion: how many codes, how many of them differ; or why it did not run, or failed."""

    name: str
    source: str
    target: str
    machine: str = ""
    reason: str = ""
    failed: bool = False
    results: int = 0
    wrong: int = 0
    every: bool = False
    examples: list[dict[str, str]] = field(default_factory=list)
    seconds: float = 0.0


def convert(probe: Any, count: int, key: int = 0, *, every: bool = False, threads: int | None = None) -> Converted:
    """Compare a conversion with chopper on `count` codes, or on all where there are no more or `every` is set.

    Codes of 64 bits are never all tried; half of them then lie about the numbers of the target.
    """
    found = Converted(probe.name, probe.source, probe.target)
    start = time.perf_counter()
    try:
        found.reason = probe.missing() or ""
        if not found.reason:
            found.machine = machine_of(probe)
            bits = layout(probe.source).bits
            found.every = bits < 64 and (every or count >= 1 << bits)
            parts = _parts(layout(probe.source).dtype, bits, count, key, found.every)
            with ThreadPoolExecutor(min(_WORKERS, os.cpu_count() or 1)) as pool:
                for results, wrong, examples in pool.map(partial(_one, probe, threads, Lock()), parts):
                    found.results, found.wrong = found.results + results, found.wrong + wrong
                    found.examples += examples[: _SHOWN - len(found.examples)]
    except Exception as problem:  # whatever a foreign probe raises
        found.reason, found.failed = reason_of(problem), not isinstance(problem, ENVIRONMENT)
    found.seconds = time.perf_counter() - start
    return found


def _parts(dtype: Any, bits: int, count: int, key: int, every: bool) -> Iterator[Callable[[], _Array]]:
    """Yield what makes the codes, part by part: all of them together would not fit."""
    total = 1 << bits if every else count
    for first in range(0, total, _PART):
        yield partial(_codes, dtype, bits, key, every, first, min(_PART, total - first))


def _codes(dtype: Any, bits: int, key: int, every: bool, first: int, size: int) -> _Array:
    if every:
        return np.arange(first, first + size, dtype=np.uint64).astype(dtype)
    words = _doubles(Draws(key, first), size) if bits == 64 else Draws(key, first, bits).words((size,))
    return words.astype(dtype)


def _doubles(draws: Draws, size: int) -> _Array:
    """Return float64 codes in and about the range of float32: its numbers, points halfway, and their neighbours."""
    field = (1023 + draws.between(-160, 130, (size,))).astype(np.uint64) << np.uint64(52)
    words, half = draws.words((size,)), 1 << 28
    low = draws.one_of((0, 1, half - 1, half, half + 1, 2 * half - 1), (size,)).astype(np.uint64)
    word = words & np.uint64((1 << 52) - 1)
    near = (word & ~np.uint64((1 << 29) - 1)) | low
    fraction = np.where(draws.chance(1, 2, (size,)), near, word)
    return (words & np.uint64(1 << 63)) | field | fraction


def _one(
    probe: Any, threads: int | None, device: Lock, make: Callable[[], _Array]
) -> tuple[int, int, list[dict[str, str]]]:
    """Return how many codes, how many of them differ, and examples; the device is asked by one thread at a time."""
    codes = make()
    with device:
        got = np.asarray(probe.converted(codes))
    wanted = np.asarray(probe.expected(codes, threads))
    got = got.astype(wanted.dtype)
    bad = _differing(got, wanted, probe.target)
    examples = []
    for i in np.flatnonzero(bad)[:_SHOWN]:
        shown = {"code": codes[i], "instruction": got[i], "chopper": wanted[i]}
        examples.append({name: f"{int(code):0{2 * code.dtype.itemsize}x}" for name, code in shown.items()})
    return codes.size, int(bad.sum()), examples


def _differing(got: _Array, wanted: _Array, target: str) -> _Array:
    if target == "tf32":  # here of 19 bits
        got, wanted = got.astype(np.uint32) << np.uint32(13), wanted.astype(np.uint32) << np.uint32(13)
    return differing(got, wanted, target)
