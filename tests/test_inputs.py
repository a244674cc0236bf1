"""What may come in: layouts, dtypes, scalars, numbers; and what is refused, with the cure."""

from __future__ import annotations

import math
import struct
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.errors import PolicyError, RangeError, RoundingError, UnsupportedInputError

RNG = np.random.default_rng(0)
BASE = RNG.standard_normal((12, 14))
WANT = chopper.chop(BASE.copy(), "e4m3", "up")


def layouts():
    padded = np.zeros((24, 42))
    padded[::2, ::3] = BASE
    yield "F order", np.asfortranarray(BASE), WANT
    yield "transposed", BASE.T, WANT.T
    yield "strided", padded[::2, ::3], WANT
    yield "reversed", BASE[::-1, ::-1], WANT[::-1, ::-1]
    yield "column", BASE[:, 3], WANT[:, 3]
    yield "broadcast", np.broadcast_to(BASE[0], (5, 14)), np.broadcast_to(WANT[0], (5, 14))
    yield "0-d", np.array(BASE[0, 0]), WANT[0, 0]
    yield "empty", BASE[:0], WANT[:0]
    yield "empty in the middle", np.empty((3, 0, 2)), np.empty((3, 0, 2))
    yield "3-d", BASE.reshape(2, 6, 14), WANT.reshape(2, 6, 14)
    yield "3-d, axes moved", np.moveaxis(BASE.reshape(2, 6, 14), 0, 1), np.moveaxis(WANT.reshape(2, 6, 14), 0, 1)
    yield "unaligned", np.frombuffer(b"\0" + BASE.tobytes(), np.uint8)[1:].view("V8").view("f8"), WANT.ravel()


@pytest.mark.parametrize(("name", "x", "want"), [pytest.param(*row, id=row[0]) for row in layouts()])
def test_layouts(name, x, want):
    before = x.tobytes()
    for mode in ("up", "stochastic"):
        options = {"key": 9} if mode == "stochastic" else {}
        got = chopper.chop(x, "e4m3", mode, **options)
        plain = np.ascontiguousarray(x).reshape(x.shape)
        right = want if mode == "up" else chopper.chop(plain, "e4m3", mode, **options)
        assert type(got) is np.ndarray
        assert (got.dtype, got.shape) == (np.float64, x.shape)
        assert np.array_equal(got, right)
        codes = chopper.encode(x, "e4m3", mode, **options)
        assert codes.shape == x.shape
        assert np.array_equal(chopper.decode(codes, "e4m3", np.float64), right)
        scattered = np.lib.stride_tricks.as_strided(np.repeat(codes, 2), x.shape) if x.ndim == 0 else codes
        assert np.array_equal(chopper.decode(scattered, "e4m3", np.float64), right)
        assert x.tobytes() == before


def test_read_only_input_stays():
    x = BASE.copy()
    x.flags.writeable = False
    assert np.array_equal(chopper.chop(x, "e4m3", "up"), WANT)
    codes = chopper.encode(x, "e4m3")
    codes.flags.writeable = False
    chopper.decode(codes, "e4m3")
    chopper.decode(codes, "e5m2fnuz")


@pytest.mark.parametrize("kind", [">f8", ">f4", ">f2", "<f8"])
def test_byte_order(kind):
    x = BASE.astype(kind)
    got = chopper.chop(x, "e4m3", "up")
    assert got.dtype.newbyteorder("=") == x.dtype.newbyteorder("=")
    assert np.array_equal(got.astype("f8"), chopper.chop(x.astype("f8"), "e4m3", "up"))
    assert np.array_equal(chopper.encode(x, "e4m3"), chopper.encode(x.astype("f8"), "e4m3"))
    codes = chopper.encode(x, "bf16")
    assert np.array_equal(chopper.decode(codes.astype(">u2"), "bf16"), chopper.decode(codes, "bf16"))
    assert np.array_equal(chopper.decode(codes.astype(">i8"), "bf16"), chopper.decode(codes, "bf16"))


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_numpy_scalars_come_back_as_they_are(kind):
    got = chopper.chop(kind(0.1), "e4m3")
    assert type(got) is kind
    assert got == 0.1015625
    assert type(chopper.encode(kind(0.1), "e4m3")) is np.uint8
    assert type(chopper.decode(np.uint8(56), "e4m3")) is np.float32


def test_python_numbers():
    for x, want in ((0.1, 0.1015625), (3, 3.0), (True, 1.0), (10**6, 448.0), (-0.0, -0.0), (False, 0.0)):
        got = chopper.chop(x, "e4m3")
        assert type(got) is float
        assert struct.pack("d", got) == struct.pack("d", want)
        assert type(chopper.encode(x, "e4m3")) is int
    assert math.isnan(chopper.chop(math.nan, "e4m3"))
    assert type(chopper.chop(0.3, "e4m3", "stochastic", key=1)) is float
    assert type(chopper.decode(56, "e4m3")) is float


