"""All probes of a machine, one after the other, and what came of them as plain data."""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from chopper.engine.threads import as_threads
from chopper.errors import UnsupportedInputError
from chopper.hardware import units
from chopper.hardware.processor import machine
from chopper.verify.hardware.comparison import Comparison, compare
from chopper.verify.hardware.conversion import Converted, convert
from chopper.verify.hardware.draws import Draws
from chopper.verify.hardware.probing import conversion_probes, label_of, probes
from chopper.verify.hardware.vectors import record

__all__ = ["Rehearsal", "as_data", "run", "unprobed"]


class Rehearsal:
    """A probe whose instruction is played by the model: everything runs but the hardware."""

    def __init__(self, probe: Any) -> None:
        self.unit, self.shape = probe.unit, probe.shape
        self.label, self.adds = label_of(probe), getattr(probe, "adds", True)

    def missing(self) -> str | None:
        """Return None: the model runs everywhere."""
        return None

    def machine(self) -> str:
        """Return what the machine is called: nothing that could be taken for hardware."""
        return "the model itself"

    def products(self, a: Any, b: Any, c: Any) -> Any:
        """Return what the model returns."""
        from chopper.hardware import products

        return products(self.unit, a, b, c)


def run(
    rows: int, key: int = 0, *, only: str = "", rehearse: bool = False, every: bool = False,
    folder: Path | None = None, threads: int | None = None, follow: Callable[[str], None] | None = None,
    keep: Callable[[list[Comparison], list[Converted]], None] | None = None,
) -> tuple[list[Comparison], list[Converted]]:  # fmt: skip
    """Run every probe and every conversion.

    Parameters
    ----------
    rows : int
        Results of each class of inputs, for each probe.
    key : int
        Of the inputs.
    only : str
        Probes whose unit's name starts with it; conversions whose name does.
    rehearse : bool
        Let the models play the instructions, see `Rehearsal`; conversions are left out.
    every : bool
        Try every code of 32 bits in conversions.
    folder : Path, optional
        Where small recorded vectors go; nothing is recorded of a rehearsal.
    threads : int, optional
        For the models.
    follow : callable, optional
        Is told what runs next.
    keep : callable, optional
        Is given what there is so far, each time that a probe is done.

    Raises
    ------
    UnsupportedInputError
        If `rows` or `threads` is no positive integer, or no name starts with `only`.
    RandomKeyError
        If `key` is negative.
    """
    if rows < 1:
        raise UnsupportedInputError(f"rows={rows} is not legal; legal: a positive integer")
    as_threads(threads)
    Draws(key)
    known = {name for one in units() for name in (one.name, *one.aliases)}
    found: list[Comparison] = []
    converted: list[Converted] = []
    for probe in probes():
        stem = probe.unit.partition("<")[0]
        if not probe.unit.startswith(only) or stem not in known:
            continue
        if follow is not None:
            follow(f"{probe.unit} {label_of(probe)}")
        found.append(compare(Rehearsal(probe) if rehearse else probe, rows, key, threads=threads))
        if folder is not None and not rehearse:
            record(found[-1], folder, date.today().isoformat())
        if keep is not None:
            keep(found, converted)
    for one in () if rehearse else conversion_probes():
        if not one.name.startswith(only):
            continue
        if follow is not None:
            follow(one.name)
        converted.append(convert(one, max(rows, 1 << 16), key, every=every, threads=threads))
        if keep is not None:
            keep(found, converted)
    if only and not found and not converted:
        raise UnsupportedInputError(f"only={only!r} is the start of no name; legal: as in 'h100.wgmma', 'x86', 'cvt'")
    return found, converted


def unprobed(found: list[Comparison]) -> list[str]:
    """Return the names of the units for which there is no probe."""
    probed = {one.unit.partition("<")[0] for one in found}
    return [one.name for one in units() if not probed & {one.name, *one.aliases}]


def as_data(found: list[Comparison], converted: list[Converted], rows: int, key: int, *, whole: bool = True) -> Any:
    """Return everything as what JSON holds; `whole` says that no probe was left out."""
    return {
        "date": date.today().isoformat(),
        "processor": machine(),
        "versions": {"python": platform.python_version(), "numpy": np.__version__},
        "rows": rows,
        "key": key,
        "units": [_plain(one) for one in found],
        "conversions": [asdict(one) for one in converted],
        "without_probe": unprobed(found) if whole else [],
    }


def _plain(found: Comparison) -> dict[str, Any]:
    names = ("unit", "label", "shape", "machine", "reason", "failed", "classes", "examples", "rivals", "seconds")
    return {name: getattr(found, name) for name in names}
