"""Counting what the tests compare: one line for each subject at the end of a run."""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum
from typing import Any

import numpy as np

__all__ = ["Tally", "differing", "summarise"]


class Tally:
    """Compares arrays bit for bit and keeps count; NaNs are one class, zeros have a sign."""

    def __init__(self, subject: str) -> None:
        self.counts: dict[str, Any] = {"subject": subject, "values": 0, "differing": 0, "formats": [], "modes": []}

    def note(self, values: int, fmt: object = None, mode: object = None, wrong: int = 0) -> None:
        """Count comparisons made elsewhere."""
        self.counts["values"] += int(values)
        self.counts["differing"] += int(wrong)
        for kind, given in (("formats", fmt), ("modes", mode)):
            name = str(given.value if isinstance(given, Enum) else given)
            if given is not None and name not in self.counts[kind]:
                self.counts[kind].append(name)

    def same(self, got: Any, want: Any, x: Any = None, *, fmt: object = None, mode: object = None, about: Any = ""):
        """Assert that two arrays have one dtype, one shape and the same bits; `x` is shown where they differ."""
        got, want = np.asarray(got), np.asarray(want)
        where = f"{fmt or ''} {getattr(mode, 'value', mode) or ''} {about}"
        assert (got.dtype, got.shape) == (want.dtype, want.shape), f"{where}: {got.dtype}{got.shape}"
        bad = differing(got, want)
        self.note(got.size, fmt, mode, int(bad.sum()))
        if bad.any():
            xs = np.arange(got.size) if x is None else np.asarray(x).reshape(-1)
            at = np.flatnonzero(bad.reshape(-1))[:6]
            lines = [f"{_show(xs[i])}: got {_show(got.flat[i])}, want {_show(want.flat[i])}" for i in at]
            raise AssertionError(f"{where}: {int(bad.sum())} of {got.size} differ\n" + "\n".join(lines))


def differing(got: np.ndarray, want: np.ndarray) -> np.ndarray:
    """Return where two arrays of one dtype differ."""
    if got.dtype.kind != "f":
        return np.asarray(got != want)
    kind = f"u{got.dtype.itemsize}"
    return np.asarray((got.view(kind) != want.view(kind)) & ~(np.isnan(got) & np.isnan(want)))


def _show(number: Any) -> str:
    return f"{float(number).hex()} ({number!r})" if np.asarray(number).dtype.kind == "f" else str(number)


def summarise(tallies: Iterable[dict[str, Any]]) -> list[str]:
    """Return a line for each subject."""
    subjects: dict[str, list[dict[str, Any]]] = {}
    for counts in tallies:
        subjects.setdefault(counts["subject"], []).append(counts)
    return [_line(subject, subjects[subject]) for subject in sorted(subjects)]


def _line(subject: str, parts: list[dict[str, Any]]) -> str:
    values, wrong = (sum(part[key] for part in parts) for key in ("values", "differing"))
    formats, modes = (len({name for part in parts for name in part[key]}) for key in ("formats", "modes"))
    extent = [f"{n} {word}{'s' * (n != 1)}" for n, word in ((formats, "format"), (modes, "mode")) if n]
    return f"{subject}: {', '.join([f'{values:,} compared', *extent, f'{wrong:,} differing'])}"
