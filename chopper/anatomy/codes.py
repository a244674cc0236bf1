"""What a code stands for: its kind, and its value exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import singledispatch

from chopper.anatomy.layout import bit_fields
from chopper.anatomy.text import dyadic, nearest_float
from chopper.formats.base import Format, Value
from chopper.formats.codebook import CodebookFormat
from chopper.formats.finfo import exponent_of
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.hif8 import Hif8Format
from chopper.formats.lns import LnsFormat
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get
from chopper.formats.takum import TakumFormat

__all__ = ["Code", "code_of", "exact_text", "kind_of"]


@dataclass(frozen=True)
class Code:
    """A code of a format: its bits by field, its kind, and its exact value as text and as the nearest float."""

    code: int
    hex: str
    bits: str
    kind: str
    exact: str
    decimal: float


def code_of(fmt: str | Format, code: int) -> Code:
    """Return what a code stands for.

    Examples
    --------
    >>> code_of("e4m3", 0x2b)
    Code(code=43, hex='0x2b', bits='0 0101 011', kind='normal', exact='11 * 2^-5', decimal=0.34375)
    >>> code_of("e4m3", 0xff).kind, code_of("posit8", 0x80).kind, code_of("lns8", 0x03).exact
    ('nan', 'nar', '2^(3/8)')
    """
    fmt = get(fmt)
    value = fmt.value(code)
    exact = exact_text(fmt, code) if isinstance(value, Fraction) else f"{value:g}"
    text = f"0x{code:0{(fmt.bits + 3) // 4}x}"
    return Code(code, text, bit_fields(fmt, code), kind_of(fmt, code), exact, nearest_float(value))


# --- kinds -----------------------------------------------------------------------------------------------------------


@singledispatch
def kind_of(fmt: Format, code: int) -> str:
    """Return what kind of value a code stands for: zero, number, infinity, nan, and what the family adds to these.

    Examples
    --------
    >>> kind_of(get("hif8"), 0x01), kind_of(get("ternary"), 2), kind_of(get("int8"), 2)
    ('subnormal', 'spare', 'number')
    """
    return _common(fmt.value(code)) or "number"


def _common(value: Value) -> str:
    if value != value:
        return "nan"
    if isinstance(value, float) and math.isinf(value):
        return "infinity"
    return "zero" if value == 0 else ""


@kind_of.register
def _(fmt: FloatFormat, code: int) -> str:
    value = fmt.value(code)
    return _common(value) or ("subnormal" if abs(Fraction(value)) < fmt.smallest_normal else "normal")


@kind_of.register
def _(fmt: Hif8Format, code: int) -> str:
    return _common(fmt.value(code)) or ("subnormal" if code & 0x7F < 8 else "normal")


@kind_of.register(PositFormat)
@kind_of.register(TakumFormat)
def _(fmt: PositFormat | TakumFormat, code: int) -> str:
    return {0: "zero", 1 << (fmt.n - 1): "nar"}.get(code, "number")


@kind_of.register
def _(fmt: FixedFormat, code: int) -> str:
    """A symmetric format has one code that no number becomes."""
    left_out = fmt.symmetric and code == 1 << (fmt.bits - 1)
    return "spare" if left_out else _common(fmt.value(code)) or "number"


@kind_of.register
def _(fmt: CodebookFormat, code: int) -> str:
    return "spare" if code >= len(fmt.values) else _common(fmt.value(code)) or "number"


# --- exact values ----------------------------------------------------------------------------------------------------


@singledispatch
def exact_text(fmt: Format, code: int) -> str:
    """Write the value of a finite code exactly; irrational ones as powers of two or e.

    Examples
    --------
    >>> exact_text(get("takum_log8"), 0x41), exact_text(get("e2m1"), 3)
    ('e^(1/16)', '3 * 2^-1')
    """
    return dyadic(Fraction(fmt.value(code)))


@exact_text.register
def _(fmt: LnsFormat, code: int) -> str:
    exponent = Fraction(fmt.exponent(code), 1 << fmt.fraction_bits)
    if fmt.value(code) == 0 or exponent.denominator == 1:
        return dyadic(Fraction(fmt.value(code)))
    return f"{'-' if code & fmt.sign_code else ''}2^({exponent})"


@exact_text.register
def _(fmt: TakumFormat, code: int) -> str:
    value = Fraction(fmt.value(code))
    if not fmt.logarithmic or abs(value) in (0, 1):
        return dyadic(value)
    linear = abs(Fraction(TakumFormat(n=fmt.n).value(code)))  # (1 + f) 2^c has the code of e^((c + f) / 2)
    c = exponent_of(linear)
    f = linear / Fraction(2) ** c - 1
    return f"{'-' if value < 0 else ''}e^({(c + f) / 2})"
