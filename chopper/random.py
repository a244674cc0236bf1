"""Keys for random words: every stochastic result is a function of (value, key, element index) alone."""

from __future__ import annotations

import secrets
from typing import Any, NamedTuple

from chopper.errors import RandomKeyError

__all__ = ["Key", "as_key"]

_WORD = 1 << 32


class Key(NamedTuple):
    """A 64-bit Threefry key and the index of the first element, each as two 32-bit words."""

    high: int
    low: int
    offset: int = 0


def as_key(key: Any = None, offset: int = 0) -> Key:
    """Turn what users pass as ``key=`` into a `Key`.

    Parameters
    ----------
    key : int, numpy.random.Generator, Key or None
        0 <= key < 2^64; a generator gives one 64-bit draw; None draws fresh entropy from the operating system; a
        `Key` is returned as it is.
    offset : int
        Index of the first element in the whole array, 0 <= offset < 2^64: a chunk that starts at element n of an
        array and is rounded with ``offset=n`` gives the bits that the whole array gives.

    Raises
    ------
    RandomKeyError
        If key or offset is out of range or of another kind.

    Examples
    --------
    >>> as_key(42)
    Key(high=0, low=42, offset=0)
    """
    if isinstance(key, Key):
        return key
    if key is None:
        seed = secrets.randbits(64)
    elif hasattr(key, "bit_generator"):
        seed = int(key.integers(0, 1 << 64, dtype="uint64"))
    else:
        seed = _integer("key", key)
    return Key(seed >> 32, seed & (_WORD - 1), _integer("offset", offset))


def _integer(name: str, value: Any) -> int:
    try:
        number = value.__index__()
    except (AttributeError, TypeError):
        cure = "an int from 0 to 2**64 - 1" + (", a numpy.random.Generator or None" if name == "key" else "")
        raise RandomKeyError(f"{name}={value!r} is not usable; pass {cure}") from None
    if isinstance(value, bool) or not 0 <= number < 1 << 64:
        raise RandomKeyError(f"{name}={value!r} is out of range; legal: 0 to 2**64 - 1")
    return int(number)
