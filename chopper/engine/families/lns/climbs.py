"""The steps of one period, for the kernels that keep them in registers or look them up."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np

from chopper.engine.families.table.lower import as_table, pattern_of
from chopper.engine.families.table.rows import Pair, View, begins
from chopper.formats.lns import LnsFormat
from chopper.kernels.lns import Climb
from chopper.rounding import Rounding

__all__ = ["climbs", "digits_of", "period"]


def digits_of(fmt: LnsFormat) -> int:
    """Return log2 of the steps of a period: a binade, or two where each has one step, so that parity has its period."""
    return max(fmt.fraction_bits, 1)


def climbs(view: View, mode: Rounding, negative: bool, codes: bool) -> list[Climb]:
    """Return the steps of the period from 1 on, by eights, as one sign sees them, up in patterns or in `codes`."""
    starts, heights = _steps(view, mode, negative)
    rises = [1 if codes else high - low for low, high in pairwise(heights)]
    idle = max(8 - len(starts), 0)
    starts, rises = starts + [(1 << (view.c.width - 1)) - 1] * idle, rises + [0] * idle
    return [Climb(*starts[at : at + 8], *rises[at : at + 8]) for at in range(0, len(starts), 8)]


def period(view: View, mode: Rounding, codes: bool) -> dict[str, Any]:
    """Return the tables of the steps of one period, for both signs: the fields of `Period` that name them."""
    c, digits = view.c, digits_of(cast(LnsFormat, view.fmt))
    shift = c.precision - 2 - digits
    edges = np.arange(2 << digits, dtype=np.int64) << shift
    first: list[int] = []
    starts: list[int] = []
    rises: list[int] = []
    for negative in (False, True):
        begin, heights = _steps(view, mode, negative)
        found = np.searchsorted(np.array(begin, np.int64), edges, side="right")
        assert (np.diff(found) <= 1).all()
        first += [len(starts) + int(i) for i in found]
        starts += [*begin, (1 << (c.width - 1)) - 1]
        rises += range(len(heights)) if codes else heights
    tables = {"first": first, "starts": starts, "rises": rises}
    return {"shift": shift, "negative": len(edges), **{name: as_table(part, c) for name, part in tables.items()}}


def _steps(view: View, mode: Rounding, negative: bool) -> tuple[list[int], list[int]]:
    """Return where each step of the period from 1 on begins and how high the values are, in patterns from that of 1.

    They are those of a format with few codes and the same parities.
    """
    fmt, digits = cast(LnsFormat, view.fmt), digits_of(cast(LnsFormat, view.fmt))
    near_one = LnsFormat(
        width=digits + 4,
        fraction_bits=fmt.fraction_bits,
        bias=fmt.bias & 1,
        zero=False,
        nan=False,
        nearest=fmt.nearest,
    )
    small, side = view._replace(fmt=near_one), near_one.sign_code if negative else 0
    numbers = [near_one.code_of(x) for x in range((1 << digits) + 1)]
    patterns = [pattern_of(small, code) for code in numbers]
    turn = begins(small, mode, negative)
    starts = [turn(Pair(low | side, high | side)) - patterns[0] for low, high in pairwise(numbers)]
    return starts, [value - patterns[0] for value in patterns]
