"""Chains, trees and integer sums against their definition in fractions, and their fast paths against exact steps."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

from chopper import decode, errors, hardware, matmul
from chopper.formats.registry import get
from chopper.hardware.base import Unit
from chopper.hardware.chains import (
    ARM,
    CDNA2,
    X86,
    EvenOddChain,
    ExactSum,
    FusedChain,
    PairSum,
    PairTree,
    Rules,
)
from chopper.hardware.models import IntegerSum
from tests.architecture.source import ROOT
from tests.hardware.chain_definition import dots
from tests.hardware.chain_inputs import classes, tiles
from tests.tally import Tally

SUBJECT = "chains and trees against fractions"
ENGINES = ("chains", "pairs", "integers")
EVERY = [u for u in hardware.units() if u.model.engine in ENGINES]
UNITS = list({(u.model, u.a, u.b, u.c): u for u in reversed(EVERY)}.values())
"""One unit of each arithmetic."""


def as_numbers(codes: np.ndarray, unit: Unit) -> np.ndarray:
    """Return codes as Python integers, NaN as -1."""
    fmt = get(unit.c)
    if unit.c == "int32":
        return codes.astype(object)
    top = np.uint64(fmt.infinity_code)
    nan = (codes.astype(np.uint64) & np.uint64(fmt.sign_code - 1)) > top
    return np.where(nan, -1, codes.astype(object))


@pytest.mark.parametrize("unit", UNITS, ids=str)
def test_definition(unit: Unit, tally: Tally) -> None:
    """Every class, whole and broken blocks: the model is the definition, bit for bit."""
    blocks = getattr(unit.model, "terms", unit.k)
    lengths = (blocks, 2 * blocks + 1) if blocks <= 8 else (blocks, blocks + 5)
    count = wrong = 0
    for name in classes(unit):
        for k in lengths:
            a, b, c = tiles(unit, name, (2, 6, k), 1 if k > 8 else 2, seed=k)
            got = as_numbers(hardware.products(unit, a, b, c), unit)
            wanted = dots(unit, a, b, c)
            count, wrong = count + got.size, wrong + int((got != wanted).sum())
    tally.note(count, unit.name, wrong=wrong)
    assert wrong == 0


@pytest.mark.parametrize("unit", [u for u in UNITS if u.model.engine == "chains"], ids=str)
def test_fast_is_exact(unit: Unit, tally: Tally, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the processor adds where nothing can be subnormal is what exact steps add."""
    from chopper.engine.hardware import chains

    double = unit.c == "fp64"  # whose exact steps are slow
    a, b, c = tiles(unit, "mid", (3, 5, 6) if double else (33, 40, 66), 1)
    fast = hardware.products(unit, a, b, c)
    monkeypatch.setattr(chains, "_safe", lambda *given: False)
    assert (hardware.products(unit, a, b, c) == fast).all()
    tally.note(fast.size, unit.name)


NEAR = [
    ("x86.vdpbf16ps.bf16", FusedChain((0, 1), X86), "mid wide near special"),
    ("x86.vdpbf16ps.bf16", FusedChain((1, 0)), "tiny boundary"),
    ("x86.vdpbf16ps.bf16", FusedChain((1, 0), replace(X86, results="flush_rounded")), "boundary"),
    ("x86.vdpbf16ps.bf16", FusedChain((1, 0), replace(X86, results="gradual")), "tiny boundary"),
    ("x86.vdpbf16ps.bf16", FusedChain((1, 0), replace(X86, operands="gradual")), "special"),
    ("x86.vdpbf16ps.bf16", FusedChain((1, 0), replace(X86, addend="gradual")), "tiny boundary"),
    ("x86.vdpbf16ps.bf16", FusedChain((1, 0), replace(X86, addend="zero")), "zeros"),
    ("x86.vdpbf16ps.bf16", PairTree(2, rules=X86), "mid wide near"),
    ("x86.vdpbf16ps.bf16", ExactSum(2), "mid wide near"),
    ("x86.tdpbf16ps.bf16", FusedChain((0,), X86), "mid wide near cancel"),
    ("x86.tdpbf16ps.bf16", EvenOddChain(16, X86), "mid wide near cancel"),
    ("x86.tdpbf16ps.bf16", PairTree(32, rules=X86), "mid wide cancel"),
    ("x86.tdpbf16ps.bf16", EvenOddChain(32, replace(X86, results="flush_rounded")), "boundary"),
    ("arm.bfdot.bf16", PairTree(2, False, replace(ARM, rounding="nearest_even")), "mid wide near"),
    ("arm.bfdot.bf16", PairTree(2, True, ARM), "tiny huge"),
    ("arm.bfdot_ebf.bf16", PairTree(2), "tiny huge"),
    ("cdna2.mfma_1k.bf16", PairTree(2, rules=CDNA2), "mid wide"),
    ("cdna2.mfma_1k.bf16", PairTree(4, rules=replace(CDNA2, operands="signed_zero", addend="signed_zero")), "zeros"),
    ("cdna1.mfma.fp16", PairTree(4), "mid wide near"),
    ("x86.vpdpbusds.uint8_int8", IntegerSum(4), "edges extreme"),
    ("x86.vpdpbusds.uint8_int8", IntegerSum(1, "saturate"), "edges extreme"),
    ("x86.maddubs.uint8_int8", IntegerSum(4), "extreme"),
]
"""Units, arithmetics that are nearly theirs, and the classes that tell the two apart."""


