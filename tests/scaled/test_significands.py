"""Every significand of a binade under scales of any kind, against thresholds: products of middles and scale, exactly.

A middle has at most 8 bits and a scale 24, so that float64 holds their product.
"""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get

SUBJECT = "shared scales, every significand against thresholds"


def expected(x: np.ndarray, values: np.ndarray, scale: np.float32) -> np.ndarray:
    """Return what magnitudes are rounded to, ties to the value of even index, by comparison alone."""
    bounds = (values[1:] + values[:-1]) / 2 * np.float64(scale)
    below = np.searchsorted(bounds, x.astype(np.float64), side="left")
    above = np.searchsorted(bounds, x.astype(np.float64), side="right")
    index = np.where((above > below) & (below % 2 == 1), above, below)
    return (values[index] * np.float64(scale)).astype(np.float32)


def compare(tally, name: str, seed: int, significands: np.ndarray) -> None:
    rng = np.random.default_rng(seed)
    element = get(name)
    numbers = {abs(float(element.value(code))) for code in range(1 << element.bits)}
    values = np.array(sorted(v for v in numbers if v < np.inf))
    scale = np.float32(np.ldexp(float(rng.integers(1 << 23, 1 << 24)), int(rng.integers(-60, 40))))
    exponent = int(np.floor(np.log2(values[rng.integers(1, values.size)] * np.float64(scale))))
    x = np.ldexp(significands.astype(np.float64), exponent - 23).astype(np.float32)
    want = expected(x, values, scale)
    fmt = f"scaled<{name},fp32,tensor>"
    tally.same(chopper.chop(x, fmt, scale=scale), want, x, fmt=name, about=f"given {scale!r}")
    top = np.float32(values[-1] * np.float64(scale))  # what the scale is found from, if it leads back to the scale
    if top >= x.max() and np.float32(np.float64(top) / values[-1]) == scale:
        tally.same(chopper.chop(np.append(x, top), fmt)[:-1], want, x, fmt=name, about=f"found {scale!r}")


ELEMENTS = ["e4m3", "e5m2", "e2m1", "int8<symmetric=true>"]


@pytest.mark.parametrize("name", ELEMENTS)
def test_some_significands(name, tally):
    some = np.random.default_rng(3).integers(1 << 23, 1 << 24, 1 << 17)
    for seed in range(8):
        compare(tally, name, seed, some)


@pytest.mark.exhaustive
@pytest.mark.parametrize("seed", range(10, 22))
@pytest.mark.parametrize("name", ELEMENTS)
def test_all_significands(name, seed, tally):
    compare(tally, name, seed, np.arange(1 << 23, 1 << 24))
