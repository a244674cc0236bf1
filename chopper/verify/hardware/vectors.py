"""Recorded vectors: a few results of an instruction as a file, to be compared with the model for ever after."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from chopper.errors import UnsupportedInputError
from chopper.hardware import products
from chopper.hardware import unit as find
from chopper.verify.hardware.comparison import Comparison, differing

__all__ = ["file_name", "record", "replay"]


def file_name(found: Comparison) -> str:
    """Return the name of the file of a comparison: the unit's, and what tells the probe from others of the unit."""
    label = "".join(sign if sign.isalnum() else "-" for sign in found.label).strip("-")
    while "--" in label:
        label = label.replace("--", "-")
    return f"{found.unit}{f'@{label}' if label else ''}.npz"


def record(found: Comparison, folder: Path, date: str = "") -> Path | None:
    """Write the sample of a comparison; return the file, or None where nothing was compared.

    The file holds codes a [t, m, k], b [t, n, k], c and d [t, m, n], and ``about``: a JSON text with the unit, the
    instruction, the class of each tile, the machine and the date.
    """
    if not found.sample.arrays:
        return None
    about = {
        "unit": found.unit, "label": found.label, "shape": list(found.shape), "classes": found.sample.names,
        "machine": found.machine, "date": date,
    }  # fmt: skip
    a, b, c, d = (np.stack(parts) for parts in zip(*found.sample.arrays, strict=True))
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / file_name(found)
    np.savez_compressed(path, a=a, b=b, c=c, d=d, about=np.array(json.dumps(about)))
    return path


def replay(path: Path, threads: int | None = None) -> tuple[str, dict[str, tuple[int, int]]]:
    """Compare a file of recorded vectors with the model.

    Returns
    -------
    tuple
        The unit's name, and for each class how many results, and how many of them differ.

    Raises
    ------
    UnsupportedInputError
        If the file does not hold such vectors.
    OSError
        If it cannot be read.
    """
    about, (a, b, c, d) = _read(Path(path))
    one = find(about["unit"])
    bad = differing(d, products(one, a, b, c, threads=threads), one.c)
    counts: dict[str, tuple[int, int]] = {}
    for name, tile in zip(about.get("classes") or ["all"] * len(bad), bad, strict=True):
        results, wrong = counts.get(name, (0, 0))
        counts[name] = results + tile.size, wrong + int(tile.sum())
    return one.name, counts


def _read(path: Path) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Return what a file says of its vectors, and these."""
    refusal = f"{path.name} holds no recorded vectors"
    try:
        held = np.load(path)
    except (ValueError, BadZipFile) as error:
        raise UnsupportedInputError(f"{refusal}: it is no .npz file") from error
    names = set(held) if isinstance(held, np.lib.npyio.NpzFile) else set()
    missing = {"a", "b", "c", "d", "about"} - names
    if missing:
        raise UnsupportedInputError(f"{refusal}: {', '.join(sorted(missing))} missing")
    with held:
        about = json.loads(str(held["about"]))
        arrays = tuple(held[name] for name in "abcd")
    if "unit" not in about or len(about.get("classes", arrays[3])) != len(arrays[3]):
        raise UnsupportedInputError(f"{refusal}: about names no unit, or not the class of each tile")
    return about, arrays
