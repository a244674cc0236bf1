"""The instructions of this machine's own processor, run: what the models of `x86` units are compared with.

Nothing is compiled before an instruction runs, and none runs that the processor lacks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.errors import UnsupportedInputError

__all__ = ["SHAPES", "machine", "missing", "operate", "products"]

_Array = npt.NDArray[Any]

SHAPES = MappingProxyType(
    {
        "vdpbf16ps": (1, 16, 2),
        "tdpbf16ps": (16, 16, 32),
        "tdpfp16ps": (16, 16, 32),
        **{f"tdpb{signs}d": (16, 16, 64) for signs in ("ss", "su", "us", "uu")},
        "vpdpbusd": (1, 16, 4),
        "vpdpbusds": (1, 16, 4),
        "vpdpwssd": (1, 16, 2),
        "vpdpwssds": (1, 16, 2),
        "maddubs": (1, 16, 4),
    }
)
"""Instructions that add products, and the rows, columns and terms (m, n, k) of a tile of each.

Examples
--------
>>> SHAPES["tdpbf16ps"]
(16, 16, 32)
"""


def missing(instruction: str) -> str | None:
    """Return why an instruction cannot run here, or None.

    Parameters
    ----------
    instruction : str
        A key of `SHAPES`; ``vcvtneps2bf16``, ``vcvtps2ph.<mode>``, ``vcvtps2ph.ymm.<mode>``, ``vcvtps2phx.<mode>``; or
        ``<operation>.<ps or ph>.<mode>`` with add, sub, mul, div, sqrt, fma.  Modes are "nearest_even", "down", "up"
        and "toward_zero".

    Raises
    ------
    UnsupportedInputError
        If there is no such instruction.
    """
    from chopper.engine.hardware.instructions import TILED, VECTORS, lacking

    if instruction not in VECTORS and instruction not in TILED:
        legal = ", ".join((*SHAPES, "vcvtneps2bf16", "vcvtps2ph.up", "add.ps.up"))
        raise UnsupportedInputError(f"instruction={instruction!r} is not known; legal: {legal} and others like these")
    return lacking(instruction)


def machine() -> str:
    """Return what the processor calls itself."""
    from chopper.engine.hardware.instructions import machine as found

    return found()


def operate(instruction: str, *operands: _Array) -> _Array:
    """Run an instruction on each element of its operands, all of one size; returns the bytes of the results.

    Raises
    ------
    UnsupportedInputError
        If the processor lacks it; the message says why.
    """
    from chopper.engine.hardware.instructions import run_vector

    _require(instruction)
    return run_vector(instruction, *operands)


def products(instruction: str, a: _Array, b: _Array, c: _Array) -> _Array:
    """Return d = a b + c of tiles, in codes, as `chopper.hardware.products` does.

    Parameters
    ----------
    instruction : str
        A key of `SHAPES`, whose m and n the tiles have.
    a, b, c : arrays of unsigned integers
        Codes (T, m, K), (T, n, K) and (T, m, n); longer K chains instructions, a shorter or odd one is filled up with
        zeros; of AMX, tiles are made shorter instead as far as groups of 4 bytes allow.

    Raises
    ------
    UnsupportedInputError
        If shapes do not fit, or the processor lacks the instruction.
    """
    m, n, k = SHAPES[instruction]
    _require(instruction)
    shapes = (a.shape[:-1], b.shape[:-1], c.shape)
    if shapes != ((len(c), m), (len(c), n), (len(c), m, n)) or a.shape[-1] != b.shape[-1]:
        raise UnsupportedInputError(
            f"shapes {a.shape}, {b.shape}, {c.shape} do not fit; legal: (T, {m}, K), (T, {n}, K), (T, {m}, {n})"
        )
    d = np.ascontiguousarray(c)
    for start in range(0, a.shape[-1], k):
        left, right = (_filled(x[..., start : start + k], k, m > 1) for x in (a, b))
        d = _on_tiles(instruction, left, right, d) if m > 1 else _on_lanes(instruction, left, right, d)
    return d


def _require(instruction: str) -> None:
    reason = missing(instruction)
    if reason:
        raise UnsupportedInputError(f"{instruction} cannot run here: {reason}")


def _filled(x: _Array, k: int, short: bool) -> _Array:
    """Fill up the last axis with zeros, to k or, if tiles may be `short`, to whole groups of 4 bytes."""
    group = 4 // x.itemsize
    whole = -(-x.shape[-1] // group) * group if short else k
    out = np.zeros((*x.shape[:-1], whole), x.dtype)
    out[..., : x.shape[-1]] = x
    return out


def _on_tiles(instruction: str, a: _Array, b: _Array, c: _Array) -> _Array:
    from chopper.engine.hardware.instructions import run_tiles

    left, right = (x.view(np.uint8) for x in (a, b))
    out = run_tiles(instruction, left, right, np.ascontiguousarray(c).view(np.uint8).reshape(len(c), -1))
    return out.view(c.dtype).reshape(c.shape)


def _on_lanes(instruction: str, a: _Array, b: _Array, c: _Array) -> _Array:
    """Run an instruction on 16 lanes of 4 bytes, with one row of a in all of them."""
    from chopper.engine.hardware.instructions import run_vector

    row = np.repeat(a.view(np.uint32).reshape(len(c), 1), 16, axis=1)
    ones = (np.ones(c.size * 2, np.int16),) if instruction == "maddubs" else ()
    return run_vector(instruction, c, row, b, *ones).view(c.dtype).reshape(c.shape)
