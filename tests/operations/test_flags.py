"""Exceptions, counted."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chopper import ops
from chopper.ops import Flags


def _flags(name: str, *xs: object, fmt: str = "fp16", **options: object) -> tuple[int, ...]:
    flags = Flags()
    getattr(ops, name)(*xs, fmt, flags=flags, **options)
    return flags.invalid, flags.divide_by_zero, flags.overflow, flags.underflow, flags.inexact


@pytest.mark.parametrize(
    ("call", "wanted"),
    [
        (("add", 1.0, 2.0), (0, 0, 0, 0, 0)),
        (("add", 1.0, 2.0**-20), (0, 0, 0, 0, 1)),
        (("sub", math.inf, math.inf), (1, 0, 0, 0, 0)),
        (("mul", 0.0, math.inf), (1, 0, 0, 0, 0)),
        (("div", 0.0, 0.0), (1, 0, 0, 0, 0)),
        (("div", math.inf, 0.0), (0, 0, 0, 0, 0)),
        (("div", -1.0, 0.0), (0, 1, 0, 0, 0)),
        (("sqrt", -1.0), (1, 0, 0, 0, 0)),
        (("sqrt", math.nan), (0, 0, 0, 0, 0)),
        (("mul", 65504.0, 2.0), (0, 0, 1, 0, 1)),
        (("add", 65504.0, 15.0), (0, 0, 0, 0, 1)),
        (("add", 65504.0, 16.0), (0, 0, 1, 0, 1)),
        (("mul", 2.0**-14, 2.0**-1), (0, 0, 0, 0, 0)),
        (("mul", 2.0**-24, 2.0**-1), (0, 0, 0, 1, 1)),
        (("power", 0.0, -1), (0, 1, 0, 0, 0)),
        (("fma", 1.0, 1.0, 2.0**-40), (0, 0, 0, 0, 1)),
        (("sub", 1.0, 1.0), (0, 0, 0, 0, 0)),
    ],
)
def test_ieee(call: tuple[object, ...], wanted: tuple[int, ...]) -> None:
    """The five exceptions of IEEE 754, clause 7, in fp16."""
    name, *xs = call
    assert _flags(str(name), *xs) == wanted


def test_other_formats() -> None:
    """NaR counts as division by zero; saturated results are inexact; directed rounding to the largest overflows."""
    assert _flags("div", 1.0, 0.0, fmt="posit16") == (0, 1, 0, 0, 0)
    assert _flags("mul", 448.0, 2.0, fmt="e4m3") == (0, 0, 1, 0, 1)
    assert _flags("mul", 100.0, 2.0, fmt="int8") == (0, 0, 1, 0, 1)
    assert _flags("mul", 65504.0, 2.0, rounding="toward_zero") == (0, 0, 1, 0, 1)
    assert _flags("mul", 2.0**-200, 2.0**-200, fmt="posit16") == (0, 0, 0, 1, 1)
    assert _flags("sub", 0.0, 0.0, fmt="int8", rounding="down") == (0, 0, 0, 0, 0)


@pytest.mark.parametrize("fmt", ["fp64", "fp32"])
def test_the_wide_carrier(fmt: str) -> None:
    """Counts on 128 bits: a result that has 53 bits is exact or not by what follows."""
    modes = {"rounding": "stochastic", "key": 1} if fmt == "fp32" else {"rounding": "up"}
    assert _flags("add", [1.0, 1.0, 1.0], [2.0**-60, 2.0**-20, math.inf], fmt=fmt, **modes)[4] == 1
    assert _flags("div", [1.0, 1.0, 0.0], [3.0, 0.0, 0.0], fmt=fmt, **modes) == (1, 1, 0, 0, 1)


def test_counts_add_up() -> None:
    """Calls add to the same counters, large arrays in threads too, and change no result."""
    flags, x = Flags(), np.full(1 << 21, 3.0, np.float32)
    got = ops.div(np.float32(1), x, "bf16", flags=flags, threads=2)
    ops.div(1.0, 0.0, "bf16", flags=flags)
    assert flags == Flags(divide_by_zero=1, inexact=1 << 21)
    assert (got == ops.div(np.float32(1), x, "bf16")).all()
    flags.clear()
    assert flags == Flags()
