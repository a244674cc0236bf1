"""Which bits of a code are what: the fields of each family."""

from __future__ import annotations

from functools import singledispatch
from typing import NamedTuple

from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.hif8 import Hif8Format
from chopper.formats.lns import LnsFormat
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get
from chopper.formats.takum import TakumFormat

__all__ = ["Field", "bit_fields", "fields", "layout", "split"]


class Field(NamedTuple):
    """Some bits of a code, and what they are."""

    name: str
    bits: str


def bit_fields(fmt: str | Format, code: int) -> str:
    """Return the bits of a code with spaces between its fields.

    Examples
    --------
    >>> bit_fields("e4m3", 0x7e), bit_fields("e8m0", 127)
    ('0 1111 110', '01111111')
    >>> bit_fields("posit8", 0x41), bit_fields("takum_linear16", 0x4400), bit_fields("hif8", 0x0b)
    ('0 10 00 001', '0 1 000 10000000000', '0 0001 011')
    """
    return " ".join(field.bits for field in fields(get(fmt), code))


def fields(fmt: str | Format, code: int) -> list[Field]:
    """Return the fields of a code, the highest bits first.

    Examples
    --------
    >>> [f"{field.name}={field.bits}" for field in fields("posit8", 0x7e)]
    ['sign=0', 'regime=1111110']
    """
    fmt = get(fmt)
    return split(fmt, f"{code:0{fmt.bits}b}")


def _cut(bits: str, *widths: tuple[str, int]) -> list[Field]:
    """Cut bits into fields of given widths, from the left; what is empty, or beyond the end, is left out."""
    found = []
    for name, width in widths:
        found.append(Field(name, bits[:width]))
        bits = bits[width:]
    return [field for field in found if field.bits]


@singledispatch
def split(fmt: Format, bits: str) -> list[Field]:
    """Return the fields of the bits of a code; of posits and takums, of any number of bits.

    Examples
    --------
    >>> [field.bits for field in split(get("posit8"), "011111101")]
    ['0', '1111110', '1']
    """
    return [Field("code", bits)]


@split.register
def _(fmt: FloatFormat, bits: str) -> list[Field]:
    widths = (("sign", int(fmt.signed)), ("exponent", fmt.exponent_bits), ("fraction", fmt.fraction_bits))
    return _cut(bits, *widths)


@split.register
def _(fmt: PositFormat, bits: str) -> list[Field]:
    run = len(bits) - 1 - len(bits[1:].lstrip(bits[1]))
    return _cut(bits, ("sign", 1), ("regime", run + 1), ("exponent", fmt.es), ("fraction", len(bits)))


@split.register
def _(fmt: TakumFormat, bits: str) -> list[Field]:
    regime = int(bits[2:5].ljust(3, "0"), 2)
    digits = regime if bits[1] == "1" else 7 - regime
    widths = (("sign", 1), ("direction", 1), ("regime", 3), ("characteristic", digits), ("fraction", len(bits)))
    return _cut(bits, *widths)


_DOTS = (("11", 4), ("10", 3), ("01", 2), ("001", 1), ("0001", 0), ("0000", 0))
"""The prefixes of HiFloat8 and how many exponent bits follow them."""


@split.register
def _(fmt: Hif8Format, bits: str) -> list[Field]:
    dot, digits = next(row for row in _DOTS if bits[1:].startswith(row[0]))
    return _cut(bits, ("sign", 1), ("dot", len(dot)), ("exponent", digits), ("fraction", 3))


@split.register
def _(fmt: LnsFormat, bits: str) -> list[Field]:
    whole = fmt.width - 1 - fmt.fraction_bits
    return _cut(bits, ("sign", 1), ("exponent", whole), ("fraction", fmt.fraction_bits))


@split.register
def _(fmt: FixedFormat, bits: str) -> list[Field]:
    return _cut(bits, ("integer", max(fmt.integer_bits, 0)), ("fraction", fmt.bits))


# --- in words --------------------------------------------------------------------------------------------------------


@singledispatch
def layout(fmt: Format) -> str:
    """Say which fields the codes of a format have.

    Examples
    --------
    >>> layout(get("e4m3"))
    '1 sign, 4 exponent, 3 fraction bits'
    >>> layout(get("posit16"))
    "1 sign, 2 to 15 regime, up to 2 exponent, up to 11 fraction bits; negative: two's complement"
    """
    return f"{fmt.bits} bits"


@layout.register
def _(fmt: FloatFormat) -> str:
    parts = fields(fmt, 0)
    if len(parts) == 1:
        return f"{fmt.bits} bits"
    return ", ".join(f"{len(part.bits)} {part.name}" for part in parts) + " bits"


_COMPLEMENT = "negative: two's complement"


@layout.register
def _(fmt: PositFormat) -> str:
    rest = fmt.n - 3
    parts = [f"1 sign, {min(2, fmt.n - 1)} to {fmt.n - 1} regime"]
    for name, most in (("exponent", min(fmt.es, rest)), ("fraction", rest - fmt.es)):
        parts += [f"up to {most} {name}"] if most > 0 else []
    return f"{', '.join(parts)} bits; {_COMPLEMENT}"


@layout.register
def _(fmt: TakumFormat) -> str:
    parts = [f"{min(7, fmt.n - 5)} characteristic", f"{fmt.n - 5} fraction"] if fmt.n > 5 else []
    cut = "; cut short from 12 bits" if fmt.n < 12 else ""
    return ", up to ".join(["1 sign, 1 direction, 3 regime", *parts]) + f" bits{cut}; {_COMPLEMENT}"


@layout.register
def _(fmt: Hif8Format) -> str:
    return "1 sign, 2 to 4 dot, up to 4 exponent, 1 to 3 fraction bits; the dot says how many"


@layout.register
def _(fmt: LnsFormat) -> str:
    kind = "unsigned" if fmt.unsigned_exponent else "two's complement"
    whole = fmt.width - 1 - fmt.fraction_bits
    return f"1 sign bit, then the logarithm, {kind}: {whole} bits and {fmt.fraction_bits} behind the point"


@layout.register
def _(fmt: FixedFormat) -> str:
    kind = "two's complement" if fmt.signed else "unsigned"
    if fmt.fraction_bits == 0:
        return f"{fmt.bits} integer bits, {kind}"
    if 0 <= fmt.integer_bits <= fmt.bits:
        return f"{fmt.integer_bits} integer, {fmt.fraction_bits} fraction bits, {kind}"
    return f"{fmt.bits} bits, {kind}, in units of 2^{-fmt.fraction_bits}"


@layout.register
def _(fmt: CodebookFormat) -> str:
    return f"{fmt.bits} bits: the place in a list of {len(fmt.values)} values"
