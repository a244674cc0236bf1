"""Chance as a threshold: a number goes away from zero if nu, its place between its neighbours, reaches it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.rounding import Rounding

__all__ = ["HALF", "ONE", "Thresholds", "thresholds"]

_Array = npt.NDArray[Any]

ONE = 33
"""Thresholds are integers in units of 2^-ONE."""

HALF = 1 << (ONE - 1)
"""The threshold of rounding to nearest."""


@dataclass(frozen=True)
class Thresholds:
    """A number goes away from zero if nu is more than `at`, or equal to it where `equal`."""

    at: _Array
    equal: _Array

    def some(self, index: _Array) -> Thresholds:
        """Return some of the thresholds."""
        return Thresholds(self.at[index], self.equal[index])

    def passed(self, side: _Array) -> _Array:
        """Whether numbers go away, from the sign of nu - at."""
        found: _Array = (side > 0) | ((side == 0) & self.equal)
        return found


def thresholds(mode: Rounding, words: _Array, bits: int) -> Thresholds:
    """Return the thresholds of a stochastic mode, of which `bits` random bits are seen.

    Examples
    --------
    >>> found = thresholds(Rounding.STOCHASTIC, np.array([3 << 30], np.uint32), 2)
    >>> found.at / 2**33, found.equal
    (array([0.25]), array([ True]))
    """
    if mode is Rounding.STOCHASTIC_EQUAL:  # above 0, or never
        return Thresholds(np.where(words >> 31, 0, 1 << ONE).astype(np.int64), np.zeros(words.shape, bool))
    missing = (1 << bits) - (words.astype(np.int64) >> (32 - bits))
    at = missing << (ONE - bits)
    if mode is Rounding.STOCHASTIC:
        return Thresholds(at, np.ones(words.shape, bool))
    equal = np.ones(words.shape, bool) if mode is Rounding.STOCHASTIC_B else missing & 1 == 0
    return Thresholds(at - (1 << (ONE - 1 - bits)), equal)
