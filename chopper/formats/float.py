"""Binary floating-point formats: IEEE 754, OCP, FNUZ, P3109 and everything shaped like them, as frozen data.

Vocabulary: `precision` p counts the significand bits including the leading one; M = p - 1 are stored.  `bias` is what
is subtracted from the exponent field.  A code is sign, exponent field, fraction, from the most significant bit down;
the codes of the positive half are monotone in value, so ``code + 1`` is the next number up.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, ClassVar

from chopper.errors import FormatError
from chopper.formats.base import Value
from chopper.formats.checks import check_integer, member
from chopper.formats.hashing import hash_once, state_of_fields
from chopper.formats.policies import NanInput, Negative, Subnormals, ZeroInput
from chopper.formats.record import Record, changed

__all__ = ["FloatFormat"]


@dataclass(frozen=True, kw_only=True)
class FloatFormat(Record):
    """A binary floating-point format.

    Parameters
    ----------
    exponent_bits : int
        Width of the exponent field, 1 to 11 for everything that float64 can carry, at most 19.
    precision : int
        Significand bits including the leading one, 1 to 53.
    bias : int, optional
        Subtracted from the exponent field; 2^(exponent_bits - 1) - 1 by default.
    signed : bool
        Whether codes have a sign bit.
    infinities : bool
        Whether the code above the largest finite one (in each half) is an infinity.
    top_nans : int, optional
        How many codes at the very top of each half are NaN; 2^M - 1 by default (IEEE 754: the rest of the top
        exponent field).  OCP's E4M3 has 1.
    nan_at_negative_zero : bool
        Whether the code of the sign bit alone is NaN (FNUZ, P3109); excludes `negative_zero`.
    negative_zero : bool, optional
        Whether the code of the sign bit alone is -0; where it is neither -0 nor NaN it is a second +0 and never
        produced.  By default true for signed formats without `nan_at_negative_zero`.
    zero : bool
        Whether code 0 is zero.  Without zero it is an ordinary number (E8M0); needs ``first_field=0``.
    first_field : int
        The lowest exponent field that holds ordinary normal numbers: 1, or 0 where field 0 is a normal binade too
        (E8M0, DLFloat16; code 0 is zero all the same if `zero`).
    subnormals : Subnormals or str
        See `Subnormals`; where there are none, the codes between zero and the smallest normal decode to zero.
    negative : Negative or str
        See `Negative`; for unsigned formats only.
    nan_input : NanInput or str
        See `NanInput`; matters only without NaN.
    zero_input : ZeroInput or str
        See `ZeroInput`; matters only without zero.
    name : str, optional
        What ``str`` shows; not part of equality.  `chopper.get` must know it.

    Raises
    ------
    FormatError
        If a field is out of range; the message names it and the legal range.

    Examples
    --------
    >>> e4m3 = FloatFormat(exponent_bits=4, precision=4, infinities=False, top_nans=1)
    >>> e4m3.max, e4m3.smallest_normal, e4m3.smallest_subnormal
    (Fraction(448, 1), Fraction(1, 64), Fraction(1, 512))
    >>> e4m3.value(0x7f)
    nan
    """

    family: ClassVar[str] = "float"

    exponent_bits: int
    precision: int
    bias: int = None  # type: ignore[assignment]
    signed: bool = True
    infinities: bool = True
    top_nans: int = None  # type: ignore[assignment]
    nan_at_negative_zero: bool = False
    negative_zero: bool = None  # type: ignore[assignment]
    zero: bool = True
    first_field: int = 1
    subnormals: Subnormals = Subnormals.GRADUAL
    negative: Negative = Negative.ZERO
    nan_input: NanInput = NanInput.MAX
    zero_input: ZeroInput = ZeroInput.SMALLEST
    name: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        self._fill_defaults()
        _check_fields(self)
        _check_combinations(self)

    def _fill_defaults(self) -> None:
        for name, kind in _ENUMS.items():
            object.__setattr__(self, name, member(kind, getattr(self, name), name))
        check_integer("exponent_bits", self.exponent_bits, 1, 19)
        check_integer("precision", self.precision, 1, 53)
        implied = _implied(self.exponent_bits, self.precision, self.signed, self.nan_at_negative_zero)
        for name, value in implied.items():
            if getattr(self, name) is None:
                object.__setattr__(self, name, value)

    __hash__ = hash_once
    __getstate__ = state_of_fields

    # --- codes -------------------------------------------------------------------------------------------------------

    @property
    def fraction_bits(self) -> int:
        """Stored significand bits, M = precision - 1."""
        return self.precision - 1

    @property
    def bits(self) -> int:
        """Number of bits in a code."""
        return self.signed + self.exponent_bits + self.fraction_bits

    @property
    def sign_code(self) -> int:
        """The sign bit of a code; 0 for unsigned formats."""
        return 1 << (self.bits - 1) if self.signed else 0

    @property
    def half(self) -> int:
        """Number of codes in the positive half."""
        return 1 << (self.exponent_bits + self.fraction_bits)

    @property
    def max_code(self) -> int:
        """Code of the largest finite value."""
        return self.half - 1 - self.top_nans - self.infinities

    @property
    def infinity_code(self) -> int | None:
        """Code of +infinity, or None."""
        return self.max_code + 1 if self.infinities else None

    @property
    def has_nan(self) -> bool:
        """Whether any code is NaN."""
        return self.top_nans > 0 or self.nan_at_negative_zero

    @property
    def nan_code(self) -> int | None:
        """The NaN code written for a positive NaN: the quiet NaN of IEEE 754 where there is one, or None."""
        if self.nan_at_negative_zero:
            return self.sign_code
        if self.top_nans == 0:
            return None
        quiet = self.half - (1 << self.fraction_bits) + (1 << self.fraction_bits >> 1)
        return quiet if quiet > self.half - 1 - self.top_nans else self.half - 1

    @property
    def first_code(self) -> int:
        """Code of the smallest positive value."""
        if self.first_field == 0:
            return 1 if self.zero else 0
        return 1 if self.subnormals is Subnormals.GRADUAL else 1 << self.fraction_bits

    # --- values ------------------------------------------------------------------------------------------------------

    def value(self, code: int) -> Value:
        """Return the exact value of `code`: a Fraction, or one of the floats nan, inf, -inf, -0.0."""
        if not 0 <= code < 1 << self.bits:
            raise FormatError(f"code {code} is not a code of {self}; legal: 0 to {(1 << self.bits) - 1}")
        negative, magnitude = bool(code & self.sign_code), code & (self.half - 1)
        if negative and magnitude == 0:
            return float("nan") if self.nan_at_negative_zero else -0.0 if self.negative_zero else Fraction(0)
        if magnitude > self.half - 1 - self.top_nans:
            return float("nan")
        if magnitude == self.infinity_code:
            return float("-inf") if negative else float("inf")
        exact = self._magnitude(magnitude)
        if negative and exact == 0:
            return -0.0 if self.negative_zero else exact
        return -exact if negative else exact

    def _magnitude(self, code: int) -> Fraction:
        exponent, fraction = code >> self.fraction_bits, code & ((1 << self.fraction_bits) - 1)
        if code < self.first_code:
            return Fraction(0)
        if exponent < self.first_field:
            return fraction * self._power(1 - self.bias - self.fraction_bits)
        return (fraction + (1 << self.fraction_bits)) * self._power(exponent - self.bias - self.fraction_bits)

    @staticmethod
    def _power(exponent: int) -> Fraction:
        return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)

    @cached_property
    def max(self) -> Fraction:
        """Largest finite value."""
        return self._magnitude(self.max_code)

    @property
    def min(self) -> Fraction:
        """Lowest finite value: -max for signed formats, otherwise the smallest number."""
        return -self.max if self.signed else Fraction(0) if self.zero else self.smallest

    @property
    def emax(self) -> int:
        """Exponent of the largest finite value."""
        return (self.max_code >> self.fraction_bits) - self.bias

    @property
    def emin(self) -> int:
        """Exponent of the smallest binade of normal numbers."""
        return self.first_field - self.bias

    @property
    def smallest_normal(self) -> Fraction:
        """Smallest positive value with full precision."""
        return self._magnitude(max(self.first_field << self.fraction_bits, self.first_code))

    @property
    def smallest_subnormal(self) -> Fraction | None:
        """Smallest positive subnormal value, or None where the format has none."""
        has = self.subnormals is Subnormals.GRADUAL and self.first_field == 1 and self.fraction_bits > 0
        return self._magnitude(1) if has else None

    @cached_property
    def smallest(self) -> Fraction:
        """Smallest positive value."""
        return self._magnitude(self.first_code)

    @property
    def eps(self) -> Fraction:
        """Distance from 1 to the next value up if the exponent range allows: 2^(1 - precision)."""
        return self._power(1 - self.precision)

    @property
    def unit_roundoff(self) -> Fraction:
        """Largest relative error of rounding to nearest in the normal range: eps / 2."""
        return self.eps / 2

    # --- writing -----------------------------------------------------------------------------------------------------

    @property
    def spelling(self) -> str:
        """The grammar string of this format: ``e<w>m<t>ieee`` and every field that differs from IEEE 754's choice."""
        stem = f"e{self.exponent_bits}m{self.fraction_bits}ieee"
        options = changed(self, _implied(self.exponent_bits, self.precision, self.signed, self.nan_at_negative_zero))
        return f"{stem}<{','.join(options)}>" if options else stem

    def with_options(self, **changes: Any) -> FloatFormat:
        """Return a nameless copy with some fields changed; `negative_zero` follows a change of what it depends on."""
        dependent = {"negative_zero": None} if changes.keys() & {"signed", "nan_at_negative_zero"} else {}
        return super().with_options(**{**dependent, **changes})


