"""Formats whose elements share scales: no block may lie in two chunks."""

from __future__ import annotations

from itertools import pairwise
from math import lcm
from typing import Any

import numpy as np

from chopper.engine.backend import Request
from chopper.errors import UnsupportedInputError

__all__ = ["with_whole_blocks"]


def with_whole_blocks(x: Any, request: Request) -> Any:
    """Return the array in chunks that hold whole blocks of every level of scales; it stays as it is where it does.

    Raises
    ------
    UnsupportedInputError
        If a scale belongs to the whole array and the array has several chunks, or `axis` does not suit the blocks.
    """
    blocks = [level.block for level in request.fmt.levels]  # type: ignore[attr-defined]
    given = request.scale is not None
    if x.npartitions > 1 and given and np.size(request.scale) > 1:
        raise UnsupportedInputError(
            f"scale= has shape {np.shape(request.scale)} and the array {x.npartitions} chunks; pass one scale for all, "
            "or round it in one chunk: x.rechunk(-1)"
        )
    if x.npartitions > 1 and () in blocks[: len(blocks) - given]:
        raise UnsupportedInputError(
            f"{request.fmt} has a scale for the whole array, and this one has {x.npartitions} chunks; pass that scale "
            "as scale=, or round the array in one chunk: x.rechunk(-1)"
        )
    cuts: dict[int, list[int]] = {}
    for block in blocks:
        for length, at in zip(*_along(block, request.axis, x.ndim), strict=True):
            cuts.setdefault(at, []).append(length)
    return x.rechunk({at: _chunks(x.chunks[at], lengths) for at, lengths in cuts.items()})


def _along(block: tuple[int, ...], axis: int | tuple[int, ...], rank: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the lengths of a block and their axes: `axis` is the last of them, or all."""
    if not isinstance(axis, tuple):
        if axis in (-1, rank - 1):  # axes that the array has not count as axes of length 1
            block = block[-rank:] if rank else ()
        axis = tuple(range(axis - len(block) + 1, axis + 1)) if axis < 0 else tuple(range(axis + 1))[-len(block) :]
    if len(axis) != len(block) or not all(-rank <= at < rank for at in axis):
        raise UnsupportedInputError(f"axis={axis!r} does not suit blocks {block} of an array of {rank} axes")
    return block, tuple(at % rank for at in axis)


def _chunks(chunks: tuple[int, ...], lengths: list[int]) -> tuple[int, ...]:
    """Move the borders between chunks down to multiples of every length; -1 is the whole axis."""
    total = sum(chunks)
    if -1 in lengths:
        return (total,)
    unit = lcm(*lengths)
    ends = [sum(chunks[: at + 1]) // unit * unit for at in range(len(chunks) - 1)]
    borders = sorted({0, *ends, total})
    return tuple(b - a for a, b in pairwise(borders)) or (total,)
