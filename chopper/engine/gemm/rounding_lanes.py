"""Rounding of vectors of floats inside the carrier's own arithmetic."""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from chopper.engine.gemm.steps import INFINITE, SATURATED, Step
from chopper.engine.gemm.traced import Traced, spread, where
from chopper.kernels import rules

__all__ = ["Lanes", "Rounding"]

_I32, _I64 = ir.IntType(32), ir.IntType(64)


class Lanes:
    """Vectors of 64 bytes of one dtype, and the constants of its binary format."""

    def __init__(self, dtype: Any) -> None:
        self.bytes = 4 if dtype == types.float32 else 8
        self.count = 64 // self.bytes
        self.item = ir.FloatType() if self.bytes == 4 else ir.DoubleType()
        self.integer = _I32 if self.bytes == 4 else _I64
        self.floats = ir.VectorType(self.item, self.count)
        self.integers = ir.VectorType(self.integer, self.count)
        self.exponent = 0x7F800000 if self.bytes == 4 else 0x7FF0000000000000
        self.sign = -(1 << (8 * self.bytes - 1))

    def pattern(self, builder: Any, number: Any) -> Any:
        """Return a vector of copies of a pattern that is given as an int64."""
        return spread(builder, builder.trunc(number, self.integer) if self.bytes == 4 else number, self.count)


class Rounding:
    """The rounding of a step, its parameters, a `Magic`, spread over vectors before the loop."""

    def __init__(self, builder: Any, lanes: Lanes, magic: Any, step: Step) -> None:
        self.builder, self.lanes, self.step = builder, lanes, step
        fields = [lanes.pattern(builder, builder.extract_value(magic, i)) for i in range(8)]
        self.low, self.lift, self.drop, *ends, self.bits = (Traced(builder, field) for field in fields)
        self.up, self.down, self.top, self.bottom = (self.floats(end) for end in ends)

    def floats(self, bits: Traced) -> Any:
        """Return the numbers of patterns."""
        return self.builder.bitcast(bits.value, self.lanes.floats)

    def patterns(self, x: Any) -> Traced:
        """Return the patterns of numbers."""
        return Traced(self.builder, self.builder.bitcast(x, self.lanes.integers))

    def emit(self, x: Any, word: Any, clamp: bool) -> Any:
        """Return x rounded; `clamp`: x may have bits below the format's quantum.

        Zero comes out as +0 unless the step is `fine`: only then may an accumulator be -0, and signs of zeros matter.
        """
        near = self.step.rule == "nearest_even"
        out = self._nearest(x, clamp) if near else self._above(x, word) if clamp else self._by_rule(x, word)
        builder = self.builder
        if self.step.fine:
            out = self.floats(self.patterns(out) | (self.patterns(x) & self.lanes.sign))
        if self.step.edge == INFINITE:  # exact, until the first product overflows
            return builder.fmul(builder.fmul(out, self.up), self.down)
        if self.step.edge == SATURATED:  # in this form a NaN stays
            out = builder.select(builder.fcmp_ordered("<", self.top, out), self.top, out)
            return builder.select(builder.fcmp_ordered(">", self.bottom, out), self.bottom, out)
        return out

    def _nearest(self, x: Any, clamp: bool) -> Any:
        e = self.patterns(x) & self.lanes.exponent
        e = where(e < self.low, self.low, e) if clamp else e
        magic = self.floats(e + self.lift)
        return self.builder.fsub(self.builder.fadd(x, magic), magic)

    def _above(self, x: Any, word: Any) -> Any:
        """Round x where subnormal numbers get the smallest normal one added, so that the quantum is an ulp."""
        bits = self.patterns(x)
        mag = bits & ~self.lanes.sign
        base = self.floats(where(mag < self.low, self.low | (bits & self.lanes.sign), mag & 0))
        return self.builder.fsub(self._by_rule(self.builder.fadd(x, base), word), base)

    def _by_rule(self, x: Any, word: Any) -> Any:
        """Round the bits that the format lacks away; a carry walks into the exponent."""
        bits, drop, rule = self.patterns(x), self.drop, self.step.rule
        if rule == "stochastic":  # the word is added where it belongs
            return self.floats((bits + ((word & (-1 << (32 - self.bits))) << (drop - 32))) >> drop << drop)
        rest = bits & ((1 << drop) - 1)
        odd = (bits >> drop) & 1
        more = getattr(rules, rule)(where, bits & self.lanes.sign, odd, rest, drop, drop, word, self.bits)
        kept = (bits ^ rest) + ((rest + more) >> drop << drop)
        return self.floats(kept)
