"""Posits: tapered numbers with a regime, after Gustafson and the Posit Standard (2022).

Below the sign, a code of n bits has a *regime* (a run of equal bits and one that ends it), up to `es` exponent bits and
a fraction; bits cut off at the end count as zero.  Negative numbers have the two's complement code.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar, NamedTuple

from chopper.errors import FormatError
from chopper.formats.base import Value
from chopper.formats.checks import check_integer, member
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.policies import Metric, Underflow
from chopper.formats.record import Record, changed

__all__ = ["PositFormat", "Quire"]


class Quire(NamedTuple):
    """The exact accumulator that belongs to a posit format: fixed point in two's complement."""

    bits: int  # width, 16 n
    lsb: int  # exponent of the last bit
    products: int  # sums of fewer products than this never overflow


@dataclass(frozen=True, kw_only=True)
class PositFormat(Record):
    """A posit format.

    Parameters
    ----------
    n : int
        Bits of a code, 2 to 64.
    es : int
        Exponent bits, 0 to 4; the Posit Standard (2022) has 2 for every n.
    underflow : Underflow or str
        See `Underflow`; the standard knows ``smallest`` only.
    nearest, stochastic : Metric or str
        How nearest and stochastic modes measure the distance to the neighbours, see `Metric`.  The standard rounds by
        the code.
    name : str, optional
        What ``str`` shows; not part of equality.

    Raises
    ------
    FormatError
        If a field is out of range.

    Examples
    --------
    >>> posit8 = PositFormat(n=8, es=2)
    >>> posit8.max, posit8.value(0x41), posit8.value(0x80)
    (Fraction(16777216, 1), Fraction(9, 8), nan)
    """

    family: ClassVar[str] = "posit"

    n: int
    es: int
    underflow: Underflow = Underflow.SMALLEST
    nearest: Metric = Metric.CODE
    stochastic: Metric = Metric.VALUE
    name: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        check_integer("n", self.n, 2, 64)
        check_integer("es", self.es, 0, 4)
        for key, kind in (("underflow", Underflow), ("nearest", Metric), ("stochastic", Metric)):
            object.__setattr__(self, key, member(kind, getattr(self, key), key))

    __hash__ = hash_once
    __getstate__ = state_of_fields

    @property
    def bits(self) -> int:
        """Number of bits in a code."""
        return self.n

    @property
    def nar(self) -> int:
        """Code of NaR, "not a real", which stands for NaN."""
        return 1 << (self.n - 1)

    @property
    def emax(self) -> int:
        """Exponent of the largest value; that of the smallest is its negative."""
        return (self.n - 2) << self.es

    @property
    def precision(self) -> int:
        """Significand bits including the leading one, the most that any value has."""
        return max(self.n - 2 - self.es, 1)

    @property
    def max(self) -> Fraction:
        """Largest value, maxpos = 2^((n-2) 2^es)."""
        return Fraction(1 << self.emax)

    @property
    def min(self) -> Fraction:
        """Lowest value, -maxpos."""
        return -self.max

    @property
    def smallest(self) -> Fraction:
        """Smallest positive value, minpos = 1 / maxpos."""
        return 1 / self.max

    @property
    def useed(self) -> int:
        """The ratio of two successive regimes, 2^(2^es)."""
        return 1 << (1 << self.es)

    @property
    def eps(self) -> Fraction | None:
        """Distance from 1 to the next value up; None where 1 is the largest."""
        one = 1 << (self.n - 2)
        upper = self.value(one + 1)
        return Fraction(upper) - 1 if upper == upper else None

    @property
    def quire(self) -> Quire:
        """The quire of the Posit Standard (2022), widened to hold every product where `es` asks for it.

        Examples
        --------
        >>> PositFormat(n=16, es=2).quire
        Quire(bits=256, lsb=-112, products=2147483648)
        """
        lsb = -2 * self.emax
        width = max(16 * self.n, 32 - 2 * lsb)
        return Quire(width, lsb, 1 << 31)

    @property
    def spelling(self) -> str:
        """The grammar string, ``posit<n,es>`` and what differs from the defaults."""
        return f"posit<{','.join([str(self.n), str(self.es), *changed(self)])}>"

    def value(self, code: int) -> Value:
        """Return the exact value of `code`; NaR is nan.

        Raises
        ------
        FormatError
            If the code is out of range.
        """
        if not 0 <= code < 1 << self.n:
            raise FormatError(f"code {code} is not legal; legal: 0 to {(1 << self.n) - 1}")
        if code == self.nar:
            return float("nan")
        if code > self.nar:
            return -self._magnitude((1 << self.n) - code)
        return self._magnitude(code)

    def _magnitude(self, code: int) -> Fraction:
        if not code:
            return Fraction(0)
        body = format(code, f"0{self.n - 1}b")
        run = len(body) - len(body.lstrip(body[0]))
        regime = run - 1 if body[0] == "1" else -run
        rest = body[run + 1 :]
        exponent = int((rest + "0" * self.es)[: self.es] or "0", 2)
        fraction = rest[self.es :]
        significand = Fraction(int("1" + fraction, 2), 1 << len(fraction))
        return significand * Fraction(2) ** ((regime << self.es) + exponent)