_ENUMS: dict[str, type[enum.Enum]] = {
    "subnormals": Subnormals,
    "negative": Negative,
    "nan_input": NanInput,
    "zero_input": ZeroInput,
}


def _implied(exponent_bits: int, precision: int, signed: bool, nan_at_negative_zero: bool) -> dict[str, int | bool]:
    """Return the values that fields left out take."""
    return {
        "bias": (1 << (exponent_bits - 1)) - 1,
        "top_nans": 0 if nan_at_negative_zero else (1 << (precision - 1)) - 1,
        "negative_zero": signed and not nan_at_negative_zero,
    }


def _check_fields(f: FloatFormat) -> None:
    for name in ("signed", "infinities", "nan_at_negative_zero", "negative_zero", "zero"):
        if not isinstance(getattr(f, name), bool):
            raise FormatError(f"{name}={getattr(f, name)!r} is not legal; legal: True, False")
    if f.name is not None and not isinstance(f.name, str):
        raise FormatError(f"name={f.name!r} is not legal; legal: a string or None")
    check_integer("bias", f.bias, -(1 << 20), 1 << 20)
    check_integer("first_field", f.first_field, 0, 1)
    check_integer("top_nans", f.top_nans, 0, f.half - 1)
    if f.bits > 64:
        raise FormatError(f"exponent_bits + precision = {f.bits} bits is not legal; legal: at most 64 bits in a code")


