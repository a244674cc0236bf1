"""Print the results in a log as the table of docs/verification.md: ``python -m tests.exhaustive LOG``."""

from __future__ import annotations

import sys
from itertools import groupby
from typing import Any

from tests.exhaustive.sweep import load


def table(lines: list[dict[str, Any]]) -> str:
    """Return a Markdown table, one row per format."""
    head = "| format | modes | values compared | differing | codes compared | differing | seconds |\n"
    rows = [head, "|---|---|---|---|---|---|---|\n"]
    total = [0, 0, 0, 0, 0.0]
    for name, group in groupby(lines, key=lambda line: line["format"]):
        found = list(group)
        sums = [sum(line[key] for line in found) for key in ("compared", "chop differing", "compared")]
        sums += [sum(line["encode differing"] for line in found), sum(line["seconds"] for line in found)]
        total = [a + b for a, b in zip(total, sums, strict=True)]
        rows.append(_row(f"`{name}`", len(found), sums))
    return "".join([*rows, _row("**all**", len(lines), total)])


def _row(name: str, modes: int, sums: list[float]) -> str:
    cells = [f"{int(n):,}".replace(",", " ") for n in sums]
    return f"| {name} | {modes} | " + " | ".join(cells) + " |\n"


if __name__ == "__main__":
    results = load(sys.argv[1])
    print(table(results))
    print("Versions:", "; ".join(sorted({line["versions"] for line in results})))
    print("Dates:", ", ".join(sorted({line["date"] for line in results})))
