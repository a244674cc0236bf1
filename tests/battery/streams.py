"""Streams of random words in several orders: along one key, across keys, far out, and with their bits reversed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numba
import numpy as np
import numpy.typing as npt

from chopper.engine.compiled import compiled
from chopper.engine.lanes import lane, store
from chopper.kernels.threefry import random_word

CHUNK = 1 << 20
ENDLESS = 1 << 62
_word = compiled(random_word)


class Stream(NamedTuple):
    """Word n is that of element ``offset + (n % run) * step`` under the key ``key + (n // run) * key_step``."""

    name: str
    key: int = 0
    offset: int = 0
    step: int = 1
    run: int = ENDLESS
    key_step: int = 1
    reverse: bool = False

    def words(self, start: int, size: int) -> npt.NDArray[np.uint32]:
        """Return the words start, start + 1, ..."""
        out = np.empty(size, np.uint32)
        order = [np.uint64(n % (1 << 64)) for n in (self.key, self.key_step, self.offset, self.step, self.run)]
        _fill(out, np.uint64(start), *order)
        return _reversed(out) if self.reverse else out

    def chunks(self) -> Iterator[npt.NDArray[np.uint32]]:
        """Yield the stream piece by piece, without end."""
        start = 0
        while True:
            yield self.words(start, CHUNK)
            start += CHUNK


STREAMS = (
    Stream("one key, in order", key=42),
    Stream("one key, in order, bits reversed", key=42, reverse=True),
    Stream("one key beyond 2^32, in order", key=0x9E3779B97F4A7C15),
    Stream("one key, from element 2^32 - 2^20 on", key=42, offset=(1 << 32) - (1 << 20)),
    Stream("one key, from element 2^63 on", key=42, offset=1 << 63),
    Stream("one key, every 1024th element", key=42, step=1 << 10),
    Stream("one key, every 2^32th element", key=42, step=1 << 32),
    Stream("keys 0, 1, 2, ..., one word each", run=1),
    Stream("keys 0, 1, 2, ..., one word each, bits reversed", run=1, reverse=True),
    Stream("keys 0, 1, 2, ..., eight words each", run=8),
    Stream("keys 0, 2^32, 2 * 2^32, ..., eight words each", run=8, key_step=1 << 32),
)
"""What the battery runs on."""


@numba.njit(nogil=True)
def _fill(out: Any, start: Any, key: Any, key_step: Any, offset: Any, step: Any, run: Any) -> None:
    """Write the words of a stream; all quantities are uint64 and wrap around."""
    shift, turn = start // run, start % run
    for i in range(out.size):
        k = key + shift * key_step
        n = offset + turn * step
        high, low = np.uint64(32), np.uint64(0xFFFFFFFF)
        word = _word(lane(k >> high), lane(k & low), lane(n >> high), lane(n & low))
        store(word, out, i)
        turn += np.uint64(1)
        if turn == run:
            shift, turn = shift + np.uint64(1), np.uint64(0)


def _reversed(words: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint32]:
    """Return words with their 32 bits in reverse order: the battery looks at the high bits most."""
    for shift, mask in ((1, 0x55555555), (2, 0x33333333), (4, 0x0F0F0F0F)):
        words = (words >> shift & mask) | (words & mask) << shift
    return words.byteswap()
