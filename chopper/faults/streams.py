"""Several streams of 64-bit random words from one key, each a function of the key and of an element's index alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.kernels.threefry import threefry
from chopper.random import Key

__all__ = ["chance", "choice", "stream", "words64"]

_Words = npt.NDArray[np.uint64]
_HALF = 1 << 32
_APART = 0xFFFFFFFF
"""High word of the counters that make keys of streams: no array is so large that rounding comes to them."""


def stream(key: Key, number: int) -> Key:
    """Return the key of a stream, with the places of `key`; its words have nothing to do with those of `key` itself.

    Examples
    --------
    >>> from chopper.random import as_key
    >>> stream(as_key(1, offset=5), 0).offset
    5
    """
    high, low = _encrypted(key, np.array([_APART << 32 | number], np.uint64))
    return key._replace(high=int(high[0]), low=int(low[0]))


def words64(key: Key, elements: npt.NDArray[Any]) -> _Words:
    """Return a word of 64 random bits for each of some elements, given by their numbers in the chunk.

    Both words of Threefry-2x32-20, the first one high; the counter is the index in the whole array.

    Examples
    --------
    >>> import numpy as np
    >>> from chopper.random import as_key
    >>> whole = words64(as_key(1), np.arange(4))
    >>> bool((words64(as_key(1, offset=2), np.arange(2)) == whole[2:]).all())
    True
    """
    counters, _ = key.locate(np.asarray(elements, np.uint64))
    high, low = _encrypted(key, counters)
    return high.astype(np.uint64) << np.uint64(32) | low.astype(np.uint64)


def _encrypted(key: Key, counters: _Words) -> tuple[npt.NDArray[np.uint32], npt.NDArray[np.uint32]]:
    low, high = (part.astype(np.uint32).view(np.int32) for part in (counters, counters >> np.uint64(32)))
    k0, k1 = (word - _HALF if word >> 31 else word for word in (key.high, key.low))
    with np.errstate(over="ignore"):
        x0, x1 = threefry(k0, k1, high, low)  # type: ignore[no-untyped-call]
    return x0.view(np.uint32), x1.view(np.uint32)


def chance(words: _Words, probability: Fraction) -> npt.NDArray[np.bool_]:
    """Return where an event of this probability happens: where word / 2^64 < probability.

    The chance is exact for multiples of 2^-64, and else the next one of them up.

    Examples
    --------
    >>> import numpy as np
    >>> from fractions import Fraction
    >>> chance(np.array([0, 1 << 63, (1 << 64) - 1], np.uint64), Fraction(1, 2)).tolist()
    [True, False, False]
    """
    limit = -(-probability.numerator * _HALF * _HALF // probability.denominator)
    if limit == _HALF * _HALF:
        return np.ones(words.shape, np.bool_)
    found: npt.NDArray[np.bool_] = words < np.uint64(limit)
    return found


def choice(words: _Words, counts: _Words) -> _Words:
    """Return floor(word * count / 2^64): a number below each count, of 2 to 64, all equally likely but for 2^-58.

    Examples
    --------
    >>> import numpy as np
    >>> choice(np.array([0, 1 << 63, (1 << 64) - 1], np.uint64), np.array([3, 3, 3], np.uint64)).tolist()
    [0, 1, 2]
    """
    by, low = np.uint64(32), np.uint64(_HALF - 1)
    return ((words >> by) * counts + ((words & low) * counts >> by)) >> by
