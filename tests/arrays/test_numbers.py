"""The array as an object: single numbers, text, copies, pickles, protocols."""

from __future__ import annotations

import copy
import math
import pickle

import numpy as np
import pytest

from chopper import get
from chopper.arithmetic import Arithmetic
from chopper.arrays import ChopArray, array
from chopper.errors import UnsupportedInputError
from tests.arrays.scalar import bits, same


def test_numbers() -> None:
    """An array without axes is a number."""
    x = array(2.7, "e4m3")
    assert (float(x), int(x), bool(x), round(x), complex(x)) == (2.75, 2, True, 3, 2.75 + 0j)
    assert f"{x:.1f} {x:8.3e}" == "2.8 2.750e+00"
    assert f"{x}" == str(x) == "2.75 e4m3"
    assert math.sqrt(x) == math.sqrt(2.75)
    assert not array(0.0, "e4m3")
    assert x.item() == x.tolist() == 2.75
    assert (x.ndim, x.size, x.shape) == (0, 1, ())
    assert isinstance(x + 1, ChopArray)
    for bad in (lambda: len(x), lambda: iter(x), lambda: hash(x), lambda: float(array([1.0, 2.0], "e4m3"))):
        with pytest.raises(TypeError):
            bad()
    with pytest.raises(ValueError, match="ambiguous"):
        bool(array([1.0, 2.0], "e4m3"))
    with pytest.raises(UnsupportedInputError, match="digits"):
        round(x, 1)


def test_a_format_keeps_its_name() -> None:
    """Whatever an equal one was called before."""
    assert repr(array([1.0], "e5m2<bias=15>")) == "ChopArray([1.], e5m2<bias=15>)"
    assert repr(array([1.0], "e5m2")) == "ChopArray([1.], e5m2)"


@pytest.mark.parametrize(("x", "fmt", "options", "text"), [
    ([0.1, 1.0], "e4m3", (), "ChopArray([0.1016,     1.], e4m3)"),
    (0.1, "bf16", ("stochastic", ), "ChopArray(0.1"),
    ([[1.0, 2.0], [3.0, 1e30]], "bf16", ("up",),
     "ChopArray([[        1.,         2.],\n           [        3., 1.0003e+30]], bf16, up)"),
    ([], "e4m3", (), "ChopArray([], e4m3)"),
    (np.zeros((0, 3)), "e4m3", (), "ChopArray([], shape=(0, 3), e4m3)"),
    ([math.nan, -math.inf, -0.0], "e5m2", (), "ChopArray([ nan, -inf,  -0.], e5m2)"),
    ([127.0, -128.0], "int8", (), "ChopArray([ 127., -128.], int8)"),
    ([1.0, 2.0, 32767.0], "int16", (), "ChopArray([    1.,     2., 32767.], int16)"),
    ([1e-7], "fp32", (), "ChopArray([1.e-07], fp32)"),
])  # fmt: skip
def test_text(x: object, fmt: str, options: tuple[str, ...], text: str) -> None:
    """It shows the values to their digits, the format, and the mode where it is not the usual one."""
    shown = repr(array(x, fmt, *options, **({"key": 1} if "stochastic" in options else {})))
    assert shown == text or (options == ("stochastic",) and shown.startswith(text) and shown.endswith(", stochastic)"))


def test_long_arrays_are_cut() -> None:
    """As NumPy does."""
    assert "..." in repr(array(np.arange(5000), "bf16"))
    assert str(array([1.0, 2.0], "e4m3")) == "[1. 2.] e4m3"


@pytest.mark.parametrize("fmt", ["e4m3", "bf16", "fp16", "posit8", "int8", "fp32"])
def test_text_tells_numbers_apart(fmt: str) -> None:
    """Neighbours look different, and what is shown leads back to the number, unless NumPy's precision cuts it."""
    x = array(np.random.default_rng(0).standard_normal(50), fmt)
    with np.printoptions(precision=12):
        for one in x:
            assert bits(array(float(str(one).split()[0]), fmt)) == bits(one)


