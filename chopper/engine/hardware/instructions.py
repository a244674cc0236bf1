"""Running instructions of this machine's processor, and asking first whether it has them."""

from __future__ import annotations

import ctypes
import platform
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["TILED", "VECTORS", "Vector", "lacking", "machine", "run_tiles", "run_vector"]

_Array = npt.NDArray[Any]
_WIDE, _HALF = 64, 32
"""Bytes of the registers zmm and ymm."""
_SYSCALL, _REQUEST, _TILE_DATA = 158, 0x1023, 18
"""arch_prctl, ARCH_REQ_XCOMP_PERM and the state component of tiles, on Linux."""


@dataclass(frozen=True)
class Vector:
    """An instruction, or a few, on vector registers.

    Parameters
    ----------
    text, constraints : str
        Assembly as LLVM takes it.
    features : tuple of str
        What the processor must have, in LLVM's words.
    inputs : tuple of int
        Bytes of the inputs of a group.
    output : int
        Bytes of the result.
    """

    text: str
    constraints: str
    features: tuple[str, ...]
    inputs: tuple[int, ...] = (_WIDE, _WIDE, _WIDE)
    output: int = _WIDE


def _added(name: str, *features: str) -> Vector:
    """Return an instruction that adds products of its second and third operand to the first one."""
    return Vector(f"{name} $3, $2, $0", "=x,0,x,x", features)


_PAIRS = "vpmaddubsw $3, $2, $0\nvpmaddwd $4, $0, $0\nvpaddd $1, $0, $0"
_MODES = MappingProxyType({"nearest_even": (0, "rn"), "down": (1, "rd"), "up": (2, "ru"), "toward_zero": (3, "rz")})
"""The immediate and the suffix of a rounding mode."""


def _conversions() -> dict[str, Vector]:
    found = {"vcvtneps2bf16": Vector("vcvtneps2bf16 $1, $0", "=x,x", ("avx512bf16",), (_WIDE,), _HALF)}
    for mode, (number, suffix) in _MODES.items():
        text = f"vcvtps2ph $${number}, $1, $0"
        found[f"vcvtps2ph.{mode}"] = Vector(text, "=x,x", ("avx512f",), (_WIDE,), _HALF)
        found[f"vcvtps2ph.ymm.{mode}"] = Vector(text, "=x,x", ("f16c",), (_HALF,), _HALF // 2)
        text = f"vcvtps2phx {{{suffix}-sae}}, $1, $0"
        found[f"vcvtps2phx.{mode}"] = Vector(text, "=x,x", ("avx512fp16",), (_WIDE,), _HALF)
    return found


def _arithmetic() -> dict[str, Vector]:
    found = {}
    for kind, feature in (("ps", "avx512f"), ("ph", "avx512fp16")):
        for mode, (_, suffix) in _MODES.items():
            how = f"{{{suffix}-sae}}"
            for name in ("add", "sub", "mul", "div"):
                text = f"v{name}{kind} {how}, $2, $1, $0"
                found[f"{name}.{kind}.{mode}"] = Vector(text, "=x,x,x", (feature,), (_WIDE, _WIDE))
            found[f"sqrt.{kind}.{mode}"] = Vector(f"vsqrt{kind} {how}, $1, $0", "=x,x", (feature,), (_WIDE,))
            found[f"fma.{kind}.{mode}"] = Vector(f"vfmadd213{kind} {how}, $3, $2, $0", "=x,0,x,x", (feature,))
    return found


VECTORS = MappingProxyType(
    {
        "vdpbf16ps": _added("vdpbf16ps", "avx512bf16"),
        "vpdpbusd": _added("vpdpbusd", "avx512vnni"),
        "vpdpbusds": _added("vpdpbusds", "avx512vnni"),
        "vpdpwssd": _added("vpdpwssd", "avx512vnni"),
        "vpdpwssds": _added("vpdpwssds", "avx512vnni"),
        "maddubs": Vector(_PAIRS, "=&x,x,x,x,x", ("avx512bw",), (_WIDE, _WIDE, _WIDE, _WIDE)),
        "vpmaddubsw": Vector("vpmaddubsw $2, $1, $0", "=x,x,x", ("avx512bw",), (_WIDE, _WIDE)),
        **_conversions(),
        **_arithmetic(),
    }
)
"""Instructions on vector registers."""

TILED = MappingProxyType(
    {
        "tdpbf16ps": "amx-bf16",
        "tdpfp16ps": "amx-fp16",
        **{f"tdpb{signs}d": "amx-int8" for signs in ("ss", "su", "us", "uu")},
    }
)
"""Instructions on tiles, and the feature that each needs."""


def lacking(name: str) -> str | None:
    """Return why an instruction cannot run here, or None."""
    from chopper.engine.hardware.host import features

    there = features()
    if not there:
        return "the processor is not an x86-64 one"
    needed = VECTORS[name].features if name in VECTORS else ("amx-tile", TILED[name])
    if name in VECTORS and _WIDE in VECTORS[name].inputs:
        needed = ("avx512f", *needed)
    absent = [feature for feature in needed if feature not in there]
    if absent:
        return f"the processor lacks {', '.join(absent)}"
    if name in TILED and not _tiles_allowed():
        return "the operating system does not let this process use AMX tiles"
    return None


@cache
def _tiles_allowed() -> bool:
    """Ask the kernel for the right to use tiles; True if it is given."""
    return sys.platform == "linux" and bool(ctypes.CDLL(None).syscall(_SYSCALL, _REQUEST, _TILE_DATA) == 0)


def machine() -> str:
    """Return what the processor calls itself."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines) if value}
    name = fields.get("model name") or platform.processor() or platform.machine()
    where = ", ".join(f"{key} {fields[key]}" for key in ("cpu family", "model", "stepping") if key in fields)
    return f"{name} ({where})" if where else name


def run_vector(name: str, *operands: _Array) -> _Array:
    """Run an instruction on operands, padded with zeros to whole registers; returns bytes.

    The caller has asked `lacking`.
    """
    from chopper.engine.hardware.assembly import on_vectors

    one = VECTORS[name]
    count = -(-operands[0].nbytes // one.inputs[0])
    flat = []
    for operand, size in zip(operands, one.inputs, strict=True):
        data = np.ascontiguousarray(operand).reshape(-1).view(np.uint8)
        flat.append(data if data.size == count * size else np.pad(data, (0, count * size - data.size)))
    out = np.empty(count * one.output, np.uint8)
    whole = (*flat, *[flat[0]] * (4 - len(flat)))
    on_vectors(one.text, one.constraints, one.inputs, one.output)(*whole, out, count)
    return out


def run_tiles(name: str, a: _Array, b: _Array, c: _Array) -> _Array:
    """Run an instruction on T tiles of 16 rows and columns: bytes (T, 16, 4 g), (T, 16, 4 g), (T, 1024), g to 16.

    Row n of b is column n of the right matrix; a group is four bytes.  The caller has asked `lacking`.
    """
    from chopper.engine.hardware.assembly import on_tiles

    count, _, width = a.shape
    groups = width // 4
    config = np.zeros(64, np.uint8)
    config[0] = 1
    config[16:22].view(np.uint16)[:] = 64, width, 64  # bytes of a row of c, a, b
    config[48:51] = 16, 16, groups
    right = np.ascontiguousarray(b.reshape(count, 16, groups, 4).swapaxes(1, 2))
    out = np.zeros((count, 1024), np.uint8)
    on_tiles(name)(config, c, np.ascontiguousarray(a).reshape(count, -1), right.reshape(count, -1), out, width)
    return out
