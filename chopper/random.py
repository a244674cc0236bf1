"""Keys for random words: every stochastic result is a function of (value, key, element index) alone."""

from __future__ import annotations

import secrets
from math import prod
from typing import Any, NamedTuple

from chopper.errors import RandomKeyError

__all__ = ["Chunk", "Key", "Rows", "as_key", "strides_of"]

_WORD = 1 << 32


class Chunk(NamedTuple):
    """Where a chunk lies in a larger array: pass it as ``offset=`` and the chunk gets the bits it has in the whole.

    Examples
    --------
    >>> import numpy as np
    >>> from chopper import chop
    >>> x = np.linspace(0, 1, 48, dtype=np.float32).reshape(6, 8)
    >>> part = chop(x[2:5, 4:], "e4m3", "stochastic", key=1, offset=Chunk((2, 4), (6, 8)))
    >>> bool((part == chop(x, "e4m3", "stochastic", key=1)[2:5, 4:]).all())
    True
    """

    origin: tuple[Any, ...]  # index of the chunk's first element, along each axis
    shape: tuple[int, ...]  # of the whole array


class Rows(NamedTuple):
    """A chunk as rows of elements that follow each other in the whole array."""

    length: int  # elements in a row
    counts: tuple[int, ...]  # how many rows along each leading axis of the chunk
    strides: tuple[int, ...]  # distance between them in the whole array, in elements


class Key(NamedTuple):
    """A 64-bit Threefry key as two 32-bit words, and where the elements lie: the first one's index, and rows."""

    high: int
    low: int
    offset: int = 0
    rows: Rows | None = None

    def locate(self, i: Any) -> tuple[Any, Any]:
        """Return the index in the whole array of element `i`, and the end of its run of consecutive ones, None: never.

        `i` may be an array of integers.
        """
        if self.rows is None:
            return self.offset + i, None
        row, within = divmod(i, self.rows.length)
        index = self.offset + within
        for count, stride in zip(reversed(self.rows.counts), reversed(self.rows.strides), strict=True):
            row, at = divmod(row, count)
            index += at * stride
        return index, i + self.rows.length - within


def as_key(key: Any = None, offset: int | Chunk = 0, shape: tuple[int, ...] = ()) -> Key:
    """Turn what users pass as ``key=`` into a `Key`.

    Parameters
    ----------
    key : int, pair of uint32, numpy.random.Generator, Key or None
        0 <= key < 2^64; an array of two uint32 is the high word and the low one; a generator gives one 64-bit draw;
        None draws fresh entropy from the operating system; a `Key` is returned as it is.
    offset : int or Chunk
        Index of the first element in the whole array, 0 <= offset < 2^64: a chunk that starts at element n of an
        array and is rounded with ``offset=n`` gives the bits that the whole array gives.  A chunk whose elements do
        not follow each other in the whole array is described by a `Chunk`.
    shape : tuple of int
        Shape of the chunk, for a `Chunk`.

    Raises
    ------
    RandomKeyError
        If key or offset is out of range or of another kind.

    Examples
    --------
    >>> as_key(42)
    Key(high=0, low=42, offset=0, rows=None)
    """
    if isinstance(key, Key):
        return key
    if key is None:
        seed = secrets.randbits(64)
    elif str(getattr(key, "dtype", None)) == "uint32" and tuple(key.shape) == (2,):
        seed = int(key[0]) << 32 | int(key[1])
    elif hasattr(key, "bit_generator"):
        seed = int(key.integers(0, 1 << 64, dtype="uint64"))
    else:
        seed = _integer("key", key)
    if isinstance(offset, Chunk):
        return Key(seed >> 32, seed & (_WORD - 1), *_place(offset, shape))
    return Key(seed >> 32, seed & (_WORD - 1), _integer("offset", offset))


def strides_of(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Return the distance of neighbours along each axis of an array in C order, in elements.

    Examples
    --------
    >>> strides_of((2, 3, 5))
    (15, 5, 1)
    """
    return tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))


def _place(chunk: Chunk, shape: tuple[int, ...]) -> tuple[int, Rows]:
    """Return the index of a chunk's first element, and its rows, as long as they can be."""
    inside = len(chunk.origin) == len(chunk.shape) == len(shape) and all(
        first >= 0 and first + extent <= whole
        for first, extent, whole in zip(chunk.origin, shape, chunk.shape, strict=True)
    )
    if not inside:
        raise RandomKeyError(
            f"offset={chunk!r} does not hold an array of shape {shape}; pass the index of its first element along "
            "each axis, and the shape of the array that it is a chunk of"
        )
    strides = strides_of(chunk.shape)
    axis = len(shape)
    while axis > 0 and (axis == len(shape) or shape[axis] == chunk.shape[axis]):
        axis -= 1
    offset = sum(int(first) * stride for first, stride in zip(chunk.origin, strides, strict=True))
    return offset, Rows(max(prod(shape[axis:]), 1), shape[:axis], strides[:axis])


def _integer(name: str, value: Any) -> int:
    try:
        number = value.__index__()
    except (AttributeError, TypeError):
        others = {"key": ", a pair of uint32, a numpy.random.Generator or None", "offset": " or a Chunk"}[name]
        cure = f"an int from 0 to 2**64 - 1{others}"
        raise RandomKeyError(f"{name}={value!r} is not usable; pass {cure}") from None
    if isinstance(value, bool) or not 0 <= number < 1 << 64:
        raise RandomKeyError(f"{name}={value!r} is out of range; legal: 0 to 2**64 - 1")
    return int(number)
