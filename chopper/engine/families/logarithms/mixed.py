"""Exact results of operations on numbers of any kind, one at a time: a sum of powers of the base, or its square root."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.chance import ONE
from chopper.engine.families.logarithms.forms import sign_of
from chopper.engine.families.logarithms.natives import NOTHING
from chopper.engine.families.logarithms.powers import Base
from chopper.formats.lns import FINE

__all__ = ["Magnitude", "Mixed", "Sum"]

_Array = npt.NDArray[Any]

Sum = tuple[tuple[Fraction, Fraction], ...]
"""Pairs of an exponent of 2 or e and a factor."""


class Magnitude:
    """A positive number: a sum, or the square root of one."""

    def __init__(self, terms: Sum, natural: bool, root: bool = False) -> None:
        self.terms, self.natural, self.root = terms, natural, root

    def against(self, other: Sum) -> int:
        """Return the sign of this number less a positive sum."""
        if self.root:
            other = tuple((e + f, a * b) for e, a in other for f, b in other)
        return sign_of([*self.terms, *((exponent, -factor) for exponent, factor in other)], self.natural)

    def steps(self, digits: int) -> tuple[int, bool]:
        """Return floor(2^digits log(x)), to the base 2 or e, and whether that is exact."""
        low = math.floor(math.ldexp(self._log(), digits))

        def beyond(n: int) -> int:
            return self.against(((Fraction(n, 1 << digits), Fraction(1)),))

        while beyond(low) < 0:
            low -= 1
        while beyond(low + 1) >= 0:
            low += 1
        return low, beyond(low) == 0

    def _log(self) -> float:
        """Return the logarithm, roughly."""
        unit = 1.0 if self.natural else math.log(2)
        logs = [float(e) * unit + _log_of(abs(a)) for e, a in self.terms]
        top = max(logs)
        total = sum(math.copysign(math.exp(one - top), a) for one, (_, a) in zip(logs, self.terms, strict=True))
        found = top + (math.log(total) if total > 1e-12 else self._log_of_little(top))
        return found / unit / (2 if self.root else 1)

    def _log_of_little(self, top: float) -> float:
        """Return the logarithm of what is left when terms cancel, by halving."""
        unit, n = 1.0 if self.natural else math.log(2), 1
        scale = Fraction(math.floor(top / unit))
        while sign_of([*self.terms, (scale - n, Fraction(-1))], self.natural) < 0:
            n *= 2
        low, high = n // 2, n
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if sign_of([*self.terms, (scale - middle, Fraction(-1))], self.natural) < 0 else (low, middle)
        fine = self._ratio(scale - high)
        return (float(scale) - high) * unit + math.log(fine) - top

    def _ratio(self, exponent: Fraction) -> float:
        """Return the sum over base^exponent, which is between 1 and the base, to 40 bits or so."""
        low, high = Fraction(1), Fraction(3)
        for _ in range(40):
            middle = (low + high) / 2
            if sign_of([*self.terms, (exponent, -middle)], self.natural) < 0:
                high = middle
            else:
                low = middle
        return float(low)


def _log_of(a: Fraction) -> float:
    shift = a.numerator.bit_length() - a.denominator.bit_length()
    return math.log(float(a / Fraction(2) ** shift)) + shift * math.log(2)


class Mixed:
    """Several magnitudes, as `natives.Natives`."""

    def __init__(self, base: Base, negative: _Array, numbers: Sequence[Magnitude]) -> None:
        self.base, self.negative, self.numbers = base, negative, numbers

    def places(self) -> _Array:
        """Return the places of the logarithms, as those of `powers.places`."""
        found = [number.steps(self.base.digits + 1) for number in self.numbers]
        return np.array([2 * half + (not exact) for half, exact in found], np.int64)

    def mean_places(self) -> _Array:
        """Return places whose last two bits are 0 for a power of the base, else 1, 2, 3 by the mean of the two around it."""
        places, half = self.places(), Fraction(1, 2)
        for i in np.flatnonzero(places & 3):
            low = int(places[i]) >> 2
            mean = tuple((self.base.exponent(2 * n), half) for n in (low, low + 1))
            places[i] = 4 * low + 2 + self.numbers[i].against(mean)
        return places

    def fine(self) -> _Array:
        """Return the logarithms to base 2, cut to 16 bits behind the point, in units of the last one."""
        return np.array([number.steps(FINE)[0] for number in self.numbers], np.int64)

    def sides(self, at: _Array, low: _Array, high: _Array, t: _Array) -> _Array:
        """Return the sign of nu - t 2^-ONE for some results between b^low and b^high; `low` is `NOTHING` for zero."""
        found = []
        for i, a, b, nu in zip(at.tolist(), low.tolist(), high.tolist(), t.tolist(), strict=True):
            part = Fraction(nu, 1 << ONE)
            terms = [(self.base.exponent(2 * b), part)]
            if a != NOTHING:
                terms.append((self.base.exponent(2 * a), 1 - part))
            found.append(self.numbers[i].against(tuple(terms)))
        return np.array(found, np.int8)
