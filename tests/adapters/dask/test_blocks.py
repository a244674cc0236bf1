"""Formats with shared scales on Dask: no block is cut, so that every chunk can be rounded on its own."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import UnsupportedInputError

dask = pytest.importorskip("dask")
da = pytest.importorskip("dask.array")
SUBJECT = "Dask, formats with shared scales"
XS = np.random.default_rng(0).standard_normal((100, 160)).astype(np.float32)
WHOLE = ("nvfp4", "nvfp4_2d", "nvfp4_46", "fp8_tensor", "int8_tensor", "bitnet_ternary", "dfp16")
NAMES = [str(fmt) for fmt in chopper.formats() if fmt.blocked and str(fmt) != "flex16_5"]  # which measures no scale


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


def in_chunks(chunks=((50, 50), (100, 60))):
    return da.from_array(XS, chunks=chunks)


@pytest.mark.parametrize("fmt", NAMES)
def test_every_format(fmt, tally):
    for options in ({}, {"rounding": "stochastic", "key": 3}):
        want = chopper.chop(XS, fmt, **options)
        if fmt in WHOLE:
            with pytest.raises(UnsupportedInputError, match="has a scale for the whole array, and this one"):
                chopper.chop(in_chunks(), fmt, **options)
            tally.same(chopper.chop(in_chunks(-1), fmt, **options).compute(), want, fmt=fmt)
        else:
            tally.same(chopper.chop(in_chunks(), fmt, **options).compute(), want, fmt=fmt)


@pytest.mark.parametrize(
    ("fmt", "axis", "chunks"),
    [
        ("mxfp4", -1, ((50, 50), (96, 64))),
        ("mxfp4", 0, ((32, 68), (100, 60))),
        ("mxfp4", (0,), ((32, 68), (100, 60))),
        ("jetfire_int8", -1, ((32, 68), (96, 64))),
        ("jetfire_int8", (1, 0), ((32, 68), (96, 64))),
        ("int8_token", -1, ((50, 50), (160,))),
        ("int4_group128", -1, ((50, 50), (160,))),
    ],
)
def test_borders_move_to_the_ends_of_blocks(fmt, axis, chunks, tally):
    got = chopper.chop(in_chunks(), fmt, axis=axis)
    assert got.chunks == chunks
    tally.same(got.compute(), chopper.chop(XS, fmt, axis=axis), fmt=fmt)


def test_chunks_that_hold_whole_blocks_stay():
    x = in_chunks((50, 64))
    assert chopper.chop(x, "mxfp4").chunks == x.chunks


def test_short_arrays(tally):
    for shape in ((), (5,), (3, 0)):
        xs = np.ones(shape, np.float32)
        for fmt in ("mxfp4", "jetfire_int8"):
            got = chopper.chop(da.from_array(xs, chunks=2), fmt).compute()
            tally.same(got, np.asarray(chopper.chop(xs, fmt)), fmt=fmt)


def test_given_scales(tally):
    """One scale for the whole array, measured before, goes to every chunk."""
    scale = float(abs(in_chunks()).max().compute()) / (6 * 448)
    got = chopper.chop(in_chunks(), "nvfp4", scale=scale)
    tally.same(got.compute(), chopper.chop(XS, "nvfp4", scale=scale), fmt="nvfp4")
    grid = np.ones((100, 1), np.float32)
    with pytest.raises(UnsupportedInputError, match="pass one scale for all"):
        chopper.chop(in_chunks(), "int8_token", scale=grid)
    got = chopper.chop(in_chunks(-1), "int8_token", scale=grid)
    tally.same(got.compute(), chopper.chop(XS, "int8_token", scale=grid), fmt="int8_token")


def test_what_is_refused():
    with pytest.raises(UnsupportedInputError, match="gives codes and scales"):
        chopper.encode(in_chunks(), "mxfp4")
    for axis in (2, (0, 1), -3):
        with pytest.raises(UnsupportedInputError, match="does not suit blocks"):
            chopper.chop(in_chunks(), "mxfp4", axis=axis)
