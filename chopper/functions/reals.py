"""Values of functions as numbers that can be compared with sums of powers of 2 or e."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from types import MappingProxyType
from typing import NamedTuple

from chopper.engine.families.logarithms.mixed import Magnitude, Sum
from chopper.functions import exponentials
from chopper.functions.bell import gelu
from chopper.functions.circular import cos, sin
from chopper.functions.decide import MOST, operands_of
from chopper.functions.enclosure import BEYOND, HUGE, TINY, Dyadic, Enclosure, Signed, odd_part
from chopper.functions.exponentials import silu
from chopper.functions.rows import Function

__all__ = ["Beside", "Power", "Value", "magnitude_of"]

_FIRST = 128
"""Bits of the first enclosures."""

_LIKE_X = MappingProxyType({"silu": -1, "gelu": -1, "softplus": 1})
"""Functions that come close to x for large x, and on which side of it they are."""

_CLOSE = MappingProxyType({"silu": 9, "gelu": 5, "softplus": 9})
"""For x > 2^this they are off by less than e^-511 of it: nothing that a format asks for lies between."""

_LOG2_E = Fraction(23, 16)
"""A little less than log2 e."""

_FAR = Fraction(1 << 12)
"""Powers of 2 or e whose exponents lie beyond are alike to every format that float64 holds."""

_WIDER = 64
"""Bits by which operands are enclosed more tightly than values."""


class Power(NamedTuple):
    """The irrational number 2^exponent, or e^exponent, or its negative."""

    exponent: Fraction
    natural: bool
    negative: bool

    @property
    def height(self) -> Fraction:
        """The binary logarithm of the magnitude, or a little less where that is large."""
        return self.exponent * _LOG2_E if self.natural else self.exponent

    def ends(self, n: int) -> tuple[Dyadic, Dyadic]:
        """Return two numbers around it, 2^-n apart or less, and 2^-n of it."""
        spare = 4 + max(math.ceil(self.exponent * 3 / 2), 0)  # e < 2^(3/2): so close in absolute terms too, for sin
        low, high, e = _power(self.exponent, self.natural, n + spare)
        side = -1 if self.negative else 1
        return odd_part(side * low, e), odd_part(side * high, e)


class Value(Magnitude):
    """The magnitude of a value, known by enclosures of any number of bits; it equals no sum it is compared with."""

    def __init__(self, row: Function, operands: tuple[float | Power, ...], natural: bool) -> None:
        super().__init__((), natural)
        self._row, self._operands = row, operands
        self._known: dict[int, Signed] = {}

    def enclosed(self, n: int) -> Signed:
        """Return the sign and an enclosure of about n bits."""
        if n not in self._known:
            self._known[n] = _evaluated(self._row, self._operands, n)
        return self._known[n]

    def against(self, other: Sum) -> int:
        """Return the sign of this number less a positive sum."""
        n = _FIRST
        while n < MOST:
            low, high, e = self.enclosed(n)[1]
            below, above = _total(other, self.natural, n)
            unit = Fraction(1 << e) if e >= 0 else Fraction(1, 1 << -e)
            if low * unit >= above:
                return 1
            if high * unit <= below:
                return -1
            n *= 2
        raise ArithmeticError(f"{MOST} bits do not decide {self._row.formula} at {self._operands}")

    def _log(self) -> float:
        low, _, e = self.enclosed(_FIRST)[1]
        shift = low.bit_length() - 53
        size = math.log2(low >> shift if shift > 0 else max(low, 1)) + max(shift, 0) + e
        return size * math.log(2) if self.natural else size


class Beside(Magnitude):
    """A number so close to a power, above or below it, that nothing else lies between."""

    def __init__(self, terms: Sum, natural: bool, side: int) -> None:
        super().__init__(terms, natural)
        self._side = side

    def against(self, other: Sum) -> int:
        """Return the sign of this number less a positive sum."""
        return super().against(other) or self._side


def magnitude_of(
    row: Function, name: str, operands: Sequence[float | Power], natural: bool, known: float | None = None
) -> tuple[int, Magnitude]:
    """Return the sign and the magnitude of a value, as a sum of powers or the root of one wherever it may be one.

    `known` is the value itself, where it is known.
    """
    if known is not None:
        return (1 if known > 0 else -1), Magnitude(((Fraction(0), abs(Fraction(known))),), natural)
    operands = tuple(operands)
    x = operands[0]
    if name in _LIKE_X and isinstance(x, Power) and not x.negative and x.height > _CLOSE[name]:
        return 1, Beside(((x.exponent, Fraction(1)),), natural, _LIKE_X[name])
    terms = _terms(row, name, operands, natural)
    if terms is not None:
        sign, sums = terms
        return sign, Magnitude(sums, natural, name in ("rsqrt", "hypot"))
    value = Value(row, operands, natural)
    return value.enclosed(_FIRST)[0], value


def _terms(row: Function, name: str, operands: tuple[float | Power, ...], natural: bool) -> tuple[int, Sum] | None:
    """Return the sign and the terms of the value, or for roots of its square, where it is a sum of powers."""
    x = operands[0]
    if name == "rsqrt":
        exponent, factor = _square(x, 1)
        return 1, ((-exponent, 1 / factor),)
    if name == "hypot":
        return 1, tuple(_square(one, 2) for one in operands if one != 0)
    if isinstance(x, Power):
        return _of_power(name, x, operands[1:])
    if isinstance(x, float) and all(isinstance(one, float) for one in operands):
        return _of_floats(row, name, operands, natural)
    return None


def _square(x: float | Power, times: int) -> tuple[Fraction, Fraction]:
    if isinstance(x, Power):
        return times * x.exponent, Fraction(1)
    return Fraction(0), Fraction(x) ** times


def _of_power(name: str, x: Power, others: tuple[float | Power, ...]) -> tuple[int, Sum] | None:
    if name == ("log" if x.natural else "log2"):
        return (1 if x.exponent > 0 else -1), ((Fraction(0), abs(x.exponent)),)
    if name == "cbrt" and x.exponent.numerator % 3 == 0:
        return (-1 if x.negative else 1), ((x.exponent / 3, Fraction(1)),)
    if name == "pow" and isinstance(others[0], float):
        y = Fraction(others[0])
        negative = x.negative and y.denominator == 1 and y.numerator % 2 == 1
        return (-1 if negative else 1), ((_clipped(x.exponent * y), Fraction(1)),)
    return None


def _of_floats(row: Function, name: str, operands: tuple[float | Power, ...], natural: bool) -> tuple[int, Sum] | None:
    xs = operands_of(tuple(float(x) for x in operands))  # type: ignore[arg-type]
    exponent = _exponent_of_power(name, xs, natural)
    if exponent is not None:
        negative = name == "pow" and xs[0].m < 0 and xs[1].e == 0
        return (-1 if negative else 1), ((exponent, Fraction(1)),)
    known = None if row.exact is None else row.exact(*xs)
    if known is None or known.m == 0:
        return None
    size = Fraction(abs(known.m)) * (Fraction(1 << known.e) if known.e >= 0 else Fraction(1, 1 << -known.e))
    return (1 if known.m > 0 else -1), ((Fraction(0), size),)


def _exponent_of_power(name: str, xs: list[Dyadic], natural: bool) -> Fraction | None:
    """Return the exponent where the value is a power of the base by definition."""
    x = _fraction(xs[0])
    if name == "pow":
        y = _fraction(xs[1])
        return _clipped(xs[0].e * y) if not natural and abs(xs[0].m) == 1 else None
    return _clipped(x) if name == ("exp" if natural else "exp2") else None


def _clipped(exponent: Fraction) -> Fraction:
    return min(max(exponent, -_FAR), _FAR)


def _fraction(x: Dyadic) -> Fraction:
    return Fraction(x.m << x.e) if x.e >= 0 else Fraction(x.m, 1 << -x.e)


def _power(exponent: Fraction, natural: bool, n: int) -> Enclosure:
    """Return 2^exponent or e^exponent, for an exponent whose denominator is a power of two."""
    x = odd_part(exponent.numerator, 1 - exponent.denominator.bit_length())
    if x.m == 0:
        return Enclosure(1, 1, 0)
    if not natural and x.e >= 0:
        return Enclosure(1, 1, x.m << x.e)
    return (exponentials.exp if natural else exponentials.exp2)(x, n)[1]


def _total(terms: Sum, natural: bool, n: int) -> tuple[Fraction, Fraction]:
    """Return numbers around a sum of positive terms."""
    below, above = Fraction(0), Fraction(0)
    for exponent, factor in terms:
        low, high, e = _power(exponent, natural, n)
        unit = factor * (Fraction(1 << e) if e >= 0 else Fraction(1, 1 << -e))
        below, above = below + low * unit, above + high * unit
    return below, above


def _evaluated(row: Function, operands: tuple[float | Power, ...], n: int) -> Signed:
    """Return the sign and an enclosure of a value: around those at both ends of irrational operands."""
    ends = [x.ends(n + _WIDER) if isinstance(x, Power) else (operands_of((float(x),))[0],) for x in operands]
    corners = list(product(*ends))
    found = [row.enclose(*corner, n) for corner in corners]
    tops = [one.low.bit_length() + one.e for _, one in found if one.low]
    if tops and (min(tops) > BEYOND or max(tops) < 2 - BEYOND):  # TINY itself ends there
        return found[0][0], HUGE if tops[0] > 0 else TINY
    sign, e = found[0][0], min(one.e for _, one in found)
    low = min(one.low << (one.e - e) for _, one in found)
    high = max(one.high << (one.e - e) for _, one in found)
    if any(one != sign for one, _ in found):
        low = 0
    turns = len(corners) > 1 and row.enclose in (sin, cos, silu, gelu)
    room = (high >> n) + 1 if turns else 0  # what a function that turns in between may exceed both ends by
    return sign, Enclosure(max(low - room, 0), high + room, e)
