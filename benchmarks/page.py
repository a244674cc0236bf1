"""Figures as one HTML page: tables with a bar for each ratio, floors, and what became slower."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from html import escape
from pathlib import Path

from benchmarks.figure import Figure
from benchmarks.report import groups, number, verdict

__all__ = ["Before", "page"]

STYLE = Path(__file__).with_name("page.css")
SPREAD = 30.0
"""Bars of ratios that differ by more than this are logarithmic."""


@dataclass(frozen=True)
class Before:
    """Older figures to compare with."""

    source: str
    values: Mapping[str, float] = field(default_factory=dict)
    tolerance: float = 0.15

    def worse(self, figure: Figure) -> bool:
        """Whether a figure of chopper is worse than its old value by more than the tolerance."""
        return figure.ours and figure.name in self.values and figure.worse_than(self._old(figure), self.tolerance)

    def better(self, figure: Figure) -> bool:
        """Whether the old value is worse by more than the tolerance."""
        if not figure.ours or figure.name not in self.values or not figure.value:
            return False
        return replace(figure, value=self._old(figure)).worse_than(figure.value, self.tolerance)

    def _old(self, figure: Figure) -> float:
        return self.values[figure.name]


@dataclass(frozen=True)
class Scale:
    """How long the bar of a ratio is, as a fraction of its cell."""

    least: float
    most: float

    @classmethod
    def of(cls, ratios: Sequence[float]) -> Scale:
        """Choose a scale on which all ratios, and 1, have a place."""
        positive = [*(x for x in ratios if x > 0), 1.0]
        low, high = min(positive), max(positive)
        return cls(low / 2, high) if high > SPREAD * low else cls(0.0, high)

    def part(self, x: float) -> float:
        """Return the place of a ratio, 0 to 1."""
        if self.least and x > 0:
            return min(1.0, max(0.0, math.log(x / self.least) / math.log(self.most / self.least)))
        return min(1.0, max(0.0, x / self.most))


def page(figures: Sequence[Figure], about: str, before: Before | None = None) -> str:
    """Return the page: no scripts, nothing from elsewhere, light or dark as the reader's system is."""
    found = groups(figures)
    sections = [_section(i, title, rows, before) for i, (title, rows) in enumerate(found)]
    contents = "".join(_entry(i, title, rows, before) for i, (title, rows) in enumerate(found))
    return "\n".join([
        "<!doctype html>", '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">', "<title>chopper: benchmarks</title>",
        f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>", "</head>", "<body>", "<header>", "<h1>Benchmarks</h1>",
        f"<p>{escape(about)}</p>", _summary(figures, before), "</header>", "<main>",
        f"<nav><ol>{contents}</ol></nav>", *sections, "</main>", "</body>", "</html>", "",
    ])  # fmt: skip


def _summary(figures: Sequence[Figure], before: Before | None) -> str:
    missed = any(not figure.met for figure in figures)
    tiles = [f'<li class="{"bad" if missed else "good"}">{escape(verdict(figures))}</li>']
    if before is not None:
        worse = sum(map(before.worse, figures))
        text = f"{worse} worse than in {before.source} by more than {before.tolerance:.0%}"
        tiles.append(f'<li class="{"bad" if worse else "good"}">{escape(text)}</li>')
        tiles.append(f"<li>{sum(map(before.better, figures))} better</li>")
    return f'<ul class="tiles">{"".join(tiles)}</ul>'


def _entry(index: int, title: str, figures: Sequence[Figure], before: Before | None) -> str:
    missed = sum(not figure.met for figure in figures)
    worse = 0 if before is None else sum(map(before.worse, figures))
    notes = [f"{count} {what}" for count, what in ((missed, "below the floor"), (worse, "worse")) if count]
    mark = f' <b class="bad">{", ".join(notes)}</b>' if notes else ""
    return f'<li><a href="#t{index}">{escape(title)}</a>{mark}</li>'


def _section(index: int, title: str, figures: Sequence[Figure], before: Before | None) -> str:
    columns = list(dict.fromkeys(figure.column for figure in figures))
    scales = _scales(figures, columns)
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    rows = []
    for line in dict.fromkeys(figure.line for figure in figures):
        cells = {figure.column: figure for figure in figures if figure.line == line}
        shown = "".join(_cell(cells[one], scales[one], before) if one in cells else "<td></td>" for one in columns)
        rows.append(f'<tr><th scope="row">{escape(line)}</th>{shown}</tr>')
    note = " <small>bars are logarithmic</small>" if any(scale.least for scale in scales.values()) else ""
    return (
        f'<section id="t{index}"><h2>{escape(title)}{note}</h2><div class="box" tabindex="0"><table>\n'
        f"<thead><tr><td></td>{head}</tr></thead>\n<tbody>\n{chr(10).join(rows)}\n</tbody></table></div></section>"
    )


def _scales(figures: Sequence[Figure], columns: Sequence[str]) -> dict[str, Scale]:
    """Return one scale for all columns; where that would be logarithmic, one for each."""
    ratios = [figure for figure in figures if not figure.unit]
    common = Scale.of([figure.value for figure in ratios])
    if not common.least:
        return dict.fromkeys(columns, common)
    return {one: Scale.of([figure.value for figure in ratios if figure.column == one]) for one in columns}


def _cell(figure: Figure, scale: Scale, before: Before | None) -> str:
    kind = "peer" if not figure.ours else "plain" if figure.floor is None else "met" if figure.met else "missed"
    parts = [f"<span>{escape(number(figure))}</span>"]
    if not figure.unit:
        tick = "" if figure.floor is None else f'<i style="left:{scale.part(figure.floor):.1%}"></i>'
        parts.append(f'<div class="bar"><b style="width:{scale.part(figure.value):.1%}"></b>{tick}</div>')
    if figure.floor is not None:
        sign = "≤" if figure.smaller else "≥"
        parts.append(f"<small>{'met' if figure.met else 'not met'}: {sign} {figure.floor:g}</small>")
    if before is not None and (before.worse(figure) or before.better(figure)):
        word = "worse" if before.worse(figure) else "better"
        old = before.values[figure.name]
        parts.append(f'<small class="{word}">{word}: was {old:.3g}</small>')
    return f'<td class="{kind}" title="{escape(figure.name)}">{"".join(parts)}</td>'
