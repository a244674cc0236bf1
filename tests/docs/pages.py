"""Tables of the documentation, written from the data: ``python -m tests.docs.pages`` puts them into the pages."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from pathlib import Path

import chopper
from chopper.formats.registry import rows
from chopper.formats.scaled import ScaledFormat
from chopper.formats.tables import Row
from chopper.rounding import Overflow, Rounding
from tests.peers.defects import DEFECTS

DOCS = Path(__file__).resolve().parents[2] / "docs"
MARK = re.compile(r"(<!-- table: ([a-z0-9_]+) -->\n).*?(<!-- end of table -->)", re.DOTALL)

FAMILIES = ("float", "posit", "takum", "hif8", "lns", "fixed", "codebook")
EXAMPLES = (1.0625, 1.1875, -1.0625, -1.1, 1.125, 0.0009765625, 500.0)
"""Ties, numbers of e4m3, what lies below its smallest number and beyond its largest one."""


def table(header: Sequence[str], lines: Iterator[Sequence[str]]) -> str:
    """Return a table in Markdown."""
    out = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return "\n".join([*out, *("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)])


def show(x: float | Fraction | None) -> str:
    """Return a number to six digits, or a power of two where float64 does not hold it."""
    if x is None:
        return "-"
    if isinstance(x, Fraction) and (float_of(x) in (None, 0.0)):
        exponent = x.numerator.bit_length() - x.denominator.bit_length()
        return f"2^{exponent}"
    return f"{float(x):.6g}"


def float_of(x: Fraction) -> float | None:
    """Return the nearest float, None beyond their range."""
    try:
        return float(x)
    except OverflowError:
        return None


def scalars(family: str) -> str:
    """Return the named formats of a family."""
    header = (
        "name",
        "bits",
        "p",
        "emin",
        "emax",
        "largest",
        "smallest normal",
        "smallest",
        "inf",
        "NaN",
        "also",
        "source",
    )
    return table(header, (_scalar(row) for row in rows() if not row.format.blocked and row.format.family == family))


def _scalar(row: Row) -> tuple[str, ...]:
    info = chopper.finfo(row.format)
    numbers = (show(info.max), show(info.smallest_normal), show(info.smallest))
    precision = "-" if info.precision > info.bits else str(info.precision)  # of rational numbers
    counts = (str(info.bits), precision, str(info.emin), str(info.emax))
    specials = (str(info.infinities), str(info.nans))
    return (f"`{row.name}`", *counts, *numbers, *specials, _also(row), row.source)


def _also(row: Row) -> str:
    return ", ".join(f"`{name}`" for name in row.aliases)


def scaled() -> str:
    """Return the named formats with shared scales."""
    header = ("name", "element", "scale", "block", "second scale", "also", "source")
    return table(header, (_scaled(row, row.format) for row in rows() if isinstance(row.format, ScaledFormat)))


def _scaled(row: Row, fmt: ScaledFormat) -> tuple[str, ...]:
    block = " x ".join("all" if size is None else str(size) for size in fmt.block) or "tensor"
    outer = "-" if fmt.outer is None else str(fmt.outer.scale)
    return (f"`{row.name}`", f"`{fmt.element}`", str(fmt.scale), block, outer, _also(row), row.source)


def modes() -> str:
    """Return the rounding modes."""
    header = ("mode", "the magnitude steps away from zero when", "IEEE 754", "P3109", "MATLAB chop", "also")
    return table(header, (_mode(mode) for mode in Rounding))


def _mode(mode: Rounding) -> tuple[str, ...]:
    also = ", ".join(f"`{name}`" for name in mode.aliases)
    matlab = "-" if mode.matlab is None else str(mode.matlab)
    return (f"`{mode.value}`", mode.formula, mode.ieee or "-", mode.p3109 or "-", matlab, also or "-")


def examples() -> str:
    """Return what the modes without chance make of some numbers in e4m3, where IEEE 754's rules of overflow hold."""
    fmt = "e4m3<infinities=true,top_nans=1>"
    header = ("mode", *(f"{x:g}" for x in EXAMPLES))
    fixed = (mode for mode in Rounding if not mode.random)
    return table(header, ((f"`{m.value}`", *(f"{chopper.chop(x, fmt, m):g}" for x in EXAMPLES)) for m in fixed))


def overflows() -> str:
    """Return what the policies of overflow make of numbers beyond the range."""
    header = ("overflow", "e5m2: 1e6", "inf", "-inf", "e4m3: 1e6", "inf", "int8: 300")
    cases = (("e5m2", 1e6), ("e5m2", float("inf")), ("e5m2", float("-inf")), ("e4m3", 1e6), ("e4m3", float("inf")),
             ("int8", 300.0))  # fmt: skip
    return table(header, ((f"`{o.value}`", *(_result(x, fmt, o) for fmt, x in cases)) for o in Overflow))


def _result(x: float, fmt: str, policy: Overflow) -> str:
    try:
        return f"{chopper.chop(x, fmt, overflow=policy):g}"
    except chopper.ChopperError as error:
        return type(error).__name__


def defects() -> str:
    """Return what other tools gave."""
    header = ("tool", "call", "gave", "right")
    return table(header, ((row.tool, f"`{row.call}`", _list(row.theirs), _list(row.right)) for row in DEFECTS))


def _list(xs: Sequence[float]) -> str:
    return ", ".join(f"{x:.6g}" for x in xs)


TABLES: dict[str, Callable[[], str]] = {
    **{family: lambda family=family: scalars(family) for family in FAMILIES},  # type: ignore[misc]
    "scaled": scaled,
    "modes": modes,
    "examples": examples,
    "overflows": overflows,
    "defects": defects,
}


def filled(text: str) -> str:
    """Return a page with its tables made anew."""
    return MARK.sub(lambda found: f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}", text)


if __name__ == "__main__":
    for page in sorted(DOCS.rglob("*.md")):
        old = page.read_text(encoding="utf-8")
        if (new := filled(old)) != old:
            page.write_text(new, encoding="utf-8")
