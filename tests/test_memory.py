"""How much memory a call takes besides its result."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

import chopper

BYTES = 1 << 30


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["nearest_even", "stochastic"])
def test_a_gigabyte(mode: str) -> None:
    """Out of place, the peak stays within 1.1 of the output."""
    x = np.zeros(BYTES // 4, np.float32)
    chopper.chop(x[:100_000], "e4m3", mode, key=1)
    tracemalloc.start()
    try:
        result = chopper.chop(x, "e4m3", mode, key=1)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert result.nbytes == BYTES
    assert BYTES <= peak < 1.1 * BYTES


def test_into_out_takes_nothing() -> None:
    """With `out`, and in place, almost nothing is taken."""
    x = np.ones(1 << 22, np.float32)
    out = np.empty_like(x)
    for call in (lambda: chopper.chop(x, "e4m3", out=out), lambda: chopper.chop(x, "e4m3", out=x)):
        call()
        tracemalloc.start()
        call()
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < 1 << 17
