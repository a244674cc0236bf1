"""Units do not depend on what the processor does with subnormal numbers."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec

import pytest

from tests.architecture.source import ROOT

CODE = """
import numpy as np
from chopper import hardware
from chopper.engine import run
from tests.hardware.test_fused import sample

run._SMALL = 0
NAMES = ("h100.wgmma.bf16", "h100.wgmma.e5m2", "h100.cublas.e5m2_e4m3", "h100.mma.e5m2.fp16", "h100.wgmma.fp16.fp16")
def all_of_them():
    found = []
    for name in NAMES:
        unit = hardware.unit(name)
        a, b, c = sample(unit, 32, 32, 70, 1)
        found.append(hardware.products(unit, a, b, c & c.dtype.type(0x807FFFFF if c.itemsize == 4 else 0xFFFF)))
    return found
before = all_of_them()
import torch
assert torch.set_flush_denormal(True)
for name, one, two in zip(NAMES, before, all_of_them(), strict=True):
    assert np.array_equal(one, two), name
"""


@pytest.mark.skipif(not find_spec("torch"), reason="torch sets the processor's flag here")
def test_flushing_changes_nothing() -> None:
    """In a process of its own, since the flag stays set; what is added to is subnormal in fp32."""
    command = [sys.executable, "-W", "error", "-c", CODE]
    found = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr
