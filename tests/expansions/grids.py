"""All pairs of values of a short format, as integer multiples of its smallest number."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from chopper.formats.registry import get

__all__ = ["NEAREST", "OTHERS", "Grid", "grid"]

NEAREST = ("nearest_even", "nearest_away", "nearest_zero")
OTHERS = ("down", "up", "toward_zero", "away_from_zero", "to_odd", "stochastic", "stochastic_equal")


class Grid:
    """The finite values of a format, all pairs of them, and the largest in units of the smallest one."""

    def __init__(self, name: str) -> None:
        fmt: Any = get(name)
        numbers = sorted({Fraction(float(v)) for v in map(fmt.value, fmt.codes) if np.isfinite(float(v))})
        self.precision = int(fmt.precision)
        self.unit = min(n for n in numbers if n > 0)
        self.values = np.array([float(n) for n in numbers])
        self.most = int(max(numbers) / self.unit)
        a, b = np.meshgrid(self.values, self.values, indexing="ij")
        self.a, self.b = a.ravel(), b.ravel()


@cache
def grid(name: str) -> Grid:
    """Return the grid of a format; kept."""
    return Grid(name)
