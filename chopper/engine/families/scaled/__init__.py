"""Formats with shared scales: they run whole calls, since what an element becomes depends on its block.

The rest of the package is imported by the first call: importing chopper brings no more than what is here.
"""

from __future__ import annotations

from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from chopper.engine.backend import Draw
from chopper.engine.families.scaled.layout import Axis, grid_shape
from chopper.engine.inputs import as_real, check_out, code_dtype, is_number
from chopper.engine.plan import Request
from chopper.errors import OutputError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.scaled import ScaledFormat

__all__ = ["Blocks", "decode_blocks", "decode_whole", "encode_blocks", "encode_whole", "grid_shape", "round_whole"]

_Array = npt.NDArray[Any]


class Blocks(NamedTuple):
    """An array encoded in blocks.

    Attributes
    ----------
    codes : array
        Codes of the elements, in the shape of the array, in the smallest of uint8, uint16, uint32, uint64.
    scales : tuple of arrays
        Codes of the scales, the innermost level first, each in the shape `grid_shape` and the smallest such dtype.
        A scale whose code is NaN makes its block NaN.
    zero_points : array of int32 or None
        In the shape of the innermost scales.
    """

    codes: _Array
    scales: tuple[_Array, ...]
    zero_points: _Array | None = None


def encode_blocks(x: Any, request: Request, draw: Draw, threads: int | None) -> Blocks:
    """Encode an array of real numbers: the request's format is a `ScaledFormat`, its axis says where the blocks lie.

    Exact by the definition in `chopper.formats.scaled`.
    """
    source = as_real(x)
    fmt = cast(ScaledFormat, request.fmt)
    if source.size == 0:
        grids = [grid_shape(fmt, source.shape, request.axis, i) for i in range(len(fmt.levels))]
        scales = tuple(np.zeros(g, code_dtype(one.scale)) for g, one in zip(grids, fmt.levels, strict=True))
        points = np.zeros(grids[0], np.int32) if fmt.zero_point else None
        return Blocks(np.zeros(source.shape, code_dtype(fmt)), scales, points)
    from chopper.engine.families.scaled.calls import rows_of

    found = rows_of(source, request, draw, threads, None)
    points = None if found.points is None else found.points.reshape(found.layout.grid)
    return Blocks(found.layout.from_rows(found.elements, source.shape), found.scales, points)


def decode_blocks(blocks: Blocks, fmt: ScaledFormat, axis: Axis, dtype: Any, threads: int | None) -> _Array:
    """Return the values of an encoded array in float32 or float64.

    Each is the exact product of element and scales, rounded once, to nearest, ties to even, where `dtype` does not
    hold it; products beyond the range of float32 become infinities there.
    """
    kind = np.dtype(dtype)
    if kind not in (np.float32, np.float64):
        raise UnsupportedInputError(f"dtype={dtype!r} cannot hold decoded values here; legal: float32, float64")
    from chopper.engine.families.scaled.decoding import decoded

    return decoded(blocks.codes, blocks.scales, blocks.zero_points, fmt, axis, kind, threads)


# --- calls -----------------------------------------------------------------------------------------------------------


def round_whole(x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
    """Round values to values of the format."""
    source = as_real(x)
    dtype = source.dtype if source.dtype.kind not in "iub" else np.dtype(np.float64)
    target = check_out(out, x, source.shape, dtype)
    goal = np.empty(source.shape, dtype.newbyteorder("=")) if target is None or not _suits(target, source) else target
    result = _rounded(source, goal, request, draw, threads)
    if target is not None:
        if result is not target:
            np.copyto(target, result)
        return out
    return float(result[()]) if is_number(x) else result[()] if isinstance(x, np.generic) else result


def encode_whole(x: Any, request: Request, draw: Draw, out: Any, threads: int | None) -> Any:
    """Round values to codes of elements and scales."""
    if out is not None:
        raise OutputError(
            "out= does not suit a format with shared scales: encode returns codes and scales; leave it out"
        )
    return encode_blocks(x, request, draw, threads)


def decode_whole(codes: Any, fmt: Format, dtype: Any, out: Any, threads: int | None) -> Any:
    """Turn codes of elements and scales into values."""
    if not isinstance(codes, Blocks):
        raise UnsupportedInputError(f"codes of {fmt} mean nothing without their scales; pass what encode returned")
    result = decode_blocks(codes, cast(ScaledFormat, fmt), -1, dtype, threads)
    target = check_out(out, codes.codes, result.shape, np.dtype(dtype))
    if target is None:
        return result
    np.copyto(target, result)
    return out


def _suits(target: _Array, source: _Array) -> bool:
    """Whether results can be written to `target` block by block, while the source is still read."""
    return target.flags.c_contiguous and target.dtype.isnative and not np.may_share_memory(target, source)


def _rounded(source: _Array, goal: _Array, request: Request, draw: Draw, threads: int | None) -> _Array:
    """Return the rounded values, in `goal` where they can lie there."""
    if source.size == 0:
        return goal
    from chopper.engine.families.scaled.calls import rows_of

    found = rows_of(source, request, draw, threads, goal)
    return goal if found.layout.direct else found.layout.from_rows(found.elements, source.shape)
