"""The steps of one period, for the kernels that keep them in registers."""

from __future__ import annotations

from itertools import pairwise
from typing import cast

from chopper.engine.families.table.lower import pattern_of
from chopper.engine.families.table.rows import Pair, View, begins
from chopper.formats.lns import LnsFormat
from chopper.kernels.lns import Climb
from chopper.rounding import Rounding

__all__ = ["climbs", "digits_of"]


def digits_of(fmt: LnsFormat) -> int:
    """Return log2 of the steps of a period: a binade, or two where each has one step, so that parity has its period."""
    return max(fmt.fraction_bits, 1)


def climbs(view: View, mode: Rounding, negative: bool, codes: bool) -> list[Climb]:
    """Return the steps of the period from 1 on, by eights, as one sign sees them, up in patterns or in `codes`.

    They are those of a format with few codes and the same parities.
    """
    fmt, c = cast(LnsFormat, view.fmt), view.c
    digits = digits_of(fmt)
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
    rises = [1 if codes else high - low for low, high in pairwise(patterns)]
    idle = max(8 - len(starts), 0)
    starts, rises = starts + [(1 << (c.width - 1)) - 1] * idle, rises + [0] * idle
    return [Climb(*starts[at : at + 8], *rises[at : at + 8]) for at in range(0, len(starts), 8)]
