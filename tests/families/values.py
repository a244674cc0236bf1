"""The value of every code, written out again from the definitions, in exact or 400-bit arithmetic.

Nothing here is taken from the library but the fields of the formats.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

import mpmath

from chopper.formats.codebook import CodebookFormat
from chopper.formats.hif8 import Hif8Format
from chopper.formats.lns import LnsFormat
from chopper.formats.table import TableFormat
from chopper.formats.takum import TakumFormat

__all__ = ["BITS", "exact", "middle", "number", "real"]

BITS = 400
_CONTEXT = mpmath.mp.clone()
_CONTEXT.prec = BITS


def exact(x: mpmath.mpf) -> Fraction:
    """Return an mpf as a Fraction."""
    sign, man, exponent, _ = x._mpf_
    value = Fraction(man) * Fraction(2) ** exponent
    return -value if sign else value


@lru_cache(maxsize=1 << 18)
def number(fmt: TableFormat, code: int, precision: int) -> Fraction | None:
    """Return the value of a code, to nearest in `precision` bits if it is irrational; None for NaN and infinities."""
    value = real(fmt, code)
    if value is None or isinstance(value, Fraction):
        return value
    return exact(mpmath.mpf(value, prec=precision, rounding="n"))


def real(fmt: TableFormat, code: int):
    """Return the value of a code as a Fraction, or to 400 bits; None for NaN and infinities."""
    if isinstance(fmt, TakumFormat):
        return _mirrored(code, fmt.n, lambda body: _takum(f"{body:0{fmt.n}b}", fmt.logarithmic))
    kinds = {LnsFormat: _lns, Hif8Format: _hif8, CodebookFormat: _codebook}
    return kinds[type(fmt)](fmt, code)


def middle(fmt: TableFormat, low: int, high: int):
    """Return where rounding to nearest turns between the codes of two neighbours."""
    by_code = getattr(fmt, "nearest", None) is not None and fmt.nearest.value == "code"
    a, b = real(fmt, low), real(fmt, high)
    if by_code and isinstance(fmt, TakumFormat) and a != 0 and b != 0:
        lowest = low if a > 0 else (1 << fmt.n) - high
        text = f"{lowest:0{fmt.n}b}1"
        found = _takum(text, fmt.logarithmic)
        return found if a > 0 else -found
    if by_code and isinstance(fmt, LnsFormat) and (a > 0) == (b > 0) and a != 0 and b != 0:
        return _CONTEXT.sqrt(_wide(a) * _wide(b)) * (1 if a > 0 else -1)
    if by_code and isinstance(fmt, LnsFormat) and (a == 0) != (b == 0):
        half = _CONTEXT.power(2, _CONTEXT.mpf(-1) / (2 << fmt.fraction_bits))
        return _wide(a if b == 0 else b) * half
    return (a + b) / 2 if isinstance(a, Fraction) and isinstance(b, Fraction) else (_wide(a) + _wide(b)) / 2


def _wide(x):
    return _CONTEXT.mpf(x.numerator) / x.denominator if isinstance(x, Fraction) else x


def _mirrored(code: int, n: int, positive):
    if code in (0, 1 << (n - 1)):
        return None if code else Fraction(0)
    return -positive((1 << n) - code) if code >> (n - 1) else positive(code)


def _takum(text: str, logarithmic: bool):
    text = text.ljust(12, "0")
    r = int(text[2:5], 2) if text[1] == "1" else 7 - int(text[2:5], 2)
    raw, fraction = int(text[5 : 5 + r] or "0", 2), text[5 + r :]
    c = 2**r - 1 + raw if text[1] == "1" else -(2 ** (r + 1)) + 1 + raw
    m = Fraction(int(fraction or "0", 2), 2 ** len(fraction))
    if not logarithmic:
        return Fraction(2) ** c * (1 + m)
    return Fraction(1) if c + m == 0 else _CONTEXT.exp(_wide(c + m) / 2)


def _lns(fmt: LnsFormat, code: int):
    sign, e = divmod(code, 2 ** (fmt.width - 1))
    if not fmt.unsigned_exponent and e >= 2 ** (fmt.width - 2):
        e -= 2 ** (fmt.width - 1)
    if e == (0 if fmt.unsigned_exponent else -(2 ** (fmt.width - 2))) and (fmt.zero or fmt.nan):
        return Fraction(0) if fmt.zero and not sign else None
    exponent = Fraction(e + fmt.bias, 2**fmt.fraction_bits)
    rational = exponent.denominator == 1
    value = Fraction(2) ** int(exponent) if rational else _CONTEXT.power(2, _wide(exponent))
    return -value if sign else value


def _hif8(fmt: Hif8Format, code: int) -> Fraction | None:
    text, sign = f"{code & 127:07b}", -1 if code >> 7 else 1
    if code & 127 == 0x6F or code == 0x80:
        return None
    for prefix, digits in (("11", 4), ("10", 3), ("01", 2), ("001", 1), ("0001", 0)):
        if text.startswith(prefix):
            field, m = text[len(prefix) : len(prefix) + digits], text[len(prefix) + digits :]
            e = 0 if not digits else int("1" + field[1:], 2) * (-1 if field[0] == "1" else 1)
            return sign * Fraction(2) ** e * (1 + Fraction(int(m, 2), 2 ** len(m)))
    return sign * Fraction(2) ** (int(text[4:], 2) - 23) if code & 7 else Fraction(0)


def _codebook(fmt: CodebookFormat, code: int) -> Fraction | None:
    return fmt.values[code] if code < len(fmt.values) else None
