"""The streams that the battery gets are the words that stochastic rounding uses."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

import chopper
from tests.battery.streams import STREAMS, Stream

ONE_BIT = chopper.FloatFormat(exponent_bits=8, precision=1)


def words_in_use(key: int, offset: int, size: int) -> npt.NDArray[np.uint32]:
    """Find the random words of elements from outside.

    The number ``1 + nu`` goes up to 2 exactly when ``nu * 2**32 + R >= 2**32``: bisect for the smallest such nu.
    """
    word = np.zeros(size)
    for bit in reversed(range(32)):
        trial = word + 2.0**bit
        up = chopper.chop(2 - trial / 2**32, ONE_BIT, "stochastic", key=key, offset=offset) == 2
        word = np.where(up, trial, word)
    return word.astype(np.uint32)


def reversed_bits(word: int) -> int:
    """Return a word with its bits in reverse order."""
    return int(f"{word:032b}"[::-1], 2)


@pytest.mark.parametrize("stream", STREAMS, ids=lambda stream: stream.name)
def test_streams(stream: Stream) -> None:
    """Pieces of a stream, found by rounding one element at a time."""
    start = 1000
    expected = []
    for n in range(start, start + 12):
        key = (stream.key + n // stream.run * stream.key_step) % (1 << 64)
        element = (stream.offset + n % stream.run * stream.step) % (1 << 64)
        word = int(words_in_use(key, element, 1)[0])
        expected.append(reversed_bits(word) if stream.reverse else word)
    assert stream.words(start, 12).tolist() == expected


def test_known_answer() -> None:
    """Key 0, counter 0 gives the block 6b200159 99ba4efe."""
    assert Stream("").words(0, 1).tolist() == [0x6B200159 ^ 0x99BA4EFE] == [0xF29A4FA7]


def test_pieces() -> None:
    """A stream does not depend on where it is cut."""
    for stream in STREAMS:
        whole = stream.words(0, 100)
        assert np.array_equal(whole, np.concatenate([stream.words(0, 37), stream.words(37, 63)])), stream.name


@pytest.mark.slow
def test_large_arrays() -> None:
    """The compiled loops use the same words."""
    size = 1 << 16
    assert np.array_equal(words_in_use(42, 0, size), Stream("", key=42).words(0, size))


@pytest.mark.parametrize("key", [0, 42, 0xFFFFFFFF])
def test_jax(key: int) -> None:
    """JAX draws the same words."""
    jax = pytest.importorskip("jax")
    drawn = np.asarray(jax.random.bits(jax.random.key(key, impl="threefry2x32"), (1000,), "uint32"))
    assert np.array_equal(Stream("", key=key).words(0, 1000), drawn)
