"""Interleaved minimum of repeats: cases take turns, so that a disturbance of the machine hits all of them alike."""

from __future__ import annotations

import gc
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Effort", "interleaved"]


@dataclass(frozen=True)
class Effort:
    """How much to measure.

    Parameters
    ----------
    rounds : int
        How often each case gets a turn.
    turn : float
        Seconds for which a turn repeats a case that takes less.
    most : float
        Seconds after which a slow case gets no further turn.
    processes : int
        How many processes the start-up times are the minimum of.
    quick : bool
        Leave out large arrays and slow peers.
    """

    rounds: int
    turn: float
    most: float
    processes: int
    quick: bool = False


FULL = Effort(rounds=30, turn=0.004, most=4.0, processes=12)
"""For figures to be published: some minutes."""

QUICK = Effort(rounds=5, turn=0.002, most=0.5, processes=3, quick=True)
"""To see that all is well: seconds."""


def interleaved(cases: Mapping[str, Callable[[], object]], effort: Effort) -> dict[str, float]:
    """Return the least time, in seconds, that each case took.

    Each case runs once before the clock starts: what is compiled is compiled by then, and the memory is touched.
    """
    for run in cases.values():
        run()
    best = dict.fromkeys(cases, math.inf)
    spent = dict.fromkeys(cases, 0.0)
    collecting = gc.isenabled()
    gc.disable()
    try:
        for _ in range(effort.rounds):
            for name, run in cases.items():
                if spent[name] < effort.most:
                    least, took = _turn(run, effort.turn)
                    best[name] = min(best[name], least)
                    spent[name] += took
    finally:
        if collecting:
            gc.enable()
    return best


def _turn(run: Callable[[], object], budget: float) -> tuple[float, float]:
    least, spent = math.inf, 0.0
    while True:
        start = time.perf_counter()
        run()
        took = time.perf_counter() - start
        least, spent = min(least, took), spent + took
        if spent >= budget:
            return least, spent
