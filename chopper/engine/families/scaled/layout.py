"""Where blocks lie in an array: from an array of any shape to rows cut into blocks, and back."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.errors import UnsupportedInputError
from chopper.formats.level import Block, block_text
from chopper.formats.scaled import ScaledFormat

__all__ = ["Axis", "Layout", "grid_shape", "layout_of", "lengths", "reduced", "repeated", "sampled"]

_Array = npt.NDArray[Any]

Axis = int | tuple[int, ...]
"""The axis along which blocks lie: of blocks over several axes the last one, or all of them in order."""


def lengths(block: Block, shape: tuple[int, ...], axis: Axis = -1) -> tuple[int, ...]:
    """Return how long a block is along each axis of an array, at most all of it: 1 along those that it does not cross.

    Raises
    ------
    UnsupportedInputError
        If the array has no such axis.

    Examples
    --------
    >>> lengths((32,), (4, 100)), lengths((16, 16), (8, 4, 100)), lengths((32,), (4, 100), axis=0), lengths((), (4, 6))
    ((1, 32), (1, 4, 16), (4, 1), (4, 6))
    """
    rank = len(shape)
    if not block:
        return tuple(max(n, 1) for n in shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    legal = all(isinstance(a, int) and not isinstance(a, bool) and -rank <= a < rank for a in axes)
    if legal and not isinstance(axis, tuple):
        if axis in (-1, rank - 1):  # of an array with too few axes, those that are missing count as axes of length 1
            block = block[-rank:]
        axes = tuple(axis % rank - i for i in reversed(range(len(block))))
        legal = axes[0] >= 0
    if not legal or len(axes) != len(block) or len({a % rank for a in axes}) < len(axes):
        raise UnsupportedInputError(
            f"axis={axis!r} does not suit blocks {block_text(block)} of an array of {rank} axes; legal: an axis, or "
            f"a tuple of {len(block)} different ones, from {-rank} to {rank - 1}"
        )
    found = [1] * rank
    for a, length in zip(axes, block, strict=True):
        found[a] = max(shape[a] if length == -1 else min(length, shape[a]), 1)
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


class Layout(NamedTuple):
    """An array as rows of equally long blocks, the last of each row cut short; or as one block a row, filled up."""

    shape: tuple[int, ...]
    sizes: tuple[int, ...]  # of a block along each axis
    columns: int
    length: int  # elements of a block
    direct: bool  # whether rows lie in the array as it is, if that is contiguous

    @property
    def grid(self) -> tuple[int, ...]:
        """How many blocks there are along each axis."""
        return tuple(-(-n // size) for n, size in zip(self.shape, self.sizes, strict=True))

    @property
    def blocks(self) -> int:
        """How many blocks there are."""
        return math.prod(self.grid)

    @property
    def cut(self) -> tuple[int, int, int]:
        """How the loops see it: columns, length of a block, blocks in a row."""
        return self.columns, self.length, -(-self.columns // self.length)

    @property
    def stack(self) -> tuple[int, int, int] | None:
        """Rows, columns and length of a block, where blocks are pieces of columns in a stack of matrices; or None."""
        long = [i for i, size in enumerate(self.sizes) if size > 1]
        if self.direct or len(long) != 1:
            return None
        return self.shape[long[0]], math.prod(self.shape[long[0] + 1 :]), self.sizes[long[0]]

    def to_rows(self, a: _Array) -> _Array:
        """Return the elements flat, in the order of rows; what is filled up is zero."""
        a = a.reshape(self.shape)
        if self.direct:
            return np.ascontiguousarray(a).reshape(-1)
        short = [grid * size - n for grid, size, n in zip(self.grid, self.sizes, self.shape, strict=True)]
        full = np.pad(a, [(0, more) for more in short]) if any(short) else a
        pairs = [part for pair in zip(self.grid, self.sizes, strict=True) for part in pair]
        rank = len(self.shape)
        order = (*range(0, 2 * rank, 2), *range(1, 2 * rank, 2))
        return np.ascontiguousarray(full.reshape(pairs).transpose(order)).reshape(-1)

    def from_rows(self, flat: _Array, shape: tuple[int, ...]) -> _Array:
        """Return the elements in the shape of the array: the inverse of `to_rows`."""
        if self.direct:
            return flat.reshape(shape)
        rank = len(self.shape)
        order = [axis for pair in zip(range(rank), range(rank, 2 * rank), strict=True) for axis in pair]
        full = flat.reshape(*self.grid, *self.sizes).transpose(order)
        whole = full.reshape([grid * size for grid, size in zip(self.grid, self.sizes, strict=True)])
        return np.ascontiguousarray(whole[tuple(slice(n) for n in self.shape)]).reshape(shape)

    def spread(self, a: _Array) -> _Array:
        """Return what blocks have, once for each element: in the order of rows, flat."""
        columns, length, count = self.cut
        wide: _Array = np.repeat(a.reshape(-1, count), length, axis=1)[:, :columns]
        return wide.reshape(-1)

    def counts(self) -> _Array:
        """Return how many elements of the array each block has."""
        found: _Array = np.ones((), np.int64)
        for n, size, grid in zip(self.shape, self.sizes, self.grid, strict=True):
            along = np.minimum(n - np.arange(grid) * size, size)
            found = found[..., None] * along
        return found.reshape(-1)


def layout_of(fmt: ScaledFormat, shape: tuple[int, ...], axis: Axis) -> Layout:
    """Return where the innermost blocks lie; the array has at least one element."""
    full = shape or (1,)
    sizes = lengths(fmt.levels[0].block, full, axis)
    k = next((i for i, size in enumerate(sizes) if size != 1), len(full) - 1)
    if all(size == n for size, n in zip(sizes[k + 1 :], full[k + 1 :], strict=True)):
        inner = math.prod(full[k + 1 :])
        return Layout(full, sizes, full[k] * inner, sizes[k] * inner, True)
    return Layout(full, sizes, math.prod(sizes), math.prod(sizes), False)


def reduced(a: _Array, layout: Layout, sizes: tuple[int, ...]) -> _Array:
    """Return the largest entry of a grid of blocks within each larger block."""
    a = a.reshape(layout.grid)
    for axis, (small, large) in enumerate(zip(layout.sizes, sizes, strict=True)):
        factor = -(-large // small)
        if factor > 1:
            a = np.maximum.reduceat(a, np.arange(0, a.shape[axis], factor), axis=axis)
    return a


def repeated(a: _Array, layout: Layout, sizes: tuple[int, ...]) -> _Array:
    """Return the entries of larger blocks, once for each block within."""
    for axis, (small, large) in enumerate(zip(layout.sizes, sizes, strict=True)):
        factor = -(-large // small)
        if factor > 1:
            a = np.take(a, np.arange(layout.grid[axis]) // factor, axis=axis)
    return a


def sampled(a: _Array, layout: Layout, sizes: tuple[int, ...]) -> _Array:
    """Return what all blocks within larger blocks have alike, once for each of these, flat."""
    a = a.reshape(layout.grid)
    for axis, (small, large) in enumerate(zip(layout.sizes, sizes, strict=True)):
        a = np.take(a, np.arange(0, a.shape[axis], -(-large // small)), axis=axis)
    return a.reshape(-1)
