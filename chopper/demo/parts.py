"""Running the three parts of the demonstration."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from chopper.analysis import Outcome
from chopper.demo.digits import MODES, Score, digit_scores
from chopper.demo.harmonic import HarmonicSum, harmonic_sums
from chopper.demo.least_squares import Fit, fits
from chopper.demo.shown import shown
from chopper.formats.base import Format
from chopper.formats.registry import get

__all__ = ["Demo", "run"]

_T = TypeVar("_T")


@dataclass(frozen=True)
class Demo:
    """What the demonstration found."""

    formats: tuple[Format, ...]
    scores: tuple[Outcome[Score], ...]
    fits: tuple[Outcome[Fit], ...]
    sums: tuple[Outcome[HarmonicSum], ...]


def run(
    formats: Iterable[str | Format] | None = None,
    seed: int = 0,
    report: Callable[[str, int, int], None] | None = None,
) -> Demo:
    """Run the demonstration; it takes some seconds.

    Parameters
    ----------
    formats : iterable of str or Format, optional
        Those of `chopper.demo.shown` by default.
    seed : int
        Of the split of the images, of the training and of stochastic rounding.
    report : callable, optional
        Called with the name of a part, the steps done and all steps of it, as it goes on.
    """
    chosen = tuple(shown() if formats is None else map(get, formats))

    def followed(part: str, items: Iterator[_T], count: int) -> Iterator[_T]:
        for done, item in enumerate(items, 1):
            yield item
            if report is not None:
                report(part, done, count)

    size = len(chosen)
    scores = tuple(followed("digits", digit_scores(chosen, MODES, seed), size * len(MODES)))
    solved = tuple(followed("least squares", fits(chosen), size))
    sums = tuple(followed("harmonic series", harmonic_sums(chosen), size))
    return Demo(chosen, scores, solved, sums)
