"""Units of processors and of AMD's accelerators whose every operation is rounded by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from chopper.hardware.base import Unit
from chopper.hardware.chains import (
    ARM,
    CDNA2,
    IEEE,
    X86,
    EvenOddChain,
    ExactSum,
    FusedChain,
    PairSum,
    PairTree,
    Rules,
)
from chopper.hardware.models import IntegerSum

__all__ = ["PROCESSORS"]

_SDM = "Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2"
_XEON = f"the instruction on a Xeon (family 6, model 207), 2026-11-26; {_SDM}"
_ARM = "Arm Architecture Reference Manual for A-profile, DDI 0487, BFDotAdd, BFMulH, FPAdd_BF16, FPDot"
_SIM = "microsoft/MMA-Sim, mmasim/simulator"
_NEWER = "microsoft/MMA-Sim, src/mmasim/mmasim/amd/sim.py, MMA_E_FDPA; MATLAB-tensor-core, MI100MC.m"
_TORCH = (
    "Also torch 2.13's products in bfloat16, then rounded to it, and in float32 with fp32_precision 'bf16': on one "
    "thread; on several, oneDNN may cut a K of 1024 and more in two, and add the two."
)
_NAN = "NaN: the positive quiet one; the payloads of the hardware differ by the order of operands."


def _x86(name: str, a: str, b: str, c: str, k: int, model: Any, *aliases: str, note: str = "", **known: str) -> Unit:
    pair = a if a == b else f"{a}_{b}"
    return Unit(
        f"x86.{name}.{pair}", a, b, c, k, model, known.get("instruction", name.upper()),
        known.get("evidence", "measured"), known.get("source", _XEON), note, tuple(f"x86.{also}" for also in aliases),
    )  # fmt: skip


def _intel() -> Iterator[Unit]:
    yield _x86("vdpbf16ps", "bf16", "bf16", "fp32", 2, FusedChain((1, 0), X86), "avx512_bf16", note=_NAN)
    yield _x86("tdpbf16ps", "bf16", "bf16", "fp32", 32, EvenOddChain(32, X86), "amx_bf16",
               note=f"{_TORCH} {_NAN}")  # fmt: skip
    yield _x86("tdpfp16ps", "fp16", "fp16", "fp32", 32, EvenOddChain(32, replace(X86, operands="gradual")), "amx_fp16",
               evidence="literature", source=f"{_SDM}: no processor at hand", note=_NAN)  # fmt: skip
    for letters, a, b in (
        ("ss", "int8", "int8"),
        ("su", "int8", "uint8"),
        ("us", "uint8", "int8"),
        ("uu", "uint8", "uint8"),
    ):
        also = (f"amx_{a}" if a == b else f"amx_{a}_{b}",)
        yield _x86(f"tdpb{letters}d", a, b, "int32", 64, IntegerSum(64), *also)
    yield _x86("vpdpbusd", "uint8", "int8", "int32", 4, IntegerSum(4), "vnni")
    yield _x86("vpdpbusds", "uint8", "int8", "int32", 4, IntegerSum(4, "saturate"), "vnni_sat",
               note="Saturates once, after c and all four products.")  # fmt: skip
    yield _x86("vpdpwssd", "int16", "int16", "int32", 2, IntegerSum(2))
    yield _x86("vpdpwssds", "int16", "int16", "int32", 2, IntegerSum(2, "saturate"),
               note="Saturates once, after c and both products.")  # fmt: skip
    yield _x86("maddubs", "uint8", "int8", "int32", 4, PairSum(4), instruction="VPMADDUBSW, VPMADDWD by ones, VPADDD",
               note="Integer products before VNNI: sums of two products saturate in int16.")  # fmt: skip


def _arm() -> Iterator[Unit]:
    for suffix, fused, rules in (("", False, ARM), ("_ebf", True, IEEE)):
        mode = "FPCR.EBF = 1, RMode 0, FZ 0, FIZ 0" if fused else "FPCR.EBF = 0"
        for name, k in (("bfdot", 2), ("bfmmla", 4)):
            yield Unit(f"arm.{name}{suffix}.bf16", "bf16", "bf16", "fp32", k, PairTree(2, fused, rules), name.upper(),
                       "literature", _ARM, f"{mode}.")  # fmt: skip


def _amd() -> Iterator[Unit]:
    for device in ("cdna1", "cdna2", "cdna3"):
        yield _mfma(device, "fp32", "fp32", 1, FusedChain())
        if device != "cdna1":
            yield _mfma(device, "fp64", "fp64", 4, FusedChain((0,), Rules("fp64")))
    one = "Sources disagree: one rounding here, one for each sum of two in cdna1.mfma_pairs, after an older MMA-Sim."
    pairs = "Sources disagree: one rounding for each sum of two here; one for all in cdna1.mfma, after newer sources."
    for fmt, terms in (("fp16", 4), ("bf16", 2)):
        yield _mfma("cdna1", fmt, "fp32", terms, ExactSum(terms), source=_NEWER, note=one)
        yield _mfma("cdna1", fmt, "fp32", terms, PairTree(terms), name="mfma_pairs", note=pairs)
        yield _mfma("cdna2", fmt, "fp32", terms, PairTree(terms, rules=CDNA2))
    yield _mfma("cdna2", "bf16", "fp32", 4, PairTree(4, rules=CDNA2), name="mfma_1k")


def _mfma(
    device: str, fmt: str, c: str, k: int, model: Any, *, name: str = "mfma", source: str = _SIM, note: str = ""
) -> Unit:
    kind = {"fp16": "f16", "bf16": "bf16", "fp32": "f32", "fp64": "f64"}
    text = f"V_MFMA_{kind[c]}_*{kind[fmt]}".upper() + ("_1K" if name.endswith("1k") else "")
    return Unit(f"{device}.{name}.{fmt}", fmt, fmt, c, k, model, text, "literature", source, note)


def _nvidia_double() -> Iterator[Unit]:
    run = "m8n8k4, m16n8k4, m16n8k8, m16n8k16 and torch.mm on an H100 80GB HBM3, 2026-11-26"
    for device, k, evidence, source in (("a100", 4, "literature", f"{_SIM}/nv.py"), ("h100", 16, "measured", run)):
        also = ("h200.mma.fp64",) if device == "h100" else ()
        yield Unit(f"{device}.mma.fp64", "fp64", "fp64", "fp64", k, FusedChain((0,), Rules("fp64")),
                   f"mma.sync k{k} .f64", evidence, source, "Fused multiply-adds in the order of k.", also)  # fmt: skip


PROCESSORS: tuple[Unit, ...] = (*_intel(), *_arm(), *_amd(), *_nvidia_double())
"""The rows."""
