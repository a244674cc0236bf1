"""The witness: arithmetic on single numbers, one call of `chopper.ops` for each, and comparison by bits."""

from __future__ import annotations

import math
import struct
from typing import Any

import numpy as np

from chopper import chop, get, ops
from chopper.random import Keys

MODES = (
    "nearest_even", "nearest_away", "nearest_zero", "toward_zero", "away_from_zero", "up", "down", "to_odd",
    "stochastic", "stochastic_b", "stochastic_c", "stochastic_equal",
)  # fmt: skip
RANDOM = tuple(mode for mode in MODES if mode.startswith("stochastic"))


class Machine:
    """One number at a time, in a format and a mode without chance."""

    def __init__(self, fmt: str, rounding: str = "nearest_even") -> None:
        self.fmt, self.rounding = get(fmt), rounding

    def __getattr__(self, name: str) -> Any:
        return lambda *numbers: float(getattr(ops, name)(*map(float, numbers), self.fmt, self.rounding))

    def round(self, x: float) -> float:
        """Return x rounded."""
        return float(chop(float(x), self.fmt, self.rounding))


class Dice:
    """Whole arrays, element by element, in a random mode: each call draws the next key, elements count in C order."""

    def __init__(self, fmt: str, rounding: str, key: int) -> None:
        self.fmt, self.rounding, self.base, self.calls = get(fmt), rounding, key, 0

    def __getattr__(self, name: str) -> Any:
        return lambda *arrays: self._each(getattr(ops, name), arrays)

    def round(self, x: Any) -> Any:
        """Return x rounded."""
        return self._each(chop, (x,))

    def _each(self, operation: Any, arrays: Any) -> Any:
        key = Keys(self.base).at(self.calls)
        self.calls += 1
        spread = np.broadcast_arrays(*(np.asarray(a, np.float64) for a in arrays))
        out = np.empty(spread[0].shape)
        for i, index in enumerate(np.ndindex(out.shape)):
            numbers = [float(a[index]) for a in spread]
            out[index] = operation(*numbers, self.fmt, self.rounding, key=key, offset=i)
        return out


def bits(x: Any) -> list[int]:
    """Return the float64 patterns of plain values, any NaN as one."""
    flat = np.asarray(getattr(x, "values", x), np.float64).ravel()
    return [struct.unpack("<q", struct.pack("<d", math.nan if math.isnan(v) else v))[0] for v in flat.tolist()]


def same(x: Any, y: Any) -> bool:
    """Whether two arrays have one shape and the same bits, NaNs as a class."""
    return np.shape(getattr(x, "values", x)) == np.shape(getattr(y, "values", y)) and bits(x) == bits(y)


def values_of(fmt: str, count: int, seed: int = 0) -> Any:
    """Return values of a format: special ones, and some between the smallest and the largest."""
    given = get(fmt)
    rng = np.random.default_rng(seed)
    spread = rng.standard_normal(count) * 2.0 ** rng.integers(-8, 8, count)
    bounds = (float(given.max), float(given.min), float(given.smallest))
    edges = [0.0, -0.0, 1.0, -1.0, *bounds, math.inf, -math.inf, math.nan]
    return np.asarray(chop(np.array([*edges, *spread[10:]]), given))
