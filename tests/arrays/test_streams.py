"""Streams of keys: the n-th key is a Threefry block of the base key and n."""

from __future__ import annotations

import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chopper import chop
from chopper.errors import RandomKeyError
from chopper.random import Keys, as_key

MASK = (1 << 32) - 1
TURNS = ((13, 15, 26, 6), (17, 29, 16, 24))


def block(key: int, counter: int) -> int:
    """Return the Threefry-2x32-20 block of a counter, in Python's integers, after the paper."""
    words = (key >> 32, key & MASK, (key >> 32) ^ (key & MASK) ^ 0x1BD11BDA)
    x, y = (counter >> 32) + words[0] & MASK, (counter & MASK) + words[1] & MASK
    for group in range(5):
        for turn in TURNS[group % 2]:
            x = x + y & MASK
            y = (y << turn | y >> 32 - turn) & MASK ^ x
        x, y = x + words[(group + 1) % 3] & MASK, y + words[(group + 2) % 3] + group + 1 & MASK
    return x << 32 | y


def test_known_answer() -> None:
    """The answer that the paper's authors publish for key 0 and counter 0."""
    assert block(0, 0) == 0x6B20015999BA4EFE


@given(st.integers(0, (1 << 64) - 1), st.integers(0, (1 << 63) - 1))
def test_keys_are_blocks(base: int, n: int) -> None:
    """Of counters that no element has."""
    assert Keys(base).at(n) == block(base, (1 << 63) + n)
    keys = Keys(base, min(n, (1 << 63) - 200))
    assert [next(keys) for _ in range(3)] == [keys.at(keys.position - 3 + i) for i in range(3)]


def test_a_stream_goes_on() -> None:
    """Over the borders of what is computed ahead; forks begin anew."""
    keys = Keys(7)
    drawn = [next(keys) for _ in range(200)]
    assert drawn == [Keys(7).at(n) for n in range(200)]
    assert len(set(drawn)) == 200
    assert iter(keys) is keys
    fork = keys.fork()
    assert (fork.base, fork.position, keys.position) == (Keys(7).at(200), 0, 201)
    assert repr(keys) == "Keys(7, position=201)"


def test_copies_and_pickles() -> None:
    """A copy is the stream itself; a pickle goes on where it was."""
    keys = Keys(7)
    next(keys)
    assert copy.copy(keys) is copy.deepcopy(keys) is keys
    other = pickle.loads(pickle.dumps(keys))
    assert other is not keys
    assert [next(other), next(other)] == [next(keys), next(keys)]


def test_no_key_twice() -> None:
    """Threads that draw from one stream get different keys."""
    keys = Keys(3)
    with ThreadPoolExecutor(4) as pool:
        drawn = [key for part in pool.map(lambda _: [next(keys) for _ in range(500)], range(4)) for key in part]
    assert len(set(drawn)) == 2000 == keys.position


def test_a_stream_is_a_key() -> None:
    """chop draws the next one."""
    x = np.linspace(0, 1, 9)
    keys = Keys(3)
    assert np.array_equal(chop(x, "e4m3", "stochastic", key=keys), chop(x, "e4m3", "stochastic", key=Keys(3).at(0)))
    assert keys.position == 1
    assert as_key(keys).low == Keys(3).at(1) & MASK


@pytest.mark.parametrize(
    ("key", "position"), [(-1, 0), (1 << 64, 0), (1.5, 0), (0, -1), (0, 1 << 63), (0, 1.5), (True, 0)]
)
def test_what_is_no_key(key: object, position: object) -> None:
    """Out of range, or of another kind."""
    with pytest.raises(RandomKeyError):
        Keys(key, position)
    with pytest.raises(RandomKeyError):
        Keys(0).at(-1)


def test_fresh_entropy() -> None:
    """Without a key, drawn once."""
    keys = Keys()
    assert keys.base != Keys().base
    assert next(keys) == keys.at(0)
