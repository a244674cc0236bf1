"""Running a plan over flat arrays: compiled loops, or the same kernel on NumPy while no loop is compiled."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.kernel import Kernel
from chopper.engine.plan import Plan
from chopper.engine.threads import share
from chopper.kernels.threefry import random_word
from chopper.random import Key

__all__ = ["all_words", "look_up", "loop_for", "on_number", "run", "words_of"]

_Array = npt.NDArray[Any]

_SMALL = 1 << 15
"""Arrays below this size do not wait for a compiler ..."""

_PATIENCE = 1 << 20
"""... until this many elements have gone through NumPy, each call counting as _SMALL / 64 at least."""

_READY = 1 << 14
"""Loops that lie compiled on disk need not wait longer than for this many, once the compiler is loaded."""

_BLOCK = 1 << 14
"""Elements that NumPy takes at a time, so that temporaries stay in cache."""

_THREADED = 1 << 20
"""Arrays below this size are not worth a second thread."""

_ROW = 128
"""Chunks whose rows are shorter than this get their random words in advance."""

_WORD = 1 << 32

_WORDS = Kernel("threefry", "random_word", "toward_zero", 32)


class _Loops:
    """The compiled loops loaded in this process, and how much has been done without them."""

    def __init__(self) -> None:
        self._entries: dict[Any, Callable[..., None]] = {}
        self._spent: dict[Any, int] = {}
        self._whole = 0
        self._missing: set[Any] = set()

    def find(self, name: str, kernel: Any, x: _Array, out: _Array, *args: Any) -> Callable[..., None] | None:
        """Return the compiled loop for these arguments, or None while NumPy serves a small array better."""
        key = (name, kernel, x.dtype.char, out.dtype.char)
        entry = self._entries.get(key)
        return entry if entry is not None else self._load(key, x.size, args)

    def _load(self, key: Any, size: int, args: tuple[Any, ...]) -> Callable[..., None] | None:
        cost = max(size, _SMALL >> 6)
        spent = self._spent[key] = self._spent.get(key, 0) + cost
        self._whole += cost
        if size < _SMALL and spent < _PATIENCE and not self._ready(key, spent, args):
            return None
        entry = self._entries[key] = _compile(key[0], args)
        return entry

    def _ready(self, key: Any, spent: int, args: tuple[Any, ...]) -> bool:
        """Whether a loop need only be loaded from disk: some milliseconds, but half a second for the first one."""
        if spent < _READY or key in self._missing or not (self._entries or self._whole >= _PATIENCE):
            return False
        found = _on_disk(key[0], args)
        if not found:
            self._missing.add(key)
        return found


_LOOPS = _Loops()


def _compile(name: str, args: tuple[Any, ...]) -> Callable[..., None]:
    loop, signature = _dispatcher(name, args)
    entry: Callable[..., None] = loop.compile(signature)
    return entry


def _on_disk(name: str, args: tuple[Any, ...]) -> bool:
    """Whether Numba's cache holds a loop for these arguments; False where this version of Numba does not tell."""
    loop, signature = _dispatcher(name, args)
    try:
        cache = loop._cache
        return cache._index_key(signature, loop.targetctx.codegen()) in cache._cache_file._load_index()
    except (AttributeError, TypeError, OSError):
        return False


def _dispatcher(name: str, args: tuple[Any, ...]) -> tuple[Any, tuple[Any, ...]]:
    import numba

    module, _, function = name.rpartition(".")
    loop = getattr(import_module(f"chopper.engine.{module or 'loops'}"), function)
    return loop, tuple(numba.typeof(arg) for arg in args)


def loop_for(name: str, x: _Array, out: _Array, *args: Any, by: Any = None) -> Callable[..., None] | None:
    """Return a compiled loop ``module.name`` of the engine, or None while NumPy serves a small array better.

    `args` are those that it will be called with; their types follow from those of `x` and `out`, and from `by`.
    """
    return _LOOPS.find(name, by, x, out, *args)


def on_number(plan: Plan, bits: int) -> int:
    """Run a plan without random words on one pattern, in Python integers."""
    result: int = plan.kernel(lambda c, a, b: a if c else b, bits, 0, plan.params)
    return result


