"""Comparisons and choices do not depend on what the processor does with subnormal numbers."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.architecture.source import ROOT

CODE = """
import numpy as np
from chopper.arrays import array
tiny = [2.0**-133, -(2.0**-133), 2.0**-130, 0.0, -0.0, 1.0]
x = array(tiny, "bf16")
y = np.stack([x] * 6)
def run():
    z = y.T
    return [
        *(getattr(np, f)(y, z) for f in ("less", "less_equal", "equal", "not_equal", "greater", "greater_equal")),
        *(getattr(np, f)(y, z).codes for f in ("maximum", "minimum", "fmax", "fmin")),
        *(getattr(np, f)(x).codes for f in ("sign", "floor", "ceil", "trunc", "rint", "negative", "absolute")),
        np.logical_not(x), x.max().codes, x.min().codes,
    ]
before = run()
import torch
assert torch.set_flush_denormal(True)
assert float(np.float32(1e-40) * np.float32(1)) == 0.0
for i, (one, two) in enumerate(zip(before, run(), strict=True)):
    assert np.array_equal(one, two), i
"""


@pytest.mark.skipif(not find_spec("torch"), reason="torch sets the processor's flag here")
def test_flushing_changes_nothing() -> None:
    """In a process of its own, since the flag stays set."""
    command = [sys.executable, "-W", "error", "-c", CODE]
    found = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
