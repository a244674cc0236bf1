"""Formats with shared scales: they run whole arrays, since what an element becomes depends on its block."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy.typing as npt

from chopper.engine.backend import Draw
from chopper.engine.plan import Request
from chopper.formats.scaled import ScaledFormat

__all__ = ["Blocks", "decode_blocks", "encode_blocks"]

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
    raise NotImplementedError


def decode_blocks(
    blocks: Blocks, fmt: ScaledFormat, axis: int | tuple[int, ...], dtype: Any, threads: int | None
) -> _Array:
    """Return the values of an encoded array in float32 or float64.

    Each is the exact product of element and scales, rounded once, to nearest, ties to even, where `dtype` does not
    hold it; products beyond the range of float32 become infinities there.
    """
    raise NotImplementedError
