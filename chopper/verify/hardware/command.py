"""``chopper verify --hardware`` without a library for commands: also as ``python -m chopper.verify.hardware``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from chopper.errors import ChopperError, UnsupportedInputError
from chopper.verify.hardware.comparison import Comparison
from chopper.verify.hardware.conversion import Converted
from chopper.verify.hardware.report import lines, page
from chopper.verify.hardware.suite import as_data, run

__all__ = ["ROWS", "main", "verify_hardware"]

ROWS = 20_000
"""Results of each class and probe, where nothing else is asked for."""


def verify_hardware(
    rows: int = ROWS, key: int = 0, *, only: str = "", rehearse: bool = False, every: bool = False,
    json_file: Path | None = None, report: Path | None = None, record: Path | None = None,
    earlier: Sequence[Path] = (), threads: int | None = None, follow: Callable[[str], None] | None = None,
) -> tuple[list[str], bool]:  # fmt: skip
    """Run what this machine offers, write what is asked for; return the lines to print, and whether all agreed.

    What this machine lacks is no disagreement; a probe that fails for another reason is one.

    Parameters
    ----------
    json_file, report, record : Path, optional
        Where the data, the page and the folder of recorded vectors go.
    earlier : sequence of Path
        Data of earlier runs, which the page reports too, before this one.
    rows, key, only, rehearse, every, threads, follow
        As for `run`.
    """

    def keep(found: list[Comparison], converted: list[Converted]) -> None:
        """Write what there is so far: a run that is cut short leaves that behind."""
        if json_file is not None:
            json_file.parent.mkdir(parents=True, exist_ok=True)
            json_file.write_text(
                json.dumps(as_data(found, converted, rows, key, whole=not only), indent=1) + "\n", "utf-8"
            )

    found, converted = run(
        rows, key, only=only, rehearse=rehearse, every=every, folder=record, threads=threads, follow=follow, keep=keep
    )
    keep(found, converted)
    data = as_data(found, converted, rows, key, whole=not only)
    if report is not None:
        report.parent.mkdir(parents=True, exist_ok=True)
        report.write_text(page([*map(_read, earlier), json.loads(json.dumps(data))]), "utf-8")
    agreed = not any([one.wrong or one.failed for one in found] + [one.wrong or one.failed for one in converted])
    return list(lines(data)), agreed


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the arguments of the command line, run, print; return 1 where anything differs, 2 where it cannot run."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.merge and (asked.report is None or not asked.earlier):
        parser.error("--merge writes the page of --earlier to --report: pass both")
    try:
        return _run(asked)
    except (ChopperError, OSError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2


def _run(asked: Any) -> int:
    follow: Any = (lambda text: sys.stderr.write(f"{text}\n")) if asked.verbose else None
    if asked.merge:
        asked.report.write_text(page([_read(path) for path in asked.earlier]), "utf-8")
        return 0
    text, agreed = verify_hardware(
        asked.rows, asked.key, only=asked.only, rehearse=asked.rehearse, every=asked.every, json_file=asked.json,
        report=asked.report, record=asked.record, earlier=asked.earlier, threads=asked.threads, follow=follow,
    )  # fmt: skip
    sys.stdout.writelines(f"{line}\n" for line in text)
    return 0 if agreed else 1


def _read(path: Path) -> Any:
    """Return the data of an earlier run."""
    try:
        return json.loads(path.read_text("utf-8"))
    except ValueError as error:
        raise UnsupportedInputError(f"{path} is not what --json wrote: {error}") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m chopper.verify.hardware", description="Compare real matrix instructions with their models."
    )
    for name, kind, default, text in _options():
        parser.add_argument(name, type=kind, default=default, help=text)
    parser.add_argument("--rehearse", action="store_true", help="let the models play the instructions")
    parser.add_argument("--every", action="store_true", help="conversions: try every code of 32 bits")
    parser.add_argument("--verbose", action="store_true", help="say what runs")
    parser.add_argument("--earlier", type=Path, action="append", default=[], help="data of earlier runs, for the page")
    parser.add_argument("--merge", action="store_true", help="run nothing: write the page of --earlier to --report")
    return parser


def _options() -> Iterator[tuple[str, Any, Any, str]]:
    yield "--rows", int, ROWS, "results of each class and probe"
    yield "--key", int, 0, "of the inputs"
    yield "--only", str, "", "units whose names start so"
    yield "--threads", int, None, "for the models"
    yield "--json", Path, None, "write the data to this file"
    yield "--report", Path, None, "write the page to this file"
    yield "--record", Path, None, "write small recorded vectors into this folder"
