"""Run a battery on every stream and print a table: ``python -m tests.battery [small|crush|big]``."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.battery.streams import STREAMS
from tests.battery.testu01 import Missing, build, run


def main(battery: str = "small") -> int:
    """Print one row for each stream, in Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        try:
            program = build(Path(folder))
        except Missing as reason:
            print(reason, file=sys.stderr)
            return 1
        print("| stream | words | statistics | outside [0.001, 0.999] | p nearest to 0 or 1 |\n|---|--:|--:|--:|---|")
        for stream in STREAMS:
            result = run(program, stream.chunks(), battery)
            outside = sum(not 0.001 <= one.p <= 0.999 for one in result.statistics)
            extreme = f"{result.extreme.p:.4g} ({result.extreme.name})"
            print(
                f"| {stream.name} | {result.words:,} | {len(result.statistics)} | {outside} | {extreme} |", flush=True
            )
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
