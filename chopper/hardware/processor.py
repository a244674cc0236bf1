"""The instructions of this machine's own processor, run: what the models of `x86` units are compared with.

Nothing is compiled before an instruction runs, and none runs that the processor lacks.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.inputs import as_array
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
    from chopper.engine.hardware.instructions import lacking

    _check_name(instruction)
    return lacking(instruction)


def _check_name(instruction: str) -> None:
    from chopper.engine.hardware.instructions import TILED, VECTORS

    if not isinstance(instruction, str) or (instruction not in VECTORS and instruction not in TILED):
        legal = ", ".join((*SHAPES, "vcvtneps2bf16", "vcvtps2ph.up", "add.ps.up"))
        raise UnsupportedInputError(f"instruction={instruction!r} is not known; legal: {legal} and others like these")


def machine() -> str:
    """Return what the processor calls itself."""
    from chopper.engine.hardware.instructions import machine as found

    return found()


def operate(instruction: str, *operands: _Array) -> _Array:
    """Run an instruction on vector registers on each element of its operands; returns the bytes of the results.

    Parameters
    ----------
    instruction : str
        As for `missing`, none that works on tiles.
    operands : arrays
        As many as the instruction takes, all of as many bytes; it reads the patterns, whatever the dtypes.

    Raises
    ------
    UnsupportedInputError
        If operands do not fit, or the processor lacks the instruction; the message says why.
    """
    from chopper.engine.hardware.instructions import VECTORS, run_vector

    _check_name(instruction)
    if instruction not in VECTORS:
        raise UnsupportedInputError(f"{instruction} works on tiles; use products")
    count = len(VECTORS[instruction].inputs)
    arrays = [_as_patterns(x, f"operand {n}") for n, x in enumerate(operands)]
    if len(arrays) != count or len({x.nbytes for x in arrays}) != 1:
        raise UnsupportedInputError(
            f"{instruction} takes {count} operands of as many bytes; given: {[x.nbytes for x in arrays]}"
        )
    _require(instruction)
    return run_vector(instruction, *arrays)


def products(instruction: str, a: _Array, b: _Array, c: _Array) -> _Array:
    """Return d = a b + c of tiles, in codes, as `chopper.hardware.products` does.

    Parameters
    ----------
    instruction : str
        A key of `SHAPES`, whose m and n the tiles have.
    a, b, c : arrays of integers
        Codes (T, m, K), (T, n, K) and (T, m, n); longer K chains instructions, a shorter or odd one is filled up with
        zeros; of AMX, tiles are made shorter instead as far as groups of 4 bytes allow.

    Raises
    ------
    UnsupportedInputError
        If shapes or dtypes do not fit, or the processor lacks the instruction.
    """
    _check_name(instruction)
    if instruction not in SHAPES:
        raise UnsupportedInputError(f"{instruction} adds no products; legal: {', '.join(SHAPES)}; or use operate")
    m, n, k = SHAPES[instruction]
    size = (4 if m == 1 else 64) // k
    a, b, c = (_as_patterns(x, name, width) for x, name, width in ((a, "a", size), (b, "b", size), (c, "c", 4)))
    count = c.shape[:1]
    if (a.shape[:-1], b.shape[:-1], c.shape) != ((*count, m), (*count, n), (*count, m, n)) or a.shape[-1] != b.shape[
        -1
    ]:
        raise UnsupportedInputError(
            f"shapes {a.shape}, {b.shape}, {c.shape} do not fit; legal: (T, {m}, K), (T, {n}, K), (T, {m}, {n})"
        )
    _require(instruction)
    d = c.copy()
    for start in range(0, a.shape[-1] if c.size else 0, k):
        left, right = (_filled(x[..., start : start + k], k, m > 1) for x in (a, b))
        d = _on_tiles(instruction, left, right, d) if m > 1 else _on_lanes(instruction, left, right, d)
    return d


def _require(instruction: str) -> None:
    reason = missing(instruction)
    if reason:
        raise UnsupportedInputError(f"{instruction} cannot run here: {reason}")


def _as_patterns(x: _Array, name: str, size: int | None = None) -> _Array:
    """Return an array in the byte order of the processor: of integers of `size` bytes, or of any numbers to 4 bytes."""
    found = as_array(x)
    kind, width = found.dtype.kind, found.dtype.itemsize
    if (kind not in "iu" or width != size) if size else (kind not in "iuf" or width > 4):
        legal = f"integers of {8 * size} bits" if size else "integers and floats of at most 32 bits"
        raise UnsupportedInputError(f"{name} has dtype {found.dtype}; legal: {legal}")
    return np.ascontiguousarray(found.astype(found.dtype.newbyteorder("="), copy=False))


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
