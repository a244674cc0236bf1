"""Arrays of packages without an adapter, by DLPack."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import UnsupportedInputError

SUBJECT = "arrays by DLPack"
XS = np.random.default_rng(0).standard_normal((40, 50)).astype(np.float32)


class Memory:
    """An array that can share its memory and nothing else."""

    def __init__(self, array: np.ndarray, device: tuple[int, int] = (1, 0)) -> None:
        self.array, self.device = array, device

    def __dlpack__(self, **options: object) -> object:
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device


def test_memory_of_others(tally):
    for options in ({}, {"rounding": "stochastic", "key": 3}):
        want = chopper.chop(XS, "e4m3", **options)
        tally.same(chopper.chop(Memory(XS), "e4m3", **options), want)
    codes = chopper.encode(Memory(XS), "e4m3")
    tally.same(codes, chopper.encode(XS, "e4m3"))
    tally.same(chopper.decode(Memory(codes), "e4m3"), chopper.chop(XS, "e4m3"))
    out = np.empty_like(XS)
    assert chopper.chop(Memory(XS), "e4m3", out=out) is out
    tally.same(out, chopper.chop(XS, "e4m3"))


def test_arrays_of_the_standard_stay_what_they_are(tally):
    xp = pytest.importorskip("array_api_strict")
    x = xp.asarray(XS)
    got = chopper.chop(x, "e4m3", "up")
    assert type(got) is type(x)
    tally.same(np.from_dlpack(got), chopper.chop(XS, "e4m3", "up"))
    codes = chopper.encode(x, "e4m3")
    assert type(codes) is type(x)
    assert type(chopper.decode(codes, "e4m3")) is type(x)


def test_devices_are_refused():
    with pytest.raises(UnsupportedInputError, match="lies on a device"):
        chopper.chop(Memory(XS, (2, 0)), "e4m3")


def test_what_numpy_cannot_share():
    class Odd(Memory):
        def __dlpack__(self, **options: object) -> object:
            raise BufferError("not today")

    with pytest.raises(UnsupportedInputError, match=r"cannot share the memory.*not today"):
        chopper.chop(Odd(XS), "e4m3")
