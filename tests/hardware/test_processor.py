"""The instructions of this machine's processor against the models, and recorded where they are not at hand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chopper import encode, errors, hardware
from chopper.hardware import processor
from chopper.verify.hardware.comparison import differing
from chopper.verify.hardware.conversion import convert
from chopper_ext.probes.cpu import cpu_conversions, cpu_probes
from tests.hardware.chain_inputs import classes, tiles
from tests.tally import Tally

SUBJECT = "instructions of this processor"
PROBES = [probe for probe in cpu_probes() if probe.adds]
CASTS = cpu_conversions()


def run(probe: Any, results: int, tally: Tally) -> None:
    """Compare at least as many results of a probe with the model: single instructions, short ones, chains."""
    reason = probe.missing()
    if reason:
        pytest.skip(f"{probe.unit}: {reason}")
    unit = hardware.unit(probe.unit)
    m, n, k = probe.shape
    lengths = (k, k, 2 * k) if m == 1 else (k, k, 2 * k, 2 * k + 2, 4, 6)
    kinds = classes(unit)
    most = 4096 if m > 1 else 1 << 17
    wrong = count = part = 0
    while count < results:
        for name in kinds:
            size = min(most, -(-results // (m * n * len(kinds))))
            a, b, c = tiles(unit, name, (m, n, lengths[part % len(lengths)]), size, seed=part)
            got, want = probe.products(a, b, c), hardware.products(unit, a, b, c)
            wrong += int(differing(got, want, unit.c).sum())
            count += got.size
        part += 1
    tally.note(count, unit.name, wrong=wrong)
    assert wrong == 0


@pytest.mark.parametrize("probe", PROBES, ids=lambda one: one.unit)
def test_products(probe: Any, tally: Tally) -> None:
    """A few results of every class."""
    run(probe, 20_000, tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize("probe", PROBES, ids=lambda one: one.unit)
def test_many_products(probe: Any, tally: Tally) -> None:
    """More than ten million dot products of every instruction."""
    run(probe, 12_000_000, tally)


def test_the_comparison_can_fail() -> None:
    """Near misses of the arithmetic are told apart by these inputs: where it can be run, the instruction says so."""
    unit = hardware.unit("x86.tdpbf16ps.bf16")
    other = hardware.unit("x86.vdpbf16ps.bf16")
    a, b, c = tiles(unit, "mid", (16, 16, 32), 4)
    assert differing(hardware.products(unit, a, b, c), hardware.products(other, a, b, c), "fp32").mean() > 0.2


@pytest.mark.parametrize("cast", CASTS, ids=lambda one: one.name)
def test_conversions(cast: Any, tally: Tally) -> None:
    """Patterns about every turn of the format, and random ones."""
    if cast.missing():
        pytest.skip(f"{cast.name}: {cast.missing()}")
    found = convert(cast, 1 << 18)
    tops = np.arange(1 << 16, dtype=np.uint32) << 16
    near = np.concatenate([tops + np.uint32(low) for low in (0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF, 0xF000, 0x1000)])
    wrong = differing(cast.converted(near), cast.expected(near), cast.target)
    tally.note(found.results + near.size, cast.name, wrong=found.wrong + int(wrong.sum()))
    assert (found.wrong, found.reason, int(wrong.sum())) == (0, "", 0)


@pytest.mark.exhaustive
@pytest.mark.parametrize("cast", CASTS, ids=lambda one: one.name)
def test_every_conversion(cast: Any, tally: Tally) -> None:
    """All 2^32 patterns."""
    if cast.missing():
        pytest.skip(f"{cast.name}: {cast.missing()}")
    codes = np.arange(1 << 18, dtype=np.uint32)
    wrong = 0
    for _ in range(1 << 14):
        got, want = cast.converted(codes), cast.expected(codes, 1)
        if not np.array_equal(got, want):
            wrong += int(differing(got, want, cast.target).sum())
        codes += np.uint32(1 << 18)
    assert codes[0] == 0
    tally.note(1 << 32, cast.name, wrong=wrong)
    assert wrong == 0


def test_a_tile_of_another_shape_is_refused() -> None:
    """Shapes that do not fit, and instructions that do not exist, are errors that say what is legal."""
    if processor.missing("vdpbf16ps") is None:
        zeros = np.zeros((1, 1, 2), np.uint16)
        with pytest.raises(errors.UnsupportedInputError, match=r"legal: \(T, 1, K\), \(T, 16, K\), \(T, 1, 16\)"):
            processor.products("vdpbf16ps", zeros, zeros, np.zeros((1, 1, 1), np.uint32))
    with pytest.raises(errors.UnsupportedInputError, match="not known"):
        processor.missing("vaddps")
    if processor.missing("tdpfp16ps"):
        with pytest.raises(errors.UnsupportedInputError, match="cannot run here: the processor"):
            processor.products("tdpfp16ps", *(np.zeros((1, 16, 32), np.uint16),) * 2, np.zeros((1, 16, 16), np.uint32))


def test_what_numba_may_not_use_is_missing(root: Path) -> None:
    """Compiled for less than the processor has, an instruction is missing; it does not end the process."""
    code = (
        "from chopper.hardware import processor\n"
        "assert all(processor.missing(name) for name in ('vdpbf16ps', 'tdpbf16ps', 'vcvtps2ph.ymm.up'))"
    )
    whole = {**os.environ, "NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=whole, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_what_the_machine_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a model name, as on processors of other kinds, it is what Python knows; never a guess."""
    assert processor.machine()
    monkeypatch.setattr(Path, "read_text", lambda *given, **options: "processor : 0\nBogoMIPS : 50\n")
    monkeypatch.setattr("platform.processor", lambda: "")
    monkeypatch.setattr("platform.machine", lambda: "aarch64")
    assert processor.machine() == "aarch64"


def test_conversions_as_data() -> None:
    """Subnormal inputs and directions, on numbers."""
    cast = hardware.conversion("x86.vcvtneps2bf16")
    assert cast.encode(np.array([-(2.0**-127), 2.0**-126], np.float32)).tolist() == [0x8000, 0x0080]
    assert encode(np.float32(2.0**-127), "bf16") == 0x0040
    up, cut = (hardware.conversion(f"x86.vcvtps2ph.{mode}") for mode in ("up", "toward_zero"))
    x = np.array([70000, -70000], np.float32)
    assert up.encode(x).tolist() == [0x7C00, 0xFBFF] and cut.encode(x).tolist() == [0x7BFF, 0xFBFF]
    with pytest.raises(errors.UnknownUnitError, match=r"vcvtps2ph\.up"):
        hardware.conversion("x86.vcvtps2ph.upp")
    with pytest.raises(errors.UnsupportedInputError, match="float64"):
        cast.chop(np.ones(3))
