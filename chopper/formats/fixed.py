"""Fixed-point numbers and integers: the multiples of one power of two that a two's complement code reaches.

A value is k * 2^-fraction_bits.  The code is k in two's complement of ``integer_bits + fraction_bits`` bits, or k
itself in an unsigned format.  `integer_bits` counts the sign, so that the two always add up to the width: so do HLS
(``ap_fixed<W, I>``), the Q notation of Arm, and Pychop (``Chopf(ibits, fbits)``).  The Q notation of Texas Instruments
does not count it: its q3.4 is ``fixed<4,4>`` here.  Integers have no fraction bits: int8 is ``fixed<8,0>``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from chopper.errors import FormatError
from chopper.formats.checks import check_integer, member
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.policies import NanInput
from chopper.formats.record import Record, changed

__all__ = ["FixedFormat"]


@dataclass(frozen=True, kw_only=True)
class FixedFormat(Record):
    """A fixed-point or integer format.

    There is no infinity, no NaN and no -0: the default overflow policy is ``saturate``, infinities included.  Under
    ``wrap`` the rounded integer is taken modulo 2^bits, and an infinity, which has no remainder, is a `RangeError`.

    Parameters
    ----------
    integer_bits : int
        Bits above the binary point, the sign included; may be negative, where the highest bits lie below the point.
    fraction_bits : int
        Bits below the binary point; may be negative, where the quantum is 2, 4, 8, ...
        Both together are the width: 1 to 64 bits, and at least 2 in signed formats.
    signed : bool
        Two's complement if true.  Unsigned formats take negative numbers as numbers beyond the lower end: those that
        do not round to zero saturate to zero, wrap around or raise.
    symmetric : bool
        Leave the lowest integer of two's complement out: values go from -max to max.  Its code is never produced and
        decodes to -max.  Such a format cannot wrap around.
    nan_input : NanInput or str
        What NaN becomes, under every overflow policy: zero by default.
    name : str, optional
        What ``str`` shows; not part of equality.  `chopper.get` must know it.

    Raises
    ------
    FormatError
        If a field is out of range; the message names it and the legal range.

    Examples
    --------
    >>> q = FixedFormat(integer_bits=4, fraction_bits=4)
    >>> str(q), q.bits, q.min, q.max
    ('fixed<4,4>', 8, Fraction(-8, 1), Fraction(127, 16))
    >>> q.value(0x80), q.value(0x01)
    (Fraction(-8, 1), Fraction(1, 16))
    >>> FixedFormat(integer_bits=8, fraction_bits=0, symmetric=True).min
    Fraction(-127, 1)
    """

    family: ClassVar[str] = "fixed"

    integer_bits: int
    fraction_bits: int
    signed: bool = True
    symmetric: bool = False
    nan_input: NanInput = NanInput.ZERO
    name: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "nan_input", member(NanInput, self.nan_input, "nan_input"))
        _check(self)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    @property
    def bits(self) -> int:
        """Number of bits in a code: integer and fraction bits."""
        return self.integer_bits + self.fraction_bits

    @property
    def max_integer(self) -> int:
        """The integer k of the largest value."""
        return (1 << (self.bits - self.signed)) - 1

    @property
    def min_integer(self) -> int:
        """The integer k of the lowest value."""
        return self.symmetric - self.max_integer - 1 if self.signed else 0

    @property
    def quantum(self) -> Fraction:
        """Distance between neighbours: 2^-fraction_bits."""
        f = self.fraction_bits
        return Fraction(1, 1 << f) if f >= 0 else Fraction(1 << -f)

    def value(self, code: int) -> Fraction:
        """Return the exact value of `code`."""
        if not 0 <= code < 1 << self.bits:
            raise FormatError(f"code {code} is not a code of {self}; legal: 0 to {(1 << self.bits) - 1}")
        integer = code - (1 << self.bits) if code > self.max_integer else code
        return max(integer, self.min_integer) * self.quantum

    @property
    def max(self) -> Fraction:
        """Largest value."""
        return self.max_integer * self.quantum

    @property
    def min(self) -> Fraction:
        """Lowest value; zero in unsigned formats."""
        return self.min_integer * self.quantum

    @property
    def smallest(self) -> Fraction:
        """Smallest positive value: the quantum."""
        return self.quantum

    @property
    def eps(self) -> Fraction | None:
        """The quantum where 1 is a value, else None."""
        return self.quantum if self.fraction_bits >= 0 and self.max >= 1 else None

    @property
    def spelling(self) -> str:
        """The grammar string: ``fixed<i,f>`` or ``ufixed<i,f>``, with every field that differs from its default."""
        given = changed(self, {"signed": self.signed})
        parts = ",".join([str(self.integer_bits), str(self.fraction_bits), *given])
        return f"{'' if self.signed else 'u'}fixed<{parts}>"


def _check(f: FixedFormat) -> None:
    for name in ("signed", "symmetric"):
        if not isinstance(getattr(f, name), bool):
            raise FormatError(f"{name}={getattr(f, name)!r} is not legal; legal: True, False")
    if f.name is not None and not isinstance(f.name, str):
        raise FormatError(f"name={f.name!r} is not legal; legal: a string or None")
    for name in ("integer_bits", "fraction_bits"):
        check_integer(name, getattr(f, name), -(1 << 12), 1 << 12)
    if not 1 + f.signed <= f.bits <= 64:
        kind = "a signed" if f.signed else "an unsigned"
        raise FormatError(
            f"integer_bits={f.integer_bits} and fraction_bits={f.fraction_bits} make {f.bits} bits; "
            f"legal: {1 + f.signed} to 64 in {kind} format"
        )
    if f.symmetric and not f.signed:
        raise FormatError("symmetric=True needs signed=True: an unsigned format has no negative half")
