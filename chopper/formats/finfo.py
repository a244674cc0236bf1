"""The numbers that describe a format, like `numpy.finfo`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch
from typing import Any

from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get
from chopper.formats.takum import TakumFormat

__all__ = [
    "FloatInfo",
    "FormatInfo",
    "Number",
    "describe",
    "exponent_of",
    "finfo",
    "number",
    "numbers_of",
    "significant_bits",
]

Number = float | Fraction
"""A number without error: a float where float64 holds it, else a Fraction.  ``Fraction(x)`` is exact for both."""


@dataclass(frozen=True, kw_only=True)
class FormatInfo:
    """What `finfo` returns.  No number is rounded: one that float64 does not hold is a Fraction.

    Attributes
    ----------
    format : Format
        The format described.
    bits, precision : int
        Width of a code; significand bits including the leading one, the most that any value has.
    emin, emax : int
        Exponents of the smallest positive (of floats: normal) and of the largest finite number.
    eps, unit_roundoff : float, Fraction or None
        Distance from 1 to the next number up, and half of it; None where 1 is no number of the format.
    max, min : float or Fraction
        Largest and lowest finite value.
    smallest_normal, smallest_subnormal, smallest : float or Fraction
        Smallest positive normal number, subnormal number (None where there is none), and number.
    values, nans, infinities : int
        How many finite numbers there are (zero counted once), how many codes are NaN, how many infinities.
    """

    format: Format
    bits: int
    precision: int
    emin: int
    emax: int
    eps: Number | None
    unit_roundoff: Number | None
    max: Number
    min: Number
    smallest_normal: Number
    smallest_subnormal: Number | None
    smallest: Number
    values: int
    nans: int
    infinities: int

    @property
    def tiny(self) -> Number:
        """Another name of `smallest_normal`."""
        return self.smallest_normal

    @property
    def binades(self) -> float:
        """Dynamic range in binades: log2(max / smallest)."""
        return _log2(Fraction(self.max) / Fraction(self.smallest))

    @property
    def decades(self) -> float:
        """Dynamic range in decades: log10(max / smallest)."""
        return self.binades * math.log10(2)

    def __str__(self) -> str:
        """Return a small table."""
        eps = (
            "1 is no number of it"
            if self.eps is None or self.unit_roundoff is None
            else (f"eps {_show(self.eps)}, unit roundoff {_show(self.unit_roundoff)}")
        )
        lines = {
            str(self.format): f"{self.bits} bits",
            "precision": f"{self.precision} bits, {eps}",
            "exponent": self._exponents(),
            "max": _show(self.max),
            "min": _show(self.min),
            **self._smallest(),
            "dynamic range": f"{self.binades:.1f} binades, {self.decades:.1f} decades",
            "codes": f"{self.values} finite numbers, {self.infinities} infinities, {self.nans} NaNs",
        }
        width = max(map(len, lines))
        return "\n".join(f"{key:<{width}}  {text}" for key, text in lines.items())

    def _exponents(self) -> str:
        return f"{self.emin} to {self.emax}"

    def _smallest(self) -> dict[str, str]:
        return {"smallest": _show(self.smallest)}


@dataclass(frozen=True, kw_only=True)
class FloatInfo(FormatInfo):
    """What `finfo` returns for a float format.

    Attributes
    ----------
    exponent_bits, bias : int
        Width of the exponent field, exponent bias.
    """

    exponent_bits: int
    bias: int

    def _exponents(self) -> str:
        return f"{self.exponent_bits} bits, bias {self.bias}, {self.emin} to {self.emax}"

    def _smallest(self) -> dict[str, str]:
        sub = "none" if self.smallest_subnormal is None else _show(self.smallest_subnormal)
        return {"smallest normal": _show(self.smallest_normal), "smallest subnormal": sub}


def finfo(fmt: str | Format) -> FormatInfo:
    """Return the numbers that describe a format.

    Examples
    --------
    >>> info = finfo("e4m3")
    >>> info.max, info.smallest_subnormal, info.eps
    (448.0, 0.001953125, 0.125)
    >>> finfo("binary12p1ue").max > 1e308
    True
    >>> print(finfo("e2m1"))
    e2m1                4 bits
    precision           2 bits, eps 0.5, unit roundoff 0.25
    exponent            2 bits, bias 1, 0 to 2
    max                 6
    min                 -6
    smallest normal     1
    smallest subnormal  0.5
    dynamic range       3.6 binades, 1.1 decades
    codes               15 finite numbers, 0 infinities, 0 NaNs
    """
    return describe(get(fmt))


@singledispatch
def describe(fmt: Format) -> FormatInfo:
    """Describe a format by looking at its values; a family with too many codes for that registers a way of its own.

    Raises
    ------
    UnsupportedInputError
        If the format has more than 2^16 codes and its family no way of its own.
    """
    if fmt.bits > 16:
        raise UnsupportedInputError(f"finfo does not describe {fmt}: {fmt.bits} bits are too many to look at")
    every = [fmt.value(code) for code in fmt.codes]
    finite = {Fraction(value) for value in every if math.isfinite(value)}
    return FormatInfo(
        precision=max((significant_bits(value) for value in finite if value), default=0),
        values=len(finite),
        nans=sum(value != value for value in every),
        infinities=sum(isinstance(value, float) and math.isinf(value) for value in every),
        **numbers_of(fmt),
    )


def numbers_of(fmt: Format) -> dict[str, Any]:
    """Return the fields of a `FormatInfo` that follow from what every format says of itself."""
    return {
        "format": fmt,
        "bits": fmt.bits,
        "emin": exponent_of(fmt.smallest),
        "emax": exponent_of(max(abs(fmt.max), abs(fmt.min))),
        "eps": None if fmt.eps is None else number(fmt.eps),
        "unit_roundoff": None if fmt.eps is None else number(fmt.eps / 2),
        "max": number(fmt.max),
        "min": number(fmt.min),
        "smallest_normal": number(fmt.smallest),
        "smallest_subnormal": None,
        "smallest": number(fmt.smallest),
    }


def exponent_of(value: Fraction) -> int:
    """Return floor(log2) of a positive number.

    Examples
    --------
    >>> exponent_of(Fraction(3, 8)), exponent_of(Fraction(4))
    (-2, 2)
    """
    exponent = value.numerator.bit_length() - value.denominator.bit_length()
    return exponent - (Fraction(2) ** exponent > value)


def significant_bits(value: Fraction) -> int:
    """Return from the first to the last one, the number of bits of a number; 0 where they never end.

    Examples
    --------
    >>> significant_bits(Fraction(5, 4)), significant_bits(Fraction(1, 3))
    (3, 0)
    """
    top, bottom = abs(value.numerator), value.denominator
    return 0 if bottom & (bottom - 1) else (top // (top & -top)).bit_length()


@describe.register
def _(fmt: FloatFormat) -> FloatInfo:
    halves = 1 + fmt.signed
    positive = fmt.max_code - fmt.first_code + 1
    return FloatInfo(
        format=fmt,
        bits=fmt.bits,
        precision=fmt.precision,
        exponent_bits=fmt.exponent_bits,
        bias=fmt.bias,
        emin=fmt.emin,
        emax=fmt.emax,
        eps=number(fmt.eps),
        unit_roundoff=number(fmt.unit_roundoff),
        max=number(fmt.max),
        min=number(fmt.min),
        smallest_normal=number(fmt.smallest_normal),
        smallest_subnormal=None if fmt.smallest_subnormal is None else number(fmt.smallest_subnormal),
        smallest=number(fmt.smallest),
        values=halves * positive + fmt.zero,
        nans=halves * fmt.top_nans + fmt.nan_at_negative_zero,
        infinities=halves * fmt.infinities,
    )


@describe.register
def _(fmt: FixedFormat) -> FormatInfo:
    values = fmt.max_integer - fmt.min_integer + 1
    return FormatInfo(precision=fmt.bits - fmt.signed, values=values, nans=0, infinities=0, **numbers_of(fmt))


@describe.register
def _(fmt: TakumFormat) -> FormatInfo:
    if fmt.logarithmic:
        found: FormatInfo = describe.dispatch(Format)(fmt)
        return found
    return FormatInfo(precision=fmt.precision, values=(1 << fmt.n) - 1, nans=1, infinities=0, **numbers_of(fmt))


@describe.register
def _(fmt: PositFormat) -> FormatInfo:
    return FormatInfo(precision=fmt.precision, values=(1 << fmt.n) - 1, nans=1, infinities=0, **numbers_of(fmt))


def number(exact: Fraction) -> Number:
    """Return `exact` as a float where float64 holds it, else as it is.

    Examples
    --------
    >>> number(Fraction(1, 8)), number(Fraction(1, 3))
    (0.125, Fraction(1, 3))
    """
    try:
        near = float(exact)
    except OverflowError:
        return exact
    return near if near == exact else exact


def _log2(x: Fraction) -> float:
    return math.log2(x.numerator) - math.log2(x.denominator)


def _show(x: Number) -> str:
    if isinstance(x, Fraction):
        return f"{'-' if x < 0 else ''}2^{_log2(abs(x)):.4f}"
    return f"{x:.9g}"
