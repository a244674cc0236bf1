"""Exact accumulators for single dot products, and how wide integer ones must be."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from chopper.engine.gemm.exact import Exact, round_exact
from chopper.engine.gemm.rounders import rounder_of
from chopper.engine.plan import request
from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["Quire", "bits_needed", "largest_sum"]


class Quire:
    """A sum of products, held exactly as an integer number of units: a Kulisch accumulator.

    For a posit it is the quire of the standard of 2022: 16 n bits in two's complement, the unit is the square of the
    smallest posit; a sum beyond it, or a NaN, makes it NaR for good.  For other formats it has no upper end, and the
    unit is the square of the smallest number.

    Parameters
    ----------
    fmt : str or Format
        Of single numbers; the operands are its numbers.

    Raises
    ------
    UnsupportedInputError
        If numbers of the format are no multiples of its smallest one.

    Examples
    --------
    >>> q = Quire("posit16")
    >>> q.add_product(4096.0, 1.0).add_product(1.0, 0.5).subtract_product(4096.0, 1.0).round()
    0.5
    >>> Quire("e5m2").add_product(57344.0, 57344.0).add(2.0**-16).value
    Fraction(215504279044097, 65536)
    """

    def __init__(self, fmt: str | Format) -> None:
        self.fmt = get(fmt)
        if self.fmt.family not in ("float", "posit", "fixed"):
            raise UnsupportedInputError(f"{self.fmt} has numbers that are no multiples of its smallest; use matmul")
        self.unit = self.fmt.smallest**2 if self.fmt.family != "fixed" else Fraction(self.fmt.smallest) ** 2
        self.bits = 16 * self.fmt.bits if self.fmt.family == "posit" else None
        self.units = 0
        self.special = 0.0

    @property
    def value(self) -> Fraction | float:
        """The sum; NaN or an infinity where that came in."""
        return self.special if self.special != 0 else self.units * self.unit

    def clear(self) -> Quire:
        """Set the sum to zero."""
        self.units, self.special = 0, 0.0
        return self

    def add_product(self, a: float, b: float) -> Quire:
        """Add a b; operands that are numbers of the format."""
        return self._add(a, b, 1)

    def subtract_product(self, a: float, b: float) -> Quire:
        """Subtract a b."""
        return self._add(a, b, -1)

    def add(self, a: float) -> Quire:
        """Add a number of the format."""
        return self._add(a, 1.0, 1)

    def _add(self, a: float, b: float, sign: int) -> Quire:
        x, y = float(a), float(b)
        if not (math.isfinite(x) and math.isfinite(y)):
            more = sign * (x * (y if not math.isfinite(y) or y == 0 else math.copysign(1, y)))
            self.special = math.nan if self.bits else self.special + more
            return self
        units = Fraction(x) * Fraction(y) / self.unit
        if units.denominator != 1:
            raise RangeError(f"{a!r} * {b!r} is no multiple of {self.unit}; pass numbers of {self.fmt}")
        self.units += sign * int(units)
        if self.bits is not None and not -(1 << (self.bits - 1)) < self.units < 1 << (self.bits - 1):
            self.units, self.special = 0, math.nan
        return self

    def round(self, fmt: str | Format | None = None, rounding: str = "nearest_even") -> float:
        """Return the sum, rounded once: to the format of the operands, or another one.

        Raises
        ------
        UnsupportedInputError
            If more than 51 bits decide how it is rounded.
        """
        asked = request(get(fmt or self.fmt), rounding, None, 32, None)
        power = self.unit.numerator.bit_length() - self.unit.denominator.bit_length()
        whole: Any = np.empty(1, object)
        whole[0] = self.units
        exact = Exact(whole, power, np.array([self.special]))
        return float(round_exact(exact, asked, rounder_of(asked, True, 1), None)[0])


def largest_sum(bits: int, input_bits: int, signed: bool = True) -> Fraction:
    """Return how large a sum of weights' magnitudes may be for an accumulator never to overflow.

    Parameters
    ----------
    bits : int
        Of the accumulator, two's complement.
    input_bits : int
        Of the inputs.
    signed : bool
        Whether the inputs are.

    Returns
    -------
    Fraction
        ``(2^(bits-1) - 1) 2^(signed - input_bits)``: Colbert, Pappalardo, Petri-Koenig, "A2Q: accumulator-aware
        quantization with guaranteed overflow avoidance", ICCV 2023, doi:10.1109/ICCV51070.2023.01554.

    Examples
    --------
    >>> int(largest_sum(16, 8))
    255
    """
    return ((1 << (bits - 1)) - 1) * Fraction(2) ** (int(signed) - input_bits)


def bits_needed(weights: Any, input_bits: int, signed: bool = True) -> int:
    """Return the bits of an accumulator that no inputs make overflow, in whatever order products are added.

    Parameters
    ----------
    weights : array of integers
        Of shape (..., K); the widest need of all rows counts.
    input_bits, signed
        As for `largest_sum`.

    Examples
    --------
    >>> bits_needed([[100, -100, 55], [1, 1, 1]], 8)
    16
    """
    rows = np.abs(np.asarray(weights).astype(object)).sum(axis=-1)
    largest = max(np.ravel(rows).tolist(), default=0) * (1 << (input_bits - int(signed)))
    return int(largest).bit_length() + 1
