"""Formats whose elements share scales: no block may lie in two chunks."""

from __future__ import annotations

from itertools import pairwise
from math import lcm
from typing import Any

from chopper.errors import UnsupportedInputError

__all__ = ["is_blocked", "with_whole_blocks"]


def is_blocked(fmt: Any) -> bool:
    """Whether elements of a format share scales."""
    return getattr(fmt, "blocked", False)


def with_whole_blocks(x: Any, fmt: Any, axis: int = -1) -> Any:
    """Return the array in chunks that hold whole blocks of every level of scales; it stays as it is where it does.

    A block of one axis lies along `axis`, one of several along the last axes.

    Raises
    ------
    UnsupportedInputError
        If a scale belongs to the whole array and the array has several chunks.
    """
    blocks = [level.block for level in fmt.levels]
    if () in blocks and x.npartitions > 1:
        raise UnsupportedInputError(
            f"{fmt} has a scale for the whole array, and this one has {x.npartitions} chunks; round it in one chunk, "
            "x.rechunk(-1), or take a format without that scale"
        )
    axes: dict[int, list[int]] = {}
    for block in blocks:
        for length, at in zip(block, _axes(block, axis, x.ndim), strict=True):
            axes.setdefault(at, []).append(length)
    return x.rechunk({at: _chunks(x.chunks[at], lengths) for at, lengths in axes.items()})


def _axes(block: tuple[int, ...], axis: int, ndim: int) -> range:
    first = axis % ndim if len(block) == 1 else ndim - len(block)
    return range(first, first + len(block))


def _chunks(chunks: tuple[int, ...], lengths: list[int]) -> tuple[int, ...]:
    """Move the borders between chunks down to multiples of every length; -1 is the whole axis."""
    total = sum(chunks)
    if -1 in lengths:
        return (total,)
    unit = lcm(*lengths)
    ends = [sum(chunks[: at + 1]) // unit * unit for at in range(len(chunks) - 1)]
    borders = sorted({0, *ends, total})
    return tuple(b - a for a, b in pairwise(borders)) or (total,)
