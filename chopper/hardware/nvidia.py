"""Tensor cores of NVIDIA, one row for each device, instruction and pair of formats."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple

from chopper.hardware.base import Unit
from chopper.hardware.models import FusedSum, GroupedSum, IntegerSum

__all__ = ["NVIDIA"]

_TACO = "Khattak & Mikaitis, Accurate Models of NVIDIA Tensor Cores, ACM TACO, doi:10.1145/3830409"
_DATA = f"{_TACO}; its published outputs: github.com/north-numerical-computing/MATLAB-tensor-core, b12b5a7"
_SIM = "github.com/microsoft/MMA-Sim, which names the parameters"
_H100 = f"{_TACO}; compared with an H100 80GB HBM3, 2026-11-26"
_FP8 = ("e4m3", "e5m2")
_SMALL = ("e4m3", "e5m2", "e3m2", "e2m3", "e2m1")
_BYTES = ("int8", "uint8")
_INSTRUCTIONS = {"mma": "mma.sync {shape}k{k}", "wgmma": "wgmma.mma_async m64nNk{k}", "tcgen05": "tcgen05.mma k{k}"}
_PTX = {"fp16": "f16", "fp32": "f32", "int8": "s8", "uint8": "u8", "int32": "s32"}

_EMULATED = (
    "No FP8 arithmetic: the compiler converts to fp16 and uses two fp16 instructions from zero; c is added last, to "
    "nearest even."
)


class _Scales(NamedTuple):
    """Scales of a kind of instruction: what formats are called with them, ``mx_e4m3``; their format, and k for each."""

    prefix: str = ""
    kind: str = ""
    scale: str = ""
    block: int = 0


_NO_SCALES = _Scales()


def _row(
    where: str, a: str, b: str, c: str, k: int, model: Any, evidence: str, source: str, also: str = "", note: str = "",
    scales: _Scales = _NO_SCALES,
) -> Unit:  # fmt: skip
    """Return a row; `where` is ``device.instruction``, `also` other devices that have it."""
    device, instruction = where.split(".")
    shape = "m8n8" if device == "v100" or (device == "turing" and c == "int32") else "m16n8"
    tail = f"{scales.prefix}{a if a == b else f'{a}_{b}'}{'' if c in ('fp32', 'int32') else f'.{c}'}"
    text = f"{_INSTRUCTIONS[instruction].format(shape=shape, k=k)} .{_PTX.get(c, c)}.{_PTX.get(a, a)}.{_PTX.get(b, b)}"
    text += f" .kind::{scales.kind} .block_scale .{scales.scale}" if scales.kind else ""
    aliases = tuple(f"{other}.{instruction}.{tail}" for other in also.split())
    return Unit(f"{where}.{tail}", a, b, c, k, model, text, evidence, source, note, aliases, scales.scale, scales.block)


def _half(model: FusedSum, floor: int | None) -> FusedSum:
    """Return the same sums in fp16."""
    return replace(model, precision=11, rounding="nearest_even", floor=floor)


def _wide(
    where: str, terms: int, fraction: int, floors: tuple[int | None, int], evidence: str, source: str, also: str = "",
    *, formats: tuple[str, ...] = ("fp16", "bf16", "tf32"), k: int = 16, note: str = "",
) -> Iterator[Unit]:  # fmt: skip
    """Yield the rows of formats of 16 bits, and of tf32, of which there are half as many in a block."""
    for name in formats:
        size, count = (k // 2, terms // 2) if name == "tf32" else (k, terms)
        model = FusedSum(count, fraction, floor=floors[0])
        yield _row(where, name, name, "fp32", size, model, evidence, source, also, note)
        if name == "fp16":
            yield _row(where, name, name, "fp16", size, _half(model, floors[1]), evidence, source, also, note)


def _narrow(
    where: str, model: FusedSum, floor: int, evidence: str, source: str, also: str = "", *,
    formats: tuple[str, ...] = _FP8, note: str = "",
) -> Iterator[Unit]:  # fmt: skip
    """Yield the rows of pairs of formats of 8 bits and less, k = 32."""
    for a, b in product(formats, formats):
        yield _row(where, a, b, "fp32", 32, model, evidence, source, also, note)
        yield _row(where, a, b, "fp16", 32, _half(model, floor), evidence, source, also, note)


def _integers(where: str, k: int, evidence: str, source: str, also: str = "") -> Iterator[Unit]:
    """Yield the rows of integers of 8 bits: sums that wrap around, and with the qualifier .satfinite."""
    for a, b in product(_BYTES, _BYTES):
        row = _row(where, a, b, "int32", k, IntegerSum(k), evidence, source, also)
        yield row
        yield replace(
            row,
            name=f"{row.name}.satfinite",
            aliases=tuple(f"{name}.satfinite" for name in row.aliases),
            model=IntegerSum(k, "saturate"),
            instruction=f"{row.instruction}.satfinite",
            note="Saturated once an instruction.",
        )


def _before_hopper() -> Iterator[Unit]:
    yield from _wide("v100.mma", 4, 23, (None, -19), "recorded", _DATA, formats=("fp16",), k=4)
    yield from _wide("turing.mma", 8, 24, (-132, -20), "literature", _SIM, "t4", formats=("fp16",), k=8,
                     note="Floors are those of Ampere: unverified.")  # fmt: skip
    yield from _integers("turing.mma", 16, "literature", "PTX ISA 8.5, section 9.7.14", "t4")
    yield from _wide("a100.mma", 8, 24, (-132, -20), "recorded", _DATA, "a2 a30",
                     note="Recorded on A100 and A2; A30 after the paper.")  # fmt: skip
    yield from _integers("a100.mma", 32, "literature", "PTX ISA 8.5, section 9.7.14", "a2 a30")
    yield from _wide("ada.mma", 8, 24, (-132, -20), "recorded", _DATA, "l40s")
    for row in _narrow("ada.mma", FusedSum(16, 13, 14, floor=-132), -20, "recorded", _DATA, "l40s"):
        mixed = replace(row, evidence="literature", source=_SIM, note="Mixed formats: not among the recorded ones.")
        yield row if row.a == row.b else mixed
    yield from _integers("ada.mma", 32, "literature", "PTX ISA 8.5, section 9.7.14", "l40s")


_EMULATION = FusedSum(16, 25, floor=-133, promote=32, order="quarters")


def _hopper() -> Iterator[Unit]:
    yield from _wide("h100.mma", 16, 25, (-133, -21), "measured", _H100, "h200")
    yield from _narrow("h100.mma", _EMULATION, -21, "measured", _H100, "h200", note=_EMULATED)
    yield from _integers("h100.mma", 32, "measured", _H100, "h200")
    yield from _wide("h100.wgmma", 16, 25, (-133, -21), "measured", _H100, "h200")
    model = FusedSum(32, 13, 14, floor=-133)
    yield from _narrow("h100.wgmma", model, -21, "measured", _H100, "h200",
                       note="Low fraction bits 0 to 9 of a float32 result are zero.")  # fmt: skip
    yield from _integers("h100.wgmma", 32, "measured", _H100, "h200")
    for a, b in (("e4m3", "e4m3"), ("e4m3", "e5m2"), ("e5m2", "e4m3")):
        pair = a if a == b else f"{a}_{b}"
        source = "torch._scaled_mm on an H100 80GB HBM3, 2026-11-26, K to 512: intervals of 32, 64 and 256 disagree"
        yield Unit(f"h100.cublas.{pair}", a, b, "fp32", 32, replace(model, promote=128),
                   "cuBLASLt matmul, CUBLASLT_MATMUL_DESC_FAST_ACCUM 0", "measured", source,
                   "h100.wgmma with promotion every 128 k; with fast accumulation it is h100.wgmma itself.",
                   (f"h200.cublas.{pair}",))  # fmt: skip


def _blackwell() -> Iterator[Unit]:
    yield from _wide("b200.mma", 16, 25, (-133, -21), "recorded", _DATA)
    for row in _narrow("b200.mma", _EMULATION, -21, "recorded", _DATA, note=_EMULATED):
        mixed = replace(row, evidence="literature", note=f"{_EMULATED} Mixed formats: not among the recorded ones.")
        yield row if row.a == row.b else mixed
    yield from _integers("b200.mma", 32, "literature", "PTX ISA 8.5, section 9.7.14")
    for where in ("b200.tcgen05", "sm120.mma"):
        also = "rtx50" if where == "sm120.mma" else ""
        yield from _wide(where, 16, 25, (-133, -21), "literature", _SIM, also)
        native = FusedSum(32, 25, floor=-133)
        yield from _narrow(where, native, -21, "literature", _SIM, also, formats=_SMALL)
        yield from _integers(where, 32, "literature", "PTX ISA 8.7, sections 9.7.14 and 9.7.16", also)
        yield from _scaled(where, also)


def _scaled(where: str, also: str) -> Iterator[Unit]:
    """Yield the rows of operands with scales."""
    mx = _Scales("mx_", "mxf8f6f4", "e8m0", 32)
    for a, b in product(_SMALL, _SMALL):
        yield _row(where, a, b, "fp32", 32, FusedSum(32, 25, floor=-133), "literature", _SIM, also,
                   "The floor is that of unscaled formats: unverified.", mx)  # fmt: skip
    for scales in (_Scales("mx4_", "mxf4", "e8m0", 32), _Scales("nv_", "mxf4nvf4", "ue4m3", 16)):
        yield _row(where, "e2m1", "e2m1", "fp32", 64, GroupedSum(64, 16, 35), "literature", _SIM, also,
                   "Whether small exponents have a floor is unknown: none here.", scales)  # fmt: skip


NVIDIA: tuple[Unit, ...] = (*_before_hopper(), *_hopper(), *_blackwell())
"""The rows."""
