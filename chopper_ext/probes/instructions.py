"""The matrix instructions of CUDA that are probed, as data: shapes, types, and the names of the units they run on."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType

from chopper_ext.probes.ptx import mma, wgmma

__all__ = ["DEVICES", "INSTRUCTIONS", "Instruction"]

DEVICES = MappingProxyType(
    {(7, 5): "turing", (8, 0): "a100", (8, 6): "a100", (8, 9): "ada", (9, 0): "h100", (10, 0): "b200", (12, 0): "sm120"}
)
"""The first word of a unit's name by the compute capability."""

_TYPES = MappingProxyType(
    {"fp16": ("f16", 2), "bf16": ("bf16", 2), "tf32": ("tf32", 4), "e4m3": ("e4m3", 1), "e5m2": ("e5m2", 1),
     "int8": ("s8", 1), "uint8": ("u8", 1), "fp64": ("f64", 8), "fp32": ("f32", 4), "int32": ("s32", 4)}
)  # fmt: skip
"""The PTX type of a format, and its bytes."""

_USUAL = MappingProxyType({"int8": "int32", "uint8": "int32", "fp64": "fp64"})
"""The accumulator that a unit's name leaves out; fp32 for all others."""

_FP8 = ("e4m3", "e5m2")
_INTEGERS = ("int8", "uint8")


@dataclass(frozen=True)
class Instruction:
    """One instruction: which of the two, formats of a, b and of the accumulator, rows and terms, and the devices.

    Examples
    --------
    >>> Instruction("wgmma", "e4m3", "e5m2", "fp32", 64, 32).unit((9, 0))
    'h100.wgmma.e4m3_e5m2'
    >>> Instruction("mma", "fp16", "fp16", "fp16", 16, 8).label
    'm16n8k8'
    """

    kind: str
    a: str
    b: str
    accumulator: str
    rows: int
    k: int
    since: tuple[int, int] = (8, 0)
    saturate: bool = False
    columns: int = 8

    @property
    def label(self) -> str:
        """The shape, which with the unit's name says which instruction it is."""
        return f"m{self.rows}n{self.columns}k{self.k}"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Rows, columns and terms of a tile."""
        return self.rows, self.columns, self.k

    @property
    def threads(self) -> int:
        """How many threads compute one tile."""
        return 32 if self.kind == "mma" else 128

    def devices(self) -> tuple[tuple[int, int], ...]:
        """Return the compute capabilities that have this instruction."""
        return tuple(one for one in DEVICES if one >= self.since and (self.kind == "mma" or one == (9, 0)))

    def unit(self, capability: tuple[int, int]) -> str:
        """Return the name of the unit that computes it on a device of this capability."""
        formats = self.a if self.a == self.b else f"{self.a}_{self.b}"
        name = f"{DEVICES[capability]}.{self.kind}.{formats}"
        if self.accumulator != _USUAL.get(self.a, "fp32"):
            name = f"{name}.{self.accumulator}"
        return f"{name}.satfinite" if self.saturate else name

    def ptx(self, capability: tuple[int, int]) -> str:
        """Return the text of its kernel."""
        (a, size), (b, _), (acc, _) = (_TYPES[name] for name in (self.a, self.b, self.accumulator))
        if self.kind == "wgmma":
            return wgmma(a, b, acc, self.columns, self.k, self.saturate, "8.4" if self._mixed_integers else "8.0")
        target = f"sm_{capability[0]}{capability[1]}" + ("a" if capability == (9, 0) else "")
        version = "8.7" if self.a in _FP8 or capability >= (10, 0) else "8.0"
        return mma(a, b, acc, self.rows, self.k, size, target, version, self.saturate)

    @property
    def _mixed_integers(self) -> bool:
        return self.a != self.b and self.a in _INTEGERS


def _pairs(formats: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    return tuple((a, b) for a in formats for b in formats)


INSTRUCTIONS = (
    *(Instruction("mma", "fp16", "fp16", acc, 16, k, (7, 5) if k == 8 else (8, 0))
      for acc in ("fp32", "fp16") for k in (16, 8)),
    *(Instruction("mma", "bf16", "bf16", "fp32", 16, k) for k in (16, 8)),
    *(Instruction("mma", "tf32", "tf32", "fp32", 16, k) for k in (8, 4)),
    *(Instruction("mma", a, b, acc, 16, 32, (8, 9)) for a, b in _pairs(_FP8) for acc in ("fp32", "fp16")),
    *(Instruction("mma", a, b, "int32", 16, k) for a, b in _pairs(_INTEGERS) for k in (32, 16)),
    *(Instruction("mma", a, b, "int32", 8, 16, (7, 5)) for a, b in _pairs(_INTEGERS)),
    *(Instruction("mma", a, b, "int32", 16, 32, saturate=True) for a, b in _pairs(_INTEGERS)),
    Instruction("mma", "fp64", "fp64", "fp64", 8, 4),
    *(Instruction("mma", "fp64", "fp64", "fp64", 16, k, (9, 0)) for k in (4, 8, 16)),
    *(Instruction("wgmma", "fp16", "fp16", acc, 64, 16, (9, 0)) for acc in ("fp32", "fp16")),
    Instruction("wgmma", "bf16", "bf16", "fp32", 64, 16, (9, 0)),
    Instruction("wgmma", "tf32", "tf32", "fp32", 64, 8, (9, 0)),
    *(Instruction("wgmma", a, b, acc, 64, 32, (9, 0)) for a, b in _pairs(_FP8) for acc in ("fp32", "fp16")),
    *(Instruction("wgmma", a, b, "int32", 64, 32, (9, 0), saturate)
      for a, b in _pairs(_INTEGERS) for saturate in (False, True)),
    *(Instruction("wgmma", a, b, acc, 64, k, (9, 0), columns=64)
      for a, b, acc, k in (("fp16", "fp16", "fp32", 16), ("fp16", "fp16", "fp16", 16), ("bf16", "bf16", "fp32", 16),
                           ("tf32", "tf32", "fp32", 8), ("e4m3", "e4m3", "fp32", 32), ("e4m3", "e5m2", "fp32", 32),
                           ("e5m2", "e5m2", "fp16", 32), ("int8", "int8", "int32", 32))),
)  # fmt: skip
"""All of them."""
