"""Cutting scaled arrays along the boundaries of their blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from chopper.engine.families.scaled.layout import grid_shape, lengths
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.level import Block
from chopper.scaled import ScaledArray
from chopper.storage import Store

__all__ = ["cut"]

_Index = tuple[int | slice, ...]

_WHOLE = 1 << 41  # longer than a block may be


def cut(array: ScaledArray, index: Any) -> ScaledArray:
    """Return ``array[index]``; see `ScaledArray`.

    Raises
    ------
    RangeError
        If the part cuts a block, or lies outside.
    UnsupportedInputError
        If the index is of another kind than integers, slices of step 1 and an ellipsis.
    """
    shape, fmt = array.shape, array.fmt
    wanted = _resolved(index, shape)
    if not shape:
        return array
    followed = _followed(array)
    for axis, one in enumerate(wanted):
        if isinstance(one, int) and axis in followed:
            raise RangeError(f"blocks follow axis {axis}: take a slice there, {one}:{one + 1} say, or decode first")
    grids = [_on_grid(wanted, shape, level.block, array.axis) for level in fmt.levels]
    kept = [axis for axis, one in enumerate(wanted) if isinstance(one, slice)]
    data = Store(fmt.element, shape, scale=False).cut(array.data, wanted)
    scales = tuple(
        Store(level.scale, grid_shape(fmt, shape, array.axis, i), scale=True).cut(array.scale_data[i], grid)
        for i, (level, grid) in enumerate(zip(fmt.levels, grids, strict=True))
    )
    points = None if array.zero_points is None else np.atleast_1d(array.zero_points[grids[0]])
    rest = tuple(one.stop - one.start for one in wanted if isinstance(one, slice))
    return ScaledArray(fmt, rest, _renumbered(array.axis, kept), data, scales, points)


def _resolved(index: Any, shape: tuple[int, ...]) -> _Index:
    """Return an integer or a slice with start and stop for every axis."""
    given = list(index) if isinstance(index, tuple) else [index]
    dots = [i for i, one in enumerate(given) if one is Ellipsis]
    if len(dots) > 1 or len(given) - len(dots) > len(shape):
        raise RangeError(f"the index {index!r} has too many parts for {len(shape)} axes")
    at = dots[0] if dots else len(given)
    given[at : at + len(dots)] = [slice(None)] * (len(shape) - len(given) + len(dots))
    return tuple(_one(part, axis, n) for axis, (part, n) in enumerate(zip(given, shape, strict=True)))


def _one(part: Any, axis: int, n: int) -> int | slice:
    if isinstance(part, slice):
        start, stop, step = part.indices(n)
        if step != 1:
            raise UnsupportedInputError(f"the step {step} along axis {axis} is not legal; legal: 1")
        return slice(start, stop) if start < stop else slice(0, 0)
    if isinstance(part, bool) or not isinstance(part, (int, np.integer)):
        raise UnsupportedInputError(f"the index {part!r} is not legal; legal: integers, slices of step 1, an ellipsis")
    place = int(part)
    if not -n <= place < n:
        raise RangeError(f"the index {place} lies outside of axis {axis}, which has {n} elements")
    return place % n


def _followed(array: ScaledArray) -> set[int]:
    """Return the axes along which blocks are measured."""
    found: set[int] = set()
    for level in array.fmt.levels:
        if isinstance(array.axis, tuple) and level.block:
            found.update(array.axis)
        elif isinstance(array.axis, int):
            found.update(range(array.axis - len(level.block) + 1, array.axis + 1))
    return found


def _on_grid(wanted: _Index, shape: tuple[int, ...], block: Block, axis: Any) -> _Index:
    """Return the index of the scales of a level."""
    found: list[int | slice] = []
    sizes = lengths(block, (_WHOLE,) * len(shape), axis)
    for along, (one, n, size) in enumerate(zip(wanted, shape, sizes, strict=True)):
        if isinstance(one, int):
            found.append(0 if size == _WHOLE else one)
        elif size == _WHOLE:
            found.append(slice(0, min(one.stop - one.start, 1)))
        elif one.start % size or (one.stop % size and one.stop != n):
            low, high = one.start // size * size, min(-(-one.stop // size) * size, n)
            raise RangeError(
                f"{one.start}:{one.stop} along axis {along} cuts a block of {size}; take {low}:{high}, or decode first"
            )
        else:
            found.append(slice(one.start // size, -(-one.stop // size)))
    return tuple(found)


def _renumbered(axis: Any, kept: list[int]) -> Any:
    """Return the number of an axis, or of several, among those that are kept."""
    if isinstance(axis, tuple):
        return tuple(kept.index(a) for a in axis)
    return kept.index(axis) if axis in kept else -1
