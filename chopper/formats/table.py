"""Formats that are a list of values: what they tell the engine, which rounds to them by looking up.

Between two neighbours of the list the rounding mode decides.  The neighbour toward zero is the lower one of a positive
number (zero included) and the upper one of a negative number, also where the list has no zero between them.  The list
ends at both sides: every number beyond its largest or lowest value overflows, in every mode.

Where values are irrational, their nearest numbers in the carrier stand for them, except in the question which of two
neighbours is nearest; so a result is its own result in every mode.

Stochastic modes measure by value.  The neighbours are then taken to 29 bits: to the next multiples of
2^(e - 28) in the direction away from zero, e being the exponent of the larger one.  Where they are such multiples, as
those of short lists mostly are, nothing is lost.
"""

from __future__ import annotations

from abc import abstractmethod
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

from chopper.errors import FormatError
from chopper.formats.base import Value
from chopper.formats.policies import NanInput, Underflow
from chopper.formats.reals import Between, Real, nearest
from chopper.formats.record import Record
from chopper.rounding import Overflow

__all__ = ["TableFormat"]


class TableFormat(Record):
    """A format that is rounded to by looking up; where its module of the engine has no kernel, at most 16 bits wide."""

    engine: ClassVar[str] = "table"

    @property
    @abstractmethod
    def ascending(self) -> tuple[int, ...]:
        """The codes of all finite values in the order of these values."""

    @abstractmethod
    def compute(self, code: int) -> Real:
        """Return the number that the code of a finite value stands for; `real` keeps it."""

    def real(self, code: int) -> Real:
        """Return the number that the code of a finite value stands for."""
        found = self._reals.get(code)
        if found is None:
            found = self._reals[code] = self.compute(code)
        return found

    @cached_property
    def _reals(self) -> dict[int, Real]:
        return {}

    @abstractmethod
    def middle(self, low: int, high: int) -> Real:
        """Return where rounding to nearest turns between two neighbours, given by their codes."""

    def tie_goes_up(self, low: int, high: int) -> bool | None:
        """Whether a tie under ``nearest_even`` goes to the upper neighbour; None: the one with the even code."""
        return None

    @property
    def nan_code(self) -> int | None:
        """The code of NaN, or None."""
        return None

    @property
    def infinity_codes(self) -> tuple[int, int] | None:
        """The codes of +infinity and -infinity, or None."""
        return None

    @property
    def least_overflow(self) -> Fraction | None:
        """The smallest magnitude that rounds to infinity, to nearest, in formats that have infinities."""
        return None

    @property
    def default_overflow(self) -> Overflow:
        """The policy used when none is given."""
        return Overflow.SATURATE

    @property
    def below_smallest(self) -> Underflow:
        """What becomes of numbers between zero and the smallest value."""
        return Underflow.ZERO

    @property
    def without_nan(self) -> NanInput:
        """What NaN becomes in a format without NaN; ``zero`` is what zero is rounded to."""
        return NanInput.ZERO

    def value(self, code: int) -> Value:
        """Return the value of `code`: exact if it is rational, else the nearest number of 53 bits.

        NaN and infinities are floats.
        """
        if not 0 <= code < 1 << self.bits:
            raise FormatError(f"code {code} is not a code of {self}; legal: 0 to {(1 << self.bits) - 1}")
        if self.infinity_codes is not None and code in self.infinity_codes:
            return float("-inf" if code == self.infinity_codes[1] else "inf")
        if not self.is_finite(code):
            return float("nan")
        return self.number(code)

    def number(self, code: int, precision: int = 53) -> Fraction:
        """Return the value of a finite code; if it is irrational, the nearest number of so many bits."""
        real = self.real(code)
        return nearest(real, precision) if isinstance(real, Between) else real

    def is_finite(self, code: int) -> bool:
        """Whether a code stands for a number."""
        return code in self._finite

    @cached_property
    def _finite(self) -> frozenset[int]:
        return frozenset(self.ascending)

    @property
    def extremes(self) -> tuple[int, int]:
        """The codes of the lowest and the largest value."""
        return self.ascending[0], self.ascending[-1]

    @property
    def max(self) -> Fraction:
        """Largest finite value."""
        return self.number(self.extremes[1])

    @property
    def min(self) -> Fraction:
        """Lowest finite value."""
        return self.number(self.extremes[0])

    @cached_property
    def smallest(self) -> Fraction:
        """Smallest positive value."""
        return next((value for value in map(self.number, self.ascending) if value > 0), Fraction(0))

    @cached_property
    def eps(self) -> Fraction | None:
        """Distance from 1 to the next value up; None where 1 is no value or the largest."""
        values = [self.number(code) for code in self.ascending]
        if Fraction(1) not in values[:-1]:
            return None
        return values[values.index(Fraction(1)) + 1] - 1