def test_copies_share_the_stream() -> None:
    """copy, copy.copy, copy.deepcopy: values apart, stream together."""
    x = array([0.3, 1.7], "e4m3", "stochastic", key=3)
    for other in (x.copy(), copy.copy(x), copy.deepcopy(x), copy.deepcopy([x])[0]):
        assert not np.shares_memory(other.values, x.values)
        assert other.arithmetic is x.arithmetic
    assert copy.deepcopy(x.arithmetic.keys) is x.arithmetic.keys


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickles_take_the_stream_along(protocol: int) -> None:
    """Values, arithmetic, position: the copy goes on with the same keys; what shared a stream shares it again."""
    x = array([0.3, 1.7], "e4m3", "stochastic", key=3, order="pairwise", overflow="nan", random_bits=7)
    y = x * 0.3
    one, two = pickle.loads(pickle.dumps((x, y), protocol))
    assert same(one, x)
    assert one.arithmetic is two.arithmetic
    assert one.arithmetic.agrees(x.arithmetic)
    assert one.arithmetic.keys.position == x.arithmetic.keys.position == 3
    assert same(one / two, x / y)
    plain = pickle.loads(pickle.dumps(array([1.0], get("e4m3")), protocol))
    assert same(plain + 1, [2.0])
    assert pickle.loads(pickle.dumps(Arithmetic("bf16"), protocol)).agrees(Arithmetic("bf16"))


def test_values_are_read_only() -> None:
    """Nothing gets past the rounding."""
    x = array([0.3, 1.7], "e4m3")
    with pytest.raises(ValueError, match="read-only"):
        x.values[0] = 0.3
    plain = np.asarray(x)
    plain[0] = 99.0
    assert x.tolist() == [0.3125, 1.75]
    assert np.shares_memory(np.asarray(x, copy=False), x.values)
    with pytest.raises(ValueError, match="copying"):
        np.asarray(x, np.float64, copy=False)
    assert np.array(x, dtype=np.float64).dtype == np.float64
    given = np.array([0.5, 1.0], np.float32)
    made = array(given, "e4m3")
    made[0] = 2
    assert given[0] == 0.5


def test_attributes() -> None:
    """What an ndarray has."""
    x = array(np.arange(6.0).reshape(2, 3), "e4m3")
    assert x.T.shape == (3, 2)
    assert x.mT.shape == (3, 2)
    assert x.reshape(3, 2).shape == x.reshape((3, -1)).shape == (3, 2)
    assert np.shares_memory(x.reshape(-1), x)
    assert x.transpose(1, 0).shape == (3, 2)
    assert (x.nbytes, x.itemsize, x.strides) == (24, 4, (12, 4))
    assert x.flags.c_contiguous
    assert [float(one) for one in x.flat] == list(range(6))
    assert float(x.flat[4]) == 4.0
    assert len(x.flat) == 6
    x.flat = 1.0
    assert x.real is x
    assert same(x.imag, np.zeros((2, 3)))
    x.shape = (6,)
    assert x.shape == (6,)
    assert same(x.conj(), x)
    x[:] = [3, 1, 2, 6, 5, 4]
    x.sort()
    assert x.tolist() == [1, 2, 3, 4, 5, 6]
    assert x.view().arithmetic is x.arithmetic
    assert same(x.flatten(), x)
    assert same(x.round(), x)
    assert x.tobytes() == x.values.tobytes()
    assert same(x.compress([True, False, True]), [1.0, 3.0])
    assert same(x.clip(2, 3), [2, 2, 3, 3, 3, 3])
    assert 3.0 in x
    assert 0.3 not in x
    assert x.rounding.value == "nearest_even"
    assert len([*x]) == len(x) == 6
    with pytest.raises(AttributeError, match="nonsense"):
        x.nonsense  # noqa: B018
    with pytest.raises(TypeError):
        iter(x[0])


def test_operators() -> None:
    """All of Python's operators, in place too."""
    x = array([1.5, -2.5], "e4m3")
    assert same(+x, x)
    assert same(-x, [-1.5, 2.5])
    assert same(abs(x), [1.5, 2.5])
    assert same(x % 2, [1.5, 1.5])
    assert (x == [1.5, 2]).tolist() == [True, False]
    y = x
    y += 1
    y *= 2
    y -= 0.5
    y /= 3
    assert y is x
    y %= 1
    assert same(y, (((array([1.5, -2.5], "e4m3") + 1) * 2 - 0.5) / 3) % 1)


def test_strangers_are_asked() -> None:
    """An operand of another kind that has a protocol of its own gets its turn."""

    class Other:
        __array_ufunc__ = None

        def __radd__(self, other: object) -> str:
            return "mine"

    x = array([1.0], "e4m3")
    assert x + Other() == "mine"
    with pytest.raises(TypeError):
        x * Other()
    assert x.__array_ufunc__(np.add, "__call__", x, Other()) is NotImplemented

    class Foreign:
        def __array_function__(self, *_: object) -> str:
            return "theirs"

    assert np.concatenate([x, Foreign()]) == "theirs"
