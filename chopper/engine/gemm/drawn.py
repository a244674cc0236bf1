"""Random words as vectors, made where they are used."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chopper.engine.gemm.traced import Traced, spread
from chopper.kernels.threefry import random_word

__all__ = ["COUNT", "Words"]

COUNT = 16
"""Random words in a vector."""

_HALF = 8
_I32, _I64 = ir.IntType(32), ir.IntType(64)


class Words:
    """Random words of a key; `stride` is how far the words of neighbouring numbers are apart."""

    def __init__(self, builder: Any, high: Any, low: Any, stride: Any) -> None:
        self.high, self.low = (
            Traced(builder, spread(builder, builder.trunc(half, _I32), COUNT)) for half in (high, low)
        )
        steps = ir.Constant(ir.VectorType(_I64, COUNT), list(range(COUNT)))
        self.lanes = builder.mul(steps, spread(builder, stride, COUNT))

    def at(self, builder: Any, start: Any) -> list[Traced]:
        """Return the words of `COUNT` numbers, the first one's at an index, as integers of 64 bits, in halves."""
        index = builder.add(self.lanes, spread(builder, start, COUNT))
        high = builder.lshr(index, ir.Constant(index.type, [32] * COUNT))
        shorts = ir.VectorType(_I32, COUNT)
        hi, lo = (Traced(builder, builder.trunc(part, shorts)) for part in (high, index))
        word = random_word(self.high, self.low, hi, lo).value
        masks = ([*range(_HALF)], [*range(_HALF, COUNT)])
        parts = (builder.shuffle_vector(word, word, ir.Constant(ir.VectorType(_I32, _HALF), mask)) for mask in masks)
        return [Traced(builder, builder.zext(part, ir.VectorType(_I64, _HALF))) for part in parts]
