"""Random numbers for inputs: a function of the key, the same in every version of NumPy."""

from __future__ import annotations

from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from chopper.errors import RandomKeyError

__all__ = ["Draws"]

_Array = npt.NDArray[Any]


class Draws:
    """A stream of words keyed by numbers and names.

    NumPy keeps the raw words of its bit generators for ever, but not what its distributions make of them; so what is
    drawn here is made of the words by integer arithmetic.

    Raises
    ------
    RandomKeyError
        If a number is negative.

    Examples
    --------
    >>> Draws(1, "spread").below(100, (4,)).tolist()
    [32, 49, 30, 86]
    """

    def __init__(self, *key: int | str) -> None:
        for part in key:
            if isinstance(part, int) and part < 0:
                raise RandomKeyError(f"{part} is not a key; legal: integers from 0 on")
        numbers = [part if isinstance(part, int) else crc32(part.encode()) for part in key]
        self._source = np.random.Philox(np.random.SeedSequence(numbers))

    def words(self, shape: tuple[int, ...]) -> _Array:
        """Return words of 64 random bits."""
        return self._source.random_raw(int(np.prod(shape))).reshape(shape)

    def below(self, count: int, shape: tuple[int, ...]) -> _Array:
        """Return integers from 0 to `count` - 1, `count` at most 2^31."""
        return ((self.words(shape) >> np.uint64(32)) * np.uint64(count) >> np.uint64(32)).astype(np.int64)

    def between(self, low: int, high: int, shape: tuple[int, ...]) -> _Array:
        """Return integers from `low` to `high`, both included."""
        return low + self.below(high - low + 1, shape)

    def one_of(self, choices: tuple[int, ...], shape: tuple[int, ...]) -> _Array:
        """Return elements of `choices`."""
        return np.array(choices, np.int64)[self.below(len(choices), shape)]

    def chance(self, parts: int, of: int, shape: tuple[int, ...]) -> _Array:
        """Return True in `parts` of `of` cases."""
        return self.below(of, shape) < parts

    def bell(self, shape: tuple[int, ...]) -> _Array:
        """Return float64 numbers in a bell shape: sums of four uniform ones, of mean 0 and standard deviation 1.15."""
        words = self.words(shape)
        parts = [(words >> np.uint64(16 * i) & np.uint64(0xFFFF)).astype(np.int64) for i in range(4)]
        low = (self.words(shape) >> np.uint64(32)).astype(np.int64)
        return ((sum(parts) - (1 << 17)) * (1 << 32) + low).astype(np.float64) * 2.0**-47
