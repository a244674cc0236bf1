"""Parts of scaled arrays: along boundaries of blocks they decode to the part, and equal the encoded part."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import RangeError, UnsupportedInputError
from tests.scaled.arrays import NAMES, encoded, numbers, same, suited

SHAPES = [((130,), 0), ((6, 130), 1), ((130, 6), 0), ((3, 70, 35), 1), ((3, 35, 70), 2), ((40, 33, 2), (0, 1))]


def boundaries(fmt, n):
    """Return the places along a followed axis of length n where every level lets the array be cut."""
    sizes = [level.block[-1] for level in fmt.levels if level.block and level.block[-1] > 0]
    return [i for i in range(n) if not any(i % size for size in sizes)] + [n]


def places(codes, rng):
    """Return an index that cuts no block: whole blocks along followed axes, anything along the others."""
    index = []
    rank = max((len(level.block) for level in codes.fmt.levels), default=0)
    followed = codes.axis if isinstance(codes.axis, tuple) else range(codes.axis - rank + 1, codes.axis + 1)
    for axis, n in enumerate(codes.shape):
        legal = boundaries(codes.fmt, n) if rank and axis in followed else range(n + 1)
        if (rank and axis in followed) or rng.random() < 0.6:
            start, stop = sorted(rng.choice(list(legal), 2))
            index.append(slice(int(start), int(stop)))
        else:
            index.append(int(rng.integers(-n, n)))
    return tuple(index)


@pytest.mark.parametrize("name", NAMES)
def test_a_part_decodes_to_the_part(name):
    """Random parts along boundaries, of every format, and parts of parts."""
    rng = np.random.default_rng(len(name))
    for shape, axis in SHAPES:
        if isinstance(axis, tuple) and any(len(level.block) == 1 for level in chopper.get(name).levels):
            axis = 0
        codes = encoded(numbers(shape, 1), name, axis=suited(name, shape, axis))
        for _ in range(5):
            index = places(codes, rng)
            part = codes[index]
            same(np.asarray(part.decode()), np.asarray(codes.decode()[index]))
            assert part.fmt == codes.fmt and part.codes.tolist() == codes.codes[index].tolist()
            if part.size:
                deeper = places(part, rng)
                same(np.asarray(part[deeper].decode()), np.asarray(part.decode()[deeper]))


@pytest.mark.parametrize("name", ["mxfp4", "mxfp6", "mxfp8", "mxint8", "msfp12", "mx4", "mx9", "hif4", "int4_group128",
                                  "nvfp4_ue5m3", "nf4_block64", "fp8_block128", "bfp<5,7>"])  # fmt: skip
def test_a_part_equals_the_encoded_part(name):
    """Where no scale reaches beyond whole blocks, encoding and cutting commute, bit for bit."""
    rng = np.random.default_rng(3)
    for shape, axis in SHAPES[:-1]:
        x = numbers((*shape[:axis], 300, *shape[axis + 1 :]), 2)
        codes = chopper.encode(x, name, axis=axis)
        for _ in range(5):
            index = tuple(one if isinstance(one, slice) else slice(one % n, one % n + 1)
                          for one, n in zip(places(codes, rng), x.shape, strict=True))  # fmt: skip
            part = codes[index]
            assert part == chopper.encode(x[index], name, axis=axis)
            assert part == type(part).from_codes(part.codes, part.scale_codes, name, axis=axis)


def test_rows_and_columns_of_scales():
    """Scales along a whole axis or for the whole array stay with what is cut."""
    x = numbers((8, 50), 4)
    rows = chopper.encode(x, "int8_token")
    assert rows[2:5] == chopper.encode(x[2:5], "int8_token")
    assert rows[3] == chopper.encode(x[3], "int8_token")
    same(rows[:, 10:13].decode(), rows.decode()[:, 10:13])
    affine = chopper.encode(x, "int8_affine")
    assert affine[2:5] == chopper.encode(x[2:5], "int8_affine")
    same(affine[4, 7:9].decode(), affine.decode()[4, 7:9])
    tensor = chopper.encode(x, "int8_tensor")
    for index in ((3,), (3, 4), (slice(1, 3), 7), (..., 9), (slice(5, 2),)):
        same(np.asarray(tensor[index].decode()), np.asarray(tensor.decode()[index]))
    assert tensor[3, 4].shape == ()
    nvfp4 = chopper.encode(x, "nvfp4")
    assert nvfp4[1:2, 16:].scale_codes[1] == nvfp4.scale_codes[1]


def test_a_part_is_no_copy():
    """Whole bytes are shared with the whole."""
    for name in ("mxfp4", "mxfp6", "mxfp8"):
        codes = chopper.encode(numbers((8, 96)), name)
        for index in ((slice(2, 6),), (3,), (slice(None), slice(32, 64)), (slice(1, 2), slice(32, None))):
            part = codes[index]
            assert np.shares_memory(part.data, codes.data)
            assert np.shares_memory(part.scale_data[0], codes.scale_data[0])
            assert not part.data.flags.writeable


def test_indices():
    """What NumPy's basic indices mean."""
    codes = chopper.encode(numbers((4, 3, 64)), "mxfp4")
    assert codes[...] == codes == codes[:] == codes[()]
    assert codes[..., 32:] == codes[:, :, 32:64]
    assert codes[-1] == codes[3] == codes[np.int64(3)]
    assert codes[1, ..., :32] == codes[1, :, 0:32]
    assert codes[2:100].shape == (2, 3, 64) and codes[3:1].shape == (0, 3, 64)
    assert codes[:, 1, -32:].shape == (4, 32) and codes[:, 1, -32:].axis == 1
    assert chopper.encode(numbers((64, 4)), "mxfp4", axis=0)[:, 2].axis == 0
    assert [row.shape for row in codes] == [(3, 64)] * 4
    assert chopper.encode(1.0, "mxfp4")[()] == chopper.encode(1.0, "mxfp4")


