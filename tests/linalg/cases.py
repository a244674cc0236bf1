"""Formats, modes and matrices that the tests share."""

from __future__ import annotations

import numpy as np

from chopper import chop

__all__ = ["ARITHMETICS", "identity", "matrix", "rows", "symmetric"]

ARITHMETICS = [
    ("fp16", "nearest_even"),
    ("fp16", "toward_zero"),
    ("fp16", "up"),
    ("bf16", "nearest_even"),
    ("e4m3", "nearest_even"),
    ("e5m2", "down"),
    ("e5m10<subnormals=flush>", "nearest_away"),
]
"""Formats and modes whose operations on numbers near 1 are easy to judge: float64 holds every exact sum and product."""


def matrix(seed: int, shape: tuple[int, ...], fmt: str) -> np.ndarray:
    """Return numbers of a format near 1, none of them zero."""
    rng = np.random.default_rng(seed)
    return np.asarray(chop(rng.uniform(0.25, 2.0, shape) * rng.choice([-1.0, 1.0], shape), fmt))


def symmetric(seed: int, n: int, fmt: str) -> np.ndarray:
    """Return a matrix of a format that is positive definite, the diagonal being heavy."""
    half = np.tril(matrix(seed, (n, n), fmt) / 2, -1)
    return np.asarray(chop(half + half.T + n * np.eye(n), fmt))


def rows(a: np.ndarray) -> list[list[float]]:
    """Return a matrix as lists of floats."""
    return [[float(one) for one in row] for row in a]


def identity(m: int, n: int) -> list[list[float]]:
    """Return a unit matrix as lists."""
    return rows(np.eye(m, n))
