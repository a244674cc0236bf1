"""Keys, generators, offsets and given words."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import RandomKeyError
from chopper.random import Chunk, Key, as_key

X = np.full(2000, 1.05)
CALLS = (chopper.chop, chopper.encode)


def draw(call=chopper.chop, x=X, **options):
    return call(x, "e4m3", "stochastic", **options)


@pytest.mark.parametrize("call", CALLS)
def test_a_key_gives_one_result(call):
    for key in (0, 1, 2**32, 2**64 - 1, np.int64(5), np.uint64(2**64 - 1), np.array(5)):
        assert np.array_equal(draw(call, key=key), draw(call, key=key))
    assert np.array_equal(draw(call, key=5), draw(call, key=np.int64(5)))
    assert not np.array_equal(draw(call, key=0), draw(call, key=1))
    assert not np.array_equal(draw(call, key=1), draw(call, key=2**32 + 1))
    assert not np.array_equal(draw(call, key=1)[1:], draw(call, key=2)[:-1])


@pytest.mark.parametrize("call", CALLS)
def test_fresh_entropy_differs(call):
    assert not np.array_equal(draw(call), draw(call))
    assert not np.array_equal(draw(call, key=None), draw(call, key=None))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("options", [{}, {"overflow": "raise"}, {"overflow": "saturate"}], ids=str)
def test_generators(call, options):
    first, second = (np.random.default_rng(7) for _ in range(2))
    one, two = draw(call, key=first, **options), draw(call, key=first, **options)
    assert np.array_equal(one, draw(call, key=second, **options))
    assert np.array_equal(two, draw(call, key=second, **options))
    assert not np.array_equal(one, two)
    seed = int(np.random.default_rng(7).integers(0, 1 << 64, dtype=np.uint64))
    assert np.array_equal(one, draw(call, key=seed, **options))  # one 64-bit draw, whatever the policy


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize(
    "key", [-1, 2**64, 1.0, 0.5, True, False, np.bool_(True), "1", b"1", [1], (0, 1), 1j, np.ones(2)]
)
def test_bad_keys(call, key):
    with pytest.raises(RandomKeyError, match="key="):
        draw(call, key=key)


@pytest.mark.parametrize("offset", [-1, 2**64, 1.5, True, "3", None])
def test_bad_offsets(offset):
    for call in CALLS:
        with pytest.raises(RandomKeyError, match="offset="):
            draw(call, key=1, offset=offset)


def test_offsets():
    whole = draw(key=9)
    assert np.array_equal(whole[700:], draw(x=X[700:], key=9, offset=700))
    assert np.array_equal(whole[700:], draw(x=X[700:], key=9, offset=np.int32(700)))
    assert np.array_equal(whole.reshape(40, 50), draw(x=X.reshape(40, 50), key=9))
    assert whole[3] == draw(x=X[3], key=9, offset=3)
    assert float(whole[3]) == draw(x=float(X[3]), key=9, offset=3)
    codes = chopper.encode(X, "e4m3", "stochastic", key=9)
    assert np.array_equal(chopper.decode(codes, "e4m3", np.float64), whole)
    assert np.array_equal(codes, chopper.encode(X, "e4m3", "stochastic", key=9, overflow="raise"))
    late = chopper.encode(X[700:], "e4m3", "stochastic", key=9, offset=700, overflow="raise")
    assert np.array_equal(codes[700:], late)


WORDS = [
    np.zeros(3, np.uint32), np.zeros(X.shape, np.int32), np.zeros(X.shape, np.uint64), np.zeros(X.shape), [0] * X.size,
    np.zeros((X.size, 1), np.uint32), np.zeros(X.shape, np.uint8), 0, np.uint32(0), "words",
]  # fmt: skip


@pytest.mark.parametrize("words", WORDS, ids=lambda words: f"{getattr(words, 'dtype', type(words).__name__)}")
def test_bad_words(words):
    for call in CALLS:
        with pytest.raises(RandomKeyError, match="pass uint32"):
            draw(call, random_words=words)


def test_words():
    words = np.random.default_rng(0).integers(0, 1 << 32, (50, 40), np.uint32)
    x = X.reshape(50, 40)
    want = draw(x=x, random_words=words)
    assert np.array_equal(want, draw(x=x, random_words=np.asfortranarray(words)))
    assert np.array_equal(want, draw(x=np.asfortranarray(x), random_words=words))
    assert np.array_equal(want.T, draw(x=x.T, random_words=words.T))
    assert np.array_equal(want, draw(x=x, random_words=words.astype(">u4").view(">u4").astype("<u4")))
    assert np.array_equal(want[0, 0], draw(x=x[0, 0], random_words=words[0, 0]))
    here = x.copy()
    draw(x=here, random_words=words, out=here)
    assert np.array_equal(here, want)
    top = words & np.uint32(0xF0000000)
    low = top | (words >> np.uint32(4))
    few = {"random_bits": 4}
    assert np.array_equal(draw(x=x, random_words=top, **few), draw(x=x, random_words=low, **few))


def test_deterministic_modes_take_no_key():
    assert np.array_equal(chopper.chop(X, "e4m3", "up", key=3), chopper.chop(X, "e4m3", "up"))


def test_as_key():
    assert as_key(2**32 + 7, 5) == Key(1, 7, 5)
    assert as_key(None) != as_key(None)
    generator = np.random.default_rng(1)
    state = np.random.default_rng(1).integers(0, 1 << 64, dtype=np.uint64)
    assert as_key(generator) == as_key(int(state))


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("shape", [(5,), (40, 50), (7, 8, 9), (3, 1, 4, 2), (300, 400)], ids=str)
def test_chunks_of_arrays(call, shape):
    """Any box of an array has the bits that it has in the whole; long rows and short ones, compiled or not."""
    rng = np.random.default_rng(len(shape))
    x = rng.standard_normal(shape).astype(np.float32)
    whole = draw(call, x, key=5)
    for _ in range(6):
        origin = tuple(int(rng.integers(n)) for n in shape)
        extent = tuple(int(rng.integers(1, n - at + 1)) for n, at in zip(shape, origin, strict=True))
        box = tuple(slice(at, at + n) for at, n in zip(origin, extent, strict=True))
        assert np.array_equal(draw(call, x[box], key=5, offset=Chunk(origin, shape)), whole[box])


def test_chunks_of_arrays_larger_than_memory():
    """The index of a chunk is exact beyond 2^32."""
    shape = (2**20, 2**20, 2**20)
    x = np.full((2, 3, 4), 1.05)
    got = draw(x=x, key=3, offset=Chunk((7, 2**20 - 3, 11), shape))
    for at in np.ndindex(2, 3, 1):
        index = (7 + at[0]) * 2**40 + (2**20 - 3 + at[1]) * 2**20 + 11
        assert np.array_equal(got[at[0], at[1]], draw(x=x[0, 0], key=3, offset=index))


@pytest.mark.parametrize(
    ("origin", "shape"), [((0,), (5, 5)), ((0, 3), (5, 5)), ((-1, 0), (5, 5)), ((0, 0, 0), (5, 5, 5))]
)
def test_bad_chunks(origin, shape):
    for call in CALLS:
        with pytest.raises(RandomKeyError, match="does not hold an array of shape"):
            draw(call, np.ones((3, 3)), key=1, offset=Chunk(origin, shape))


def test_pairs_of_words():
    """A key may be given as its two words, and once made it stays what it is."""
    pair = np.array([7, 9], np.uint32)
    for call in CALLS:
        want = draw(call, key=(7 << 32) + 9, offset=5)
        assert np.array_equal(draw(call, key=pair, offset=5), want)
        assert np.array_equal(draw(call, key=Key(7, 9, 5)), want)
        assert np.array_equal(draw(call, key=Key(7, 9, 5), overflow="raise"), want)
