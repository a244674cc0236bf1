"""Where blocks lie in an array: from an array of any shape to rows cut into blocks, and back."""

from __future__ import annotations

from typing import Any

import numpy.typing as npt

from chopper.errors import UnsupportedInputError
from chopper.formats.level import Block, block_text
from chopper.formats.scaled import ScaledFormat

__all__ = ["Axis", "grid_shape", "lengths"]

_Array = npt.NDArray[Any]

Axis = int | tuple[int, ...]
"""The axis along which blocks lie: of blocks over several axes the last one, or all of them in order."""


def lengths(block: Block, shape: tuple[int, ...], axis: Axis = -1) -> tuple[int, ...]:
    """Return how long a block is along each axis of an array: 1 along those that it does not cross.

    Raises
    ------
    UnsupportedInputError
        If the array has no such axis.

    Examples
    --------
    >>> lengths((32,), (4, 100)), lengths((16, 16), (8, 4, 100)), lengths((32,), (4, 100), axis=0), lengths((), (4, 6))
    ((1, 32), (1, 16, 16), (32, 1), (4, 6))
    """
    rank = len(shape)
    if not block:
        return tuple(max(n, 1) for n in shape)
    axes = axis if isinstance(axis, tuple) else tuple(axis - i for i in reversed(range(len(block))))
    legal = all(isinstance(a, int) and not isinstance(a, bool) for a in axes)
    # blocks over several axes, at the first axes of an array with fewer: what is missing counts as an axis of length 1
    dropped = 0 if isinstance(axis, tuple) or not legal else sum(a < -rank if axis < 0 else a < 0 for a in axes[:-1])
    axes, block = axes[dropped:], block[dropped:]
    if (
        not legal
        or len(axes) != len(block)
        or not all(-rank <= a < rank for a in axes)
        or len({a % rank for a in axes}) < len(axes)
    ):
        raise UnsupportedInputError(
            f"axis={axis!r} does not suit blocks {block_text(block)} of an array of {rank} axes; legal: an axis, or "
            f"a tuple of {len(block)} different ones, from {-rank} to {rank - 1}"
        )
    found = [1] * rank
    for a, length in zip(axes, block, strict=True):
        found[a] = max(shape[a], 1) if length == -1 else length
    return tuple(found)


def grid_shape(fmt: ScaledFormat, shape: tuple[int, ...], axis: Axis = -1, level: int = 0) -> tuple[int, ...]:
    """Return the shape of the scales of a level, the innermost being level 0: one scale for each block.

    It has as many axes as the array.  An array without axes counts as one of a single element.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> grid_shape(get("nvfp4"), (4, 100)), grid_shape(get("nvfp4"), (4, 100), level=1)
    ((4, 7), (1, 1))
    """
    shape = shape or (1,)
    sizes = lengths(fmt.levels[level].block, shape, axis)
    return tuple(-(-n // size) for n, size in zip(shape, sizes, strict=True))
