"""The random words of a matrix product: rounding s of element e has the word at index e * steps + s of the key."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.kernels.threefry import random_word
from chopper.random import Key

__all__ = ["Words"]

_Word = npt.NDArray[np.uint32]


class Words:
    """The words of all elements of a result.

    Parameters
    ----------
    key : Key
        Its offset is the index of the first element.
    steps, term : int
        Words of an element, and of each of its terms.
    size : int
        Number of elements.
    """

    def __init__(self, key: Key, steps: int, term: int, size: int) -> None:
        self.key, self.steps, self.term, self.size = key, steps, term, size

    @cached_property
    def _first(self) -> npt.NDArray[np.uint64]:
        return (np.arange(self.size, dtype=np.uint64) + np.uint64(self.key.offset)) * np.uint64(self.steps)

    def at(self, step: int) -> _Word:
        """Return the word of one step of each element."""
        counter = self._first + np.uint64(step)
        lo, hi = (part.astype(np.uint32).view(np.int32) for part in (counter, counter >> np.uint64(32)))
        high, low = (np.uint32(word).view(np.int32) for word in (self.key.high, self.key.low))
        with np.errstate(over="ignore"):
            word: Any = random_word(np.broadcast_to(high, lo.shape), np.broadcast_to(low, lo.shape), hi, lo)
        return word.view(np.uint32)  # type: ignore[no-any-return]
