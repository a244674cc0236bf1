"""Sums, products and quotients by one table each: where exponents follow each other and no chance is at work."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.lattice import Lattice, lattice_of
from chopper.engine.families.logarithms.natives import place_tables
from chopper.engine.inputs import code_dtype
from chopper.engine.plan import Request, plan_encode
from chopper.engine.run import run
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Metric
from chopper.rounding import Overflow, Rounding

__all__ = ["Quick", "quick_of"]

_Array = npt.NDArray[Any]

_NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO)


class Quick:
    """What rounding adds to the exponent of the larger term, and the values of exponents; both by sign.

    A logarithm that is rounded as an integer is rounded as the format asks: below the smallest number too, where
    rounding to nearest turns half a step below it.  Beyond the largest number lies that number.
    """

    def __init__(self, request: Request, lattice: Lattice) -> None:
        self.lattice, fmt = lattice, cast(LnsFormat, request.fmt)
        self.low, self.high = int(lattice.exponents[0]) - 1, int(lattice.exponents[-1]) + 1
        self.span = self.high - self.low + 1
        places = place_tables(lattice.base)
        self.last = places.size // 2 - 1
        away = [_goes(places & 3, request.rounding, negative) for negative in (False, True)]
        self.steps = np.concatenate([(places >> 2) + one for one in away]).astype(np.int32)
        under = [
            float(lattice.values[0]) if lower or not lattice.free_below else 0.0 for lower in _lifts(request.rounding)
        ]
        values = [np.concatenate([[end], lattice.values, lattice.values[-1:]]) for end in under]
        self.values = np.concatenate([values[0], -values[1]]) + 0.0
        self.exponents = lattice.exponent_of_code.astype(np.int32)
        self.numbers = lattice.decoded.copy()
        self.numbers[fmt.reserved] = np.nan  # zero takes the long way
        self.plan = plan_encode(Request(fmt), 64)

    def run(self, name: str, x: list[_Array]) -> tuple[_Array, _Array | None]:
        """Return results, and where they are of no meaning since an operand is zero or no number of the format."""
        read = [self._read(one) for one in x]
        e, good = [one for one, _ in read], read[0][1]
        for _, fine in read[1:]:
            good &= fine
        signs = [np.signbit(one) for one in x]
        if name in ("mul", "div"):
            exponent, negative, zero = e[0] + e[1] if name == "mul" else e[0] - e[1], signs[0] ^ signs[1], None
        else:
            if name == "fma":
                e, signs = [e[0] + e[1], e[2]], [signs[0] ^ signs[1], signs[2]]
            exponent, negative, zero = self._sum(e, [signs[0], ~signs[1] if name == "sub" else signs[1]])
        np.maximum(exponent, self.low, out=exponent)
        np.minimum(exponent, self.high, out=exponent)
        exponent -= self.low
        exponent += negative * np.int32(self.span)
        found = self.values.take(exponent)
        if zero is not None:
            found[zero] = 0.0
        return found, None if good.all() else ~good

    def _read(self, x: _Array) -> tuple[_Array, _Array]:
        codes = np.empty(x.size, code_dtype(self.lattice.fmt))
        run(self.plan, x, codes, None, None, 1)
        return self.exponents.take(codes), self.numbers.take(codes) == x

    def _sum(self, e: list[_Array], signs: list[_Array]) -> tuple[_Array, _Array, _Array | None]:
        apart = e[0] - e[1]
        negative = np.where(apart >= 0, signs[0], signs[1])
        np.abs(apart, out=apart)
        np.minimum(apart, self.last, out=apart)
        minus = signs[0] ^ signs[1]
        zero = minus & (apart == 0)
        apart += minus * np.int32(self.last + 1)
        apart += negative * np.int32(2 * self.last + 2)
        return np.maximum(e[0], e[1]) + self.steps.take(apart), negative, zero if zero.any() else None


def _goes(part: _Array, mode: Rounding, negative: bool) -> _Array:
    """Return where logarithms are rounded up, from the last two bits of their places."""
    if mode in _NEAREST:
        return part >= 2  # never a tie
    return (part > 0) & _lifts(mode)[negative]


def _lifts(mode: Rounding) -> tuple[bool, bool]:
    """Whether positive and negative numbers go away from zero in a directed mode."""
    both = mode is Rounding.AWAY_FROM_ZERO
    return both or mode is Rounding.UP, both or mode is Rounding.DOWN


@lru_cache(maxsize=64)
def quick_of(request: Request) -> Quick | None:
    """Return the tables of a request, or None where they do not serve."""
    fmt, mode = request.fmt, request.rounding
    if not isinstance(fmt, LnsFormat) or not fmt.zero or mode.random or mode is Rounding.TO_ODD:
        return None
    by_value = mode in _NEAREST and fmt.nearest is Metric.VALUE
    saturates = (request.overflow or fmt.default_overflow) in (Overflow.SATURATE, Overflow.PROPAGATE)
    return None if by_value or not saturates else Quick(request, lattice_of(fmt))
