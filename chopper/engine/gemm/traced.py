"""Kernels as vector instructions: a dialect function is called on these values and leaves its instructions behind.

A value stands for a vector of integers; its operators append LLVM instructions.  So the kernels, rules and random words
of `chopper.kernels` come into loops over vectors of 64 bytes unchanged, whatever LLVM's vectoriser would make of them.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from chopper.engine.kernel import Kernel

__all__ = ["Traced", "run_kernel", "spread", "where"]


class Traced:
    """A vector of integers, or of truth values, in a function that is being built."""

    __hash__ = None  # type: ignore[assignment]

    def __init__(self, builder: Any, value: Any) -> None:
        self.builder, self.value = builder, value

    def lift(self, other: Any) -> Any:
        """Return another operand as a vector: itself, or copies of a Python integer."""
        if isinstance(other, Traced):
            return other.value
        return ir.Constant(self.value.type, [int(other)] * self.value.type.count)

    def _of(self, name: str, other: Any, swapped: bool = False) -> Traced:
        pair = (self.lift(other), self.value) if swapped else (self.value, self.lift(other))
        return Traced(self.builder, getattr(self.builder, name)(*pair))

    def _compared(self, sign: str, other: Any) -> Traced:
        return Traced(self.builder, self.builder.icmp_signed(sign, self.value, self.lift(other)))

    def __neg__(self) -> Any:
        return self._of("sub", 0, swapped=True)

    def __add__(self, other: Any) -> Any:
        return self._of("add", other)

    def __radd__(self, other: Any) -> Any:
        return self._of("add", other, swapped=True)

    def __sub__(self, other: Any) -> Any:
        return self._of("sub", other)

    def __rsub__(self, other: Any) -> Any:
        return self._of("sub", other, swapped=True)

    def __mul__(self, other: Any) -> Any:
        return self._of("mul", other)

    def __rmul__(self, other: Any) -> Any:
        return self._of("mul", other, swapped=True)

    def __and__(self, other: Any) -> Any:
        return self._of("and_", other)

    def __rand__(self, other: Any) -> Any:
        return self._of("and_", other, swapped=True)

    def __or__(self, other: Any) -> Any:
        return self._of("or_", other)

    def __ror__(self, other: Any) -> Any:
        return self._of("or_", other, swapped=True)

    def __xor__(self, other: Any) -> Any:
        return self._of("xor", other)

    def __rxor__(self, other: Any) -> Any:
        return self._of("xor", other, swapped=True)

    def __lshift__(self, other: Any) -> Any:
        return self._of("shl", other)

    def __rlshift__(self, other: Any) -> Any:
        return self._of("shl", other, swapped=True)

    def __rshift__(self, other: Any) -> Any:
        return self._of("ashr", other)

    def __rrshift__(self, other: Any) -> Any:
        return self._of("ashr", other, swapped=True)

    def __eq__(self, other: Any) -> Any:
        return self._compared("==", other)

    def __ne__(self, other: Any) -> Any:
        return self._compared("!=", other)

    def __lt__(self, other: Any) -> Any:
        return self._compared("<", other)

    def __le__(self, other: Any) -> Any:
        return self._compared("<=", other)

    def __gt__(self, other: Any) -> Any:
        return self._compared(">", other)

    def __ge__(self, other: Any) -> Any:
        return self._compared(">=", other)


def where(condition: Any, a: Any, b: Any) -> Any:
    """Select; one of `a` and `b` is a vector."""
    like = a if isinstance(a, Traced) else b
    builder = condition.builder
    return Traced(builder, builder.select(condition.value, like.lift(a), like.lift(b)))


def spread(builder: Any, item: Any, count: int) -> Any:
    """Return a vector of copies of an item."""
    kind = ir.VectorType(item.type, count)
    nothing = ir.Constant(kind, ir.Undefined)
    first = builder.insert_element(nothing, item, ir.IntType(32)(0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), count), [0] * count))


def run_kernel(kernel: Kernel, bits: Traced, word: Any, f: Any) -> Traced:
    """Run a kernel of 64 bits without tables on a vector of patterns; `f` holds vectors."""
    result: Traced = kernel.function(where, kernel.rule_function, bits, word, kernel.carrier, f)
    return result
