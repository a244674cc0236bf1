"""The logarithm of a binade in fine steps, for chance measured by the logarithm."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from chopper.engine.families.table.rows import View
from chopper.engine.patterns import pattern
from chopper.formats.lns import FINE, LnsFormat
from chopper.formats.policies import Underflow
from chopper.formats.reals import powers_of_two, root_of_two
from chopper.kernels.steps import Logs

__all__ = ["lower_logs"]


def lower_logs(view: View, results: dict[str, int], random_bits: int) -> Logs:
    """Return the tables of a stochastic mode; `results` are the fields of `Logs` that say what the ends become."""
    fmt, c = cast(LnsFormat, view.fmt), view.c
    first, starts, values = _tables(fmt.fraction_bits, c.precision, view.precision)
    lowest = fmt.lowest + fmt.bias
    return Logs(
        one=c.bias << (c.precision - 1),
        low=pattern(fmt.power(lowest - (fmt.below_smallest is Underflow.ZERO), view.precision), c),
        top=pattern(fmt.power(fmt.highest + fmt.bias, view.precision), c),
        lowest=lowest,
        shift=c.precision - 2 - FINE,
        fine=FINE,
        spare=FINE - fmt.fraction_bits,
        random_bits=random_bits,
        bias=fmt.bias,
        mask=fmt.sign_code - 1,
        half=fmt.sign_code,
        none=int(fmt.zero),
        first=first,
        starts=starts,
        values=values,
        **results,
    )


@lru_cache(maxsize=16)
def _tables(fraction_bits: int, precision: int, digits: int) -> tuple[npt.NDArray[Any], ...]:
    """Return the tables of a binade for a carrier of this precision; the values of the format have `digits` bits."""
    unit, count = 1 << (precision - 1), 1 << fraction_bits
    values = [int(root_of_two(i, fraction_bits, digits) * unit) - unit for i in range(count)]
    starts = np.array([*powers_of_two(FINE, precision), 2 * unit], np.int64) - unit
    starts[: 1 << FINE : 1 << (FINE - fraction_bits)] = values  # a value of the format begins its own step
    edges = np.arange(2 << FINE, dtype=np.int64) << (precision - 2 - FINE)
    first = np.searchsorted(starts, edges, side="right") - 1
    assert (np.diff(first) <= 1).all()
    return first, starts[1:].copy(), np.array(values, np.int64)
