"""Several streams of 64-bit random words from one key, each a function of the key and of an element's index alone."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.run import all_words
from chopper.kernels.threefry import random_word, threefry
from chopper.random import Key

__all__ = ["choice", "happens", "stream", "words64"]

_Words = npt.NDArray[np.uint64]
_HALF = 1 << 32
_APART = 0xFFFFFFFF
"""High word of the counters that make keys of streams: no array is so large that rounding comes to them."""

_MANY = 1 << 15
"""Words of so many elements are not computed one by one, if they are no small part of all."""


def stream(key: Key, number: int) -> Key:
    """Return the key of a stream, with the places of `key`; its words have nothing to do with those of `key` itself.

    It is the block of Threefry for the counter (2^32 - 1) 2^32 + number under `key`.

    Examples
    --------
    >>> from chopper.random import as_key
    >>> stream(as_key(1, offset=5), 0).offset
    5
    """
    counter, low = (np.array([word], np.uint32).view(np.int32) for word in (_APART, number))
    k0, k1 = (word - _HALF if word >> 31 else word for word in (key.high, key.low))
    with np.errstate(over="ignore"):
        x0, x1 = threefry(k0, k1, counter, low)  # type: ignore[no-untyped-call]
    return key._replace(high=int(x0.view(np.uint32)[0]), low=int(x1.view(np.uint32)[0]))


def words64(key: Key, number: int, elements: npt.NDArray[Any], size: int) -> _Words:
    """Return 64 random bits for each of some elements, by their numbers in an array, or chunk, of so many.

    The high word is that of the element in stream 2 * number, the low one that in the next stream.

    Examples
    --------
    >>> import numpy as np
    >>> from chopper.random import as_key
    >>> whole = words64(as_key(1), 0, np.arange(4), 4)
    >>> bool((words64(as_key(1, offset=2), 0, np.arange(2), 2) == whole[2:]).all())
    True
    """
    high, low = (_words(stream(key, 2 * number + i), elements, size).astype(np.uint64) for i in range(2))
    return high << np.uint64(32) | low


def happens(key: Key, number: int, size: int, probability: Fraction) -> npt.NDArray[np.bool_]:
    """Return where an event of some probability happens: where `words64` is less than 2^64 times the probability.

    The chance is exact for multiples of 2^-64, and else the next one of them up.

    Examples
    --------
    >>> from chopper.random import as_key
    >>> happens(as_key(1), 0, 8, Fraction(1, 2)).tolist()
    [True, True, True, True, True, True, False, False]
    """
    limit = -(-probability.numerator * _HALF * _HALF // probability.denominator)
    if limit in (0, _HALF * _HALF):
        return np.full(size, limit > 0)
    high = all_words(stream(key, 2 * number), size, None)
    found: npt.NDArray[np.bool_] = high < np.uint32(limit >> 32)
    close = np.flatnonzero(high == np.uint32(limit >> 32))  # seldom any: then the low words decide
    found[close] = _words(stream(key, 2 * number + 1), close, size) < np.uint32(limit & (_HALF - 1))
    return found


def _words(key: Key, elements: npt.NDArray[Any], size: int) -> npt.NDArray[np.uint32]:
    if elements.size > _MANY and 8 * elements.size > size:
        every: npt.NDArray[np.uint32] = all_words(key, size, None)[elements]
        return every
    counters, _ = key.locate(elements.astype(np.uint64))
    low, high = (part.astype(np.uint32).view(np.int32) for part in (counters, counters >> np.uint64(32)))
    k0, k1 = (word - _HALF if word >> 31 else word for word in (key.high, key.low))
    with np.errstate(over="ignore"):
        word: npt.NDArray[np.int32] = random_word(k0, k1, high, low)  # type: ignore[no-untyped-call]
    return word.view(np.uint32)


def choice(words: _Words, counts: _Words) -> _Words:
    """Return floor(word * count / 2^64): a number below each count, of 1 to 64, all equally likely but for 2^-58.

    Examples
    --------
    >>> import numpy as np
    >>> choice(np.array([0, 1 << 63, (1 << 64) - 1], np.uint64), np.array([3, 3, 3], np.uint64)).tolist()
    [0, 1, 2]
    """
    by, low = np.uint64(32), np.uint64(_HALF - 1)
    return ((words >> by) * counts + ((words & low) * counts >> by)) >> by
