"""Numbers that find mistakes in rounding to a format, as float64."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np

from chopper.formats.base import Format

__all__ = ["difficult", "rows"]


def difficult(fmt: Format, count: int, seed: int = 0) -> np.ndarray:
    """Return values of some codes, points between neighbours, both ends and what lies beyond, each with its floats."""
    rng = np.random.default_rng(seed)
    last = (1 << fmt.bits) - 1
    corners = {0, 1, 2, last, last // 2, last // 2 + 1, last // 4, last // 4 + 1}
    picked = {int(code) for code in rng.integers(0, last, count, dtype=np.uint64, endpoint=True)}
    points: list[float] = []
    for code in sorted(code for code in corners | picked if code <= last):
        a, b = (_float(fmt.value(c)) for c in (code, (code + 1) & last))
        points += [a, b, (a + b) / 2, (a + 3 * b) / 4]
        if a * b > 0:
            points.append(math.copysign(math.sqrt(abs(a)) * math.sqrt(abs(b)), a))
    top, bottom = _float(fmt.max), _float(fmt.smallest)
    points += [top * k for k in (1.01, 1.03125, 1.0625, 1.1, 1.25, 1.5, 1.75, 2, 1000)]
    points += [bottom * k for k in (0.1, 0.25, 0.5, 0.75, 1.5)]
    points += [0.1, 1 / 3, 2.5, 1e300, 1e-300, 5e-324, 0.0, math.inf]
    with np.errstate(all="ignore"):
        found = np.array(points)
        found = np.concatenate([found, np.nextafter(found, np.inf), np.nextafter(found, -np.inf)])
    found = np.concatenate([found[~np.isnan(found)], -found[~np.isnan(found)]])
    return np.append(np.unique(found.view(np.uint64)).view(np.float64), np.nan)


def rows(count: int, seed: int = 0) -> list[np.ndarray]:
    """Return rows of finite numbers for formats with shared scales: of several lengths, narrow and wide, and edges."""
    rng = np.random.default_rng(seed)
    found = [np.zeros(8), np.array([1.0, -0.0, 2, 3, -7, 0.5, 0, 6]), np.full(16, 1e-30), np.array([448.0, -0.4375])]
    for i in range(count):
        length, spread = (1, 3, 8, 16, 17, 40)[i % 6], (0, 3, 8, 30)[i % 4]
        scale = np.exp2(rng.integers(-spread, spread + 1, length))
        found.append(np.round(rng.standard_normal(length) * scale, 8))
    return found


def _float(value: Fraction | float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.copysign(math.inf, value)
