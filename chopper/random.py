"""Keys for random words: every stochastic result is a function of (value, key, element index) alone."""

from __future__ import annotations

import secrets
import threading
from math import prod
from typing import Any, NamedTuple

import numpy as np

from chopper.errors import RandomKeyError
from chopper.kernels.threefry import threefry

__all__ = ["Chunk", "Key", "Keys", "Rows", "as_key", "strides_of"]

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
    key : int, pair of uint32, numpy.random.Generator, Keys, Key or None
        0 <= key < 2^64; an array of two uint32 is the high word and the low one; a generator gives one 64-bit draw, a
        stream of keys its next one; None draws fresh entropy from the operating system; a `Key` is returned as it is.
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
    elif isinstance(key, Keys):
        seed = next(key)
    elif hasattr(key, "bit_generator") and hasattr(key, "integers"):
        seed = int(key.integers(0, 1 << 64, dtype="uint64"))
    else:
        seed = _integer("key", key)
    if isinstance(offset, Chunk):
        return Key(seed >> 32, seed & (_WORD - 1), *_place(offset, shape))
    return Key(seed >> 32, seed & (_WORD - 1), _integer("offset", offset))


class Keys:
    """A stream of keys for work of many calls: the n-th key is a function of the base key and of n alone.

    It is the Threefry-2x32-20 block of the counter 2^63 + n under the base key, its first word high.  Elements count
    below 2^63, so that no key of the stream is made of words that the base key gives to an element.  The stream of a
    `fork` is another one, with the next key for its base.

    A pickle takes the stream along at its position: the copy goes on with the same keys as the original.  Copying by
    `copy` and `copy.deepcopy` gives the stream itself, so that no key is used twice in a process.

    Parameters
    ----------
    key
        The base key, as for `chopper.chop`; None draws fresh entropy, once.
    position : int
        Which key `next` gives first, from 0 on.

    Raises
    ------
    RandomKeyError
        If the key or the position is out of range or of another kind.

    Examples
    --------
    >>> keys = Keys(42)
    >>> first = next(keys)
    >>> first == Keys(42).at(0), next(keys) == keys.at(1), keys
    (True, True, Keys(42, position=2))
    """

    __slots__ = ("_base", "_block", "_lock", "_position")

    _AHEAD = 64  # keys computed at a time

    def __init__(self, key: Any = None, position: int = 0) -> None:
        found = as_key(key)
        self._base = found.high << 32 | found.low
        self._position = _integer("position", position)
        self._block: tuple[int, tuple[int, ...]] = (-1, ())
        self._lock = threading.Lock()

    @classmethod
    def of(cls, key: Any) -> Keys:
        """Return a stream itself, or the one on another kind of key."""
        return key if isinstance(key, Keys) else cls(key)

    @property
    def base(self) -> int:
        """The base key."""
        return self._base

    @property
    def position(self) -> int:
        """How many keys have been drawn."""
        return self._position

    def at(self, n: int) -> int:
        """Return the n-th key, from 0 on, without drawing it."""
        return _blocks(self._base, _integer("position", n), 1)[0]

    def fork(self) -> Keys:
        """Return a stream of its own, whose base is the next key of this one."""
        return Keys(next(self))

    def __next__(self) -> int:
        with self._lock:
            row, column = divmod(self._position, self._AHEAD)
            if self._block[0] != row:
                self._block = row, _blocks(self._base, row * self._AHEAD, self._AHEAD)
            self._position += 1
            return self._block[1][column]

    def __iter__(self) -> Keys:
        return self

    def __copy__(self) -> Keys:
        return self

    def __deepcopy__(self, memo: Any) -> Keys:
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        return Keys, (self._base, self._position)

    def __repr__(self) -> str:
        return f"Keys({self._base}, position={self._position})"


def _blocks(base: int, start: int, count: int) -> tuple[int, ...]:
    """Return the keys of a stream from `start` on."""
    counters = np.arange(start, start + count, dtype=np.uint64) + np.uint64(1 << 63)
    high, low = (counters >> 32).astype(np.uint32), counters.astype(np.uint32)
    encrypt: Any = threefry
    x, y = encrypt(np.uint32(base >> 32), np.uint32(base & (_WORD - 1)), high, low)
    return tuple((x.astype(np.uint64) << 32 | y).tolist())


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
        others = {"key": ", a pair of uint32, a numpy.random.Generator or None", "offset": " or a Chunk"}.get(name, "")
        cure = f"an int from 0 to 2**64 - 1{others}"
        raise RandomKeyError(f"{name}={value!r} is not usable; pass {cure}") from None
    bits = 63 if name == "position" else 64
    if isinstance(value, bool) or not 0 <= number < 1 << bits:
        raise RandomKeyError(f"{name}={value!r} is out of range; legal: 0 to 2**{bits} - 1")
    return int(number)
