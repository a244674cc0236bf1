"""Posits: the Posit Standard (2022) for every width and exponent size."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, NamedTuple

from chopper.formats.checks import check_integer
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.record import changed
from chopper.formats.tapered import TaperedFormat

__all__ = ["PositFormat", "Quire"]


class Quire(NamedTuple):
    """The fixed-point accumulator of a posit format: two's complement; its lowest word is NaR.

    Posit Standard (2022), section 6; stated there for 2 exponent bits.
    """

    bits: int
    lsb_exponent: int  # the weight of the lowest bit is 2^lsb_exponent, the square of the smallest posit
    products: int  # sums of fewer products than this cannot overflow


@dataclass(frozen=True, kw_only=True)
class PositFormat(TaperedFormat):
    """A posit: sign, regime, up to `es` exponent bits, fraction.

    Bare names say less than they seem to: ``posit8`` and ``posit16`` have es = 2 in the standard of 2022, and es = 0
    and 1 in SoftPosit and older texts; those are ``posit8es0`` and ``posit16es1`` here.

    Parameters
    ----------
    n : int
        Bits of a code, 2 to 16.
    es : int
        Exponent bits, 0 to 4.
    nearest, underflow
        See `chopper.formats.tapered.TaperedFormat`.
    name : str, optional
        What ``str`` shows.

    Examples
    --------
    >>> posit8 = PositFormat(n=8, es=2)
    >>> posit8.max, posit8.smallest, posit8.value(0x40), posit8.value(0x80)
    (Fraction(16777216, 1), Fraction(1, 16777216), Fraction(1, 1), nan)
    """

    family: ClassVar[str] = "posit"

    es: int = 2

    __hash__ = hash_once
    __getstate__ = state_of_fields

    def __post_init__(self) -> None:
        self._check_policies()
        check_integer("n", self.n, 2, 16)
        check_integer("es", self.es, 0, 4)

    @property
    def quire(self) -> Quire:
        """The accumulator of the standard, 16 n bits wide."""
        return Quire(16 * self.n, 16 - 8 * self.n, 1 << 31)

    def positive(self, code: int, bits: int) -> Fraction:
        """Return the value of a code of a positive number, of `bits` bits."""
        body, left = code & ((1 << (bits - 1)) - 1), bits - 1
        ones = body >> (left - 1) & 1
        run = 0
        while run < left and (body >> (left - 1 - run) & 1) == ones:
            run += 1
        k = run - 1 if ones else -run
        left = max(left - run - 1, 0)
        rest = body & ((1 << left) - 1)
        taken = min(self.es, left)
        exponent = (rest >> (left - taken)) << (self.es - taken)
        digits = left - taken
        fraction = Fraction((1 << digits) + (rest & ((1 << digits) - 1)), 1 << digits)
        power = (k << self.es) + exponent
        return fraction * (1 << power) if power >= 0 else fraction / (1 << -power)

    @property
    def spelling(self) -> str:
        """The grammar string of this format."""
        return f"posit<{','.join([str(self.n), str(self.es), *changed(self, {'es': self.es})])}>"
