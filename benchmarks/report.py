"""Figures as tables: on the terminal, in Markdown, and against older figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.figure import Figure

__all__ = ["Table", "groups", "insert", "markdown", "number", "regressions", "show", "tables", "verdict"]

BEGIN, END = "<!-- figures -->", "<!-- end of figures -->"
WIDTH = 120  # of tables that go into a file or a pipe


@dataclass(frozen=True)
class Table:
    """A table of texts."""

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def groups(figures: Sequence[Figure]) -> list[tuple[str, list[Figure]]]:
    """Return titles of tables and their figures, in the order in which they first appear."""
    titles = dict.fromkeys(figure.table for figure in figures)
    return [(title, [figure for figure in figures if figure.table == title]) for title in titles]


def tables(figures: Sequence[Figure]) -> list[Table]:
    """Arrange figures in tables, in the order in which they first appear."""
    return [_table(title, group) for title, group in groups(figures)]


def _table(title: str, figures: list[Figure]) -> Table:
    columns = list(dict.fromkeys(figure.column for figure in figures))
    lines = dict.fromkeys(figure.line for figure in figures)
    floors = any(figure.floor is not None for figure in figures)
    rows = [_row([figure for figure in figures if figure.line == line], line, columns, floors) for line in lines]
    return Table(title, ("", *columns, *(("floor", "met") if floors else ())), tuple(rows))


def _row(figures: list[Figure], line: str, columns: list[str], floors: bool) -> tuple[str, ...]:
    cells = {figure.column: number(figure) for figure in figures}
    row = (line, *(cells.get(column, "") for column in columns))
    if not floors:
        return row
    promised = [figure for figure in figures if figure.floor is not None]
    if not promised:
        return (*row, "", "")
    sign = "<=" if promised[0].smaller else ">="
    short = "" if len(promised) in (1, len(columns)) else " " + " ".join(figure.column for figure in promised)
    failing = [figure.column for figure in promised if not figure.met]
    met = "yes" if not failing else "no" if len(promised) == 1 else "no: " + " ".join(failing)
    return (*row, f"{sign} {promised[0].floor:g}{short}", met)


def number(figure: Figure) -> str:
    """Return the value with its unit, to three digits."""
    value = figure.value
    text = f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.3g}"
    if not figure.unit and abs(value) < 10 and value != int(value):
        text = f"{value:.2f}" if abs(value) >= 0.1 else f"{value:.2g}"
    return f"{text} {figure.unit}".rstrip()


def verdict(figures: Sequence[Figure]) -> str:
    """Say in one line how many floors are met."""
    promised = [figure for figure in figures if figure.floor is not None]
    failing = [figure.name for figure in promised if not figure.met]
    if not promised:
        return "no floors among these figures"
    return f"{len(promised) - len(failing)} of {len(promised)} floors met"


def show(figures: Sequence[Figure]) -> None:
    """Print tables, with rich if it is installed."""
    try:
        from rich.console import Console
        from rich.table import Table as RichTable
    except ImportError:
        for table in tables(figures):
            print("\n" + "\n".join(_plain(table)))
        return
    console = Console()
    console = console if console.is_terminal else Console(width=WIDTH)
    for table in tables(figures):
        drawn = RichTable(title=table.title, title_justify="left")
        for i, name in enumerate(table.header):
            drawn.add_column(name, justify="right" if i else "left")
        for row in table.rows:
            drawn.add_row(*row, style="red" if row[-1].startswith("no") else None)
        console.print(drawn)


def _plain(table: Table) -> Iterator[str]:
    lines = [table.header, *table.rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(table.header))]
    yield table.title
    for line in lines:
        yield "  ".join(f"{cell:{'>' if i else '<'}{widths[i]}}" for i, cell in enumerate(line)).rstrip()


def markdown(figures: Sequence[Figure], about: str) -> str:
    """Return the tables in Markdown, after a paragraph about the run."""
    parts = [about]
    for table in tables(figures):
        head = [f"| {' | '.join(table.header)} |", "|---|" + "--:|" * (len(table.header) - 1)]
        parts.append("\n".join([f"### {table.title}", "", *head, *(f"| {' | '.join(row)} |" for row in table.rows)]))
    return "\n\n".join([*parts, verdict(figures).capitalize() + "."])


def insert(path: Path, text: str) -> None:
    """Write a text between the markers of a file.

    Raises
    ------
    ValueError
        If the file lacks the markers.
    """
    whole = path.read_text(encoding="utf-8")
    before, begin, rest = whole.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{path} lacks the lines {BEGIN} and {END}")
    path.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


def regressions(figures: Sequence[Figure], old: dict[str, float], tolerance: float) -> list[str]:
    """List chopper's figures that are worse than their old values by more than a fraction of them."""
    ours = [figure for figure in figures if figure.ours and figure.name in old]
    worse = [figure for figure in ours if figure.worse_than(old[figure.name], tolerance)]
    return [f"{figure.name}: {old[figure.name]:.3g} -> {figure.value:.3g}" for figure in worse]
