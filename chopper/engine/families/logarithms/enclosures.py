"""Results that an enclosure decides: the exact one lies between two floats, and both become the same number.

Sums, products, quotients and roots of floats are off by half a unit in the last place at most (IEEE 754), so the floats
next to them enclose the exact ones; a number of the format lies between the neighbours of its nearest float.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.chance import ONE, thresholds
from chopper.engine.families.logarithms.lattice import NONE
from chopper.engine.plan import Request, plan_round
from chopper.engine.run import run
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Metric
from chopper.rounding import Rounding

__all__ = ["decided"]

_Array = npt.NDArray[Any]
_Pair = tuple[_Array, _Array]


def decided(
    name: str, x: list[_Array], e: list[_Array], request: Request, words: _Array | None
) -> tuple[_Array, _Array]:
    """Return results, and where they are of no meaning since the enclosure is too wide.

    `e` are the exponents of the operands, `NONE` for those that are no numbers of the format.
    """
    by_code = isinstance(request.fmt, LnsFormat) and request.fmt.stochastic is Metric.CODE
    if name == "power" or (request.rounding.random and by_code):
        return np.zeros(x[0].shape), np.ones(x[0].shape, bool)
    with np.errstate(all="ignore"):
        ends = _enclosed(name, [_around(one, k) for one, k in zip(x, e, strict=True)])
        ends = _wider(*ends)  # so that no number of the format lies between an end and its own nearest float
        if not request.rounding.random or words is None:
            low, high = (_rounded(end, request) for end in ends)
            return low, ~(low == high)
        return _by_chance(ends, request, words)


def _around(x: _Array, e: _Array) -> _Pair:
    """Enclose the number that a float stands for."""
    native = (e != NONE) & (x != 0)
    low, high = _wider(x, x)
    return np.where(native, low, x), np.where(native, high, x)


def _wider(low: _Array, high: _Array) -> _Pair:
    return np.nextafter(low, -np.inf), np.nextafter(high, np.inf)


def _enclosed(name: str, x: list[_Pair]) -> _Pair:
    if name == "sqrt":
        return _wider(np.sqrt(x[0][0]), np.sqrt(x[0][1]))
    if name == "add":
        return _wider(x[0][0] + x[1][0], x[0][1] + x[1][1])
    if name == "sub":
        return _wider(x[0][0] - x[1][1], x[0][1] - x[1][0])
    operation = np.divide if name == "div" else np.multiply
    corners = np.stack([operation(a, b) for a in x[0] for b in x[1]])
    product = _wider(corners.min(axis=0), corners.max(axis=0))
    return product if name != "fma" else _wider(product[0] + x[2][0], product[1] + x[2][1])


def _rounded(x: _Array, request: Request) -> _Array:
    found = np.empty(x.size)
    run(plan_round(request, 64), x, found, None, None, 1)
    return found


def _by_chance(ends: _Pair, request: Request, words: _Array) -> tuple[_Array, _Array]:
    """Return the neighbours that words choose, where nu is far enough from the threshold."""
    near, away = (replace(request, rounding=mode) for mode in (Rounding.TOWARD_ZERO, Rounding.AWAY_FROM_ZERO))
    a, b = _rounded(ends[0], near), _rounded(ends[0], away)
    same = (a == _rounded(ends[1], near)) & (b == _rounded(ends[1], away))
    gap = np.abs(b - a)
    off = (ends[1] - ends[0]) + (np.abs(a) + np.abs(b)) * 2.0**-52
    nu = np.abs(ends[0] - a) / gap - thresholds(request.rounding, words, request.random_bits).at * 2.0**-ONE
    clear = (off < gap * 2.0**-10) & (np.abs(nu) > 4 * off / gap + 2.0**-48)
    return np.where((nu > 0) & (a != b), b, a), ~(same & (clear | (a == b)))
