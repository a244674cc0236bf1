"""Blocks that find mistakes."""

from __future__ import annotations

import numpy as np

from chopper.formats.scaled import ScaledFormat

__all__ = ["adversarial", "special"]


def adversarial(fmt: ScaledFormat, dtype: object, seed: int, rows: int = 24, columns: int = 40) -> np.ndarray:
    """Return rows of numbers of all magnitudes, small integers, neighbours of thresholds and of the ends of a dtype."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    info = np.finfo(dtype)
    low, high = int(info.minexp) - int(info.nmant), int(info.maxexp) - 1
    top = float(fmt.element.max)
    points = np.array([1, 2, top, top * 4 / 3, top / 2, 2.0 ** np.floor(np.log2(top)), 1.75, 1.9375, 448, 6, 7, 3.5])
    near = np.concatenate([np.nextafter(points.astype(dtype), dtype.type(to)) for to in (0, np.inf)] + [points]).astype(
        dtype
    )
    signs = rng.choice([-1, 1], (rows, columns))
    with np.errstate(all="ignore"):
        wide = np.ldexp(
            1 + rng.random((rows, columns)), rng.integers(low, high, (rows, 1)) - rng.integers(0, 12, (rows, columns))
        )
        edges = rng.choice(near, (rows, columns)) * np.ldexp(
            1.0, rng.integers(max(low, -140), min(high, 110) - 9, (rows, 1))
        )
        edges = np.where(rng.random((rows, columns)) < 0.4, edges, edges * rng.random((rows, columns)))
        integers = rng.integers(-8, 9, (rows, columns)).astype(float)
        tops = np.ldexp(1 + rng.random((rows // 4, columns)), high)
        tiny = np.ldexp(1.0, low) * rng.integers(0, 40, (rows // 4, columns))
        plain = rng.standard_normal((rows, columns))
        found = np.concatenate([wide * signs, edges * signs, integers, tops, tiny, plain]).astype(dtype)
    return np.where(np.isfinite(found), found, info.max).astype(dtype)


def special(dtype: object, columns: int = 40) -> np.ndarray:
    """Return rows with zeros of both signs, NaN and infinities, among numbers."""
    base = np.linspace(-3, 5, columns).astype(dtype)
    rows = [np.zeros(columns), -np.zeros(columns), base, base, base, base, base, np.full(columns, np.nan), base]
    found = np.array(rows, dtype)
    found[2, 1], found[3, columns - 1], found[4, 3], found[5, 0], found[5, 9] = np.nan, np.nan, np.inf, -np.inf, np.nan
    found[6, ::3] = -0.0
    found[8, 20:] = -np.inf
    return found
