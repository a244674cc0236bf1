"""Matrix cores of AMD's CDNA3."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from chopper.hardware.base import Unit
from chopper.hardware.models import IntegerSum, StagedSum

__all__ = ["CDNA3"]

_SIM = "github.com/microsoft/MMA-Sim, mmasim/arithmetic/fdpa.py, tr_fdpa and gtr_fdpa"
_ISA = "AMD Instinct MI300 Instruction Set Architecture, chapter 7"
_NAMES = {"e4m3fnuz": "fp8", "e5m2fnuz": "bf8"}


def _row(a: str, b: str, k: int, model: StagedSum, shape: str) -> Unit:
    tail = a if a == b else f"{a}_{b}"
    also = (f"mi300.mfma.{tail}",)
    return Unit(f"cdna3.mfma.{tail}", a, b, "fp32", k, model, f"V_MFMA_F32_{shape}", "literature", _SIM, aliases=also)


def _rows() -> Iterator[Unit]:
    for name, label in (("fp16", "F16"), ("bf16", "BF16")):
        yield _row(name, name, 16, StagedSum(8), f"16X16X16_{label}")
    yield _row("tf32", "tf32", 8, StagedSum(4), "16X16X8_XF32")
    for a, b in product(_NAMES, _NAMES):
        yield _row(a, b, 32, StagedSum(16, split=True), f"16X16X32_{_NAMES[a].upper()}_{_NAMES[b].upper()}")
    yield Unit("cdna3.mfma.int8", "int8", "int8", "int32", 32, IntegerSum(32), "V_MFMA_I32_16X16X32_I8", "literature",
               _ISA, "That sums wrap around is unverified.", ("mi300.mfma.int8",))  # fmt: skip


CDNA3: tuple[Unit, ...] = tuple(_rows())
"""The rows."""
