"""Operands that find mistakes: values of a format of every size, and pairs whose results lie next to its turns."""

from __future__ import annotations

import numpy as np

from chopper import chop, get
from chopper.formats.base import Format

__all__ = ["columns", "members"]

FACTORS = (0.5, -0.5, 1.0, -1.0, 0.25, 1.5)
"""A turn lies half a unit from a value; sums with these multiples of the unit meet it, or just miss it."""


def members(fmt: Format, count: int, seed: int) -> np.ndarray:
    """Return values of a format: around 1, over its range, at its ends, next to powers of two."""
    rng = np.random.default_rng(seed)
    low, high = np.log2(float(fmt.smallest)), np.log2(float(fmt.max))
    with np.errstate(all="ignore"):
        wide = 2.0 ** rng.uniform(max(low, -1022), min(high, 1023), count // 2)
        near = rng.standard_normal(count - count // 2)
        powers = 2.0 ** rng.integers(max(int(low), -8), min(int(high), 8) + 1, count // 4) * (1 + 2.0**-52)
        ends = np.array([float(fmt.max), float(fmt.min), float(fmt.smallest), 0.0, -0.0])
        draw = np.concatenate([wide, near, powers, ends])
        draw *= rng.choice([1, -1], draw.size)
        return rng.permutation(np.asarray(chop(draw, fmt, "toward_zero")))[:count]


def columns(name: str, fmt: str, count: int, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Return operands of an operation, as float64."""
    rng = np.random.default_rng([seed, len(name), count])
    x, y, z = (members(get(fmt), count, seed + k) for k in range(3))
    eps = float(get(fmt).eps or 1.0)
    unit = np.abs(x) * eps * rng.choice(FACTORS, count)
    with np.errstate(all="ignore"):
        close = np.where(rng.random(count) < 0.5, unit, unit * (1 + rng.choice([-1, 1], count) * 2.0**-40))
        if name in ("add", "sub"):
            y = np.where(rng.random(count) < 0.5, close, y)
            y = np.where(rng.random(count) < 0.1, -x, y)
            y = np.where(rng.random(count) < 0.1, rng.choice([1, -1], count) * 2.0**-60, y)
        elif name == "div":
            y = np.where(rng.random(count) < 0.3, x * (1 + close), y)
        elif name == "sqrt":
            x = np.where(rng.random(count) < 0.5, np.abs(x) ** 2, np.abs(x))
            return (np.where(rng.random(count) < 0.3, x * (1 + eps), x),)
        elif name == "fma":
            z = np.where(rng.random(count) < 0.4, -(x * y) * (1 + rng.choice([0, eps, eps / 2], count)), z)
            z = np.where(rng.random(count) < 0.3, rng.choice([1, -1], count) * 2.0**-60, z)
            return x, y, z
    return x, y
