"""Takums: tapered numbers whose range hardly depends on their width (Hunhold, arXiv:2404.18603 and 2408.10594).

Codes, read as two's complement, lie in the order of their values; the lowest one is NaR.  Negation is that of two's
complement.  There is one zero, code 0, and no infinity.  By default the rule of the posit standard holds at both ends
in every mode: a number other than zero becomes neither zero nor NaR, and infinities become NaR (the policy
``propagate``).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import ClassVar

from chopper.errors import FormatError
from chopper.formats.checks import check_integer, member
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.policies import Metric, Underflow
from chopper.formats.reals import Between, Real, exponential, mean, nearest, opposite, product
from chopper.formats.record import changed
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow

__all__ = ["TakumFormat"]


@dataclass(frozen=True, kw_only=True)
class TakumFormat(TableFormat):
    """A takum: sign, direction, three bits of regime, characteristic, fraction.

    The two kinds are always named apart, since libraries differ in what a bare ``takum16`` is.  Linear takums are
    (1 + f) 2^c.  Logarithmic ones are e^((c + m) / 2): irrational but for 1, so ``decode`` gives the nearest float and
    ``value`` the nearest number of 53 bits; which value is nearest to a number is decided exactly.  A takum of fewer
    than 12 bits is one of 12 bits cut short.

    Parameters
    ----------
    n : int
        Bits of a code: 2 to 64 of a linear takum, of which float64 holds those of up to 57 bits; 2 to 16 of a
        logarithmic one, where rounding turns at transcendental numbers: only a table can hold them, each decided
        exactly beforehand.
    logarithmic : bool
        Which kind.
    nearest, stochastic : Metric or str
        How nearest and stochastic modes measure the distance to the neighbours.  ``code``: by the code continued by
        further bits; ``value``: by the value.  The two differ for linear takums of fewer than 12 bits, where bits of
        the characteristic are cut off, and for logarithmic ones, which know ``stochastic=value`` only.
    underflow : Underflow or str
        What lies between zero and the smallest number, always measured by the value.  Linear takums of more than 16
        bits know ``zero`` in modes without chance only.
    name : str, optional
        What ``str`` shows.

    Raises
    ------
    FormatError
        If a field is out of range.

    Examples
    --------
    >>> takum = TakumFormat(n=16)
    >>> takum.value(0x4000), takum.value(0x4400), float(takum.max)
    (Fraction(1, 1), Fraction(3, 2), 5.608679322432503e+76)
    """

    family: ClassVar[str] = "takum"
    engine: ClassVar[str] = "takum"

    n: int
    logarithmic: bool = False
    nearest: Metric = Metric.CODE
    stochastic: Metric = Metric.VALUE
    underflow: Underflow = Underflow.SMALLEST
    name: str | None = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        for key, kind in (("nearest", Metric), ("stochastic", Metric), ("underflow", Underflow)):
            object.__setattr__(self, key, member(kind, getattr(self, key), key))
        check_integer("n", self.n, 2, 64)
        if not isinstance(self.logarithmic, bool):
            raise FormatError(f"logarithmic={self.logarithmic!r} is not legal; legal: True, False")
        if self.logarithmic and self.n > 16:
            raise FormatError(
                f"n={self.n} is not legal for logarithmic takums; legal: an integer from 2 to 16: rounding turns at "
                "transcendental numbers, which only a table holds; linear takums go to n=64"
            )
        if self.logarithmic and self.stochastic is Metric.CODE:
            raise FormatError("stochastic=code is not legal for logarithmic takums; legal: value")

    @property
    def bits(self) -> int:
        """Number of bits in a code."""
        return self.n

    @property
    def nan_code(self) -> int:
        """The code of NaR."""
        return 1 << (self.n - 1)

    @property
    def precision(self) -> int:
        """Significand bits including the leading one, the most that any value of a linear takum has."""
        return max(self.n - 4, 1)

    @cached_property
    def ascending(self) -> tuple[int, ...]:
        """The codes of all numbers in the order of their values; too long a list beyond 16 bits or so."""
        return (*range(self.nan_code + 1, 1 << self.n), *range(self.nan_code))

    @property
    def extremes(self) -> tuple[int, int]:
        """The codes of the lowest and the largest value."""
        return (self.nan_code + 1) % (1 << self.n), self.nan_code - 1

    def is_finite(self, code: int) -> bool:
        """Whether a code stands for a number."""
        return code != self.nan_code

    def compute(self, code: int) -> Real:
        """Return the number that a code stands for."""
        if code == 0:
            return Fraction(0)
        if code > self.nan_code:
            return opposite(self.compute((1 << self.n) - code))
        return _positive(self.logarithmic, code, self.n)

    def real(self, code: int) -> Real:
        """Return the number that the code of a finite value stands for."""
        return self.compute(code)

    def number(self, code: int, precision: int = 53) -> Fraction:
        """Return the value of a finite code; if it is irrational, the nearest number of so many bits."""
        if code > self.nan_code:
            return -self.number((1 << self.n) - code, precision)
        return _rounded(code, self.n, precision) if self.logarithmic else Fraction(self.compute(code))  # type: ignore[arg-type]

    def middle(self, low: int, high: int) -> Real:
        """Return where rounding to nearest turns between two neighbours."""
        if low >= self.nan_code:
            top = 1 << self.n
            return opposite(self.middle((top - high) % top, top - low))
        if low == 0 or self.nearest is Metric.VALUE:
            return mean(self.real(low), self.real(high))
        return _positive(self.logarithmic, 2 * low + 1, self.n + 1)

    @cached_property
    def smallest(self) -> Fraction:
        """Smallest positive value."""
        return self.number(1)

    @cached_property
    def eps(self) -> Fraction | None:
        """Distance from 1 to the next value up; None where 1 is the largest."""
        one = 1 << (self.n - 2)
        return self.number(one + 1) - 1 if one < self.nan_code - 1 else None

    @property
    def default_overflow(self) -> Overflow:
        """The policy used when none is given."""
        return Overflow.PROPAGATE

    @property
    def below_smallest(self) -> Underflow:
        """What becomes of numbers between zero and the smallest value."""
        return self.underflow

    @property
    def spelling(self) -> str:
        """The grammar string of this format."""
        kind = "log" if self.logarithmic else "linear"
        options = changed(self, {"logarithmic": self.logarithmic})
        return f"takum_{kind}{self.n}" + (f"<{','.join(options)}>" if options else "")


def _positive(logarithmic: bool, code: int, bits: int) -> Real:
    """Return the value of a code of a positive number, of `bits` bits."""
    code, bits = code << max(12 - bits, 0), max(bits, 12)
    regime = code >> (bits - 5) & 7
    up = code >> (bits - 2) & 1
    r = regime if up else 7 - regime
    digits = bits - 5 - r
    raw = code >> digits & ((1 << r) - 1)
    c = (1 << r) - 1 + raw if up else 1 - (2 << r) + raw
    m = code & ((1 << digits) - 1)
    if logarithmic:
        return _half_exponential(c, m, digits)
    top = (1 << digits) + m
    return Fraction(top << max(c - digits, 0), 1 << max(digits - c, 0))


@lru_cache(maxsize=1 << 17)
def _half_exponential(c: int, m: int, digits: int) -> Real:
    """Return e^((c + m / 2^digits) / 2)."""
    return product(exponential(Fraction(c, 2)), exponential(Fraction(m, 2 << digits)))


@lru_cache(maxsize=1 << 17)
def _rounded(code: int, n: int, precision: int) -> Fraction:
    """Return the nearest number of so many bits to the value of a code of a positive logarithmic takum, or 0."""
    value = _positive(True, code, n) if code else Fraction(0)
    return nearest(value, precision) if isinstance(value, Between) else value
