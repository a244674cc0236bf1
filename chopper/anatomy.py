"""One number, one code, one format, taken apart: what the ``chopper`` command shows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from chopper.conversion import chop, decode, encode
from chopper.formats.base import Format, Value
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get, rows
from chopper.formats.tables import Row
from chopper.rounding import Rounding

__all__ = [
    "Code",
    "Rounded",
    "bit_fields",
    "code_of",
    "dyadic",
    "explain",
    "number_line",
    "row_of",
    "some_values",
    "special_codes",
]


# --- one number ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rounded:
    """One rounded number.

    Attributes
    ----------
    format, rounding : str
        The format and the mode.
    value : float
        The result.
    code : int or None
        Its code; None where a preset gives a value that the format does not have.
    error : Fraction or None
        Result minus input, exactly; None unless both are finite.
    below, above : float or None
        The neighbours of the input in the format, itself if it is one of them; None where there is none.
    """

    format: str
    rounding: str
    value: float
    code: int | None
    error: Fraction | None
    below: float | None
    above: float | None


def explain(x: float, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Rounded:
    """Return all there is to say about rounding one number; `options` are those of `chopper.chop`.

    Examples
    --------
    >>> one = explain(0.3, "e4m3")
    >>> one.value, hex(one.code), one.below, one.above
    (0.3125, '0x2a', 0.28125, 0.3125)
    >>> dyadic(explain(1.3, "e2m1").error)
    '900719925474099 * 2^-52'
    """
    fmt, mode = get(fmt), Rounding.parse(rounding)
    value = float(chop(float(x), fmt, mode, **options))
    code = int(encode(value, fmt))
    if not _same(float(decode(code, fmt, np.float64)), value):
        code = -1
    exact = Fraction(value) - Fraction(x) if math.isfinite(value) and math.isfinite(x) else None
    below, above = _neighbours(x, fmt)
    return Rounded(str(fmt), mode.value, value, None if code < 0 else code, exact, below, above)


def _neighbours(x: float, fmt: Format) -> tuple[float | None, float | None]:
    if not math.isfinite(x):
        return None, None
    low, high = (float(chop(x, fmt, mode, overflow="saturate")) for mode in ("down", "up"))
    return (low if low <= x else None), (high if high >= x else None)


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)


def dyadic(exact: Fraction) -> str:
    """Write a number whose denominator is a power of two exactly, as an integer times a power of two.

    Examples
    --------
    >>> dyadic(Fraction(3, 8)), dyadic(Fraction(-448)), dyadic(Fraction(1, 1024))
    ('3 * 2^-3', '-448', '2^-10')
    """
    top, power = exact.numerator, 1 - exact.denominator.bit_length()
    if power == 0 and abs(top) >= 1 << 20:
        power = (top & -top).bit_length() - 1
        top >>= power
    if power == 0:
        return str(top)
    return f"2^{power}" if top == 1 else f"-2^{power}" if top == -1 else f"{top} * 2^{power}"


# --- one code --------------------------------------------------------------------------------------------------------


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
    >>> code_of("e4m3", 0xff).kind
    'nan'
    """
    fmt = get(fmt)
    value = fmt.value(code)
    exact = dyadic(value) if isinstance(value, Fraction) else f"{value:g}"
    text = f"0x{code:0{(fmt.bits + 3) // 4}x}"
    return Code(code, text, bit_fields(fmt, code), _kind(fmt, value), exact, _nearest(value))


def bit_fields(fmt: str | Format, code: int) -> str:
    """Return the bits of a code: for floats sign, exponent and fraction with spaces between.

    Examples
    --------
    >>> bit_fields("e4m3", 0x7e), bit_fields("e8m0", 127)
    ('0 1111 110', '01111111')
    """
    fmt = get(fmt)
    bits = f"{code:0{fmt.bits}b}"
    if not isinstance(fmt, FloatFormat):
        return bits
    stop = fmt.signed + fmt.exponent_bits
    return " ".join(filter(None, (bits[: fmt.signed], bits[fmt.signed : stop], bits[stop:])))


