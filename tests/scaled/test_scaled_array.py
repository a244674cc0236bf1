"""Scaled arrays: what encode returns, how it lies in memory, and that nothing is lost on the way back."""

from __future__ import annotations

import copy
import pickle

import ml_dtypes
import numpy as np
import pytest

import chopper
from chopper import ScaledArray
from chopper.errors import ChopperError, OutputError, RangeError, UnsupportedInputError
from chopper.storage import DTYPES
from tests.scaled.arrays import NAMES, chopped, encoded, numbers, same, suited

SHAPES = [((), -1), ((1,), -1), ((33,), 0), ((5, 70), -1), ((70, 5), 0), ((2, 40, 3), 1), ((3, 0), -1), ((0,), -1)]


@pytest.mark.parametrize("name", NAMES)
def test_decode_undoes_encode(name):
    """Decoding the codes gives what rounding gives, bit for bit, for every shape, axis and both dtypes."""
    for shape, axis in [(shape, suited(name, shape, axis)) for shape, axis in SHAPES]:
        for dtype in (np.float32, np.float64):
            x = numbers(shape, 1, dtype)
            codes = encoded(x, name, axis=axis)
            want = np.asarray(chopped(x, name, axis=axis))
            assert codes.shape == codes.codes.shape == shape
            same(codes.decode(dtype), want)
            same(np.asarray(chopper.decode(codes, dtype=dtype)), want)
            again = ScaledArray.from_codes(
                codes.codes, codes.scale_codes, name, axis=axis, zero_points=codes.zero_points
            )
            assert again == codes and repr(again) == repr(codes)


@pytest.mark.parametrize("name", ["mxfp4", "nvfp4", "mxfp6", "int8_affine", "nf4_dq"])
def test_modes_and_specials(name):
    """Directed and stochastic modes, NaN and infinities."""
    x = numbers((7, 100), 2)
    for mode, key in (("up", None), ("toward_zero", None), ("stochastic", 5)):
        same(encoded(x, name, rounding=mode, key=key).decode(), chopped(x, name, rounding=mode, key=key))
    x[0, 0], x[1, 40], x[2, 99] = np.nan, np.inf, -np.inf
    same(encoded(x, name).decode(), chopped(x, name))


def test_scaling_is_part_of_the_format():
    x = numbers((4, 64), 3)
    codes = chopper.encode(x, "mxfp4", scaling="rceil")
    assert codes.fmt == chopper.get("mxfp4<scaling=rceil>") != chopper.get("mxfp4")
    same(codes.decode(), chopper.chop(x, "mxfp4", scaling="rceil"))


def test_two_axes():
    """Blocks over two axes, cut at both ends, along any two axes."""
    x = numbers((35, 20, 3), 4)
    for axis in ((0, 1), (1, 0), (0, 2), (-1, 0)):
        codes = chopper.encode(x, "nvfp4_2d", axis=axis)
        same(codes.decode(), chopper.chop(x, "nvfp4_2d", axis=axis))
        assert codes.axis == tuple(a % 3 for a in axis)
    assert chopper.encode(x[..., 0], "nvfp4_2d").scale_codes[0].shape == (3, 2)


def test_layout_of_four_bits():
    """The first code in the low nibble, one byte for a scale; rows end at whole bytes."""
    x = np.array([[6, 5, 3.5, 2.5, 1.75, 1.25, 0.75, 0.25, -0.25], [1, 0, 0, 0, 0, 0, 0, 0, -1]], np.float32)
    codes = chopper.encode(x, "mxfp4")
    assert codes.data.tolist() == [[0x67, 0x46, 0x24, 0x02, 0x08], [0x06, 0, 0, 0, 0x0E]]
    assert [scale.tolist() for scale in codes.scale_data] == [[[127], [125]]]
    assert codes.nbytes == 12 and codes.bits_per_value == 12 * 8 / 18


def test_layout_of_six_bits():
    """Four codes in three bytes."""
    codes = chopper.encode(np.array([1, -1, 7.5, 0.125], np.float32), "mxfp6_e2m3")
    a, b, c, d = codes.codes.tolist()
    assert (a, b, c, d) == (0x08, 0x28, 0x1F, 0x01)
    assert codes.data.tolist() == list((a | b << 6 | c << 12 | d << 18).to_bytes(3, "little"))


def test_sizes():
    """Stored bytes: narrow elements dense, narrow scales dense, the rest in whole bytes."""
    x = np.ones((64, 256), np.float32)
    want = {"mxfp4": 4.25, "mxfp6": 6.25, "mxfp8": 8.25, "nvfp4": 4.5 + 32 / x.size, "mx9": 8 + 8 / 16 + 1 / 2,
            "int8_token": 8 + 32 / 256, "int8_tensor": 8 + 32 / x.size, "bitnet_ternary": 2 + 32 / x.size}  # fmt: skip
    for name, bits in want.items():
        codes = chopper.encode(x, name)
        assert codes.bits_per_value == bits and codes.nbytes == bits * x.size / 8
        assert (codes.ndim, codes.size, len(codes)) == (2, x.size, 64)
    assert repr(chopper.encode(x, "mxfp4")) == (
        "ScaledArray('mxfp4', shape=(64, 256), axis=1, 8704 bytes, 4.25 bits per value)"
    )


