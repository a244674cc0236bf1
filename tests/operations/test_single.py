"""One element at a time, in Python integers: the bits of the longer ways."""

from __future__ import annotations

import numpy as np
import pytest

from chopper import chop, ops
from chopper.errors import RangeError
from chopper.random import Chunk, Keys
from tests.operations.definition import differing
from tests.tally import Tally

SUBJECT = "operations, one element at a time"
SIZE = 40
EDGES = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-40, 2.0**-126, 1.7e308, 2.2e-308, 1.0, -0.1])


def _operands(rng: np.random.Generator) -> np.ndarray:
    """Return edges, patterns of all kinds and numbers near one."""
    patterns = rng.integers(-(2**63), 2**63, SIZE, dtype=np.int64).view(np.float64)
    near = rng.standard_normal(SIZE) * 2.0 ** rng.integers(-30, 30, SIZE)
    return np.where(rng.random(SIZE) < 0.5, near, np.where(rng.random(SIZE) < 0.5, patterns, rng.choice(EDGES, SIZE)))


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("fmt", ["bf16", "e4m3", "fp32", "fp64", "posit16", "posit32", "nf4", "int8", "lns12"])
@pytest.mark.parametrize("mode", ["nearest_even", "down", "to_odd", "stochastic", "stochastic_equal"])
def test_numbers_and_arrays_of_one_element(fmt: str, mode: str, tally: Tally) -> None:
    """Python numbers, and float64 and float32 arrays of one element, against arrays of more."""
    rng = np.random.default_rng(7)
    drawn = rng.integers(0, 1 << 32, SIZE, "u4") if mode.startswith("stochastic") else None
    for name, arity in (("add", 2), ("sub", 2), ("mul", 2), ("div", 2), ("sqrt", 1), ("fma", 3)):
        operation, xs = getattr(ops, name), [_operands(rng) for _ in range(arity)]
        for kind in (np.float64,) if fmt == "lns12" else (np.float64, np.float32):  # float32 holds few results of lns12
            columns = [x.astype(kind) for x in xs]
            wanted = operation(*columns, fmt, mode, random_bits=20, random_words=drawn)
            rows = range(SIZE)
            words = [None if drawn is None else drawn[i : i + 1] for i in rows]
            arrays = [
                operation(*(c[i : i + 1] for c in columns), fmt, mode, random_bits=20, random_words=words[i])[0]
                for i in rows
            ]
            words = [None if drawn is None else drawn[i] for i in rows]
            numbers = [
                operation(*(float(c[i]) for c in columns), fmt, mode, random_bits=20, random_words=words[i])
                for i in rows
            ]
            tally.note(2 * SIZE, fmt, mode, differing(np.array(arrays), wanted) + differing(np.array(numbers), wanted))
            assert all(type(number) is float for number in numbers)
            assert differing(np.array(arrays), wanted) == differing(np.array(numbers), wanted) == 0


@pytest.mark.parametrize("key", [1, 2**63 + 5, 2**64 - 1, (np.uint32(3), np.uint32(4))])
@pytest.mark.parametrize("offset", [0, 7, 2**32 - 1, 2**40 + 3])
def test_words_by_key(key: object, offset: int) -> None:
    """The word of a number is that of the first element of an array."""
    key = np.array(key, np.uint32) if isinstance(key, tuple) else key
    for x in np.random.default_rng(2).standard_normal(20):
        row = ops.add(np.full(50, x), 0.1, "e4m3", "stochastic", key=key, offset=offset)
        assert ops.add(float(x), 0.1, "e4m3", "stochastic", key=key, offset=offset) == row[0]


def test_one_key_a_call() -> None:
    """A stream gives one key for each call, whichever way it goes: fp64 and long products leave the short one."""
    keys = Keys(3)
    for count, (fmt, x) in enumerate([("bf16", 1.1), ("fp64", 1.1), ("bf16", 1e300), ("fp64", 2.0)], 1):
        ops.fma(x, 1e-300, 1.0, fmt, "stochastic", key=keys, random_bits=20)
        assert keys.position == count
    assert ops.add(1.0, 0.1, "e4m3", "stochastic", key=1, offset=Chunk((), ())) == ops.add(
        1.0, 0.1, "e4m3", "stochastic", key=1
    )
    with pytest.raises(RangeError, match="no result"):
        ops.add(440.0, 440.0, "e4m3", overflow="raise")
    with pytest.raises(RangeError, match="no exact float64"):
        ops.add(2**60 + 1, 1.0, "bf16")


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
@pytest.mark.parametrize("fmt", ["bf16", "e4m3", "posit16", "takum_linear16", "nf4", "int8", "lns12"])
@pytest.mark.parametrize("mode", ["nearest_even", "down", "to_odd", "stochastic"])
@pytest.mark.parametrize("kind", [np.float32, np.float64])
def test_chop_of_one_element(fmt: str, mode: str, kind: type, tally: Tally) -> None:
    """Rounding arrays of one element gives the bits of rounding them together."""
    rng = np.random.default_rng(8)
    x = _operands(rng).astype(kind)
    words = rng.integers(0, 1 << 32, SIZE, "u4") if mode == "stochastic" else None
    wanted = chop(x, fmt, mode, random_words=words) if fmt != "lns12" or kind is np.float64 else None
    if wanted is None:
        pytest.skip("float32 holds few values of lns12")
    parts = [None if words is None else words[i : i + 1] for i in range(SIZE)]
    got = [chop(x[i : i + 1], fmt, mode, random_words=parts[i])[0] for i in range(SIZE)]
    tally.note(SIZE, fmt, mode)
    assert differing(np.array(got), wanted) == 0
