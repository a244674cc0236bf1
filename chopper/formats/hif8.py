"""HiFloat8: an eight-bit float whose exponent and fraction share their bits by a prefix."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import ClassVar

from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.reals import Real
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow

__all__ = ["Hif8Format"]

_PREFIXES = ((4, 0b11, 2, 1), (3, 0b10, 2, 2), (2, 0b01, 2, 3), (1, 0b001, 3, 3), (0, 0b0001, 4, 3))
"""D, the prefix after the sign, its length, and the fraction bits."""


@dataclass(frozen=True, kw_only=True)
class Hif8Format(TableFormat):
    """HiFloat8 (Luo et al., Ascend HiFloat8 Format for Deep Learning, arXiv:2409.16626).

    After the sign a prefix says how many bits the exponent has, D: ``11`` 4, ``10`` 3, ``01`` 2, ``001`` 1, ``0001`` 0;
    an exponent is a sign and a magnitude without its leading one.  ``0000`` and three bits M are 2^(M - 23), or zero.
    NaN is 0x80, the infinities are 0x6f and 0xef; 253 codes are finite.  The paper's conversion is ``nearest_away``,
    with infinity from 1.25 * 2^15 on and zero below 2^-23.

    The set of values and this conversion agree with a public quantizer.  Unverified: which code stands for which value
    beyond that; what overflows in the other modes, for which the list is taken to go on with 1.5 * 2^15.

    Examples
    --------
    >>> hif8 = Hif8Format()
    >>> hif8.max, hif8.smallest == Fraction(1, 2**22), hif8.value(0x08), hif8.value(0x6f)
    (Fraction(32768, 1), True, Fraction(1, 1), inf)
    """

    family: ClassVar[str] = "hif8"

    name: str | None = field(default=None, compare=False)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    @property
    def bits(self) -> int:
        """Number of bits in a code."""
        return 8

    @property
    def nan_code(self) -> int:
        """The code of NaN."""
        return 0x80

    @property
    def infinity_codes(self) -> tuple[int, int]:
        """The codes of +infinity and -infinity."""
        return 0x6F, 0xEF

    @property
    def least_overflow(self) -> Fraction:
        """The smallest magnitude that rounds to infinity, to nearest."""
        return Fraction(5 << 13)

    @property
    def default_overflow(self) -> Overflow:
        """The policy used when none is given."""
        return Overflow.INFINITY

    @cached_property
    def ascending(self) -> tuple[int, ...]:
        """The codes of all finite values in the order of these values."""
        special = {self.nan_code, *self.infinity_codes}
        return tuple(sorted(set(range(256)) - special, key=self.compute))

    def compute(self, code: int) -> Fraction:
        """Return the value of a code."""
        sign, body = -1 if code & 0x80 else 1, code & 0x7F
        if body < 8:
            return Fraction(sign << body, 1 << 23) if body else Fraction(0)
        d, _, length, digits = next(row for row in _PREFIXES if body >> (7 - row[2]) == row[1])
        rest = body & ((1 << (7 - length)) - 1)
        raw, fraction = rest >> digits, rest & ((1 << digits) - 1)
        magnitude = (1 << (d - 1)) + (raw & ((1 << (d - 1)) - 1)) if d else 0
        exponent = -magnitude if d and raw >> (d - 1) else magnitude
        value = Fraction(sign * ((1 << digits) + fraction), 1 << digits)
        return value * (1 << exponent) if exponent >= 0 else value / (1 << -exponent)

    def middle(self, low: int, high: int) -> Real:
        """Return the mean of two neighbours."""
        return (self.compute(low) + self.compute(high)) / 2

    @property
    def spelling(self) -> str:
        """The name of this format."""
        return "hif8"
