"""Conversion instructions of CUDA as probes: what the instruction makes of codes, and what chopper makes of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

import numpy as np

from chopper import decode, encode
from chopper_ext.probes.tensor_cores import unusable

__all__ = ["Conversion", "cuda_conversions"]

_THREADS = 256

_TEXT = """.version {version}
.target {target}
.address_size 64
.visible .entry k(.param .u64 px,.param .u64 py)
{{
.reg .b64 %q<4>; .reg .b32 %r<4>; {registers}
ld.param.u64 %q0,[px]; ld.param.u64 %q1,[py];
mov.u32 %r0,%tid.x; mov.u32 %r1,%ctaid.x; mad.lo.u32 %r0,%r1,256,%r0;
mul.wide.u32 %q2,%r0,{step_in}; add.u64 %q0,%q0,%q2;
mul.wide.u32 %q2,%r0,{step_out}; add.u64 %q1,%q1,%q2;
{body}
ret;
}}
"""
"""A thread converts two elements."""

_REGISTERS = MappingProxyType({1: "b16", 2: "b16", 4: "b32", 8: "b64"})


@dataclass(frozen=True)
class Conversion:
    """One instruction ``cvt.<how>.<to>.<from>``, two elements at once where `pairs`.

    Parameters
    ----------
    how : str
        The rounding and what else stands before the types, such as "rn.satfinite".
    source, target : str
        Formats.
    rounding, overflow : str
        What chopper calls it; `overflow` may be None.
    pairs : str
        "": single elements; "two": two registers into a packed one; "packed": packed into packed.
    """

    how: str
    source: str
    target: str
    rounding: str
    overflow: str | None = None
    pairs: str = ""

    @property
    def name(self) -> str:
        """The instruction."""
        to = _PTX[self.target][0] + ("x2" if self.pairs else "")
        of = _PTX[self.source][0] + ("x2" if self.pairs == "packed" else "")
        return f"cvt.{self.how}.{to}.{of}"

    def missing(self) -> str | None:
        """Return why it cannot run here, or None."""
        return unusable(((9, 0), (10, 0), (12, 0)))

    def machine(self) -> str:
        """Return what the device calls itself."""
        from chopper_ext.probes import driver

        return driver.device()

    @property
    def dtype(self) -> Any:
        """The dtype of the codes that come in."""
        return np.dtype(f"u{_PTX[self.source][1]}")

    def ptx(self, target: str = "sm_90a") -> str:
        """Return the text of its kernel."""
        (_, wide), (_, narrow) = _PTX[self.source], _PTX[self.target]
        body, kinds = self._body()
        return _TEXT.format(
            version="8.1", target=target, step_in=2 * wide, step_out=2 * narrow, body=body,
            registers=f".reg .{kinds[0]} %x<2>; .reg .{kinds[1]} %y<2>;",
        )  # fmt: skip

    def _body(self) -> tuple[str, tuple[str, str]]:
        """Return the instructions, and the types of the registers before and after."""
        wide, narrow = _PTX[self.source][1], _PTX[self.target][1]
        kind = _PTX[self.source][0]
        before = kind if kind in ("f32", "f64") else _REGISTERS[wide]
        after = _REGISTERS[narrow]
        if self.pairs == "packed":
            before, after = _REGISTERS[2 * wide], _REGISTERS[2 * narrow]
            return f"ld.global.{before} %x0,[%q0]; {self.name} %y0,%x0; st.global.{after} [%q1],%y0;", (before, after)
        load = f"ld.global.v2.{before} {{%x0,%x1}},[%q0];"
        if self.pairs:
            after = _REGISTERS[2 * narrow]
            return f"{load} {self.name} %y0,%x1,%x0; st.global.{after} [%q1],%y0;", (before, after)
        if _PTX[self.target][0] == "f32":
            after = "f32"
        both = f"{self.name} %y0,%x0; {self.name} %y1,%x1;"
        return f"{load} {both} st.global.v2.{after} [%q1],{{%y0,%y1}};", (before, after)

    def converted(self, codes: Any) -> Any:
        """Return what the instruction makes of codes; of tf32 its own 19 bits alone."""
        if not codes.size:
            return np.zeros(0, f"u{_PTX[self.target][1]}")
        from chopper_ext.probes import driver

        narrow, padded = _PTX[self.target][1], codes
        if codes.size % (2 * _THREADS):
            padded = np.zeros(-(-codes.size // (2 * _THREADS)) * 2 * _THREADS, self.dtype)
            padded[: codes.size] = codes
        result = driver.empty((padded.size,), narrow)
        _kernel(self)(padded.size // (2 * _THREADS), driver.to_tensor(padded), result)
        found = driver.from_tensor(result, f"u{narrow}")[: codes.size]
        return found >> 13 if self.target == "tf32" else found

    def expected(self, codes: Any, threads: int | None = None) -> Any:
        """Return chopper's codes; of NaNs through ``cvt.rna.tf32``, what the instruction is known to make of them.

        It cuts their bits: one whose payload lies below those of tf32 becomes an infinity (seen on an H100 and an H200,
        all 16,382 of them).  The other roundings to tf32 keep NaNs.
        """
        if self.how == "rna" and self.target == "tf32":
            kept = codes & np.uint32(0x7FFFFFFF)
            lost = (kept > 0x7F800000) & (kept < 0x7F802000)
            codes = np.where(lost, codes & np.uint32(0xFF800000), codes)
        values = codes.view(f"f{self.dtype.itemsize}") if self.source != "bf16" and self.dtype.itemsize > 1 else None
        if values is None:
            values = decode(codes, self.source, threads=threads)
        return encode(values, self.target, self.rounding, overflow=self.overflow, threads=threads)


_PTX = MappingProxyType(
    {"fp64": ("f64", 8), "fp32": ("f32", 4), "tf32": ("tf32", 4), "fp16": ("f16", 2), "bf16": ("bf16", 2),
     "e4m3": ("e4m3", 1), "e5m2": ("e5m2", 1)}
)  # fmt: skip


@cache
def _kernel(conversion: Conversion) -> Any:
    from chopper_ext.probes import driver

    major, minor = driver.capability()
    return driver.Kernel(conversion.ptx(f"sm_{major}{minor}"), _THREADS)


def cuda_conversions() -> tuple[Conversion, ...]:
    """Return all of them."""
    ways = {"rn": "nearest_even", "rz": "toward_zero", "rm": "down", "rp": "up"}
    fp8 = [Conversion("rn.satfinite", source, target, "nearest_even", "saturate", pairs)
           for target in ("e4m3", "e5m2") for source, pairs in (("fp32", "two"), ("fp16", "packed"))]  # fmt: skip
    back = [Conversion("rn", source, "fp16", "nearest_even", None, "packed") for source in ("e4m3", "e5m2")]
    packed = [Conversion(how, "fp32", target, ways[how], None, "two")
              for target in ("fp16", "bf16") for how in ("rn", "rz")]  # fmt: skip
    single = [Conversion(how, "fp32", target, ways[how]) for target in ("fp16", "bf16") for how in ways]
    tf32 = [Conversion(how, "fp32", "tf32", mode)
            for how, mode in (("rna", "nearest_away"), ("rn", "nearest_even"), ("rz", "toward_zero"))]  # fmt: skip
    doubles = [Conversion(how, "fp64", "fp32", mode) for how, mode in ways.items()]
    return (*fp8, *back, *packed, *single, *tf32, *doubles)