@pytest.mark.parametrize(
    ("index", "error", "says"),
    [
        (np.s_[:, :16], RangeError, "0:16 along axis 1 cuts a block of 32; take 0:32, or decode first"),
        (np.s_[:, 33:70], RangeError, "33:70 along axis 1 cuts a block of 32; take 32:70, or decode first"),
        (np.s_[:, 32:69], RangeError, "32:69 along axis 1 cuts a block of 32; take 32:70"),
        (np.s_[:, 5], RangeError, "blocks follow axis 1: take a slice there, 5:6 say, or decode first"),
        (np.s_[4], RangeError, "the index 4 lies outside of axis 0, which has 4 elements"),
        (np.s_[-5], RangeError, "the index -5 lies outside"),
        (np.s_[0, 0, 0], RangeError, "too many parts for 2 axes"),
        (np.s_[..., ...], RangeError, "too many parts"),
        (np.s_[::2], UnsupportedInputError, "the step 2 along axis 0 is not legal; legal: 1"),
        (np.s_[::-1], UnsupportedInputError, "the step -1"),
        (np.s_[None], UnsupportedInputError, "the index None is not legal; legal: integers, slices of step 1"),
        (np.s_[[0, 1]], UnsupportedInputError, "the index [0, 1] is not legal"),
        (np.s_[True], UnsupportedInputError, "the index True is not legal"),
        (np.s_[1.0], UnsupportedInputError, "the index 1.0 is not legal"),
        ("scales", UnsupportedInputError, "the index 'scales' is not legal"),
        (np.ones((4, 70), bool), UnsupportedInputError, "is not legal"),
    ],
    ids=range(16),
)
def test_refused_indices(index, error, says):
    with pytest.raises(error) as caught:
        chopper.encode(numbers((4, 70)), "mxfp4")[index]
    assert says in str(caught.value)


def test_the_advice_is_legal():
    """What a message tells to take can be taken."""
    codes = chopper.encode(numbers((40, 70)), "nvfp4_2d")
    assert codes[16:40, 32:70].shape == (24, 38)
    for index, says in ((np.s_[17:40], "16:40 along"), (np.s_[:, 33:70], "32:70")):
        with pytest.raises(RangeError) as caught:
            codes[index]
        assert f"take {says.split()[0]}" in str(caught.value)
