"""The codes worth knowing of a format, and the row of the table that it stands in."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from functools import singledispatch

from chopper.anatomy.codes import kind_of
from chopper.formats.base import Format
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.lns import LnsFormat
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get, rows
from chopper.formats.tables import Row
from chopper.formats.takum import TakumFormat

__all__ = ["row_of", "special_codes"]

_Found = list[tuple[str, int]]


def row_of(fmt: str | Format) -> Row | None:
    """Return the row of the table that a format stands in, or None.

    Examples
    --------
    >>> row_of("half").name, row_of("e5m9")
    ('fp16', None)
    """
    wanted = str(get(fmt))
    return next((row for row in rows() if row.name == wanted), None)


def special_codes(fmt: str | Format) -> _Found:
    """Return the codes worth knowing of a format: what they are, and the code.

    Examples
    --------
    >>> [(what, hex(code)) for what, code in special_codes("e4m3")][-3:]
    [('largest finite', '0x7e'), ('lowest finite', '0xfe'), ('NaN', '0x7f')]
    >>> [(what, hex(code)) for what, code in special_codes("posit8")][-3:]
    [('largest, maxpos', '0x7f'), ('lowest', '0x81'), ('NaR, not a real', '0x80')]
    """
    return _special(get(fmt))


@singledispatch
def _special(fmt: Format) -> _Found:
    """Look for them among all codes of a family that does not know better; formats wider than 16 bits get none."""
    if fmt.bits > 16:
        return []
    named: dict[object, int] = {}
    for code in fmt.codes:
        kind = kind_of(fmt, code)
        value = fmt.value(code)
        named.setdefault(value if isinstance(value, Fraction) else (kind, value < 0), code)
    wanted: list[tuple[str, object]] = [
        ("zero", Fraction(0)), ("smallest", fmt.smallest), ("one", Fraction(1)), ("minus one", Fraction(-1)),
        ("largest", fmt.max), ("lowest", fmt.min), ("infinity", ("infinity", False)),
        ("minus infinity", ("infinity", True)), ("NaN", ("nan", False)),
    ]  # fmt: skip
    return _known((what, named.get(key)) for what, key in wanted)


def _known(found: Iterable[tuple[str, int | None]]) -> _Found:
    return [(what, code) for what, code in found if code is not None]


@_special.register
def _(fmt: FloatFormat) -> _Found:
    normal = max(fmt.first_field << fmt.fraction_bits, fmt.first_code)
    one = fmt.bias << fmt.fraction_bits
    return _known(
        [
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
    )


@_special.register(PositFormat)
@_special.register(TakumFormat)
def _(fmt: PositFormat | TakumFormat) -> _Found:
    half, quarter = 1 << (fmt.n - 1), 1 << (fmt.n - 2)
    names = (", minpos", ", maxpos") if isinstance(fmt, PositFormat) else ("", "")
    return [
        ("zero", 0), (f"smallest{names[0]}", 1), ("one", quarter), ("minus one", half + quarter),
        (f"largest{names[1]}", half - 1), ("lowest", half + 1), ("NaR, not a real", half),
    ]  # fmt: skip


@_special.register
def _(fmt: LnsFormat) -> _Found:
    mask = fmt.sign_code - 1
    one = -fmt.bias & mask if fmt.lowest <= -fmt.bias <= fmt.highest else None
    return _known(
        [
            ("zero", fmt.reserved if fmt.zero else None),
            ("smallest", fmt.lowest & mask),
            ("one", one),
            ("minus one", None if one is None else fmt.sign_code | one),
            ("largest", fmt.highest),
            ("lowest", fmt.sign_code | fmt.highest),
            ("NaN", fmt.nan_code),
        ]
    )


@_special.register
def _(fmt: FixedFormat) -> _Found:
    whole = (1 << fmt.bits) - 1
    one = 1 << fmt.fraction_bits if fmt.fraction_bits >= 0 and fmt.max >= 1 else None
    minus_one = -1 << fmt.fraction_bits if fmt.fraction_bits >= 0 and fmt.min <= -1 else None
    return _known(
        [
            ("zero", 0),
            ("smallest, the quantum", 1),
            ("one", one),
            ("minus one", None if minus_one is None else minus_one & whole),
            ("largest", fmt.max_integer),
            ("lowest", fmt.min_integer & whole if fmt.signed else None),
        ]
    )