@pytest.mark.parametrize("name", NAMES)
def test_scales(name):
    """Their values are those of their codes, level by level."""
    codes = encoded(numbers((20, 70), 5), name)
    assert len(codes.scales) == len(codes.scale_codes) == len(codes.fmt.levels)
    for values, own, level in zip(codes.scales, codes.scale_codes, codes.fmt.levels, strict=True):
        assert values.dtype == np.float64 and values.shape == own.shape
        assert [level.scale.value(int(code)) for code in own.flat] == values.ravel().tolist()


@pytest.mark.parametrize("name", ["mxfp4", "mxfp8", "int8_affine", "mx9"])
def test_it_cannot_be_changed(name):
    codes = chopper.encode(numbers((4, 64)), name)
    parts = [codes.data, *codes.scale_data, *([] if codes.zero_points is None else [codes.zero_points])]
    for part in parts:
        with pytest.raises(ValueError, match="read-only"):
            part[...] = 1
        assert np.from_dlpack(part).tolist() == part.tolist()
        assert part.__array_interface__["data"][1] and memoryview(part).readonly
    with pytest.raises(AttributeError):
        codes.shape = (8, 32)
    with pytest.raises(TypeError, match="unhashable"):
        hash(codes)
    data = codes.data.copy()
    other = ScaledArray(codes.fmt, codes.shape, codes.axis, data, codes.scale_data, codes.zero_points)
    data[...] = 0
    assert other == codes


def test_equality():
    """Bit for bit: a change of any part is seen; the sign of zero is a part."""
    x = numbers((4, 64), 6)
    codes = chopper.encode(x, "nvfp4")
    assert codes == chopper.encode(x, "nvfp4") and codes != "nvfp4"
    assert codes != chopper.encode(x, "mxfp4")
    assert codes != chopper.encode(x, "nvfp4", axis=0) and codes == chopper.encode(x, "nvfp4", axis=1)
    assert codes != chopper.encode(x.reshape(8, 32), "nvfp4")
    assert chopper.encode([0.0, 1.0], "mxfp4") != chopper.encode([-0.0, 1.0], "mxfp4")
    for level in range(2):
        scales = [scale.copy() for scale in codes.scale_codes]
        scales[level].flat[-1] ^= 1
        assert ScaledArray.from_codes(codes.codes, scales, "nvfp4") != codes
    affine = chopper.encode(x, "int8_affine")
    points = affine.zero_points.copy()
    points[0] += 1
    assert ScaledArray.from_codes(affine.codes, affine.scale_codes, "int8_affine", zero_points=points) != affine


def test_bits_after_the_last_code_do_not_count():
    codes = chopper.encode([1.0, 2.0, 3.0], "mxfp4")
    data = codes.data.copy()
    data[-1] |= 0xF0
    assert ScaledArray(codes.fmt, (3,), -1, data, codes.scale_data) == codes


@pytest.mark.parametrize("name", ["mxfp6", "int8_affine"])
def test_copies(name):
    """Pickled and copied arrays are equal, and cannot be changed either."""
    codes = chopper.encode(numbers((4, 64), 7), name)
    for other in (pickle.loads(pickle.dumps(codes)), copy.deepcopy(codes), copy.copy(codes)):
        assert other == codes and not other.data.flags.writeable