def test_python_numbers_are_like_arrays():
    points = [*BASE[0].tolist(), 5e-324, -1e308, math.inf, -math.inf, math.nan]
    for name in ("e4m3", "fp16", "e8m0", "bf16<subnormals=flush>", "fp64"):
        for mode in ("nearest_even", "down", "to_odd"):
            numbers = np.array([chopper.chop(x, name, mode) for x in points])
            assert np.array_equal(numbers, chopper.chop(np.array(points), name, mode), equal_nan=True)


def test_lists_and_tuples():
    assert np.array_equal(chopper.chop(BASE.tolist(), "e4m3", "up"), WANT)
    assert chopper.chop([1, 2.1], "e4m3").tolist() == [1.0, 2.0]
    assert chopper.chop((1, 300), "e4m3").tolist() == [1.0, 288.0]
    assert chopper.chop([], "e4m3").shape == (0,)
    assert chopper.encode([[1.0], [2.0]], "e4m3").tolist() == [[56], [64]]
    assert chopper.decode([56, 64], "e4m3").tolist() == [1.0, 2.0]
    with pytest.raises(UnsupportedInputError, match="cannot make an array"):
        chopper.chop([[1.0], [1.0, 2.0]], "e4m3")


@pytest.mark.parametrize("kind", ["i1", "u1", "i2", "u2", "i4", "u4", "i8", "u8", "?"])
def test_integers_give_float64(kind):
    x = np.array([0, 1, 100], kind)
    got = chopper.chop(x, "e4m3")
    assert got.dtype == np.float64
    assert got.tolist() == ([0, 1, 96] if kind != "?" else [0, 1, 1])
    assert type(chopper.chop(x[1], "e4m3")) is np.float64


def test_large_integers():
    exact, lossy = 2**53 + 2, 2**53 + 1
    assert chopper.chop(exact, "fp64") == exact
    assert chopper.chop(2**200, "e4m3") == 448.0
    assert chopper.chop(-(2**200), "e4m3", "stochastic", key=1) == -448.0
    assert chopper.encode(2**200, "e4m3") == 0x7E
    assert chopper.chop(np.array([exact, -(2**62)]), "fp64").tolist() == [float(exact), -(2.0**62)]
    assert chopper.chop(np.array([2**64 - 2**11], np.uint64), "fp64").tolist() == [2.0**64 - 2.0**11]
    for x in (lossy, -lossy, 2**200 + 1, 10**400, np.int64(lossy), np.array([1, lossy]), np.uint64(2**64 - 1)):
        for convert in (chopper.chop, chopper.encode):
            with pytest.raises(RangeError, match="no exact float64"):
                convert(x, "e4m3")


def test_small_dtypes_are_widened_and_must_hold_the_result():
    ml = pytest.importorskip("ml_dtypes")
    for kind in (np.float16, ml.bfloat16):
        x = np.array([0.1, -3.3, 100.0, 0.0, np.inf, np.nan], kind)
        wide = x.astype(np.float32)
        got = chopper.chop(x, "e4m3")
        assert got.dtype == x.dtype
        assert np.array_equal(got.astype(np.float32), chopper.chop(wide, "e4m3"), equal_nan=True)
        assert np.array_equal(chopper.encode(x, "e4m3"), chopper.encode(wide, "e4m3"))
    with pytest.raises(RangeError, match=r"65536.* does not fit float16; widen"):
        chopper.chop(np.array([1, 65504], np.float16), "bf16")
    with pytest.raises(RangeError, match="does not fit bfloat16"):
        chopper.chop(np.array([1e5], ml.bfloat16), "fp16", overflow="saturate")  # 65504 has 11 bits
    with pytest.raises(RangeError, match="does not fit float32"):
        chopper.chop(np.float32(3.4e38), "e9m2")
    got = chopper.chop(np.arange(16, dtype=np.uint8).view(ml.float8_e4m3fn)[:1], "e5m2")
    assert got.dtype == np.float32


REFUSED = [
    ("complex", np.ones(2, complex), "real and imaginary"),
    ("complex number", 1j, "real and imaginary"),
    ("object", np.array([1.0, None]), "astype"),
    ("fractions", [Fraction(1, 3)], "astype"),
    ("string", "1.0", "pass numbers"),
    ("strings", np.array(["1.0"]), "pass numbers"),
    ("bytes", b"1", "pass numbers"),
    ("dates", np.array(["2020-01-01"], "M8[D]"), "pass numbers"),
    ("time", np.array([1], "m8[s]"), "pass numbers"),
    ("records", np.zeros(2, "f8,f8"), "pass numbers"),
    ("masked", np.ma.array([1.0, 2.0], mask=[0, 1]), "masked"),
    ("longdouble", np.ones(2, np.longdouble), "extended precision"),
    ("huge integers", [2**70], "astype"),
]


