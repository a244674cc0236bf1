"""Recorded outputs of eight GPUs against the models.

The sets of `ada` and `l40s` are the same arrays, and so are the FP8 outputs in float32 of `h100` and `h200`: they are
compared, but count once.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chopper import hardware
from tests.tally import Tally

SUBJECT = "recorded outputs of tensor cores"
FORMATS = {
    "v100": ("fp16",), "a100": ("fp16", "bf16", "tf32"), "a2": ("fp16", "bf16", "tf32"),
    "ada": ("fp16", "bf16", "tf32", "e4m3", "e5m2"), "l40s": ("fp16", "bf16", "tf32", "e4m3", "e5m2"),
    "h100": ("fp16", "bf16", "tf32", "e4m3", "e5m2"), "h200": ("fp16", "bf16", "tf32", "e4m3", "e5m2"),
    "b200": ("fp16", "bf16", "tf32", "e4m3", "e5m2"),
}  # fmt: skip
SETS = [(gpu, fmt) for gpu, formats in FORMATS.items() for fmt in formats]


def instruction(gpu: str, fmt: str, accumulator: str) -> str:
    """Return which instruction a set was recorded with."""
    return "wgmma" if gpu in ("h100", "h200") and fmt in ("e4m3", "e5m2") and accumulator == "f32" else "mma"


@pytest.mark.parametrize(("gpu", "fmt"), SETS, ids=lambda x: str(x))
def test_recorded(gpu: str, fmt: str, shared: Path, tally: Tally) -> None:
    """Every recorded output is the model's, bit for bit."""
    path = shared / "data" / "tensor_core" / f"{gpu}_{fmt}.npz"
    if not path.is_file():
        pytest.skip(f"no recorded outputs: {path.name} is not in data/tensor_core of CHOPPER_SHARED")
    with np.load(path) as data:
        found = {name: data[name] for name in data.files}
    outputs = [name for name in ("f32", "f16") if f"d_{name}" in found]
    assert "f32" in outputs
    for name in outputs:
        unit = f"{gpu}.{instruction(gpu, fmt, name)}.{fmt}{'.fp16' if name == 'f16' else ''}"
        rows = found["a"][:, None], found["b"][:, None], found[f"c_{name}"][:, None, None]
        got = hardware.products(unit, *rows)[:, 0, 0]
        tally.same(got, found[f"d_{name}"], fmt=unit)
