"""Logarithmic number systems: a sign and an exponent with fraction bits, (-1)^s * scale * 2^(E / 2^r)."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

from chopper.errors import FormatError
from chopper.formats.checks import check_integer, member
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.policies import Metric, NanInput, Underflow
from chopper.formats.reals import Real, mean, opposite, power_of_two, root_of_two
from chopper.formats.record import changed
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow

__all__ = ["FINE", "LnsFormat"]

FINE = 16
"""Bits behind the point of log2|x| that ``stochastic=code`` sees."""


@dataclass(frozen=True, kw_only=True)
class LnsFormat(TableFormat):
    """A logarithmic number system: (-1)^s * 2^((E + bias) / 2^r).

    A code is a sign bit and E, `width` - 1 bits in two's complement, of which r = `fraction_bits` lie behind the
    point: the base of the integer E is 2^(1 / 2^r).  Values other than powers of two are irrational: `decode` gives the
    nearest float, and `value` the nearest number of 53 bits.  Which value is nearest to a number is decided exactly.

    Parameters
    ----------
    width : int
        Bits of a code, 2 to 16.
    fraction_bits : int
        Fraction bits of the exponent, 0 to `width` - 1; LNS-Madam's gamma is 2^fraction_bits.
    bias : int
        Added to E.
    zero : bool
        Whether the lowest E with a positive sign stands for zero; otherwise zero becomes the smallest number of its
        sign.
    nan : bool
        Whether the lowest E with a negative sign stands for NaN; it is reserved for zero or NaN if there is either.
    unsigned_exponent : bool
        Whether E is unsigned (LNS-Madam), so that its lowest value is 0.
    nearest : Metric or str
        ``code``: nearest by the logarithm, the geometric mean decides; ``value``: the arithmetic mean.
    stochastic : Metric or str
        How stochastic modes measure the distance to the neighbours.  ``value``: by the value, unbiased in x.  ``code``:
        by the logarithm, unbiased in log2(x) but for 2^-17: nu is the fraction of 2^r log2|x|, with log2|x| cut to 16
        bits behind the point, exactly; the numbers of the format are themselves.
    underflow : Underflow or str
        What lies between zero and the smallest value; with a zero only.  Under ``zero`` and ``nearest=code`` rounding
        to nearest turns half a step of the logarithm below the smallest value, and ``stochastic=code`` has zero one
        step below it.
    nan_input : NanInput or str
        What NaN becomes without `nan`.
    name : str, optional
        What ``str`` shows.

    Examples
    --------
    >>> lns = LnsFormat(width=8, fraction_bits=3)
    >>> lns.value(0), lns.value(8), lns.value(0x40), lns.value(0xc0)
    (Fraction(1, 1), Fraction(2, 1), Fraction(0, 1), nan)
    >>> float(lns.value(4))
    1.4142135623730951
    """

    family: ClassVar[str] = "lns"
    engine: ClassVar[str] = "lns"

    width: int
    fraction_bits: int
    bias: int = 0
    zero: bool = True
    nan: bool = True
    unsigned_exponent: bool = False
    nearest: Metric = Metric.CODE
    stochastic: Metric = Metric.VALUE
    underflow: Underflow = Underflow.ZERO
    nan_input: NanInput = NanInput.ZERO
    name: str | None = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        for key, kind in (
            ("nearest", Metric),
            ("stochastic", Metric),
            ("underflow", Underflow),
            ("nan_input", NanInput),
        ):
            object.__setattr__(self, key, member(kind, getattr(self, key), key))
        check_integer("width", self.width, 2, 16)
        check_integer("fraction_bits", self.fraction_bits, 0, self.width - 1)
        check_integer("bias", self.bias, -(1 << 20), 1 << 20)
        for key in ("zero", "nan", "unsigned_exponent"):
            if not isinstance(getattr(self, key), bool):
                raise FormatError(f"{key}={getattr(self, key)!r} is not legal; legal: True, False")
        if self.width == 2 and (self.zero or self.nan):
            raise FormatError("width=2 leaves one exponent beside zero or NaN; legal: zero=false and nan=false, or 3")

    @property
    def bits(self) -> int:
        """Number of bits in a code."""
        return self.width

    @property
    def sign_code(self) -> int:
        """The sign bit of a code."""
        return 1 << (self.width - 1)

    @property
    def lowest(self) -> int:
        """The lowest E that stands for a number."""
        bottom = 0 if self.unsigned_exponent else -(self.sign_code >> 1)
        return bottom + (self.zero or self.nan)

    @property
    def highest(self) -> int:
        """The highest E."""
        return self.sign_code - 1 if self.unsigned_exponent else (self.sign_code >> 1) - 1

    @property
    def reserved(self) -> int:
        """The field of the lowest E, which stands for zero and NaN."""
        return 0 if self.unsigned_exponent else self.sign_code >> 1

    @cached_property
    def ascending(self) -> tuple[int, ...]:
        """The codes of all finite values in the order of these values."""
        fields = [e & (self.sign_code - 1) for e in range(self.lowest, self.highest + 1)]
        zero = (self.reserved,) if self.zero else ()
        return (*(self.sign_code | e for e in reversed(fields)), *zero, *fields)

    @property
    def extremes(self) -> tuple[int, int]:
        """The codes of the lowest and the largest value."""
        return self.sign_code | self.highest, self.highest

    @cached_property
    def smallest(self) -> Fraction:
        """Smallest positive value."""
        return self.number(self.lowest & (self.sign_code - 1))

    def exponent(self, code: int) -> int:
        """Return E + bias of a code."""
        e = code & (self.sign_code - 1)
        wraps = not self.unsigned_exponent and e >= self.sign_code >> 1
        return e - (self.sign_code if wraps else 0) + self.bias

    def code_of(self, exponent: int) -> int:
        """Return the code of 2^(exponent / 2^r), which must be in range."""
        return (exponent - self.bias) & (self.sign_code - 1)

    def compute(self, code: int) -> Real:
        """Return the number that a code stands for."""
        if self.zero and code == self.reserved:
            return Fraction(0)
        return _signed(power_of_two(self.exponent(code), self.fraction_bits), bool(code & self.sign_code))

    def number(self, code: int, precision: int = 53) -> Fraction:
        """Return the value of a finite code; if it is irrational, the nearest number of so many bits."""
        if self._is_zero(code):
            return Fraction(0)
        found = self.power(self.exponent(code), precision)
        return -found if code & self.sign_code else found

    def power(self, exponent: int, precision: int = 53) -> Fraction:
        """Return 2^(exponent / 2^r), or the nearest number of so many bits; it need not be in range."""
        whole, rest = divmod(exponent, 1 << self.fraction_bits)
        scale = Fraction(1 << whole) if whole >= 0 else Fraction(1, 1 << -whole)
        return root_of_two(rest, self.fraction_bits, precision) * scale

    def middle(self, low: int, high: int) -> Real:
        """Return where rounding to nearest turns between two neighbours."""
        a, b = (Fraction(0) if self._is_zero(code) else None for code in (low, high))
        if a is None and b is None and (low ^ high) & self.sign_code:
            return Fraction(0)
        outer = low if low & self.sign_code else high
        e = min(self.exponent(code) for code in (low, high) if not self._is_zero(code))
        negative = bool(outer & self.sign_code)
        near_zero = a is not None or b is not None
        if self.nearest is Metric.CODE:
            return _signed(power_of_two(2 * e + (-1 if near_zero else 1), self.fraction_bits + 1), negative)
        low_side = Fraction(0) if near_zero else power_of_two(e, self.fraction_bits)
        return _signed(mean(low_side, power_of_two(e + (not near_zero), self.fraction_bits)), negative)

    def _is_zero(self, code: int) -> bool:
        return self.zero and code == self.reserved

    @property
    def nan_code(self) -> int | None:
        """The code of NaN, or None."""
        return self.sign_code | self.reserved if self.nan else None

    @property
    def default_overflow(self) -> Overflow:
        """The policy used when none is given: infinities become the largest values too."""
        return Overflow.SATURATE

    @property
    def below_smallest(self) -> Underflow:
        """What becomes of numbers between zero and the smallest value."""
        return self.underflow if self.zero else Underflow.SMALLEST

    @property
    def without_nan(self) -> NanInput:
        """What NaN becomes without a NaN."""
        return self.nan_input

    @property
    def spelling(self) -> str:
        """The grammar string of this format."""
        return f"lns<{','.join([str(self.width), str(self.fraction_bits), *changed(self)])}>"


def _signed(value: Real, negative: bool) -> Real:
    return opposite(value) if negative else value