@pytest.mark.parametrize(("name", "x", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(name, x, message):
    for convert in (chopper.chop, chopper.encode):
        with pytest.raises(UnsupportedInputError, match=message):
            convert(x, "e4m3")
    with pytest.raises(UnsupportedInputError):
        chopper.decode(x, "e4m3")


@pytest.mark.parametrize(
    "x", [None, {1.0}, {"a": 1}, Decimal(1), Fraction(1, 2), object(), iter([1.0])], ids=lambda x: type(x).__name__
)
def test_refused_kinds(x):
    for call in (chopper.chop, chopper.encode, chopper.decode):
        with pytest.raises(UnsupportedInputError):
            call(x, "e4m3")


def test_decode_wants_codes():
    for codes in (1.0, np.ones(2), [True], np.array([True]), np.ones(2, np.float32)):
        with pytest.raises(UnsupportedInputError, match="cannot decode"):
            chopper.decode(codes, "e4m3")
    for codes in (-1, 256, [0, 256], np.array([-1], np.int8), np.array([300], np.uint16), 2**70):
        with pytest.raises((RangeError, UnsupportedInputError)):
            chopper.decode(codes, "e4m3")
    for codes in (64, np.array([64], np.uint8), [63, 64, 0]):
        with pytest.raises(RangeError, match="64 is not a code of e2m3; legal: 0 to 63"):
            chopper.decode(codes, "e2m3")
    for dtype in (np.float16, int, np.longdouble, complex, "nonsense", None, ">f4 "):
        if dtype is not None:
            with pytest.raises(UnsupportedInputError, match="legal: float32, float64"):
                chopper.decode(1, "e4m3", dtype)
    assert chopper.decode(np.array([], np.uint8), "e4m3").shape == (0,)
    assert chopper.decode(np.array([2**64 - 1], np.uint64), "fp64", np.float64).shape == (1,)


def test_bad_words():
    for call in (chopper.chop, chopper.encode):
        with pytest.raises(RoundingError, match="did you mean 'nearest_even'"):
            call(1.0, "e4m3", "nearest_evne")
        for bits in (0, 33, -1, 1.5, True, "8", None):
            with pytest.raises(RoundingError, match="random_bits"):
                call(1.0, "e4m3", "stochastic", random_bits=bits)
        with pytest.raises(PolicyError, match="did you mean 'saturate'"):
            call(1.0, "e4m3", overflow="saturat")
        with pytest.raises(PolicyError, match="did you mean 'ml_dtypes'"):
            call(1.0, "e4m3", compat="mldtypes")
        for policy in ("infinity", "wrap"):
            with pytest.raises(PolicyError, match="does not suit e4m3"):
                call(1.0, "e4m3", overflow=policy)
        with pytest.raises(PolicyError, match="has no NaN"):
            call(1.0, "e2m1", overflow="nan")
        for threads in (0, -1, 1.5, True, "2"):
            with pytest.raises(UnsupportedInputError, match="threads"):
                call(1.0, "e4m3", threads=threads)
        for fmt in ("e4m3x", "nonsense", 3, None, ["e4m3"]):
            with pytest.raises(chopper.UnknownFormatError):
                call(1.0, fmt)
    with pytest.raises(PolicyError, match="wrap"):
        chopper.chop(np.ones(3), "e5m2", overflow="wrap")


def test_errors_name_value_and_index():
    x = np.array([[1.0, 2.0], [3.0, 1e9]])
    for call in (chopper.chop, chopper.encode):
        with pytest.raises(RangeError, match=r"x\[1, 1\] = 1000000000.0 has no result in e4m3 \(1 such values\)"):
            call(x, "e4m3", overflow="raise")
        with pytest.raises(RangeError, match=r"^1000000000.0 has no result"):
            call(1e9, "e4m3", overflow="raise")
        with pytest.raises(RangeError, match=r"nan has no result in e2m1"):
            call(np.array([1.0, np.nan]), "e2m1<nan_input=raise>")
        assert call(x[:1], "e4m3", overflow="raise").shape == (1, 2)
    assert chopper.chop(2.0, "e2m1<nan_input=raise>") == 2.0
    with pytest.raises(RangeError):
        chopper.chop(math.nan, "e2m1<nan_input=raise>")


def test_inputs_that_carry_subclasses():
    x = np.ones(4).view(np.matrix) if hasattr(np, "matrix") else np.ones(4)
    assert np.array_equal(np.asarray(chopper.chop(np.asarray(x), "e4m3")), np.ones((1, 4)))
    assert chopper.chop(np.memmap.__mro__[1]((2,), np.float64) * 0, "e4m3").shape == (2,)
