"""What the command shows of matrix units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from rich import box
from rich.table import Table
from rich.text import Text

from chopper.hardware import Unit
from chopper.hardware.base import EVIDENCE

__all__ = ["unit_table", "unit_view"]


def unit_table(found: Iterable[Unit]) -> Table:
    """List units."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), title="Matrix units", title_justify="left")
    for name in ("unit", "result", "k", "evidence"):
        table.add_column(name, no_wrap=True)
    table.add_column("instruction", overflow="fold")
    for one in found:
        table.add_row(one.name, one.c, str(one.k), one.evidence, one.instruction)
    table.caption = "; ".join(f"{name}: {text}" for name, text in EVIDENCE.items())
    table.caption_justify = "left"
    return table


def unit_view(one: Unit) -> Table:
    """Return all there is to say about a unit."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(overflow="fold")
    scaled = f", a scale in {one.scale} for each {one.block} k" if one.scale else ""
    items = [("unit", one.name), ("also", ", ".join(one.aliases) or "-"), ("instruction", one.instruction)]
    items += [("operands", f"{one.a} x {one.b}{scaled}"), ("accumulator", one.c), ("k", str(one.k))]
    items.append(("arithmetic", type(one.model).__name__))
    for part in fields(one.model):
        items.append((f"  {part.name}", str(getattr(one.model, part.name))))
    items += [("evidence", f"{one.evidence}: {EVIDENCE[one.evidence]}"), ("source", one.source)]
    items += [("note", one.note)] if one.note else []
    for name, text in items:
        table.add_row(name, Text(text))
    return table
