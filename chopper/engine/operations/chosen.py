"""Operations whose exact results float64 holds: rests of division, the smaller and the larger number, signs.

Comparisons are those of patterns, so that subnormal numbers count even where the processor flushes them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.operations.operands import wide
from chopper.kernels.odd import Exact

__all__ = ["STAGES", "order"]

_Array = npt.NDArray[Any]
_MAGNITUDE = (1 << 63) - 1
_INF = 0x7FF << 52


def order(a: _Array) -> _Array:
    """Return integers in the order of numbers of any float dtype, -0 before +0; meaningless for NaN."""
    bits = wide((a,))[0].view(np.int64)
    return bits ^ ((bits >> 63) & _MAGNITUDE)


def _is_nan(a: _Array) -> Any:
    return wide((a,))[0].view(np.int64) & _MAGNITUDE > _INF


def _choose(arrays: tuple[_Array, ...], larger: bool, number: bool, f: Exact) -> _Array:
    x, y = (a.view(np.int64) for a in wide(arrays))
    first = (order(arrays[0]) > order(arrays[1])) == larger
    chosen = np.where(first, x, y)
    x_nan, y_nan = (_is_nan(a) for a in arrays)
    if number:
        return np.where(x_nan, np.where(y_nan, f.nan, y), np.where(y_nan, x, chosen))
    return np.where(x_nan | y_nan, f.nan, chosen)


def _minimum(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    return _choose(arrays, False, False, f)


def _maximum(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    return _choose(arrays, True, False, f)


def _minimum_number(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    return _choose(arrays, False, True, f)


def _maximum_number(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    return _choose(arrays, True, True, f)


def _neg(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    return wide(arrays)[0].view(np.int64) ^ (-_MAGNITUDE - 1)


def _abs(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    bits: _Array = wide(arrays)[0].view(np.int64) & _MAGNITUDE
    return bits


def _fmod(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    """Return the rest of the quotient cut to an integer: exact in every C library."""
    x, y = wide(arrays)
    with np.errstate(all="ignore"):
        rest: _Array = np.fmod(x, y).view(np.int64)
    return _settled(rest, x, y, f)


def _remainder(arrays: tuple[_Array, ...], f: Exact, width: int) -> _Array:
    """Return the rest of the quotient rounded to an integer: that of 2 y, then less y once or twice."""
    x, y = wide(arrays)
    with np.errstate(all="ignore"):
        a, b = np.abs(x), np.abs(y)
        double = b + b
        a = np.where(np.isinf(double), a, np.fmod(a, double))
        small = b < 2.0**-1021
        once = np.where(small, a + a > b, a > b * 0.5)
        a = np.where(once, a - b, a)
        twice = once & np.where(small, a + a >= b, a >= b * 0.5)
        a = np.where(twice, a - b, a)
        rest = np.where(np.isinf(y), x, np.where(np.signbit(x), -a, a)).view(np.int64)
    return _settled(rest, x, y, f)


def _settled(rest: _Array, x: _Array, y: _Array, f: Exact) -> _Array:
    """Settle infinities and NaN; a rest of zero has the sign of x."""
    sign = x.view(np.int64) & (-_MAGNITUDE - 1)
    zero = rest & _MAGNITUDE == 0
    bad = ~np.isfinite(x) | (y.view(np.int64) & _MAGNITUDE == 0) | np.isnan(y)
    return np.where(bad, f.nan, np.where(zero, sign, rest))


STAGES = {
    "abs": _abs,
    "fmod": _fmod,
    "maximum": _maximum,
    "maximum_number": _maximum_number,
    "minimum": _minimum,
    "minimum_number": _minimum_number,
    "neg": _neg,
    "remainder": _remainder,
}
"""The first stages of these operations, by name: float64 patterns, whatever the carrier."""
