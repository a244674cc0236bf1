"""Tables for the terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction

from rich import box
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from chopper.analysis import Errors
from chopper.anatomy import (
    Rounded,
    bit_fields,
    code_of,
    dyadic,
    fields,
    layout,
    number_line,
    row_of,
    some_values,
    special_codes,
)
from chopper.errors import ChopperError, UnsupportedInputError
from chopper.formats.base import Format
from chopper.formats.finfo import finfo
from chopper.formats.registry import rows
from chopper.verify import Check

__all__ = [
    "bits_text",
    "check_table",
    "code_table",
    "error_table",
    "format_table",
    "info_view",
    "number_text",
    "page",
    "rounded_table",
    "rounded_view",
]


def page(console: Console, table: Table) -> None:
    """Print a table; through a pager where it is longer than the terminal."""
    if console.is_terminal and table.row_count + 6 > console.height:
        with console.pager(styles=True):
            console.print(table)
    else:
        console.print(table)


def _table(title: str, left: Sequence[str] = (), right: Sequence[str] = (), wide: Sequence[str] = ()) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for name in left:
        table.add_column(name, no_wrap=True)
    for name in right:
        table.add_column(name, justify="right", no_wrap=True)
    for name in wide:
        table.add_column(name, overflow="fold")
    return table


def _pairs(items: Iterable[tuple[str, str]]) -> Table:
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    for name, text in items:
        table.add_row(name, Text(text))
    return table


def number_text(value: float | Fraction | None) -> str:
    """Write a number: in at most six digits, or as a power of two where float64 does not hold it.

    Examples
    --------
    >>> number_text(0.001953125), number_text(Fraction(1, 3 * 2**2000)), number_text(None)
    ('0.00195312', '2^-2001.6', 'none')
    """
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.6g}"
    power = math.log2(abs(value.numerator)) - math.log2(value.denominator)
    return f"{'-' if value < 0 else ''}2^{power:.1f}"


# --- formats ---------------------------------------------------------------------------------------------------------


def format_table() -> Table:
    """List the named formats."""
    table = _table("Named formats", ("format",), ("bits", "p", "largest", "smallest"), ("also",))
    for row in rows():
        cells = ["", "", ""]
        try:
            info = finfo(row.format)
            cells = [str(info.precision), number_text(info.max), number_text(info.smallest)]
        except UnsupportedInputError:  # a family that finfo does not describe
            pass
        table.add_row(row.name, str(row.format.bits), *cells, ", ".join(row.aliases))
    table.caption = "p: precision in bits.  More by rule: e5m10, e4m3b9, bf16<subnormals=flush>, binary8p3se, ..."
    table.caption_justify = "left"
    return table


def info_view(fmt: Format) -> Group:
    """Return all there is to say about a format."""
    row = row_of(fmt)
    head = [("format", str(fmt)), ("layout", layout(fmt))]
    if row is not None:
        head += [("also", ", ".join(row.aliases) or "-"), ("source", row.source)]
        head += [("note", row.note)] if row.note else []
    parts: list[Table | Text] = [_pairs(head)]
    lines = str(finfo(fmt)).splitlines()[1:]
    parts += [Text(), _pairs((line[:18].strip(), line[18:].strip()) for line in _aligned(lines))]
    codes = _table("Special codes", ("what", "code"), (), (*_bits_column(fmt), "value"))
    for what, code in special_codes(fmt):
        one = code_of(fmt, code)
        codes.add_row(what, one.hex, *[bits_text(fmt, code) for _ in _bits_column(fmt)], one.exact)
    parts += [Text(), codes]
    if fmt.bits <= 8:
        parts += [Text("Positive values", style="bold"), Text(some_values(fmt)), Text(number_line(fmt))]
    return Group(*parts)


def _aligned(lines: Iterable[str]) -> Iterable[str]:
    """Bring the names of a `finfo` table, padded to the longest, to 18 places."""
    for line in lines:
        name, _, text = line.partition("  ")
        yield f"{name:<18}{text.strip()}"


_STYLES = {
    "sign": "red", "regime": "yellow", "dot": "yellow", "direction": "yellow", "exponent": "cyan",
    "characteristic": "cyan", "integer": "cyan", "fraction": "green",
}  # fmt: skip
"""The colour of each field of a code."""


def bits_text(fmt: Format, code: int) -> Text:
    """Return the bits of a code, its fields apart and each in its colour.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> bits_text(get("posit8"), 0x41).plain
    '0 10 00 001'
    """
    return Text(" ").join(Text(field.bits, _STYLES.get(field.name, "")) for field in fields(fmt, code))


def _bits_column(fmt: Format) -> tuple[str, ...]:
    """Return the title of the column of bits, or none where codes are too long to be read in bits."""
    return ("bits",) if fmt.bits <= 32 else ()


def code_table(fmt: Format, codes: range) -> Table:
    """List codes."""
    title = f"{fmt}: codes {codes[0]:#x} to {codes[-1]:#x}" if codes else f"{fmt}: no codes"
    table = _table(title, ("code", "kind"), (), (*_bits_column(fmt), "exact value", "decimal"))
    for code in codes:
        one = code_of(fmt, code)
        bits = [bits_text(fmt, code) for _ in _bits_column(fmt)]
        table.add_row(one.hex, one.kind, *bits, one.exact, repr(one.decimal).removesuffix(".0"))
    return table


# --- numbers ---------------------------------------------------------------------------------------------------------


def rounded_view(x: float, fmt: Format, one: Rounded, note: str = "") -> Table:
    """Return all there is to say about one rounding."""
    pairs = [("input", f"{x!r}{_exactly(Fraction(x)) if math.isfinite(x) else ''}")]
    pairs += [("format", str(fmt)), ("rounding", one.rounding + note), ("value", f"{one.value!r}")]
    pairs += [("code", _code_text(fmt, one.code))]
    if one.error is not None:
        relative = f", relative {float(one.error / Fraction(x)):.3g}" if x else ""
        pairs += [("error", f"{float(one.error):.6g}{relative}{_exactly(one.error) if one.error else ''}")]
    if math.isfinite(x):
        below, above = ("none" if side is None else repr(side) for side in (one.below, one.above))
        both = "the input is one of the values" if one.below == one.above == x else f"{below} below, {above} above"
        pairs.append(("neighbours", both))
    if one.rule:
        pairs.append(("rule", one.rule))
    return _pairs(pairs)


def rounded_table(x: float, fmt: Format, results: Sequence[tuple[str, Rounded | ChopperError]]) -> Table:
    """Compare the rounding modes on one number."""
    table = _table(f"{x!r} in {fmt}", ("rounding",), ("value", "code"), ("bits", "error"))
    for mode, one in results:
        if isinstance(one, ChopperError):
            table.add_row(mode, "-", "-", "", str(one))
            continue
        error = "" if one.error is None else f"{float(one.error):.4g}"
        code, _, bits = _code_text(fmt, one.code).partition("  ")
        table.add_row(mode, f"{one.value!r}", code, bits, error)
    return table


def _exactly(value: Fraction) -> str:
    return f", exactly {dyadic(value)}"


def _code_text(fmt: Format, code: int | None) -> str:
    if code is None:
        return "none: the format does not have this value"
    return f"0x{code:0{(fmt.bits + 3) // 4}x}  {bit_fields(fmt, code)}"


# --- data and checks -------------------------------------------------------------------------------------------------


def error_table(title: str, found: Sequence[Errors]) -> Table:
    """Compare formats on data."""
    counts = ("over", "under", "inf/NaN")
    table = _table(title, ("format",), ("SQNR dB", "RMS", "max", "max rel", *counts, "exact"))
    for row in found:
        table.add_row(
            row.format,
            f"{row.sqnr_db:.2f}",
            *(f"{error:.2e}" for error in (row.rms, row.max_abs, row.max_rel)),
            *(str(count) if count else "-" for count in (row.overflow, row.underflow, row.nonfinite)),
            f"{100 * row.exact:.2f} %",
        )
    table.caption = (
        "RMS, max, max rel: the errors.  over: beyond the range of the format; under: became zero; inf/NaN: became so, "
        "and is not among the errors."
    )
    table.caption_justify = "left"
    return table


def check_table(found: Sequence[Check]) -> Table:
    """Show the results of `chopper.verify`."""
    errors = ("error",) if any(check.error for check in found) else ()
    left = ("result", "witness", "subject")
    table = _table("Witnesses on this machine", left, ("cases", "wrong", "s"), errors)
    table.columns[2].no_wrap = False  # the subject gives way in a narrow terminal, not the figures
    for check in found:
        result = Text("passed", "green") if check.passed else Text("FAILED", "bold red")
        cases = f"{check.cases:,}" if check.cases < 1 << 32 else f"2^{check.cases.bit_length() - 1}"
        error = [check.error for _ in errors]
        table.add_row(result, check.witness, check.subject, cases, str(check.wrong), f"{check.seconds:.2f}", *error)
    return table
