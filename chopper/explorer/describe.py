"""Formats as the page reads them: plain values of which scripts rebuild every number exactly."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from functools import singledispatch
from typing import Any

from chopper.anatomy import fields, kind_of, layout, row_of, special_codes
from chopper.anatomy.text import short
from chopper.errors import UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.finfo import finfo
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.hif8 import Hif8Format
from chopper.formats.level import plain
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Ties
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get
from chopper.formats.scaled import ScaledFormat
from chopper.formats.takum import TakumFormat

__all__ = ["LIST_BITS", "describe", "formats_of", "model"]

LIST_BITS = 12
"""Formats of a family that the scripts do not know are written out, value by value, up to this width."""


def formats_of(chosen: str | Format | Iterable[str | Format]) -> Iterator[Format]:
    """Return the formats of one name or of several, one after another as they are asked for.

    Examples
    --------
    >>> [str(fmt) for fmt in formats_of("e4m3")], [str(fmt) for fmt in formats_of(["E4M3", "fp16"])]
    (['e4m3'], ['e4m3', 'fp16'])
    """
    return map(get, (chosen,) if isinstance(chosen, str | Format) else chosen)


def describe(fmt: str | Format) -> dict[str, Any]:
    """Return all that the page says about a format, as JSON-able values.

    Raises
    ------
    UnsupportedInputError
        If the scripts do not know the family and the format is too wide to be written out.

    Examples
    --------
    >>> found = describe("e4m3")
    >>> found["name"], found["bits"], found["model"]["exponent_bits"], found["special"][-1]
    ('e4m3', 8, 4, ['NaN', '0x7f'])
    """
    fmt = get(fmt)
    row = row_of(fmt)
    element = fmt.element if isinstance(fmt, ScaledFormat) else fmt
    return {
        "name": str(fmt),
        "family": fmt.family,
        "bits": fmt.bits,
        "aliases": list(row.aliases) if row else [],
        "source": row.source if row else "",
        "note": row.note if row else "",
        "layout": layout(element),
        "numbers": _numbers(fmt),
        "special": [[what, hex(code)] for what, code in special_codes(element)],
        "model": model(fmt),
    }


def _numbers(fmt: Format) -> list[list[str]]:
    """Return the lines of `chopper.finfo` below the first, as names and texts; the ends where it counts for long."""
    counts = isinstance(fmt, ScaledFormat) or (isinstance(fmt, TakumFormat) and fmt.logarithmic)
    if counts and fmt.bits > LIST_BITS:
        return [["max", short(fmt.max)], ["min", short(fmt.min)], ["smallest", short(fmt.smallest)]]
    try:
        lines = str(finfo(fmt)).splitlines()[1:]
    except UnsupportedInputError:
        return []
    parts = (line.partition("  ") for line in lines)
    return [[name.strip(), text.strip()] for name, _, text in parts]


@singledispatch
def model(fmt: Format) -> dict[str, Any]:
    """Return what the scripts need to rebuild the numbers of a format.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> model(get("binary"))["values"], model(get("mxfp4"))["levels"][0]["block"]
    ([-1.0, 1.0], [32])
    """
    if fmt.bits > LIST_BITS:
        raise UnsupportedInputError(
            f"{fmt}: a family that the page does not know, and {fmt.bits} bits are too many to write out; "
            f"legal: at most {LIST_BITS}"
        )
    return _listed(fmt, {})


def _record(fmt: Any) -> dict[str, Any]:
    return {key: value for key, value in fmt.to_dict().items() if key != "name"}


model.register(FloatFormat, _record)
model.register(PositFormat, _record)
model.register(TakumFormat, _record)
model.register(LnsFormat, _record)
model.register(FixedFormat, _record)


@model.register
def _(fmt: CodebookFormat) -> dict[str, Any]:
    up = {Ties.EVEN: None, Ties.LOWER: False, Ties.UPPER: True}[fmt.ties]
    return _listed(fmt, {"tieGoesUp": up, "withoutNan": fmt.nan_input.value, "coarse": True})


@model.register
def _(fmt: Hif8Format) -> dict[str, Any]:
    given = {
        "nanCode": fmt.nan_code,
        "infinityCodes": list(fmt.infinity_codes),
        "defaultOverflow": fmt.default_overflow.value,
        "coarse": True,
        "beyond": int(fmt.max * 3 / 2),
    }
    return _listed(fmt, given)


@model.register
def _(fmt: ScaledFormat) -> dict[str, Any]:
    levels = []
    for level in fmt.levels:
        rule = plain(level.rule)
        levels.append({"name": str(level.scale), "block": list(level.block), "rule": rule, "scale": model(level.scale)})
    return {
        "family": fmt.family,
        "element": model(fmt.element),
        "element_name": str(fmt.element),
        "levels": levels,
        "zero_point": fmt.zero_point,
        "specials": fmt.specials.value,
    }


def _listed(fmt: Format, given: Mapping[str, Any]) -> dict[str, Any]:
    """Write a format out: values as floats, which must hold them; codes that are no numbers by their kind."""
    kinds = [kind_of(fmt, code) for code in fmt.codes]
    cuts = [[[field.name, len(field.bits)] for field in fields(fmt, code)] for code in fmt.codes]
    return {
        "family": "list",
        "bits": fmt.bits,
        "values": [_plain_value(fmt, code, kind) for code, kind in zip(fmt.codes, kinds, strict=True)],
        "split": cuts if any(len(cut) > 1 for cut in cuts) else None,
        "given": {**given, "kinds": kinds},
    }


def _plain_value(fmt: Format, code: int, kind: str) -> float | str:
    value = fmt.value(code)
    if not isinstance(value, Fraction) or kind == "spare":
        return kind
    near = float(value)
    if Fraction(near) != value:
        raise UnsupportedInputError(f"{fmt}: float64 does not hold the value of code {code}")
    return near
