"""What a mode has done: which operations ran, and how exact their results are."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

__all__ = ["KINDS", "Report", "Row"]

KINDS = {
    "once": "rounded once, from the exact result",
    "moved": "numbers moved, selected, made or drawn; rounded",
    "torch": "torch's own result in the dtype of the tensors, then rounded: twice in all",
    "plain": "not rounded",
}
"""How an operation ran."""


class Row(NamedTuple):
    """An operation, how it ran, and how often."""

    operation: str
    how: str
    calls: int


class Report:
    """Counts of the operations that a mode has seen; ``str(report)`` is a table."""

    def __init__(self) -> None:
        self._counts: Counter[tuple[str, str]] = Counter()

    def add(self, operation: str, how: str) -> None:
        """Count a call."""
        self._counts[operation, how] += 1

    @property
    def rows(self) -> tuple[Row, ...]:
        """What ran, the least exact first."""
        order = list(KINDS)[::-1]
        found = (Row(name, how, calls) for (name, how), calls in self._counts.items())
        return tuple(sorted(found, key=lambda row: (order.index(row.how), row.operation)))

    @property
    def unrounded(self) -> tuple[str, ...]:
        """Names of the operations whose results were not rounded."""
        return tuple(row.operation for row in self.rows if row.how == "plain")

    @property
    def twice(self) -> tuple[str, ...]:
        """Names of the operations whose results torch had rounded before."""
        return tuple(row.operation for row in self.rows if row.how == "torch")

    def __str__(self) -> str:
        lines = [f"{row.operation:<32} {row.calls:>8}  {KINDS[row.how]}" for row in self.rows]
        return "\n".join(lines) or "nothing ran"

    def __repr__(self) -> str:
        return f"Report({', '.join(f'{row.operation}: {row.how}' for row in self.rows)})"
