"""out=: every layout of it, itself as input, overlaps refused, and untouched when a call fails."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import ChopperError, OutputError, RangeError

X = np.random.default_rng(1).standard_normal((20, 30)).astype(np.float32)
WANT = chopper.chop(X.copy(), "e5m2", "down")
CODES = chopper.encode(X.copy(), "e5m2", "down")


def outs(dtype):
    yield "C", np.empty((20, 30), dtype)
    yield "F", np.empty((30, 20), dtype).T
    yield "strided", np.empty((40, 90), dtype)[::2, ::3]
    yield "reversed", np.empty((20, 30), dtype)[::-1]
    yield "in a larger one", np.empty((22, 32), dtype)[1:-1, 1:-1]


@pytest.mark.parametrize("name", [name for name, _ in outs(np.float32)])
@pytest.mark.parametrize("order", "CF")
def test_layouts(name, order):
    x = np.array(X, order=order)
    out = dict(outs(np.float32))[name]
    assert chopper.chop(x, "e5m2", "down", out=out) is out
    assert np.array_equal(out, WANT)
    for policy in ("raise", "saturate"):
        assert chopper.chop(x, "e5m2", "down", out=out, overflow=policy) is out
    assert chopper.chop(x, "e5m2", "stochastic", key=3, out=out) is out
    assert np.array_equal(out, chopper.chop(X, "e5m2", "stochastic", key=3))
    codes = dict(outs(np.uint8))[name]
    assert chopper.encode(x, "e5m2", "down", out=codes) is codes
    assert np.array_equal(codes, CODES)
    assert chopper.decode(np.array(CODES, order=order), "e5m2", out=out) is out
    assert np.array_equal(out, WANT)
    assert chopper.decode(codes, "e5m2fnuz", out=out) is out
    assert np.array_equal(out, chopper.decode(CODES, "e5m2fnuz"), equal_nan=True)


@pytest.mark.parametrize("size", [0, 1, 100, 40_000, 1 << 20])
@pytest.mark.parametrize("mode", ["nearest_even", "up", "stochastic"])
def test_in_place(size, mode):
    options = {"key": 4} if mode == "stochastic" else {}
    x = np.random.default_rng(size).standard_normal(size)
    want = chopper.chop(x, "fp16", mode, **options)
    assert chopper.chop(x, "fp16", mode, out=x, **options) is x
    assert np.array_equal(x, want)


def test_in_place_on_views():
    base = np.array(X)
    view = base[::2, ::-3]
    want = chopper.chop(view.copy(), "e5m2", "down")
    rest = base[1::2].copy()
    assert chopper.chop(view, "e5m2", "down", out=view) is view
    assert np.array_equal(view, want)
    assert np.array_equal(base[1::2], rest)
    flipped = np.asfortranarray(X)
    chopper.chop(flipped, "e5m2", "down", out=flipped)
    assert np.array_equal(flipped, WANT)
    same = np.array(X)
    chopper.chop(same, "e5m2", "down", out=same[:])  # another view of the very same elements
    assert np.array_equal(same, WANT)


def test_byte_order_and_small_dtypes():
    big = X.astype(">f4")
    out = np.empty(X.shape, ">f4")
    assert chopper.chop(big, "e5m2", "down", out=out) is out
    assert np.array_equal(out, WANT)
    assert chopper.chop(big, "e5m2", "down", out=big) is big
    assert np.array_equal(big, WANT)
    half = X.astype(np.float16)
    want = chopper.chop(half, "e4m3")
    assert chopper.chop(half, "e4m3", out=half) is half
    assert np.array_equal(half, want)
    integers = np.arange(6).reshape(2, 3)
    out = np.empty((2, 3))
    assert chopper.chop(integers, "e2m1", out=out) is out
    assert out.tolist() == [[0, 1, 2], [3, 4, 4]]
    with pytest.raises(OutputError, match="dtype"):
        chopper.chop(integers, "e2m1", out=integers)


def test_scalars():
    out = np.empty(())
    assert chopper.chop(0.1, "e4m3", out=out) is out
    assert out == 0.1015625
    codes = np.empty((), np.uint8)
    assert chopper.encode(0.1, "e4m3", out=codes) is codes
    assert codes == chopper.encode(0.1, "e4m3")
    value = np.empty((), np.float32)
    assert chopper.decode(56, "e4m3", out=value) is value
    assert value == 1


REFUSED = [
    ("dtype", lambda: np.zeros(X.shape, np.float64), "dtype"),
    ("int", lambda: np.zeros(X.shape, np.int32), "dtype"),
    ("byte order", lambda: np.zeros(X.shape, ">f4"), "dtype"),
    ("shape", lambda: np.zeros((30, 20), np.float32), "shape"),
    ("broadcast", lambda: np.zeros((1, 20, 30), np.float32), "shape"),
    ("list", lambda: [0.0] * 600, "list"),
    ("number", lambda: 1.0, "float"),
]


@pytest.mark.parametrize(("name", "make", "message"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(name, make, message):
    out = make()
    with pytest.raises(OutputError, match=message):
        chopper.chop(X, "e5m2", out=out)
    with pytest.raises(OutputError):
        chopper.encode(X, "e5m2", out=out)
    if name != "int":
        assert not np.any(out) or out == 1.0


def test_read_only():
    out = np.zeros(X.shape, np.float32)
    out.flags.writeable = False
    with pytest.raises(OutputError, match="read-only"):
        chopper.chop(X, "e5m2", out=out)
    with pytest.raises(OutputError, match="read-only"):
        chopper.decode(CODES, "e5m2", out=out)


def test_overlap_is_refused_and_untouched():
    base = np.arange(100, dtype=np.float32)
    before = base.copy()
    pairs = [(base[:-1], base[1:]), (base[1:], base[:-1]), (base, base[::-1]), (base[:50], base[::2])]
    pairs += [(base[:64].reshape(8, 8), base[:64].reshape(8, 8).T)]
    for x, out in pairs:
        with pytest.raises(OutputError, match="overlaps"):
            chopper.chop(x, "e2m1", out=out)
        assert np.array_equal(base, before)
    chopper.chop(base[::2], "e2m1", out=base[1::2])  # interleaved without a shared element
    assert np.array_equal(base[::2], before[::2])
    assert np.array_equal(base[1::2], chopper.chop(before[::2], "e2m1"))
    floats = np.ones(16, np.float32)
    for x, out in ((floats, floats.view(np.uint8)[:16]), (floats[:4], floats.view(np.uint8)[8:12])):
        with pytest.raises(OutputError, match="overlaps"):
            chopper.encode(x, "e4m3", out=out)
    codes = np.ones(64, np.uint8)
    with pytest.raises(OutputError, match="overlaps"):
        chopper.decode(codes[:16], "e4m3", out=codes.view(np.float32))
    assert (codes == 1).all()
    assert (floats == 1).all()


FAILING = [
    {"overflow": "raise"},
    {"overflow": "nonsense"},
    {"rounding": "nonsense"},
    {"rounding": "stochastic", "key": -1},
    {"rounding": "stochastic", "random_words": np.zeros(3, np.uint32)},
    {"compat": "nonsense"},
    {"threads": 0},
    {"rounding": "stochastic", "random_bits": 0},
]


@pytest.mark.parametrize("options", FAILING, ids=str)
@pytest.mark.parametrize("layout", ["C", "strided", "itself"])
def test_failing_leaves_out_untouched(options, layout):
    x = np.array([1.1, 1e9, -3.3, np.inf])
    out = {"C": np.full(4, 7.0), "strided": np.full(8, 7.0)[::2], "itself": x}[layout]
    before = out.copy()
    with pytest.raises(ChopperError):
        chopper.chop(x, "e4m3", out=out, **options)
    assert np.array_equal(out, before)
    codes = np.full(4, 7, np.uint8)
    with pytest.raises(ChopperError):
        chopper.encode(x, "e4m3", out=codes, **options)
    assert (codes == 7).all()


def test_failing_for_want_of_range_leaves_out_untouched():
    x = np.array([1.5, 65504], np.float16)
    with pytest.raises(RangeError, match="does not fit"):
        chopper.chop(x, "bf16", "up", out=x)
    assert x.tolist() == [1.5, 65504]
    out = np.full(2, 7, np.float32)
    for codes in (np.array([3, 64], np.uint8), np.array([3, -1])):
        with pytest.raises(RangeError, match="not a code"):
            chopper.decode(codes, "e2m3", out=out)
    assert (out == 7).all()


def test_input_is_never_changed():
    for kind in (np.float16, np.float32, np.float64, ">f8", np.int64):
        x = (X[:3] * 10).astype(kind)
        before = x.tobytes()
        for name in ("e4m3", "fp64<subnormals=flush>", "e8m0"):
            if np.dtype(kind).itemsize > 2 or name == "e4m3":
                chopper.chop(x, name)
            chopper.encode(x, name, "stochastic", key=1)
            assert x.tobytes() == before