def _kind(fmt: Format, value: Value) -> str:
    if value != value:
        return "nan"
    if isinstance(value, float) and math.isinf(value):
        return "infinity"
    if value == 0:
        return "zero"
    small = isinstance(fmt, FloatFormat) and abs(Fraction(value)) < fmt.smallest_normal
    return "subnormal" if small else "normal"


def _nearest(value: Value) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


# --- one format ------------------------------------------------------------------------------------------------------


def row_of(fmt: str | Format) -> Row | None:
    """Return the row of the table that a format stands in, or None.

    Examples
    --------
    >>> row_of("half").name, row_of("e5m9")
    ('fp16', None)
    """
    wanted = str(get(fmt))
    return next((row for row in rows() if row.name == wanted), None)


def special_codes(fmt: str | Format) -> list[tuple[str, int]]:
    """Return the codes worth knowing of a float format: what they are, and the code.

    Examples
    --------
    >>> [(what, hex(code)) for what, code in special_codes("e4m3")][-3:]
    [('largest finite', '0x7e'), ('lowest finite', '0xfe'), ('NaN', '0x7f')]
    """
    fmt = get(fmt)
    if not isinstance(fmt, FloatFormat):
        return []
    normal = max(fmt.first_field << fmt.fraction_bits, fmt.first_code)
    one = fmt.bias << fmt.fraction_bits
    found: list[tuple[str, int | None]] = [
        ("zero", 0 if fmt.zero else None),
        ("minus zero", fmt.sign_code if fmt.negative_zero else None),
        ("smallest", fmt.first_code if fmt.first_code != normal or not fmt.zero else None),
        ("smallest normal", normal),
        ("one", one if 0 <= one <= fmt.max_code and fmt.value(one) == 1 else None),
        ("largest finite", fmt.max_code),
        ("lowest finite", fmt.max_code | fmt.sign_code if fmt.signed else None),
        ("infinity", fmt.infinity_code),
        ("minus infinity", fmt.infinity_code | fmt.sign_code if fmt.infinity_code and fmt.signed else None),
        ("NaN", fmt.nan_code),
    ]
    return [(what, code) for what, code in found if code is not None]


def some_values(fmt: str | Format, ends: int = 4) -> str:
    """List the positive values of a float format: all where they are few, else the first, those around 1 and the last.

    Examples
    --------
    >>> some_values("e2m1"), some_values("e5m2", 2)
    ('0.5 1 1.5 2 3 4 6', '1.52588e-05 3.05176e-05 ... 0.75 0.875 1 1.25 1.5 ... 49152 57344')
    """
    fmt = get(fmt)
    if not isinstance(fmt, FloatFormat):
        return ""
    one, last = fmt.bias << fmt.fraction_bits, fmt.max_code + 1
    starts = [(fmt.first_code, ends), (one - ends, 2 * ends + 1), (last - ends, ends)]
    shown = {code for start, count in starts for code in range(start, start + count)}
    if last - fmt.first_code <= 4 * ends:
        shown = set(range(fmt.first_code, last))
    text, before = [], fmt.first_code - 1
    for code in sorted(code for code in shown if fmt.first_code <= code < last):
        text += ["..."] * (code > before + 1) + [_short(fmt.value(code))]
        before = code
    return " ".join(text)


def number_line(fmt: str | Format, width: int = 72) -> str:
    """Draw the values from 0 to the largest on a line, for float formats of at most 6 bits; "" for all others.

    Examples
    --------
    >>> print(number_line("e2m1", 25))
    |-|-|-|-|---|---|-------|
    0                       6
    """
    fmt = get(fmt)
    if not isinstance(fmt, FloatFormat) or fmt.bits > 6:
        return ""
    marks = ["-"] * width
    for code in range(fmt.max_code + 1):
        value = fmt.value(code)
        marks[round(abs(Fraction(value)) / fmt.max * (width - 1))] = "|"
    return "".join(marks) + "\n" + "0" + _short(fmt.max).rjust(width - 1)


def _short(value: Value) -> str:
    near = _nearest(value)
    return f"{near:.6g}" if math.isfinite(near) and (near or not value) else dyadic(Fraction(value))
