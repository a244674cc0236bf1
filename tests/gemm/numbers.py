"""Matrices that find mistakes: cancellation, overflow, subnormal numbers, ties, zeros of both signs, specials."""

from __future__ import annotations

import numpy as np

from chopper.formats.registry import get

__all__ = ["matrices"]


def matrices(name: str, m: int, k: int, n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return a (m, k), b (k, n) and c (m, n) of float32 numbers that suit sums in a format."""
    fmt, rng = get(name), np.random.default_rng([seed, m, k, n])
    scale = {"fixed": min(float(fmt.max) / 3, 2.0**20)}.get(fmt.family, 1.0) ** 0.5
    kind = seed % 4
    with np.errstate(all="ignore"):
        a, b, c = (rng.normal(size=shape) * scale for shape in ((m, k), (k, n), (m, n)))
        if kind == 1:  # few bits: ties, and exact cancellation
            a, b, c = (np.round(x * 4) / 4 for x in (a, b, c))
            b[1::2] = -b[: k // 2]
            c[0] = -0.0
        elif kind == 2:  # wide: overflow, subnormal sums and products
            low, high = (np.log2(max(min(float(x), 2.0**120), 2.0**-140)) / 2 for x in (fmt.smallest, fmt.max))
            a, b = (x * 2.0 ** np.rint(rng.uniform(low - 1, high + 1, x.shape)) for x in (a, b))
            a[:, 2] = -a[:, 1]
            b[2] = b[1] * (1 + 2.0**-20)
        elif kind == 3:  # specials
            a[0, 1], b[2, 0], a[1, 3], b[3, 1] = 0.0, -0.0, -0.0, 0.0
            if fmt.family != "fixed":
                a[1, 0], b[0, 1], c[0, 0] = np.inf, -np.inf, np.nan
        return tuple(x.astype(np.float32) for x in (a, b, c))
