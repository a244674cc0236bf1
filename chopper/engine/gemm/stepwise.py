"""The definition at work: every step on whole arrays, for every format, mode and order; slow, and the last resort."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.gemm.exact import exact_sum, round_exact, rounded_sums
from chopper.engine.gemm.rounders import Rounder, rounder_of
from chopper.engine.gemm.task import Task
from chopper.engine.gemm.words import Words
from chopper.engine.plan import Request

__all__ = ["run_stepwise"]

_Array = npt.NDArray[Any]


class _Parts(NamedTuple):
    """What the orders work with."""

    task: Task
    a: _Array  # (..., M, K)
    b: _Array  # (..., K, N)
    c: _Array | None
    shape: tuple[int, ...]
    words: Words | None
    rounders: dict[Request, Rounder]
    threads: int | None

    @property
    def terms(self) -> int:
        return self.task.accumulate.terms(self.a.shape[-1])

    def word(self, asked: Request, step: int) -> Any:
        return self.words.at(step) if self.words is not None and asked.rounding.random else None

    def factors(self, k: int) -> tuple[_Array, _Array]:
        return self.a[..., k : k + 1], self.b[..., k : k + 1, :]

    def zero(self) -> _Array:
        return np.zeros(self.shape)

    def merge(self, m: int) -> int:
        """Return the step of addition m of the sums of blocks."""
        return self.terms * self.task.accumulate.words + m

    def last(self, which: int) -> int:
        """Return the step of the last addition, of the rounding of c, of that of the result."""
        blocks = self.task.accumulate.blocks
        return self.merge(1 if blocks is None else -(-self.a.shape[-1] // blocks)) + which

    def add(self, asked: Request, x: _Array, y: _Array, step: int) -> _Array:
        return self.rounders[asked].add(x, y, self.word(asked, step))

    def product(self, k: int) -> _Array:
        """Return rounded products."""
        asked = self.task.product
        assert asked is not None
        step = k * self.task.accumulate.words
        a, b = (np.broadcast_to(x, self.shape) for x in self.factors(k))
        return self.rounders[asked].multiply(a, b, self.word(asked, step))

    def start(self, asked: Request) -> _Array:
        """Return c, rounded, or +0."""
        if self.c is None:
            return self.zero()
        c = np.broadcast_to(self.c, self.shape).astype(np.float64)
        return self.rounders[asked].round(c, self.word(asked, self.last(1)))


def run_stepwise(
    task: Task, a: _Array, b: _Array, c: _Array | None, narrow: bool, words: Words | None, threads: int | None
) -> _Array:
    """Return the product of float64 arrays (..., M, K) and (..., K, N), as float64."""
    shape = (*np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), a.shape[-2], b.shape[-1])
    rounders = {asked: rounder_of(asked, narrow, threads) for asked in task.formats}
    parts = _Parts(task, a, b, c, shape, words, rounders, threads)
    with np.errstate(all="ignore"):
        if task.sum is None:
            return _exact(parts)
        if task.accumulate.compensated:
            total = _kahan(parts) if task.accumulate.compensated == "kahan" else _neumaier(parts)
        elif task.accumulate.blocks is None:
            total = _sequential(parts, 0, a.shape[-1], parts.start(task.sum))
        else:
            total = _blocked(parts) if task.accumulate.order == "blocked" else _tree(parts)
        return rounders[task.result].round(total, parts.word(task.result, parts.last(2)))


def _sequential(parts: _Parts, start: int, stop: int, acc: _Array) -> _Array:
    """Add the terms start ... stop-1 to acc."""
    asked, accumulate = parts.task.sum, parts.task.accumulate
    assert asked is not None
    if accumulate.order == "sequential" and accumulate.block is not None and accumulate.block > 1:
        return _groups(parts, acc, accumulate.block)
    for k in range(start, stop):
        step = (k + 1) * accumulate.words - 1
        if accumulate.exact_products:
            acc = parts.rounders[asked].add_product(acc, *parts.factors(k), parts.word(asked, step))
        else:
            acc = parts.add(asked, acc, parts.product(k), step)
    return acc


def _groups(parts: _Parts, acc: _Array, block: int) -> _Array:
    """Add exact sums of `block` products, one rounding each."""
    asked = parts.task.sum
    assert asked is not None
    for t, start in enumerate(range(0, parts.a.shape[-1], block)):
        a, b = parts.a[..., start : start + block], parts.b[..., start : start + block, :]
        acc = rounded_sums(a, b, acc, asked, parts.rounders[asked], parts.word(asked, t), parts.threads)
    return acc


def _blocks(parts: _Parts) -> list[_Array]:
    size, k = parts.task.accumulate.blocks, parts.a.shape[-1]
    assert size is not None
    return [_sequential(parts, i, min(i + size, k), parts.zero()) for i in range(0, k, size)]


def _blocked(parts: _Parts) -> _Array:
    asked = parts.task.flush
    assert asked is not None
    acc = parts.start(asked)
    for m, one in enumerate(_blocks(parts)):
        acc = parts.add(asked, acc, one, parts.merge(m))
    return acc


def _tree(parts: _Parts) -> _Array:
    """Add neighbours as soon as two sums of as many blocks are there: the order of the steps, with few sums kept."""
    asked = parts.task.flush
    assert asked is not None
    kept: list[tuple[int, _Array]] = []
    m = 0
    for one in _blocks(parts):
        kept.append((1, one))
        while len(kept) > 1 and kept[-1][0] == kept[-2][0]:
            kept, m = _merge(parts, asked, kept, m)
    while len(kept) > 1:
        kept, m = _merge(parts, asked, kept, m)
    total = kept[0][1] if kept else parts.zero()
    return total if parts.c is None else parts.add(asked, parts.start(asked), total, parts.last(0))


def _merge(
    parts: _Parts, asked: Request, kept: list[tuple[int, _Array]], m: int
) -> tuple[list[tuple[int, _Array]], int]:
    (i, x), (j, y) = kept[-2:]
    return [*kept[:-2], (i + j, parts.add(asked, x, y, parts.merge(m)))], m + 1


def _kahan(parts: _Parts) -> _Array:
    asked, words = parts.task.sum, parts.task.accumulate.words
    assert asked is not None
    acc, e = parts.start(asked), parts.zero()
    for k in range(parts.a.shape[-1]):
        step = k * words + 1
        y = parts.add(asked, parts.product(k), -e, step)
        t = parts.add(asked, acc, y, step + 1)
        d = parts.add(asked, t, -acc, step + 2)
        acc, e = t, parts.add(asked, d, -y, step + 3)
    return acc


def _neumaier(parts: _Parts) -> _Array:
    asked, words = parts.task.sum, parts.task.accumulate.words
    assert asked is not None
    acc, e = parts.start(asked), parts.zero()
    for k in range(parts.a.shape[-1]):
        step, p = k * words + 1, parts.product(k)
        t = parts.add(asked, acc, p, step)
        swap = np.abs(p) > np.abs(acc)
        high, low = np.where(swap, p, acc), np.where(swap, acc, p)
        d = parts.add(asked, high, -t, step + 1)
        f = parts.add(asked, d, low, step + 2)
        acc, e = t, parts.add(asked, e, f, step + 3)
    return parts.add(asked, acc, e, parts.last(0))


def _exact(parts: _Parts) -> _Array:
    task = parts.task
    c = None if parts.c is None else np.broadcast_to(parts.c, parts.shape)
    rounder, word = parts.rounders[task.result], parts.word(task.result, parts.last(2))
    if task.product is None:
        return rounded_sums(parts.a, parts.b, c, task.result, rounder, word, parts.threads)
    products = [parts.product(k) for k in range(parts.a.shape[-1])]
    return round_exact(exact_sum([*products, parts.zero() if c is None else c]), task.result, rounder, word)
