"""The compiled loop of truncated fused sums in floats, where each of its operations is exact.

A product is exact in the float; times a power of two it is aligned, and what is left of the point is the term.  Terms
and their sums are integers that the float holds.  So nothing is ever rounded but where the model says.  No operation
depends on how subnormal numbers are treated: in float64 none occur; in float32 they are below every bit that is kept.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

from chopper.engine.block_loops import loop
from chopper.engine.hardware.bounds import WIDE
from chopper.engine.hardware.lanes import (
    add_terms,
    chosen,
    cleared,
    kept,
    power,
    raise_powers,
    reciprocal,
    scaled,
    truncated,
)

__all__ = ["add_lanes"]


@loop
def add_lanes(
    kernel: Any, a: Any, pa: Any, b: Any, pb: Any, out: Any, nearest: Any, first: int, last: int, f: Any, limits: Any
) -> None:
    """Turn rows first ... last-1 of `out`, which hold what is added to, into sums; infinite where that is not known.

    Parameters
    ----------
    kernel : Kernel
        Names the sources.
    a, pa : arrays (M, K)
        Numbers, and the powers of two of their exponents, 0 for a zero; all arrays are of one dtype.
    b, pb : arrays (N / WIDE, K, WIDE)
        The same of columns, `WIDE` together.
    out : array (M, N)
        K and N are multiples of `f.terms` and `WIDE`.
    nearest : None or tuple
        A tuple if sums are rounded to nearest even, None if they are truncated.
    first, last : int
    f : Bounds
    limits : Limits
    """
    unit, top = np.empty(WIDE, a.dtype), np.empty(WIDE, a.dtype)
    scale, acc = np.empty(WIDE, a.dtype), np.empty(WIDE, a.dtype)
    size = b.shape[1]
    for panel in range(b.shape[0]):
        for k in range(0, size, f.terms):
            right = (panel * size + k) * WIDE
            for i in range(first, last):
                left = i * size + k
                c = out[i, panel * WIDE : (panel + 1) * WIDE]
                top[:] = 0
                raise_powers(pa, left, pb, right, f.terms, scale, top)
                _start(c, top, unit, scale, acc, f, limits)
                add_terms(a, left, b, right, f.terms, scale, acc)
                _finish(nearest, acc, unit, top, c, f, limits)


@numba.njit(error_model="numpy")
def _start(c: Any, top: Any, unit: Any, scale: Any, acc: Any, f: Any, limits: Any) -> None:
    """Find the largest power and the scale of the terms, and take what is added to as the first of them."""
    least, normal = limits.least[0], limits.normal[0]
    for j in range(WIDE):
        u = power(c[j], 0)
        u = chosen(u > normal, u, chosen(c[j] != 0, normal, u))
        u = chosen(u > top[j], u, top[j])
        u = chosen(u > least, u, least)
        unit[j] = u
        scale[j] = reciprocal(u, f.fraction)
        acc[j] = truncated(c[j] * scale[j])


@numba.njit(error_model="numpy")
def _finish(nearest: Any, acc: Any, unit: Any, top: Any, c: Any, f: Any, limits: Any) -> None:
    """Round sums and put them in the place of what was added to."""
    normal, units, quantum = limits.normal[0], limits.units[0], limits.quantum[0]
    infinite, magic, infinity = limits.infinite[0], limits.magic[0], limits.infinity[0]
    for j in range(WIDE):
        if nearest is None:
            v = cleared(acc[j], f.mask) * scaled(unit[j], -f.fraction)
            v = chosen(abs(v) < normal, truncated(v * units) * quantum, v)
            v = kept(v, -1)
        else:
            v = acc[j] * scaled(unit[j], -f.fraction)
            u = power(v, 0)
            u = chosen(u > normal, u, normal) * magic
            v = (v + u) - u
        v = chosen(top[j] > 0, v, kept(c[j], f.mask))
        v = chosen(abs(v) < infinite, v, infinity)
        c[j] = chosen(abs(c[j]) < infinite, v, infinity)
