"""The face every format shows: a name, a set of codes, and the exact value of each code."""

from __future__ import annotations

from abc import ABC, abstractmethod
from fractions import Fraction
from typing import ClassVar

__all__ = ["Format", "Value"]

Value = Fraction | float
"""An exact value: a Fraction for finite values, a float for the rest (``nan``, ``inf``, ``-inf`` and ``-0.0``)."""


class Format(ABC):
    """A set of numbers with an integer code each.

    A format knows its values exactly and computes nothing else: rounding is done by the kernels.  Concrete formats are
    frozen dataclasses of plain integers, booleans and strings; two formats are equal when these fields are.
    """

    family: ClassVar[str]
    """Name of the family."""

    engine: ClassVar[str] = ""
    """The module of `chopper.engine.families` that plans for it, where it does not bear the family's name."""

    blocked: ClassVar[bool] = False
    """Whether elements share scales in blocks, so that what one becomes depends on its neighbours."""

    @property
    @abstractmethod
    def bits(self) -> int:
        """Number of bits in a code."""

    @abstractmethod
    def value(self, code: int) -> Value:
        """Return the exact value of `code`: a Fraction, or one of the floats nan, inf, -inf, -0.0."""

    @property
    @abstractmethod
    def max(self) -> Fraction:
        """Largest finite value."""

    @property
    @abstractmethod
    def min(self) -> Fraction:
        """Lowest finite value."""

    @property
    @abstractmethod
    def smallest(self) -> Fraction:
        """Smallest positive value."""

    @property
    @abstractmethod
    def eps(self) -> Fraction | None:
        """Distance from 1 to the next value up if the range allows; None where 1 is no value."""

    @abstractmethod
    def __str__(self) -> str:
        """Return a name that `chopper.get` turns back into an equal format."""

    @property
    def codes(self) -> range:
        """All codes, 0 to 2^bits - 1."""
        return range(1 << self.bits)
