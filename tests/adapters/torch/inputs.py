"""Values on which roundings to a format part, for formats of every family."""

from __future__ import annotations

import numpy as np
import torch

import chopper
from chopper.formats.base import Format

__all__ = ["hard", "same"]


def hard(fmt: Format, dtype: str, count: int) -> np.ndarray:
    """Return `count` values: of the format, midpoints, their neighbours, specials, random patterns, N(0, 1)."""
    rng = np.random.default_rng(count)
    kind = np.dtype(dtype)
    unsigned = np.dtype(f"u{kind.itemsize}")
    all_codes = fmt.bits <= 12
    codes = np.arange(1 << fmt.bits) if all_codes else rng.integers(0, 1 << fmt.bits, 3000, np.uint64)
    with np.errstate(all="ignore"):
        values = np.unique(_decoded(codes, fmt).astype(kind))
        values = values[np.isfinite(values)]
        middles = values[:-1] / 2 + values[1:] / 2
        edges = np.concatenate([values, middles, values[-1:] * 2, values[:1] * 2]).astype(kind)
        near = np.concatenate([edges, np.nextafter(edges, np.inf), np.nextafter(edges, -np.inf)])
    special = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, -np.nan, np.finfo(kind).max, np.finfo(kind).tiny], kind)
    tiny = np.array([1, 2, 3, (1 << np.finfo(kind).nmant) - 1], unsigned).view(kind)
    patterns = rng.integers(0, 1 << 8 * kind.itemsize, count, unsigned, endpoint=False).view(kind)
    rest = [patterns[: count // 3], rng.standard_normal(count // 3).astype(kind), rng.choice(near, count)]
    return np.concatenate([special, tiny, -tiny, *rest])[:count]


def _decoded(codes: np.ndarray, fmt: Format) -> np.ndarray:
    """Return values in float64 where it holds the format, else some of its range."""
    try:
        return chopper.decode(codes, fmt, np.float64)
    except chopper.RangeError:
        return np.ldexp(np.random.default_rng(0).standard_normal(codes.size), np.arange(codes.size) % 80 - 40)


def same(a: torch.Tensor, b: torch.Tensor) -> bool:
    """Whether two tensors have the same dtype, shape and bits."""
    one, other = (torch.empty(t.numel(), dtype=t.dtype).copy_(t.detach().reshape(-1)).view(torch.uint8) for t in (a, b))
    return a.dtype == b.dtype and a.shape == b.shape and torch.equal(one, other)
