"""Proving, and a summary of what was proved."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

PROPERTY = "proved"


@pytest.fixture
def prove(record_property: Callable[[str, object], None]) -> Callable[..., None]:
    """Return ``prove(what, fmt, mode, width, *claims)``, which passes if no input satisfies all claims."""
    from tests.proofs.smt import solve

    def check(what: str, fmt: Any, mode: Any, width: int, *claims: Any, kernel: str = "") -> None:
        verdict, inputs = solve(*claims)
        assert verdict == "unsat", f"{what}: {fmt}, {mode}, binary{width}: {verdict} {inputs}"
        record_property(PROPERTY, (what, str(fmt), getattr(mode, "value", mode), width, kernel))

    return check


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """List what was proved, for how many formats, modes and carriers."""
    found = defaultdict(list)
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            if name == PROPERTY:
                found[value[0]].append(tuple(value[1:]))
    if not found:
        return
    terminalreporter.section("proved for all inputs")
    for what, proofs in sorted(found.items()):
        formats, modes, widths, kernels = (sorted({str(p[i]) for p in proofs} - {""}) for i in range(4))
        terminalreporter.write_line(f"{what}: {len(proofs)} proofs")
        for title, values in (("formats", formats), ("modes", modes), ("carriers", widths), ("kernels", kernels)):
            if values:
                terminalreporter.write_line(f"    {title} ({len(values)}): {', '.join(values)}")
    terminalreporter.write_line(f"{sum(map(len, found.values()))} proofs in all")
