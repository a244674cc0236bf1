"""Takums: tapered numbers whose range hardly depends on their width (Hunhold, arXiv:2404.18603 and 2408.10594)."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from chopper.errors import FormatError
from chopper.formats.checks import check_integer
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.reals import Real, exponential, product
from chopper.formats.record import changed
from chopper.formats.tapered import TaperedFormat

__all__ = ["TakumFormat"]


@dataclass(frozen=True, kw_only=True)
class TakumFormat(TaperedFormat):
    """A takum: sign, direction, three bits of regime, characteristic, fraction.

    The two kinds are always named apart, since libraries differ in what a bare ``takum16`` is.  Linear takums are
    (1 + f) 2^c.  Logarithmic ones are e^((c + m) / 2): irrational but for 1, so ``decode`` gives the nearest float and
    ``value`` the nearest number of 53 bits; which value is nearest to a number is decided exactly.  A takum of fewer
    than 12 bits is one of 12 bits cut short.

    Parameters
    ----------
    n : int
        Bits of a code, 2 to 16.
    logarithmic : bool
        Which kind.
    nearest, underflow
        See `chopper.formats.tapered.TaperedFormat`.
    name : str, optional
        What ``str`` shows.

    Examples
    --------
    >>> takum = TakumFormat(n=16)
    >>> takum.value(0x4000), takum.value(0x4400), float(takum.max)
    (Fraction(1, 1), Fraction(3, 2), 5.608679322432503e+76)
    """

    family: ClassVar[str] = "takum"

    logarithmic: bool = False

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        self._check_policies()
        check_integer("n", self.n, 2, 16)
        if not isinstance(self.logarithmic, bool):
            raise FormatError(f"logarithmic={self.logarithmic!r} is not legal; legal: True, False")

    def positive(self, code: int, bits: int) -> Real:
        """Return the value of a code of a positive number, of `bits` bits."""
        code, bits = code << max(12 - bits, 0), max(bits, 12)
        regime = code >> (bits - 5) & 7
        up = code >> (bits - 2) & 1
        r = regime if up else 7 - regime
        digits = bits - 5 - r
        raw = code >> digits & ((1 << r) - 1)
        c = (1 << r) - 1 + raw if up else 1 - (2 << r) + raw
        m = Fraction(code & ((1 << digits) - 1), 1 << digits)
        if self.logarithmic:
            return product(exponential(Fraction(c, 2)), exponential(m / 2))
        return (1 + m) * (1 << c) if c >= 0 else (1 + m) / (1 << -c)

    @property
    def spelling(self) -> str:
        """The grammar string of this format."""
        kind = "log" if self.logarithmic else "linear"
        options = changed(self, {"logarithmic": self.logarithmic})
        return f"takum_{kind}{self.n}" + (f"<{','.join(options)}>" if options else "")
