"""One format of a matrix product: its operations on float64 arrays, each rounded once from the exact result."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from chopper.engine.gemm import to_odd
from chopper.engine.plan import Request, plan_round
from chopper.engine.run import run
from chopper.errors import RangeError
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["ByOps", "Carried", "Native", "Rounder", "carries", "rounder_of", "sharpness"]

_Array = npt.NDArray[Any]
_ROOM = 53 - 2
"""Bits that a number rounded to odd in binary64 decides."""
_TOP = 1000
"""Numbers below 2^1000 are added in binary64 without overflow."""


class Rounder(Protocol):
    """Operations in one format.  `words` are flat, None in modes that need none."""

    def round(self, x: _Array, words: Any) -> _Array:
        """Round numbers."""

    def add(self, x: _Array, y: _Array, words: Any) -> _Array:
        """Return x + y."""

    def multiply(self, a: _Array, b: _Array, words: Any) -> _Array:
        """Return a b."""

    def add_product(self, x: _Array, a: _Array, b: _Array, words: Any) -> _Array:
        """Return x + a b."""


def sharpness(fmt: Format) -> int | None:
    """Return how many bits of a significand decide how a number is rounded, None if no number of bits does."""
    if fmt.family == "float":
        return int(fmt.precision) + 1  # type: ignore[attr-defined]
    if fmt.family == "fixed":
        return fmt.bits - int(getattr(fmt, "signed", True)) + 1
    if fmt.family == "posit":
        return max(fmt.bits, 1 << int(getattr(fmt, "es", 0))) + 1
    if fmt.family == "takum" and not fmt.logarithmic:  # type: ignore[attr-defined]
        return fmt.bits + 1
    return None


def carries(asked: Request) -> bool:
    """Whether binary64, rounded to odd, serves the format in this mode, with room for sums below overflow."""
    sharp = sharpness(asked.fmt)
    bits = asked.random_bits if asked.rounding.random else 0
    return sharp is not None and sharp - 1 + bits <= _ROOM and asked.fmt.max < 2**_TOP and asked.fmt.min > -(2**_TOP)


def rounder_of(asked: Request, narrow: bool, threads: int | None) -> Rounder:
    """Return the operations of a format; `narrow`: float32 holds the factors of every product."""
    if carries(asked):
        return Carried(asked, narrow, threads)
    if asked.fmt == get("fp64") and asked.rounding is Rounding.NEAREST_EVEN and asked.overflow is None:
        return Native(asked, threads)
    return ByOps(asked, threads)


class Carried:
    """Through binary64, rounded to odd, and the format's kernel."""

    def __init__(self, asked: Request, narrow: bool, threads: int | None) -> None:
        self.asked, self.narrow, self.threads = asked, narrow, threads
        self.plan = plan_round(asked, 64)
        self.down = asked.rounding is Rounding.DOWN

    def round(self, x: _Array, words: Any) -> _Array:
        """Round numbers that are exact, or rounded to odd."""
        result = np.ascontiguousarray(x) if x.dtype == np.float64 else x.astype(np.float64)
        if result is x:
            result = x.copy()
        flat = result.reshape(-1)
        run(self.plan, flat, flat, None, words, self.threads)
        if self.plan.mark is not None:
            _check(self.plan.mark, flat, self.asked)
        return result

    def add(self, x: _Array, y: _Array, words: Any) -> _Array:
        """Return x + y."""
        return self.round(self._signed(to_odd.add(x, y), x, y), words)

    def multiply(self, a: _Array, b: _Array, words: Any) -> _Array:
        """Return a b."""
        high, low = to_odd.product(a, b, self.narrow)
        return self.round(high if low is None else to_odd.join(high, low), words)

    def add_product(self, x: _Array, a: _Array, b: _Array, words: Any) -> _Array:
        """Return x + a b."""
        high, low = to_odd.product(a, b, self.narrow)
        return self.round(self._signed(to_odd.add_product(x, high, low), x, high), words)

    def _signed(self, s: _Array, x: _Array, y: _Array) -> _Array:
        """Give an exact sum zero the sign that it has when rounding down."""
        if not self.down:
            return s
        return np.where((s == 0) & (np.signbit(x) | np.signbit(y)), -0.0, s)


class Native:
    """float64 itself, to nearest, ties to even."""

    def __init__(self, asked: Request, threads: int | None) -> None:
        self.general = ByOps(asked, threads)

    def round(self, x: _Array, words: Any) -> _Array:
        """Round numbers."""
        return x

    def add(self, x: _Array, y: _Array, words: Any) -> _Array:
        """Return x + y."""
        return np.add(x, y)

    def multiply(self, a: _Array, b: _Array, words: Any) -> _Array:
        """Return a b."""
        return np.multiply(a, b)

    def add_product(self, x: _Array, a: _Array, b: _Array, words: Any) -> _Array:
        """Return x + a b."""
        return self.general.add_product(x, a, b, words)


class ByOps:
    """Through `chopper.ops`, which serves every format."""

    def __init__(self, asked: Request, threads: int | None) -> None:
        self.asked, self.threads = asked, threads

    def _run(self, name: str, operands: tuple[_Array, ...], words: Any) -> _Array:
        from chopper import ops

        whole = np.broadcast_arrays(*operands)
        asked = self.asked
        given = {} if words is None else {"random_words": words.reshape(whole[0].shape)}
        options = {"overflow": asked.overflow, "random_bits": asked.random_bits, "threads": self.threads}
        result: _Array = getattr(ops, name)(*whole, asked.fmt, asked.rounding, **options, **given)
        return result

    def round(self, x: _Array, words: Any) -> _Array:
        """Round numbers."""
        from chopper.conversion import chop

        asked, given = self.asked, {} if words is None else {"random_words": words.reshape(x.shape)}
        options: Any = {"overflow": asked.overflow, "random_bits": asked.random_bits, "threads": self.threads}
        result: _Array = chop(x, asked.fmt, asked.rounding, **options, **given)
        return result

    def add(self, x: _Array, y: _Array, words: Any) -> _Array:
        """Return x + y."""
        return self._run("add", (x, y), words)

    def multiply(self, a: _Array, b: _Array, words: Any) -> _Array:
        """Return a b."""
        return self._run("mul", (a, b), words)

    def add_product(self, x: _Array, a: _Array, b: _Array, words: Any) -> _Array:
        """Return x + a b."""
        return self._run("fma", (a, b, x), words)


def _check(mark: int, flat: _Array, asked: Request) -> None:
    count = int(np.count_nonzero(flat.view(np.int64) == mark))
    if count:
        raise RangeError(
            f"{count} numbers have no result in {asked.fmt} under overflow='raise'; "
            "legal otherwise: overflow='saturate', or 'wrap' for integers"
        )
