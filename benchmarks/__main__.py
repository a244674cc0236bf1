"""Run the benchmarks: ``python -m benchmarks --help``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmarks import (
    blocks,
    calls,
    cuda,
    families,
    floats,
    gemm,
    hardware,
    jax_adapter,
    layers,
    operations,
    others,
    packing,
    peers,
    startup,
    threads,
    torch_adapter,
)
from benchmarks.figure import Figure
from benchmarks.machine import about, machine
from benchmarks.page import Before, page
from benchmarks.report import insert, markdown, regressions, show, verdict
from benchmarks.timing import FULL, QUICK

SECTIONS = (
    startup.measure,
    calls.measure,
    floats.measure,
    threads.measure,
    floats.measure_data,
    families.measure,
    others.measure,
    blocks.measure,
    packing.measure,
    operations.measure,
    gemm.measure,
    hardware.measure,
    peers.measure,
    torch_adapter.measure,
    layers.measure,
    cuda.measure,
    jax_adapter.measure,
)


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, and return 1 if something became slower than in the run to compare with."""
    options = _options(arguments)
    before = _before(options)
    facts = machine()
    print(about(facts))
    figures: list[Figure] = []

    def wanted(name: str) -> bool:
        return not options.only or any(part in f"{name}/" for part in options.only)

    for section in SECTIONS:
        for figure in section(QUICK if options.quick else FULL, wanted):
            figures.append(figure)
            _progress(figure.name)
    _progress("")
    show(figures)
    for package in dict.fromkeys((*peers.missing(wanted), *others.missing(wanted))):
        print(f"{package}: not installed; to see it beside chopper: pip install {package}")
    print(verdict(figures))
    return _keep(options, figures, facts, before)


def _progress(name: str) -> None:
    if sys.stderr.isatty():
        print(f"\r{name[:78]:78}\r", end="", file=sys.stderr, flush=True)


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small arrays, few repeats: rough figures in seconds")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="only figures whose name holds this; repeatable"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures, for a later --compare")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write a page with the figures as bars")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="list what is worse than in these figures")
    parser.add_argument("--tolerance", type=float, default=0.15, help="fraction by which a figure may be worse")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables between the markers of a text")
    return parser.parse_args(arguments)


def _before(options: argparse.Namespace) -> Before | None:
    """Read the figures to compare with, before minutes of work and before they are overwritten."""
    if not options.compare:
        return None
    rows = json.loads(options.compare.read_text(encoding="utf-8"))["figures"]
    return Before(options.compare.name, {row["name"]: row["value"] for row in rows}, options.tolerance)


def _keep(options: argparse.Namespace, figures: list[Figure], facts: dict[str, str], before: Before | None) -> int:
    if options.json:
        rows = [{**vars(figure), "met": figure.met} for figure in figures]
        options.json.write_text(json.dumps({"machine": facts, "figures": rows}, indent=1) + "\n", encoding="utf-8")
    if options.html:
        options.html.write_text(page(figures, about(facts), before), encoding="utf-8")
    if options.markdown:
        insert(options.markdown, markdown(figures, about(facts)))
    if before is None:
        return 0
    worse = regressions(figures, before.values, options.tolerance)
    print("\n".join([f"worse than in {options.compare} by more than {options.tolerance:.0%}: {len(worse)}", *worse]))
    return 1 if worse else 0


if __name__ == "__main__":
    sys.exit(main())