@pytest.mark.parametrize(("name", "other", "kinds"), NEAR, ids=lambda x: None if isinstance(x, str) else str(x)[:60])
def test_near_misses_are_told_apart(name: str, other: Any, kinds: str) -> None:
    """The classes that are there to tell an arithmetic from another one do so: a wrong model could not pass."""
    unit = hardware.unit(name)
    shape = (8, 16, 32) if getattr(unit.model, "terms", 0) == 32 else (8, 16, unit.k)
    for kind in kinds.split():
        given = tiles(unit, kind, shape, 40)
        right, wrong = hardware.products(unit, *given), hardware.products(replace(unit, model=other), *given)
        assert (as_numbers(right, unit) != as_numbers(wrong, unit)).any(), kind


def test_stacks_and_threads() -> None:
    """Leading axes are broadcast, threads change nothing, and no operand is changed."""
    unit = hardware.unit("x86.tdpbf16ps.bf16")
    a, b, c = tiles(unit, "wide", (70, 300, 64), 2)
    copies = [x.copy() for x in (a, b, c)]
    one = hardware.products(unit, a, b[:1], c, threads=1)
    assert (one == hardware.products(unit, a, b[:1], c, threads=2)).all()
    assert (one[1] == hardware.products(unit, a[1], b[0], c[1])).all()
    assert all((x == y).all() for x, y in zip((a, b, c), copies, strict=True))


def test_names() -> None:
    """Other names lead to the same units; what is not measured says so."""
    assert hardware.unit("x86.amx_bf16").name == "x86.tdpbf16ps.bf16"
    assert hardware.unit("x86.vnni_sat").model.overflow == "saturate"
    assert {hardware.unit(f"x86.{name}").evidence for name in ("amx_fp16",)} == {"literature"}
    others = {u.evidence for u in EVERY if u.name.split(".")[0] in ("arm", "cdna1", "cdna2", "cdna3")}
    assert others == {"literature"}


@pytest.mark.parametrize(
    "make",
    [
        lambda: Rules(rounding="up"),
        lambda: Rules(results="zero"),
        lambda: Rules("fp64", results="flush"),
        lambda: Rules("fp16"),
        lambda: FusedChain((0, 2)),
        lambda: FusedChain(()),
        lambda: EvenOddChain(31),
        lambda: PairTree(3),
        lambda: PairSum(3),
        lambda: ExactSum(0),
        lambda: ExactSum("4"),
        lambda: PairTree("4"),
        lambda: PairTree(rules=Rules("fp64")),
        lambda: FusedChain((1, 0), Rules("fp64")),
    ],
)
def test_models_refuse_nonsense(make: Any) -> None:
    """Fields out of range are errors that list what is legal."""
    with pytest.raises(errors.PolicyError, match=r"legal|leave"):
        make()


FLUSHED = """
import numpy as np
from chopper import hardware
from tests.hardware.chain_inputs import tiles
from tests.hardware.test_chains import UNITS

def run():
    found = []
    for unit in UNITS:
        if unit.model.engine == "chains":
            m, n = (1, 2) if unit.c == "fp64" else (4, 20)
            for name in ("tiny", "boundary", "bits", "mid"):
                given = tiles(unit, name, (m, n, 2 * getattr(unit.model, "terms", 1)), 2)
                found.append((unit.name, name, hardware.products(unit, *given, threads=1)))
    return found

before = run()
import torch
assert torch.set_flush_denormal(True)
assert float(np.float32(1e-40) * np.float32(1)) == 0.0
for one, two in zip(before, run(), strict=True):
    assert np.array_equal(one[2], two[2]), one[:2]
"""


@pytest.mark.skipif(not find_spec("torch"), reason="torch sets the processor's flag here")
def test_flushing_to_zero_changes_nothing() -> None:
    """Where the processor takes subnormal numbers for zero; in a process of its own, since the flag stays set."""
    command = [sys.executable, "-W", "error", "-c", FLUSHED]
    found = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)
    assert found.returncode == 0, found.stderr


@pytest.mark.parametrize(
    "name", ["x86.tdpbf16ps.bf16", "arm.bfdot.bf16", "cdna1.mfma.fp16", "h100.mma.fp64", "x86.maddubs.uint8_int8"]
)
def test_matmul(name: str) -> None:
    """`chopper.matmul` on numbers is `products` on their codes."""
    unit = hardware.unit(name)
    a, b, _ = tiles(unit, "mid" if unit.c != "int32" else "bits", (5, 7, 2 * unit.k), 2)
    wide = np.float64
    x, y = decode(a, unit.a, wide), decode(b, unit.b, wide).swapaxes(-1, -2)
    got = matmul(x, y, accumulate=name)
    want = decode(hardware.products(unit, a, b), unit.c, wide)
    assert (got.astype(wide).view(np.uint64) == want.view(np.uint64)).all()
