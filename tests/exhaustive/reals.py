"""The value of every code outside of the floats, and where rounding to nearest turns, as exact or enclosed numbers.

An irrational value is a power of two or of e with a rational exponent, enclosed by interval arithmetic of 400 bits
and widened by 2^-380; a question that the enclosure does not decide is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import lru_cache, singledispatch
from typing import NamedTuple, TypeVar

from mpmath.ctx_iv import MPIntervalContext
from mpmath.libmp import to_rational

from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.fixed import FixedFormat
from chopper.formats.hif8 import Hif8Format
from chopper.formats.lns import LnsFormat
from chopper.formats.posit import PositFormat
from chopper.formats.takum import TakumFormat
from tests.families import values

__all__ = ["Power", "Real", "decided", "real", "turn"]

_CONTEXT = MPIntervalContext()
_CONTEXT.prec = 400
_MARGIN = Fraction(1, 1 << 380)

T = TypeVar("T")


class Power(NamedTuple):
    """An irrational number: +- 2^exponent, or +- e^exponent."""

    exponent: Fraction
    natural: bool
    negative: bool


Real = Fraction | Power


def decided(function: Callable[[Fraction], T], number: Real) -> T:
    """Return function(number), for a function that is constant around an irrational number."""
    if isinstance(number, Fraction):
        return function(number)
    low, high = _enclosed(number.exponent, number.natural)
    low, high = map(function, (-high, -low) if number.negative else (low, high))
    if low != high:
        raise ArithmeticError(f"400 bits of {number} do not decide")
    return low


@lru_cache(maxsize=1 << 18)
def _enclosed(exponent: Fraction, natural: bool) -> tuple[Fraction, Fraction]:
    wide = _CONTEXT.mpf(exponent.numerator) / exponent.denominator
    between = _CONTEXT.exp(wide if natural else wide * _CONTEXT.log(2))
    low, high = (Fraction(*map(int, to_rational(end))) for end in between._mpi_)
    return low * (1 - _MARGIN), high * (1 + _MARGIN)  # an end of mpmath's may be the number rounded to nearest


# --- values ----------------------------------------------------------------------------------------------------------


@singledispatch
def real(fmt: Format, code: int) -> Real | None:
    """Return the number that a code stands for; None for NaN, infinities and codes that are never produced."""
    raise NotImplementedError(fmt.family)


@real.register
def _(fmt: PositFormat, code: int) -> Real | None:
    value = fmt.value(code)
    return value if isinstance(value, Fraction) else None


@real.register
def _(fmt: TakumFormat, code: int) -> Real | None:
    value = values.real(_linear(fmt), code)
    return _natural(value) if fmt.logarithmic and value else value


@lru_cache(maxsize=8)
def _linear(fmt: TakumFormat) -> TakumFormat:
    return replace(fmt, logarithmic=False, name=None)


def _natural(linear: Fraction) -> Real:
    """Return +- e^(l / 2), l = c + f, for the linear takum +- (1 + f) 2^c of the same code."""
    top, bottom = abs(linear.numerator), linear.denominator
    c = top.bit_length() - bottom.bit_length()
    c -= Fraction(2) ** c > abs(linear)
    exponent = (abs(linear) / Fraction(2) ** c - 1 + c) / 2
    return Power(exponent, True, linear < 0) if exponent else Fraction(1 if linear > 0 else -1)


@real.register
def _(fmt: LnsFormat, code: int) -> Real | None:
    negative, field = divmod(code, 1 << (fmt.width - 1))
    half = 1 << (fmt.width - 2)
    e = field if fmt.unsigned_exponent or field < half else field - 2 * half
    if e == (0 if fmt.unsigned_exponent else -half) and (fmt.zero or fmt.nan):
        return Fraction(0) if fmt.zero and not negative else None
    return _power_of_two(Fraction(e + fmt.bias, 1 << fmt.fraction_bits), bool(negative))


def _power_of_two(exponent: Fraction, negative: bool) -> Real:
    if exponent.denominator != 1:
        return Power(exponent, False, negative)
    return Fraction(2) ** int(exponent) * (-1 if negative else 1)


@real.register
def _(fmt: FixedFormat, code: int) -> Real | None:
    integer = code - (1 << fmt.bits) if fmt.signed and code >> (fmt.bits - 1) else code
    left_out = fmt.symmetric and code == 1 << (fmt.bits - 1)
    return None if left_out else integer * Fraction(2) ** -fmt.fraction_bits


@real.register(Hif8Format)
@real.register(CodebookFormat)
def _(fmt: Hif8Format | CodebookFormat, code: int) -> Real | None:
    value: Real | None = values.real(fmt, code)
    return value


# --- where rounding to nearest turns ---------------------------------------------------------------------------------


@singledispatch
def turn(fmt: Format, low: int, high: int) -> Real:
    """Return where rounding to nearest turns between two neighbours, given by their codes: their mean.

    Between zero and the smallest number of formats that never round to zero it is not asked for.
    """
    a, b = real(fmt, low), real(fmt, high)
    assert isinstance(a, Fraction)
    assert isinstance(b, Fraction)
    return (a + b) / 2


@turn.register
def _(fmt: PositFormat, low: int, high: int) -> Real:
    """The value of the code with one more bit, a one."""
    if low > fmt.nar:
        return -turn(fmt, (1 << fmt.n) - high, (1 << fmt.n) - low)
    value = PositFormat(n=fmt.n + 1, es=fmt.es).value(2 * low + 1)
    assert isinstance(value, Fraction)
    return value


@turn.register
def _(fmt: TakumFormat, low: int, high: int) -> Real:
    """The value of the code with one more bit, a one."""
    found: Fraction = values.middle(_linear(fmt), low, high)
    return _natural(found) if fmt.logarithmic else found


@turn.register
def _(fmt: LnsFormat, low: int, high: int) -> Real:
    """Half a step of the logarithm from either; from the smallest number, towards zero."""
    a, b = real(fmt, low), real(fmt, high)
    step = Fraction(1, 1 << fmt.fraction_bits)
    exponent = (_log(a) + _log(b)) / 2 if a and b else _log(a or b) - step / 2
    return _power_of_two(exponent, bool(low >> (fmt.width - 1)))


def _log(number: Real | None) -> Fraction:
    if isinstance(number, Power):
        return number.exponent
    assert number
    top, bottom = abs(number.numerator), number.denominator
    return Fraction(top.bit_length() - bottom.bit_length())
