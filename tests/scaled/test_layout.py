"""Where blocks lie: axes, tiles, tails, odd shapes, strides; and the compiled loops against the small ones."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.engine.families.scaled import decode_blocks
from chopper.errors import ChopperError, UnsupportedInputError
from chopper.formats.registry import get
from tests.scaled.definition import answer

SUBJECT = "shared scales, layouts"
RNG = np.random.default_rng(7)
CASES = [
    ("mxfp4", (5, 33), -1), ("mxfp4", (33, 5), 0), ("mxfp8", (3, 4, 40), 1), ("mxfp8", (3, 40, 4), -2),
    ("mxfp4", (1,), -1), ("mxfp4", (31,), 0), ("mxfp8<block=4x8>", (9, 20), -1), ("mxfp8<block=4x8>", (2, 9, 20), -1),
    ("mxfp8<block=4x8>", (9, 3, 20), (0, 2)), ("mxfp8<block=4x8>", (20, 9), (1, 0)), ("nvfp4_2d", (20, 40), -1),
    ("nvfp4", (3, 40), 0), ("fp8_tensor", (3, 4, 5), -1), ("fp8_token", (3, 4, 5), 1),
    ("fp8_block128x128", (9, 30), -1),
    ("nvfp4", (2, 3, 40), -1), ("scaled<e4m3,e8m0,2xall,scaling=ceil>", (5, 9), -1), ("mx9", (3, 21), -1),
    ("hif4", (2, 100), 1), ("hif4", (100, 2), 0), ("jetfire_int8", (40, 35), -1), ("int8_affine", (7, 9), 0),
    ("scaled<int8,fp32,4x4,statistic=std,target=40>", (6, 9), -1), ("mxfp4<block=4x8>", (20,), -1),
]  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "axis"), CASES, ids=str)
def test_against_the_definition(name, shape, axis, tally):
    fmt = get(name)
    x = (RNG.standard_normal(shape) * np.exp2(RNG.integers(-6, 6, shape))).astype(np.float32)
    x.flat[0] = -0.0
    words = RNG.integers(0, 1 << 32, shape, np.uint32)
    for mode in ("nearest_even", "stochastic"):
        want = answer(x, fmt, mode, axis=axis, words=words)
        tally.same(chopper.chop(x, fmt, mode, axis=axis, random_words=words), want.values, x, fmt=fmt, mode=mode)
        blocks = chopper.encode(x, fmt, mode, axis=axis, random_words=words).blocks
        tally.same(blocks.codes.astype(np.uint64), want.codes, x, fmt=fmt, mode=mode)
        for got, right in zip(blocks.scales, want.scales, strict=True):
            tally.same(got.astype(np.uint64), right, fmt=fmt)
        tally.same(decode_blocks(blocks, fmt, axis, np.float32, None), want.values, x, fmt=fmt)


def test_one_axis_moved_is_the_other(tally):
    x = RNG.standard_normal((50, 60)).astype(np.float32)
    for name in ("mxfp8", "nvfp4", "mx9", "nvfp4_46"):
        tally.same(chopper.chop(x.T, name, axis=0), chopper.chop(x, name).T, x, fmt=name)
        tally.same(chopper.chop(x[:, ::-1].T[::2], name), chopper.chop(x[:, ::-1].T[::2].copy(), name), fmt=name)


def test_kinds_of_input(tally):
    x = RNG.standard_normal((4, 70)).astype(np.float32)
    want = chopper.chop(x, "mxfp8")
    tally.same(chopper.chop(x.astype(">f4"), "mxfp8").astype("f4"), want)
    out = np.empty_like(x)
    assert chopper.chop(x, "mxfp8", out=out) is out
    tally.same(out, want)
    same = x.copy()
    chopper.chop(same, "mxfp8", out=same)
    tally.same(same, want)
    half = x.astype(np.float16)
    tally.same(chopper.chop(half, "mxfp8"), chopper.chop(half.astype(np.float32), "mxfp8").astype(np.float16))
    tally.same(chopper.chop(np.arange(70), "mxfp8"), chopper.chop(np.arange(70.0), "mxfp8"))
    assert chopper.chop(1.7, "mxfp4") == 1.5
    assert isinstance(chopper.chop(1.7, "nvfp4"), float)
    assert isinstance(chopper.chop(np.float32(1.7), "mxfp4"), np.float32)
    assert chopper.chop(np.zeros((0, 5)), "nvfp4").shape == (0, 5)
    assert chopper.encode(np.zeros((0, 5)), "nvfp4").scale_codes[0].shape == (0, 1)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"fmt": "mxfp4", "axis": 2}, UnsupportedInputError),
        ({"fmt": "mxfp4", "axis": (0, 1)}, UnsupportedInputError),
        ({"fmt": "nvfp4_2d", "axis": (0, 0)}, UnsupportedInputError),
        ({"fmt": "nvfp4_2d", "axis": 0}, UnsupportedInputError),
        ({"fmt": "mxfp4", "axis": "x"}, UnsupportedInputError),
        ({"fmt": "mxfp4", "overflow": "infinity"}, ChopperError),
        ({"fmt": "mxfp4", "scaling": "round"}, ChopperError),
        ({"fmt": "mxfp4", "scale": -1.0}, ChopperError),
        ({"fmt": "mxfp4", "scale": np.ones(3)}, ChopperError),
        ({"fmt": "mxfp4", "scale": "x"}, ChopperError),
        ({"fmt": "flex16+5"}, ChopperError),
        ({"fmt": "e4m3", "scaling": "floor"}, ChopperError),
        ({"fmt": "e4m3", "scale": 2.0}, ChopperError),
        ({"fmt": "mxfp4", "compat": "nobody"}, ChopperError),
    ],
)
def test_errors(options, error):
    out = np.full((4, 40), 7.0)
    with pytest.raises(error) as caught:
        chopper.chop(np.ones((4, 40)), out=out, **options)
    assert len(str(caught.value)) > 20
    assert (out == 7).all()
