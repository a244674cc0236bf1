"""Print a log, results of other code left out, as a Markdown table: ``python -m tests.exhaustive LOG``."""

from __future__ import annotations

import sys
from typing import Any

from chopper.errors import UnknownFormatError
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.exhaustive.digest import digest
from tests.exhaustive.sweep import load


def table(lines: list[dict[str, Any]]) -> str:
    """Return a Markdown table, one row per format; in brackets, how many modes were run where others equal them."""
    head = "| format | modes | values compared | differing | codes compared | differing | seconds |\n"
    rows = [head, "|---|---|---|---|---|---|---|\n"]
    names = dict.fromkeys(line["format"] for line in lines)
    rows += [_row(f"`{name}`", [line for line in lines if line["format"] == name]) for name in names]
    return "".join([*rows, _row("**all**", lines)])


def _row(name: str, lines: list[dict[str, Any]]) -> str:
    run = sum("as" not in line for line in lines)
    cells = [name, str(len(lines)) if run == len(lines) else f"{len(lines)} ({run})"]
    for kind in ("chop", "encode"):
        done = [line for line in lines if f"{kind} differing" in line]
        sums = [sum(line[key] for line in done) for key in ("compared", f"{kind} differing")]
        cells += [_spaced(n) for n in sums] if done else ["not held", "-"]
    return f"| {' | '.join([*cells, _spaced(sum(line['seconds'] for line in lines))])} |\n"


def _spaced(number: float) -> str:
    return f"{int(number):,}".replace(",", " ")


def is_current(line: dict[str, Any]) -> bool:
    """Whether a result is one of the code as it is now, and of a format that still has its name."""
    try:
        return bool(digest(get(line["format"]), Rounding.parse(line["mode"])) == line["digest"])
    except UnknownFormatError:
        return False


if __name__ == "__main__":
    results = load(sys.argv[1])
    current = [line for line in results if is_current(line)]
    print(table(current))
    print("Versions:", "; ".join(sorted({line["versions"] for line in current})))
    print("Dates:", ", ".join(sorted({line["date"] for line in current})))
    if old := [f"{line['format']} {line['mode']}" for line in results if line not in current]:
        print("Left out, of other code than that of now:", ", ".join(old))
