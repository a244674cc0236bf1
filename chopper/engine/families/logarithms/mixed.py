"""Exact results of operations on numbers of any kind, one by one: sums of powers of the base, and square roots."""

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

_CLEAR = 1e-9
"""What must be left of 1 for floats to say how large it is, roughly."""

_Array = npt.NDArray[Any]

Sum = tuple[tuple[Fraction, Fraction], ...]
"""Pairs of an exponent of 2 or e and a factor."""


class Magnitude:
    """A positive number: a sum, or the square root of one."""

    def __init__(self, terms: Sum, natural: bool, root: bool = False) -> None:
        self.terms, self.natural, self.root = terms, natural, root
        self._steps: dict[int, tuple[int, bool]] = {}

    def against(self, other: Sum) -> int:
        """Return the sign of this number less a positive sum."""
        if self.root:
            other = tuple((e + f, a * b) for e, a in other for f, b in other)
        return sign_of([*self.terms, *((exponent, -factor) for exponent, factor in other)], self.natural)

    def steps(self, digits: int) -> tuple[int, bool]:
        """Return floor(2^digits log(x)), to the base 2 or e, and whether that is exact."""
        if digits in self._steps:
            return self._steps[digits]
        low = math.floor(math.ldexp(self._log(), digits))

        def beyond(n: int) -> int:
            return self.against(((Fraction(n, 1 << digits), Fraction(1)),))

        while beyond(low) < 0:
            low -= 1
        while beyond(low + 1) >= 0:
            low += 1
        self._steps[digits] = low, beyond(low) == 0
        return self._steps[digits]

    def _log(self) -> float:
        """Return the logarithm to the base 2 or e, roughly."""
        unit = 1.0 if self.natural else math.log(2)
        logs = [float(e) * unit + _log_of(abs(a)) for e, a in self.terms]
        top = max(logs)
        total = sum(math.exp(one - top) * (1 if a > 0 else -1) for one, (_, a) in zip(logs, self.terms, strict=True))
        found = (top + math.log(total)) / unit if total > _CLEAR else self._log_of_little(math.ceil(top / unit) + 1)
        return found / 2 if self.root else found

    def _log_of_little(self, above: int) -> float:
        """Return the logarithm of what is left where terms cancel, from an integer above it."""

        def below(exponent: Fraction) -> bool:
            return sign_of([*self.terms, (exponent, Fraction(-1))], self.natural) < 0

        step = 1
        while below(Fraction(above - step)):
            step *= 2
        low, high = Fraction(above - step), Fraction(above)
        for _ in range(step.bit_length() + 20):
            middle = (low + high) / 2
            low, high = (low, middle) if below(middle) else (middle, high)
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
        """Return places whose last two bits are 0 for a power of the base, else 1, 2, 3 by the mean around it."""
        places, half = self.places(), Fraction(1, 2)
        for i in np.flatnonzero(places & 3).tolist():
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