def test_views():
    """The same codes under ml_dtypes' dtypes mean the same numbers; 8-bit codes are not even copied."""
    for name in ("mxfp4", "mxfp6", "mxfp6_e2m3", "mxfp8", "mxfp8_e5m2", "fp8_block128_ue8m0", "nvfp4", "int8_tensor"):
        codes = chopper.encode(numbers((4, 64), 8), name)
        elements, scales = codes.view("ml_dtypes")
        value = elements.astype(np.float64)
        for scale in scales:
            spread = [-(-n // m) for n, m in zip(codes.shape, scale.shape, strict=True)]
            value = value * np.kron(scale.astype(np.float64), np.ones(spread))
        same(value, codes.decode(np.float64))
        if codes.fmt.bits == 8:
            assert np.shares_memory(elements, codes.data)
        assert all(np.shares_memory(a, b) for a, b in zip(scales, codes.scale_data, strict=True))
    fp4 = chopper.encode([1.0], "mxfp4").view().elements
    assert fp4.dtype == ml_dtypes.float4_e2m1fn
    for text in ("mx9", "nf4_block64"):
        with pytest.raises(UnsupportedInputError, match="ml_dtypes has no dtype with the codes of"):
            chopper.encode([1.0], text).view("ml_dtypes")
    with pytest.raises(UnsupportedInputError, match="package='numpy' is not legal; legal: ml_dtypes"):
        chopper.encode([1.0], "mxfp8").view("numpy")


def test_dtypes_have_the_same_values():
    """Every pair in the table, code by code; of wide formats the codes of all exponents."""
    for fmt, dtype in DTYPES["ml_dtypes"]:
        fmt = chopper.get(fmt)
        codes = np.arange(1 << min(fmt.bits, 16), dtype=f"u{max(1, fmt.bits // 8)}") << max(0, fmt.bits - 16)
        with np.errstate(invalid="ignore"):
            theirs = codes.view(dtype).astype(np.float64)
        ours = chopper.decode(codes, fmt, np.float64)
        if fmt == chopper.get("int8<symmetric=true>"):  # -128 is no value there, and no code that encode gives
            theirs[128] = ours[128]
        same(theirs, ours)


def test_numpy_takes_it():
    """numpy.asarray decodes; a Python number and an array without axes work too."""
    x = numbers((2, 32), 9)
    codes = chopper.encode(x, "mxfp8")
    same(np.asarray(codes), codes.decode())
    same(np.asarray(codes, np.float64), codes.decode(np.float64))
    with pytest.raises(ValueError, match="copy"):
        np.asarray(codes, copy=False)
    number = chopper.encode(1.5, "mxfp4")
    assert number.shape == () and chopper.decode(number) == 1.5 and isinstance(chopper.decode(number), np.float32)
    with pytest.raises(TypeError, match="no length"):
        len(number)


def test_decode_into_out():
    codes = chopper.encode(numbers((4, 64), 10), "mxfp4")
    for out in (np.empty((4, 64), np.float32), np.empty((64, 4), np.float64).T):
        assert chopper.decode(codes, None, out.dtype, out=out) is out
        same(out, codes.decode(out.dtype))
    assert chopper.decode(codes, "mxfp4").dtype == np.float32
    out = np.full((4, 64), 7, np.float32)
    for options, error in (
        ({"fmt": "mxfp8"}, UnsupportedInputError),
        ({"dtype": np.float16}, ChopperError),
        ({"dtype": np.float64}, OutputError),
        ({"threads": 0}, UnsupportedInputError),
    ):
        with pytest.raises(error):
            chopper.decode(codes, **options, out=out)
        assert (out == 7).all()
    with pytest.raises(UnsupportedInputError, match="pass fmt="):
        chopper.decode(np.array([1]))


GOOD = chopper.encode(np.ones((2, 40), np.float32), "mxfp6")
BAD = [
    ({"fmt": "e4m3"}, UnsupportedInputError, "e4m3 has no shared scales"),
    ({"shape": (2, 41)}, UnsupportedInputError, "data has dtype uint8 and shape (2, 30)"),
    ({"shape": (80,), "axis": -1}, UnsupportedInputError, "data has dtype uint8 and shape (2, 30)"),
    ({"axis": 0}, UnsupportedInputError, "scale_data[0] has dtype uint8 and shape (2, 2)"),
    ({"axis": 2}, UnsupportedInputError, "axis=2"),
    ({"data": GOOD.data.astype(np.int8)}, UnsupportedInputError, "legal: a numpy.ndarray of dtype uint8"),
    ({"data": GOOD.data.tolist()}, UnsupportedInputError, "data has type list"),
    ({"scale_data": ()}, UnsupportedInputError, "mxfp6_e3m2 has 1 levels of scales"),
    ({"scale_data": GOOD.scale_data[0]}, UnsupportedInputError, "pass a tuple"),
    ({"zero_points": np.zeros((2, 2), np.int32)}, UnsupportedInputError, "no zero points"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "error", "says"), BAD, ids=[", ".join(change) for change, _, _ in BAD])
def test_parts_that_do_not_belong_together(change, error, says):
    parts = {name: getattr(GOOD, name) for name in ("fmt", "shape", "axis", "data", "scale_data", "zero_points")}
    assert ScaledArray(**parts) == GOOD
    with pytest.raises(error) as caught:
        ScaledArray(**{**parts, **change})
    assert says in str(caught.value)


def test_codes_that_are_none():
    """Numbers beyond the format are refused, whether packed or not."""
    scales = [np.array([127])]
    for codes in ([16], [-1]):
        with pytest.raises(RangeError, match="is not a code of e2m1"):
            ScaledArray.from_codes(codes, scales, "mxfp4")
    with pytest.raises(RangeError, match="256 is not a code of e8m0"):
        ScaledArray.from_codes([1], [np.array([256])], "mxfp4")
    nvfp4 = chopper.encode([1.0], "nvfp4")
    bad = np.array([0x80], np.uint8)
    if nvfp4.fmt.scale.bits < 8:
        with pytest.raises(RangeError, match="which is no code of ue4m3"):
            ScaledArray(nvfp4.fmt, (1,), -1, nvfp4.data, (bad, nvfp4.scale_data[1]))
    with pytest.raises(UnsupportedInputError, match="levels of scales"):
        ScaledArray.from_codes([1], [np.array([127])], "nvfp4")
    with pytest.raises(UnsupportedInputError, match="cannot decode dtype float64"):
        ScaledArray.from_codes([1.0], scales, "mxfp4")
    with pytest.raises(OutputError):
        chopper.encode([1.0], "mxfp4", out=np.empty(1, np.uint8))
