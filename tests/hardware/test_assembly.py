"""The PTX texts of the probes: NVIDIA's assembler accepts each for the devices it is meant for."""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from chopper_ext.probes.converting import cuda_conversions
from chopper_ext.probes.fragments import Fragments
from chopper_ext.probes.instructions import DEVICES, INSTRUCTIONS

HOPPER = (9, 0)


def assembler() -> str:
    """Return where ptxas is: on the path, or in Triton."""
    found = shutil.which("ptxas")
    spec = find_spec("triton")
    if found is None and spec is not None and spec.origin is not None:
        bundled = Path(spec.origin).parent / "backends" / "nvidia" / "bin" / "ptxas"
        found = str(bundled) if bundled.is_file() else None
    if found is None:
        pytest.skip("there is no ptxas: neither on the path nor in Triton")
    return found


def assemble(text: str, folder: Path) -> str:
    """Return what the assembler complains of."""
    target = re.search(r"\.target (\w+)", text)
    source = folder / "probe.ptx"
    source.write_text(text)
    command = [assembler(), f"-arch={target[1]}", str(source), "-o", str(folder / "probe.cubin")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if "is not defined for option 'gpu-name'" in done.stderr:
        pytest.skip(f"this ptxas does not know {target[1]}")
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("capability", [(9, 0), (8, 0), (8, 9), (10, 0)], ids=lambda at: DEVICES[at])
def test_instructions(capability: tuple[int, int], tmp_path: Path) -> None:
    """Every instruction that a device has assembles for it."""
    every = [one for one in INSTRUCTIONS if capability in one.devices()]
    seen: set[str] = set()
    for one in every if capability == HOPPER else every[::5]:
        assert assemble(one.ptx(capability), tmp_path) == "", one
        seen.add(one.kind)
    assert seen == ({"mma", "wgmma"} if capability == HOPPER else {"mma"})


SHAPES = [
    Fragments(16, 32), Fragments(16, 16), Fragments(8, 16), Fragments(16, 32, result=2), Fragments(16, 32, columns=64),
    Fragments(16, 32, result=2, columns=64), *(Fragments(rows, 8 * k, 8, 8) for rows, k in ((8, 4), (16, 4), (16, 16))),
]  # fmt: skip


@pytest.mark.parametrize("parts", SHAPES, ids=str)
def test_lanes_share_the_operands(parts: Fragments) -> None:
    """The registers of the 32 lanes hold every byte of A, B and C once."""
    lanes = [divmod(lane, 4) for lane in range(32)]
    row = parts.columns * parts.result
    for offsets, first, step, width, size in (
        (parts.of_a, parts.row_bytes, parts.unit, parts.unit, parts.rows * parts.row_bytes),
        (parts.of_b, parts.row_bytes, parts.unit, parts.unit, 8 * parts.row_bytes),
        (parts.of_c, row, 2 * parts.result, parts.packed * parts.result, parts.rows * row),
    ):
        held = [g * first + t * step + at + i for g, t in lanes for at in offsets for i in range(width)]
        assert sorted(held) == list(range(size))


def test_conversions(tmp_path: Path) -> None:
    """Every conversion assembles."""
    for one in cuda_conversions():
        assert assemble(one.ptx(), tmp_path) == "", one.name


def test_what_is_wrong_is_refused(tmp_path: Path) -> None:
    """The check can fail."""
    text = next(one for one in INSTRUCTIONS if one.kind == "wgmma").ptx(HOPPER)
    assert "wgmma" in assemble(text.replace("sm_90a", "sm_80"), tmp_path)
