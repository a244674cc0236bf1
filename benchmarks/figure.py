"""One figure of a benchmark: where it stands in the report, and the floor it must keep."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from benchmarks.timing import Effort

__all__ = ["Figure", "Section", "Wanted"]


@dataclass(frozen=True)
class Figure:
    """A measured number.

    Parameters
    ----------
    name : str
        Unique; what ``--only`` and ``--compare`` go by.
    table, line, column : str
        Its place in the report.
    value : float
        A ratio where `unit` is empty.
    unit : str
        "s", "us", "GB/s" or empty.
    floor : float or None
        What the project promises; None where the figure is printed as information.
    smaller : bool
        Whether smaller is better; `floor` is then the most allowed.
    ours : bool
        Whether it tells of chopper, and not of a peer or of the machine.
    """

    name: str
    table: str
    line: str
    column: str
    value: float
    unit: str = ""
    floor: float | None = None
    smaller: bool = False
    ours: bool = True

    @property
    def met(self) -> bool:
        """Whether the figure keeps its floor, or has none."""
        if self.floor is None:
            return True
        return self.value <= self.floor if self.smaller else self.value >= self.floor

    def worse_than(self, old: float, tolerance: float) -> bool:
        """Whether the figure is worse than an old value of it by more than a fraction of it."""
        return self.value > old * (1 + tolerance) if self.smaller else self.value < old * (1 - tolerance)


Wanted = Callable[[str], bool]
"""Whether the figure of this name is asked for."""

Section = Callable[[Effort, Wanted], Iterator[Figure]]
"""Measures the wanted figures of one subject."""