def _check_combinations(f: FloatFormat) -> None:
    lowest_normal = f.first_field << f.fraction_bits
    if f.max_code < max(lowest_normal, 1):
        room = f.half - 1 - max(lowest_normal, 1)
        raise FormatError(
            f"top_nans={f.top_nans} with infinities={f.infinities} leaves no normal number; "
            f"legal: top_nans + infinities at most {room}"
        )
    if f.nan_at_negative_zero and not f.signed:
        raise FormatError("nan_at_negative_zero=True needs signed=True: an unsigned format has no negative zero")
    if f.negative_zero and (f.nan_at_negative_zero or not f.signed):
        raise FormatError("negative_zero=True needs signed=True and nan_at_negative_zero=False")
    if not f.zero and (f.first_field != 0 or f.signed):
        raise FormatError("zero=False needs first_field=0 and signed=False: code 0 must be an ordinary number")
    if f.first_field == 0 and f.subnormals is Subnormals.GRADUAL:
        raise FormatError("first_field=0 needs subnormals='round' or 'flush': field 0 is a normal binade")
    if f.first_field == 0 and f.zero and not f.fraction_bits:
        raise FormatError(
            "first_field=0 with a zero needs precision of at least 2: else use first_field=1, the same set"
        )
    if f.first_field == 0 and f.zero and f.subnormals is not Subnormals.FLUSH:
        raise FormatError("first_field=0 with a zero needs subnormals='flush': 2^emin has no code")
