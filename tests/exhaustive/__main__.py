"""Print the results in a log as the table of docs/verification.md: ``python -m tests.exhaustive LOG``."""

from __future__ import annotations

import sys
from typing import Any

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


if __name__ == "__main__":
    results = load(sys.argv[1])
    print(table(results))
    print("Versions:", "; ".join(sorted({line["versions"] for line in results})))
    print("Dates:", ", ".join(sorted({line["date"] for line in results})))
