"""The results of the demonstration as tables for a terminal."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.table import Table

from chopper.demo.digits import MODES, network_notes
from chopper.demo.parts import Demo

__all__ = ["tables"]


def tables(demo: Demo) -> Iterator[Table]:
    """Yield the three tables."""
    yield _digits(demo)
    yield _fits(demo)
    yield _sums(demo)


def _table(title: str, caption: str, *columns: str) -> Table:
    table = Table(title=title, caption=caption, box=box.SIMPLE_HEAD, title_style="bold")
    table.title_justify = table.caption_justify = "left"
    table.add_column("format", no_wrap=True, style="cyan")
    for column in columns:
        left = column in ("note", "what happens")
        title = column.replace("_", "\n")
        table.add_column(title, justify="left" if left else "right", no_wrap=not left, ratio=1 if left else None)
    return table


def _digits(demo: Demo) -> Table:
    caption = (
        "A 64-32-10 network, trained in float32; inputs, weights, biases and hidden activations rounded, sums in "
        "float64.  An image with a NaN among its outputs counts as wrong."
    )
    table = _table("Handwritten digits: images read correctly, %", caption, *MODES, "note")
    found = {(one.format, one.rounding): one for one in demo.scores}
    for fmt in demo.formats:
        cells, notes = [], [network_notes(fmt)]
        for mode in MODES:
            one = found[str(fmt), mode]
            cells.append("-" if one.value is None else f"{100 * one.value.accuracy:.1f}")
            notes.append(one.error)
            if one.value is not None and one.value.unanswered:
                notes.append(f"{100 * one.value.unanswered:.0f} % of the outputs hold NaN")
        table.add_row(str(fmt), *cells, "; ".join(dict.fromkeys(filter(None, notes))))
    return table


def _fits(demo: Demo) -> Table:
    caption = (
        "Normal equations of 442 x 10 standardised numbers, Gaussian elimination with partial pivoting; every product, "
        "sum and quotient rounded to nearest even.  Residual: |b - A x| / |b|."
    )
    table = _table("Least squares on the diabetes data", caption, "error of x", "residual", "what happens")
    for one in demo.fits:
        if one.value is None:
            table.add_row(one.format, "-", "-", one.error)
        elif one.value.breakdown:
            table.add_row(one.format, "-", "-", f"stops: {one.value.breakdown}")
        else:
            useless = "no digit is right" if one.value.error >= 1 else ""
            table.add_row(one.format, f"{one.value.error:.2e}", f"{one.value.residual:.6f}", useless)
    return table


def _sums(demo: Demo) -> Table:
    caption = "s = chop(s + chop(1/n)), to nearest even; terms: the first n that leaves s as it is."
    table = _table("Harmonic series: 1 + 1/2 + 1/3 + ...", caption, "sum", "terms", "what happens")
    for one in demo.sums:
        if one.value is None:
            table.add_row(one.format, "-", "-", one.error)
        else:
            note = "" if one.value.stopped else "still growing; given up here"
            table.add_row(one.format, f"{one.value.total:.10g}", str(one.value.terms), note)
    return table