def run(plan: Plan, x: _Array, out: _Array, key: Key | None, words: _Array | None, threads: int | None) -> None:
    """Run a plan from x to out: flat, contiguous, native; out may be x itself."""
    if x.size == 0:
        return
    if x.size == 1 and key is None and x.dtype.kind == out.dtype.kind == "f" and (words is None or x.itemsize == 8):
        _on_one(plan, x, out, words)
        return
    if key is not None and key.rows is not None and key.rows.length < _ROW:
        words = np.concatenate([words_of(key, at, min(_BLOCK, x.size - at)) for at in range(0, x.size, _BLOCK)])
    in_place = out is x or (x.dtype == out.dtype and np.may_share_memory(x, out))
    name, extra = _loop(in_place, key, words)
    arrays = [x] if in_place else [x, out]
    if words is not None:
        arrays = [x, words, out]
    tail: tuple[Any, ...] = ((0, 0, 0, 0),) if extra else ()
    entry = _LOOPS.find(name, plan.kernel, x, out, plan.kernel, *arrays, plan.params, *tail)
    if entry is None:
        _on_numpy(plan, x, out, key, words)
        return

    if name == "each" and x.size < _THREADED:
        entry(plan.kernel, x, out, plan.params)
        return

    def part(start: int, stop: int) -> None:
        views = [a[start:stop] for a in arrays]
        if key is None or words is not None:
            entry(plan.kernel, *views, plan.params)
            return
        for low, high, counter in _segments(key, start, stop):
            views = [a[low:high] for a in arrays]
            entry(plan.kernel, *views, plan.params, (key.high, key.low, counter >> 32, counter & (_WORD - 1)))

    share(part, x.size, threads, steps=key is not None and key.rows is not None)


def _on_one(plan: Plan, x: _Array, out: _Array, words: _Array | None) -> None:
    """Run a plan on one element, in Python integers: quicker than NumPy, and nothing need be loaded.

    Kernels with random words need integers of 32 bits that wrap around on the shorter carrier, so they are left out.
    """
    kind = f"i{x.itemsize}"
    word = 0 if words is None else int(words[0])
    out.view(kind)[0] = plan.kernel(lambda c, a, b: a if c else b, int(x.view(kind)[0]), word, plan.params)


def look_up(codes: _Array, table: _Array, out: _Array, threads: int | None) -> None:
    """Replace codes by their entries in a table that covers the whole range of the codes' dtype."""
    entry = _LOOPS.find("look_up", None, codes, out, codes, out, table)
    if entry is None:
        np.take(table, codes, out=out)
        return
    share(lambda start, stop: entry(codes[start:stop], out[start:stop], table), codes.size, threads)


def _loop(in_place: bool, key: Key | None, words: _Array | None) -> tuple[str, bool]:
    if words is not None:
        return "with_words", False
    name = "each" if key is None else "keyed"
    return name + ("_in_place" if in_place else ""), key is not None


def _segments(key: Key, start: int, stop: int) -> Iterator[tuple[int, int, int]]:
    """Cut [start, stop) where rows end and where the low counter word wraps; yield bounds and first counter."""
    while start < stop:
        index, row_end = key.locate(start)
        counter = index % (_WORD * _WORD)
        end = min(stop, row_end or stop, start + _WORD - counter % _WORD)
        yield start, end, counter
        start = end


def _on_numpy(plan: Plan, x: _Array, out: _Array, key: Key | None, words: _Array | None) -> None:
    width = plan.kernel.width
    integer = np.dtype(f"i{width // 8}")
    results = []
    for start in range(0, x.size, _BLOCK):
        block = x[start : start + _BLOCK]
        bits = block.view(integer) if block.dtype.kind == "f" else block.astype(integer)
        word: Any = 0
        if words is not None:
            word = words[start : start + _BLOCK].astype(np.uint32)
        elif key is not None:
            word = words_of(key, start, block.size)
        if not isinstance(word, int):
            word = word.view(np.int32) if width == 32 else word.astype(np.int64)
        with np.errstate(all="ignore"):
            result = plan.kernel(np.where, bits, word, plan.params)
        results.append(result.view(out.dtype) if out.dtype.kind == "f" else result.astype(out.dtype))
    np.concatenate(results, out=out)  # in one step, which an interrupt cannot cut


def all_words(key: Key, size: int, threads: int | None) -> npt.NDArray[np.uint32]:
    """Return the random words of `size` elements."""
    words = np.empty(size, np.uint32)
    entry = loop_for("block_loops.fill", words, words, _WORDS, words, (0, 0, 0, 0), 0, 0)
    if entry is None:
        return words_of(key, 0, size)

    def part(start: int, stop: int) -> None:
        for low, high, counter in _segments(key, start, stop):
            begin = (counter - low) % (_WORD * _WORD)
            entry(_WORDS, words, (key.high, key.low, counter >> 32, begin & (_WORD - 1)), low, high)

    share(part, size, threads)
    return words


def words_of(key: Key, start: int, size: int) -> npt.NDArray[np.uint32]:
    """Return the random words of `size` elements from `start` on."""
    counters, _ = key.locate(np.arange(start, start + size, dtype=np.uint64))
    lo, hi = (part.astype(np.uint32).view(np.int32) for part in (counters, counters >> 32))
    high, low = (word - _WORD if word >> 31 else word for word in (key.high, key.low))
    with np.errstate(over="ignore"):
        word: npt.NDArray[np.int32] = random_word(high, low, hi, lo)
    return word.view(np.uint32)
