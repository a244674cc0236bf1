"""Instructions against models: every class of inputs through both, compared bit for bit."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.hardware import Unit, products, unit
from chopper.verify.hardware.inputs import classes, tiles
from chopper.verify.hardware.layouts import is_nan
from chopper.verify.hardware.probing import ENVIRONMENT, label_of, machine_of, reason_of
from chopper.verify.hardware.rivals import rivals

__all__ = ["Comparison", "Sample", "compare", "differing"]

_Array = npt.NDArray[Any]
_Counts = tuple[int, int]
_OneClass = tuple[_Counts, tuple[_Array, ...], list[dict[str, Any]], dict[str, _Counts]]

_WORKERS = 8
"""Classes at work at the same time."""

_PART = 1 << 22
"""Elements of a and b in one call."""

_LONGEST = 300
"""Terms of the longest sums that are recorded."""

_JUDGED = 4096
"""Results of each class on which rival models are judged."""

_SHOWN = 3
"""Differing results that are kept as examples, of each class."""


@dataclass
class Sample:
    """A few results to be recorded: codes of rows a, b, c and d, and the class each tile comes from."""

    names: list[str] = field(default_factory=list)
    arrays: list[tuple[_Array, ...]] = field(default_factory=list)


@dataclass
class Comparison:
    """What came of one probe: for each class how many results, and how many of them differ from the model's.

    ``reason`` says why nothing was compared, "" where something was, and ``failed`` that it is no lack of the machine;
    ``examples`` are differing results; ``rivals`` says for each changed model of how many results how many it gets
    wrong.
    """

    unit: str
    label: str
    shape: tuple[int, int, int]
    machine: str = ""
    reason: str = ""
    failed: bool = False
    classes: dict[str, tuple[int, int]] = field(default_factory=dict)
    examples: list[dict[str, Any]] = field(default_factory=list)
    rivals: dict[str, tuple[int, int]] = field(default_factory=dict)
    seconds: float = 0.0
    sample: Sample = field(default_factory=Sample)

    @property
    def results(self) -> int:
        """How many results were compared."""
        return sum(count for count, _ in self.classes.values())

    @property
    def wrong(self) -> int:
        """How many of them differ."""
        return sum(wrong for _, wrong in self.classes.values())


def differing(found: _Array, wanted: _Array, name: str) -> _Array:
    """Return where codes of a format differ; NaNs are one class."""
    return np.asarray((found != wanted) & ~(is_nan(found, name) & is_nan(wanted, name)))


def compare(probe: Any, rows: int, key: int = 0, *, threads: int | None = None) -> Comparison:
    """Compare a probe with the model of its unit.

    Parameters
    ----------
    probe : Probe
    rows : int
        Results of each class, at least, and in proportion fewer of sums of more than 32 terms; whole tiles are
        compared.
    key : int
        Of the inputs.
    threads : int, optional
        For the model.

    Returns
    -------
    Comparison
        Without classes where the probe cannot run, or fails; its ``reason`` then says why.
    """
    found = Comparison(probe.unit, label_of(probe), probe.shape)
    start = time.perf_counter()
    try:
        found.reason = probe.missing() or ""
        if not found.reason:
            found.machine = machine_of(probe)
            names = classes(unit(probe.unit))
            with ThreadPoolExecutor(min(_WORKERS, os.cpu_count() or 1)) as pool:
                parts = pool.map(partial(_class, probe, rows, key, threads, Lock()), names)
                for name, (counts, sample, examples, lost) in zip(names, list(parts), strict=True):
                    found.classes[name] = counts
                    found.examples += examples
                    for what, (results, wrong) in lost.items():
                        before = found.rivals.get(what, (0, 0))
                        found.rivals[what] = before[0] + results, before[1] + wrong
                    if sample:
                        found.sample.names.append(name)
                        found.sample.arrays.append(sample)
    except Exception as problem:  # whatever a foreign probe raises
        found.reason, found.failed = reason_of(problem), not isinstance(problem, ENVIRONMENT)
    found.seconds = time.perf_counter() - start
    return found


def _class(probe: Any, rows: int, key: int, threads: int | None, device: Lock, name: str) -> _OneClass:
    """Return counts, the sample and examples of one class; the device is asked by one thread at a time."""
    one, wrong, count = unit(probe.unit), 0, 0
    sample: tuple[_Array, ...] = ()
    examples: list[dict[str, Any]] = []
    lost: dict[str, _Counts] = {}
    for part, size in enumerate(_parts(probe.shape, rows)):
        a, b, c = tiles(one, probe.shape, name, size, key, part, adds=getattr(probe, "adds", True))
        with device:
            d = np.asarray(probe.products(a, b, c))
        wanted = products(one, a, b, c, threads=threads)
        bad = differing(d, wanted, one.c)
        if part == 0 and probe.shape[2] <= _LONGEST:
            sample = _few(a, b, c, d)
        if part == 0:
            lost = _rivals(one, threads, a, b, c, d)
        if bad.any() and len(examples) < _SHOWN:
            examples += _examples(name, bad, a, b, c, d, wanted)
        wrong, count = wrong + int(bad.sum()), count + d.size
    return (count, wrong), sample, examples, lost


def _rivals(one: Unit, threads: int | None, *arrays: _Array) -> dict[str, _Counts]:
    """Return how many of some results each rival gets wrong."""
    a, b, c, d = arrays
    if a.shape[-1] > 32:
        a, c, d = (x[:, :8] for x in (a, c, d))
    few = max(1, _JUDGED // c[0].size)
    a, b, c, d = (x[:few] for x in (a, b, c, d))
    found = {}
    for what, rival in rivals(one, a.shape[-1]).items():
        bad = differing(d, products(rival, a, b, c, threads=threads), one.c)
        found[what] = d.size, int(bad.sum())
    return found


def _parts(shape: tuple[int, int, int], rows: int) -> Iterator[int]:
    """Yield how many tiles each call takes."""
    m, n, k = shape
    left, most = -(-rows * 32 // (m * n * max(k, 32))), max(1, _PART // ((m + n) * k))
    while left > 0:
        yield min(left, most)
        left -= most


def _few(*arrays: _Array) -> tuple[_Array, ...]:
    """Return four rows and four columns of the first tile, of long sums two."""
    a, b, c, d = (x[0] for x in arrays)
    few = 4 if a.shape[-1] <= 32 else 2
    return a[:few].copy(), b[:few].copy(), c[:few, :few].copy(), d[:few, :few].copy()


def _examples(name: str, bad: _Array, *arrays: _Array) -> list[dict[str, Any]]:
    a, b, c, d, wanted = arrays
    shown = []
    for t, i, j in np.argwhere(bad)[:_SHOWN]:
        codes = {"a": a[t, i], "b": b[t, j], "c": c[t, i, j], "instruction": d[t, i, j], "model": wanted[t, i, j]}
        shown.append({"class": name, **{key: _hexadecimal(value) for key, value in codes.items()}})
    return shown


def _hexadecimal(codes: Any) -> Any:
    digits = 2 * np.asarray(codes).dtype.itemsize
    return [f"{int(one):0{digits}x}" for one in codes] if np.ndim(codes) else f"{int(codes):0{digits}x}"
