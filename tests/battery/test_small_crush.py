"""SmallCrush of TestU01 finds nothing in the random words, in any of several orders."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.battery.streams import CHUNK, STREAMS, Stream
from tests.battery.testu01 import Missing, build, run

pytestmark = pytest.mark.battery

ALARM = 1e-6
"""The streams are fixed, so what has passed passes again; fresh ones would strike once in 3,000 runs by chance."""


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Compile the driver, or skip."""
    try:
        return build(tmp_path_factory.mktemp("battery"))
    except Missing as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_small_crush(program: Path, stream: Stream) -> None:
    """No p-value is within `ALARM` of 0 or 1."""
    result = run(program, stream.chunks())
    assert len(result.statistics) == 15
    assert min(result.extreme.p, 1 - result.extreme.p) > ALARM, result.extreme


def test_a_bad_stream_is_caught(program: Path) -> None:
    """The battery sees through a linear congruential generator modulo 2^32."""
    multiplier, word = 1664525, 0

    def chunks():
        nonlocal word
        powers = np.cumprod(np.full(CHUNK, multiplier, np.uint32), dtype=np.uint32)
        sums = np.cumsum(np.concatenate([np.ones(1, np.uint32), powers[:-1]]), dtype=np.uint32) * np.uint32(1013904223)
        while True:
            values = powers * np.uint32(word) + sums
            word = int(values[-1])
            yield values

    result = run(program, chunks())
    assert result.extreme.p < 1e-10 or result.extreme.p > 1 - 1e-10
