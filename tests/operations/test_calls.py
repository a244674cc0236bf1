"""How operations are called: dtypes, broadcasting, out, words and keys, threads, chunks, scalars, errors."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest

from chopper import chop, ops
from chopper.errors import OutputError, PolicyError, RandomKeyError, RangeError, UnsupportedInputError
from chopper.random import Chunk
from chopper.rounding import Rounding
from tests.operations.definition import Results, differing

LARGE = 100_000


def _floats(size: int, kind: type = np.float32, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(size).astype(kind)


@pytest.mark.parametrize(
    ("x", "y", "fmt", "dtype"),
    [
        (np.float32([1]), np.float32([2]), "e4m3", np.float32),
        (np.float32([1]), np.float16([2]), "e4m3", np.float32),
        (np.float32([1]), 0.1, "e4m3", np.float32),
        (np.float32([1]), np.float64([2]), "e4m3", np.float64),
        (np.float32([1]), np.array([2]), "e4m3", np.float32),
        (np.array([1]), np.array([2]), "e4m3", np.float64),
        (np.float32([1]), np.float32([2]), "fp64", np.float64),
        (np.float32([1]), np.float32([2]), "takum_linear16", np.float64),
        ([1.0], 2, "e4m3", np.float64),
    ],
)
def test_dtypes(x: object, y: object, fmt: str, dtype: type) -> None:
    """float32 where every operand of a float dtype is no wider and the format fits, else float64."""
    got = ops.add(x, y, fmt)
    assert got.dtype == dtype and got.shape == (1,)


def test_scalars() -> None:
    """Python numbers give a float, NumPy scalars one of NumPy, arrays without axes an array."""
    assert type(ops.add(1, 2.5, "e4m3")) is float
    assert type(ops.add(np.float32(1), 2.5, "e4m3")) is np.float32
    assert isinstance(ops.add(np.array(1.0), 2.5, "e4m3"), np.ndarray)


def test_operands_are_exact_numbers() -> None:
    """A number between the values of the format counts as what it is."""
    assert ops.add(np.float32([1]), 2.0**-60, "bf16", "up")[0] == 1.0078125
    assert ops.mul(np.float32([3]), 0.1, "fp64")[0] == 3 * 0.1
    with pytest.raises(RangeError, match="no exact float64"):
        ops.add(2**60 + 1, 1.0, "fp16")


def test_broadcasting() -> None:
    """Operands of all layouts broadcast."""
    x, y = _floats(12).reshape(3, 4), _floats(4, seed=1)
    got = ops.mul(x[::-1, ::2], y[::2], "bf16")
    assert differing(got, ops.mul(x[::-1, ::2].copy(), np.broadcast_to(y[::2], (3, 2)).copy(), "bf16")) == 0
    assert ops.add(np.empty((0, 3)), 1.0, "e4m3").shape == (0, 3)
    with pytest.raises(UnsupportedInputError, match="broadcast"):
        ops.add(np.ones(3), np.ones(4), "e4m3")


@pytest.mark.parametrize("fmt", ["e4m3", "bf16", "fp32", "fp64", "posit16", "posit32", "int16"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "div", "sqrt", "fma"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_compiled_loops_agree(name: str, fmt: str, kind: type) -> None:
    """Large arrays, which go through compiled loops, against the definition; hard operands are among them."""
    size = 40_000
    rng = np.random.default_rng(1)
    xs = [_floats(size, kind, seed) for seed in range({"sqrt": 1, "fma": 3}.get(name, 2))]
    if name == "sqrt":
        xs[0] = np.abs(xs[0])
    for mode, words in (("nearest_even", None), ("down", None), ("stochastic", rng.integers(0, 1 << 32, size, "u4"))):
        for special in (False, True):
            if special:
                xs[0][100:110] = [0, -0.0, np.inf, -np.inf, np.nan, 1e-40, -1e-40, 3e38, 1, 2]
            whole = getattr(ops, name)(*xs, fmt, mode, random_words=words)
            at = slice(95, 120)
            drawn = None if words is None else words[at]
            wanted = Results(name, [x[at] for x in xs]).rounded(fmt, Rounding(mode), drawn)
            assert differing(whole[at], wanted) == 0, (mode, special)


def test_out() -> None:
    """Results go where they are asked to go, an operand included."""
    x, y = _floats(LARGE), _floats(LARGE, seed=1)
    wanted = ops.add(x, y, "bf16")
    out = np.empty_like(x)
    assert ops.add(x, y, "bf16", out=out) is out and differing(out, wanted) == 0
    z = x.copy()
    assert ops.add(z, y, "bf16", out=z) is z and differing(z, wanted) == 0
    strided = np.zeros((LARGE, 2), np.float32)
    ops.add(x, y, "bf16", out=strided[:, 0])
    assert differing(strided[:, 0], wanted) == 0 and not strided[:, 1].any()
    square = x[:9].reshape(3, 3).copy()
    across = ops.add(square, square.T, "bf16")
    with pytest.raises(OutputError, match="overlaps"):
        ops.add(square, square.T, "bf16", out=square)
    assert differing(across, ops.add(square.copy(), square.T.copy(), "bf16")) == 0


@pytest.mark.parametrize("out", [np.empty(3, np.float64), np.empty(4, np.float32), [1.0], None])
def test_a_wrong_out(out: object) -> None:
    """An `out` that does not fit is refused."""
    x = np.ones(3, np.float32)
    if out is None:
        out = np.empty(3, np.float32)
        out.flags.writeable = False
    with pytest.raises(OutputError):
        ops.add(x, x, "e4m3", out=out)


def test_a_failed_call_leaves_out_untouched() -> None:
    """Nothing is written before all elements are known to have a result."""
    out = np.full(3, 7.0, np.float32)
    with pytest.raises(RangeError, match=r"mul\(3\.0, 200\.0\).*1 such"):
        ops.mul(np.float32([1, 3, 2]), np.float32([1, 200, 2]), "e4m3", overflow="raise", out=out)
    assert (out == 7).all()


def test_keys_are_those_of_chop() -> None:
    """An exact result is rounded with the words that chop draws."""
    x = _floats(LARGE)
    wanted = chop(x, "e4m3", "stochastic", key=5)
    assert differing(ops.mul(x, 1.0, "e4m3", "stochastic", key=5), wanted) == 0
    assert differing(ops.add(x, np.float32(0), "e4m3", "stochastic", key=5, threads=2), wanted) == 0
    part = ops.mul(x[1000:1300], 1.0, "e4m3", "stochastic", key=5, offset=1000)
    assert differing(part, wanted[1000:1300]) == 0
    square = x.reshape(250, 400)
    place = Chunk((10, 20), (250, 400))
    inner = ops.mul(square[10:50, 20:90], 1.0, "e4m3", "stochastic", key=5, offset=place)
    assert differing(inner, wanted.reshape(250, 400)[10:50, 20:90]) == 0
    with pytest.raises(RandomKeyError):
        ops.mul(x, 1.0, "e4m3", "stochastic", random_words=np.zeros(3, np.uint32))


def test_threads_change_nothing() -> None:
    """Large arrays, one thread and two."""
    x, y = _floats(1 << 21), _floats(1 << 21, seed=1)
    for mode in ("nearest_even", "stochastic"):
        one, two = (ops.div(x, y, "bf16", mode, key=1, threads=n) for n in (1, 2))
        assert differing(one, two) == 0


def test_a_family_that_operates_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its function gets the operands as float64 of one shape; it is not asked where binary fractions serve."""
    asked = []

    def operate(name: str, operands: tuple, request: object, words: object) -> np.ndarray:
        asked.append((name, [a.dtype for a in operands], words))
        return operands[0] * operands[1]

    for family in ("lns", "takum"):
        monkeypatch.setattr(import_module(f"chopper.engine.families.{family}"), "operate", operate, raising=False)
    assert ops.mul(np.float32([1, 4]), 2, "lns8").tolist() == [2, 8]
    assert ops.mul(1.0, 2.0, "takum_log8") == 2
    assert ops.mul(1.0, 2.0, "takum_linear8") == 2
    assert asked == [("mul", [np.float64] * 2, None)] * 2


def test_errors() -> None:
    """Each names what is wrong."""
    with pytest.raises(PolicyError, match="random_bits=26"):
        ops.add(1.0, 2.0, "nf4", "stochastic", key=1)
    assert ops.add(0.25, 0.25, "nf4", "stochastic", key=1, random_bits=26) in (0.44070982933044434, 0.5626170039176941)
    with pytest.raises(UnsupportedInputError, match="share scales"):
        ops.add(1.0, 2.0, "mxfp4")
    with pytest.raises(RangeError, match="does not hold"):
        ops.add(1.0, 2.0, "posit64")
    with pytest.raises(RangeError, match="last digit"):
        ops.add(2.0**200, 1.0, "int8", overflow="wrap")
    with pytest.raises(TypeError, match="outt"):
        ops.add(1.0, 2.0, "e4m3", outt=1)
    with pytest.raises(UnsupportedInputError, match="threads"):
        ops.add(1.0, 2.0, "e4m3", threads=0)
