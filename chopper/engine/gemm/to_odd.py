"""Sums and products in binary64, rounded to odd: what a later rounding to 51 bits or less cannot tell from exact.

A result that is not exact becomes the neighbour, of the two around the exact number, whose last bit is 1.  Valid where
nothing overflows or leaves the normal range inexactly: `chopper.engine.gemm.paths` sees to that.

Boldo, Melquiond, "Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd", IEEE
Transactions on Computers 57 (2008), doi:10.1109/TC.2007.70819.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["add", "add_product", "join", "product", "two_sum"]

_Array = npt.NDArray[Any]
_SPLIT = 134217729.0  # 2^27 + 1


def two_sum(x: _Array, y: _Array) -> tuple[_Array, _Array]:
    """Return fl(x + y) and its error."""
    s = x + y
    part = s - x
    return s, (x - (s - part)) + (y - part)


def join(s: _Array, error: _Array) -> _Array:
    """Return s + error rounded to odd, where s is the sum rounded to nearest."""
    bits = s.view(np.int64)
    inexact = (np.abs(error) > 0) & (bits & 1 == 0)
    step = np.where((error > 0) == (s > 0), 1, -1)
    return np.where(inexact, bits + step, bits).view(np.float64)


def add(x: _Array, y: _Array) -> _Array:
    """Return x + y rounded to odd."""
    return join(*two_sum(x, y))


def product(a: _Array, b: _Array, exact: bool) -> tuple[_Array, _Array | None]:
    """Return fl(a b) and its error; None for the error if the product is known to be exact."""
    high = a * b
    if exact:
        return high, None
    (a1, a2), (b1, b2) = _halves(a), _halves(b)
    low = ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2
    return high, np.where(np.isfinite(high) & np.isfinite(a) & np.isfinite(b), low, 0.0)


def _halves(a: _Array) -> tuple[_Array, _Array]:
    t = _SPLIT * a
    high = t - (t - a)
    return high, a - high


def add_product(x: _Array, high: _Array, low: _Array | None) -> _Array:
    """Return x + high + low rounded to odd, for a product of `product`."""
    plain = add(x, high)
    if low is None:
        return plain
    t, t_error = two_sum(x, low)
    v, v_error = two_sum(high, t)
    return np.where(low == 0, plain, add(v, add(t_error, v_error)))
