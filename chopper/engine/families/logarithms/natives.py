"""Exact results of operations on numbers of the format itself: a power of the base, or a sum or difference of two."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.chance import HALF, ONE
from chopper.engine.families.logarithms.forms import sign_of
from chopper.engine.families.logarithms.powers import Base, places, powers_of
from chopper.formats.lns import FINE

__all__ = ["ALONE", "NOTHING", "Natives", "place_tables"]

_Array = npt.NDArray[Any]

NOTHING = -(1 << 50)
"""In place of the exponent of zero, below all others."""

ALONE = 1 << 44
"""The distance of exponents from which on the second term is zero."""


class Natives(NamedTuple):
    """Magnitudes b^(halves / 2) * (1 + b^-apart), or 1 - b^-apart where `minus`, or 1 where `apart` >= `ALONE`.

    `halves` is even where there are two terms, and `apart` > 0 where `minus`.
    """

    base: Base
    negative: _Array
    halves: _Array
    apart: _Array | None = None
    minus: _Array | None = None

    def places(self) -> _Array:
        """Return the places of the logarithms, as those of `powers.places`."""
        return self._places(place_tables(self.base))

    def mean_places(self) -> _Array:
        """Return places whose last two bits are 0 for a power of the base, else 1, 2, 3 by the mean around it."""
        below: _Array = 2 * self.halves - (self.halves & 1)  # the geometric mean is below the arithmetic one
        return below if self.apart is None else self._places(_mean_tables(self.base))

    def fine(self) -> _Array:
        """Return the logarithms to base 2, cut to 16 bits behind the point, in units of the last one."""
        by = FINE - 1 - self.base.digits
        found = self.halves << by
        return found if self.apart is None else found + self._looked_up(_fine_tables(self.base.digits))

    def _places(self, table: _Array) -> _Array:
        return 2 * self.halves if self.apart is None else 2 * self.halves + self._looked_up(table)

    def _looked_up(self, table: _Array) -> _Array:
        assert self.apart is not None
        assert self.minus is not None
        last = len(table) // 2 - 1
        index = np.minimum(self.apart, last)
        index += self.minus * (last + 1)
        found: _Array = table[index]
        alone = self.apart >= ALONE
        return np.where(alone, 0, found) if alone.any() else found

    def sides(self, at: _Array, low: _Array, high: _Array, t: _Array) -> _Array:
        """Return the sign of nu - t 2^-ONE for some results between b^low and b^high; `low` is `NOTHING` for zero."""
        apart = np.full(at.shape, ALONE) if self.apart is None else self.apart[at]
        minus = np.zeros(at.shape, bool) if self.minus is None else self.minus[at]
        return _sides(self.base, self.halves[at], apart, minus, low, high, t)


def _sides(base: Base, halves: _Array, apart: _Array, minus: _Array, low: _Array, high: _Array, t: _Array) -> _Array:
    """Decide by fixed-point enclosures, and exactly where these do not decide."""
    powers = powers_of(base)
    above = 2 * high - halves
    ref = np.maximum(above, 0)
    first, second = powers.at(-ref), powers.at(-ref - 2 * apart)
    below = np.where(low == NOTHING, 0, powers.at(2 * low - halves - ref))
    part = first + np.where(minus, -second, second) - below
    whole = np.maximum(powers.at(above - ref) - below, 1)
    # off by less than 6 and 4; the floats are a division of integers below 2^63, off by less than 2^-50 of it
    with np.errstate(all="ignore"):
        nu = part / whole - t * 2.0**-ONE
        error = 16.0 / whole + 2.0**-46
    found: _Array = np.sign(nu).astype(np.int8)
    unsure = np.flatnonzero(~(np.abs(nu) > error))
    if unsure.size:
        rows = np.stack([column[unsure] for column in (halves, apart, minus, low, high, t)], axis=1).astype(np.int64)
        rows[:, 3] = np.where(rows[:, 3] == NOTHING, NOTHING, 2 * rows[:, 3] - rows[:, 0])
        rows[:, 4] = 2 * rows[:, 4] - rows[:, 0]
        distinct, back = np.unique(rows[:, 1:], axis=0, return_inverse=True)
        exact = [_side(base, *(int(n) for n in row)) for row in distinct]
        found[unsure] = np.array(exact, np.int8)[back.reshape(-1)]
    return found


@lru_cache(maxsize=1 << 16)
def _side(base: Base, apart: int, minus: int, low: int, high: int, t: int) -> int:
    """Return the sign of 1 + b^-apart - (1 - nu) b^(low / 2) - nu b^(high / 2) for nu = t 2^-ONE."""
    nu = Fraction(t, 1 << ONE)
    terms = [(Fraction(0), Fraction(1)), (base.exponent(high), -nu)]
    if apart < ALONE:
        terms.append((base.exponent(-2 * apart), Fraction(-1 if minus else 1)))
    if low != NOTHING:
        terms.append((base.exponent(low), nu - 1))
    return sign_of(terms, base.natural)


@lru_cache(maxsize=32)
def place_tables(base: Base) -> _Array:
    """Return `places` of sums and of differences, one after the other."""
    return np.concatenate([places(base, False), places(base, True)])


@lru_cache(maxsize=32)
def _fine_tables(digits: int) -> _Array:
    by = FINE - 1 - digits
    plus, minus = (places(Base(False, FINE - 1), sign, 1 << by) >> 1 for sign in (False, True))
    return np.concatenate([plus, minus])


@lru_cache(maxsize=32)
def _mean_tables(base: Base) -> _Array:
    """Return places as `Natives.mean_places` has them."""
    found = []
    for sign in (False, True):
        table = places(base, sign)
        z = np.arange(table.size)
        low = table >> 2
        minus, half = np.full(z.shape, sign), np.full(z.shape, HALF, np.int64)
        sides = _sides(base, np.zeros(z.shape, np.int64), z, minus, low, low + 1, half)
        found.append(np.where(table & 3 == 0, table, 4 * low + 2 + sides))
    return np.concatenate(found)
