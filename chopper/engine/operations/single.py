"""One result at a time, in Python integers: quicker than NumPy for few elements, and nothing needs to be compiled."""

from __future__ import annotations

import struct
from typing import Any

from chopper.engine.operations.catalogue import OPERATIONS
from chopper.engine.operations.job import Job
from chopper.kernels.carrier import BINARY64
from chopper.kernels.products import holds_product
from chopper.kernels.threefry import random_word
from chopper.random import Key

__all__ = ["exact_of", "first_word", "number_of", "pattern_of", "round_one"]

_PATTERN, _NUMBER = struct.Struct("<q"), struct.Struct("<d")


def _where(condition: Any, a: Any, b: Any) -> Any:
    return a if condition else b


def pattern_of(number: float) -> int:
    """Return the pattern of a float."""
    bits: int = _PATTERN.unpack(_NUMBER.pack(number))[0]
    return bits


def number_of(bits: int) -> float:
    """Return the float of a pattern."""
    number: float = _NUMBER.unpack(_PATTERN.pack(bits))[0]
    return number


def first_word(key: Key) -> int:
    """Return the random word of the first element.

    Python's integers do not wrap around, but no lower bit of the kernel depends on a higher one than the 32nd.
    """
    index, _ = key.locate(0)
    word: int = random_word(key.high, key.low, index >> 32, index)
    return word & 0xFFFFFFFF


def exact_of(job: Job, patterns: tuple[int, ...]) -> int | None:
    """Return the pattern of an exact result, rounded to odd; None where this way does not serve.

    It serves operations that have kernels, where a carrier of 64 bits decides the rounding and none is an error.
    """
    operation = OPERATIONS.get(job.name)
    if operation is None or job.given or job.plan.mark is not None:
        return None
    if operation.whole and not holds_product(_where, patterns[0], patterns[1], BINARY64):
        return None
    edges = job.edges if job.short is None else job.short[1]
    exact: int = operation.function(64)(_where, *patterns, BINARY64, edges)
    if job.short is not None and exact & 1:  # what was rounded to odd and is even is exact
        return None
    return exact


def round_one(job: Job, exact: int, word: int) -> int:
    """Return the pattern, as float64, of a result of `exact_of` rounded to the format."""
    plan = job.plan if job.short is None else job.short[0]
    result: int = plan.kernel(_where, exact, word, plan.params)
    return result
