"""Record vectors of this processor's instructions: ``python -m tests.hardware.record [date]`` writes into ``data``."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from chopper import hardware
from chopper_ext.probes.cpu import cpu_probes
from tests.hardware.chain_inputs import classes, tiles

DATA = Path(__file__).parent / "data"
SIDE = 4
"""Rows and columns of a tile that are kept."""


def record(probe: Any, folder: Path, day: str) -> Path:
    """Write codes a [t, m, k], b [t, n, k], c and d [t, m, n] of an instruction, and what they are."""
    unit = hardware.unit(probe.unit)
    single = probe.shape[0] == 1
    count = (8 if unit.c == "int32" else 4) if single else (6 if unit.c == "int32" else 2)
    side = 16 if single else SIDE
    names, parts = [], []
    for name in classes(unit):
        a, b, c = tiles(unit, name, probe.shape, count, seed=2026)
        d = probe.products(a, b, c)
        names += [name] * count
        parts.append((a[:, :side], b[:, :side], c[:, :side, :side], d[:, :side, :side]))
    about = {
        "unit": unit.name, "label": probe.label, "instruction": unit.instruction, "shape": list(probe.shape),
        "classes": names, "machine": probe.machine(), "date": day,
    }  # fmt: skip
    a, b, c, d = (np.concatenate(arrays) for arrays in zip(*parts, strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{unit.name}.npz"
    np.savez_compressed(path, a=a, b=b, c=c, d=d, about=np.array(json.dumps(about)))
    return path


def main() -> None:
    """Record what this processor has."""
    day = sys.argv[1] if len(sys.argv) > 1 else date.today().isoformat()
    for probe in cpu_probes():
        if not probe.adds:
            continue
        reason = probe.missing()
        text = f"not recorded: {reason}" if reason else record(probe, DATA, day).name
        sys.stdout.write(f"{probe.unit}: {text}\n")


if __name__ == "__main__":
    main()
