"""Takums of either kind: codes in the order of their values, negation, and rounding that never gives zero."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from chopper.formats.checks import member
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.policies import Metric, Underflow
from chopper.formats.reals import Real, mean, opposite
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow

__all__ = ["TaperedFormat"]


@dataclass(frozen=True, kw_only=True)
class TaperedFormat(TableFormat):
    """A format whose codes, read as two's complement, lie in the order of their values; the lowest is NaR.

    Negation is that of two's complement.  There is one zero, code 0, and no infinity.  By default the rule of the
    posit standard holds at both ends in every mode: a number other than zero becomes neither zero nor NaR, and
    infinities become NaR (the policy ``propagate``).

    Parameters
    ----------
    n : int
        Bits of a code, 2 to 16.
    nearest : Metric or str
        How rounding to nearest measures.  ``code``: by the code with one more bit, which is the geometric mean where
        exponent bits are cut off; ``value``: by the arithmetic mean everywhere.
    underflow : Underflow or str
        What lies between zero and the smallest number.
    """

    n: int
    nearest: Metric = Metric.CODE
    underflow: Underflow = Underflow.SMALLEST
    name: str | None = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def _check_policies(self) -> None:
        for key, kind in (("nearest", Metric), ("underflow", Underflow)):
            object.__setattr__(self, key, member(kind, getattr(self, key), key))

    @abstractmethod
    def positive(self, code: int, bits: int) -> Real:
        """Return the value of a code of a positive number, of `bits` bits."""

    @property
    def bits(self) -> int:
        """Number of bits in a code."""
        return self.n

    @property
    def nan_code(self) -> int:
        """The code of NaR."""
        return 1 << (self.n - 1)

    @cached_property
    def ascending(self) -> tuple[int, ...]:
        """The codes of all numbers in the order of their values."""
        return (*range(self.nan_code + 1, 1 << self.n), *range(self.nan_code))

    def compute(self, code: int) -> Real:
        """Return the number that a code stands for."""
        if code == 0:
            return Fraction(0)
        if code > self.nan_code:
            return opposite(self.positive((1 << self.n) - code, self.n))
        return self.positive(code, self.n)

    def middle(self, low: int, high: int) -> Real:
        """Return where rounding to nearest turns between two neighbours."""
        if low >= self.nan_code:
            top = 1 << self.n
            return opposite(self.middle((top - high) % top, top - low))
        if low == 0 or self.nearest is Metric.VALUE:
            return mean(self.real(low), self.real(high))
        return self.positive(2 * low + 1, self.n + 1)

    @property
    def default_overflow(self) -> Overflow:
        """The policy used when none is given."""
        return Overflow.PROPAGATE

    @property
    def below_smallest(self) -> Underflow:
        """What becomes of numbers between zero and the smallest value."""
        return self.underflow
