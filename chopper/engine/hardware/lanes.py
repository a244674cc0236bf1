"""Moves between floats and their patterns in compiled loops, for float32 and float64 alike."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from chopper.engine.hardware.bounds import WIDE

__all__ = ["add_terms", "chosen", "cleared", "kept", "power", "raise_powers", "reciprocal", "scaled", "truncated"]

_BYTES = 64
"""Of a vector."""
_I64 = ir.IntType(64)
_WIDTH = {types.float32: (ir.IntType(32), 23, 127), types.float64: (ir.IntType(64), 52, 1023)}


def _on_bits(emit: Callable[..., Any]) -> Any:
    """Make an intrinsic of a float, and integers, from an operation on its pattern."""

    def typing(typingctx: Any, x: Any, n: Any) -> Any:
        kind, digits, bias = _WIDTH[x]

        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            number = builder.trunc(args[1], kind) if kind.width < 64 else args[1]
            bits = emit(builder, builder.bitcast(args[0], kind), number, kind, digits, bias)
            return builder.bitcast(bits, args[0].type)

        return x(x, types.int64), generate

    return intrinsic(typing)


def _power(builder: Any, bits: Any, n: Any, kind: Any, digits: int, bias: int) -> Any:
    return builder.and_(bits, kind((2 * bias + 1) << digits))


def _scaled(builder: Any, bits: Any, n: Any, kind: Any, digits: int, bias: int) -> Any:
    return builder.add(bits, builder.shl(n, kind(digits)))


def _reciprocal(builder: Any, bits: Any, n: Any, kind: Any, digits: int, bias: int) -> Any:
    return builder.sub(builder.shl(builder.add(n, kind(2 * bias)), kind(digits)), bits)


def _kept(builder: Any, bits: Any, n: Any, kind: Any, digits: int, bias: int) -> Any:
    found = builder.and_(bits, n)
    zero = builder.icmp_signed("==", builder.shl(found, kind(1)), kind(0))
    return builder.select(zero, kind(0), found)


power = _on_bits(_power)
"""The largest power of two that a normal number's magnitude holds; 0 of a subnormal one; n is not used."""
scaled = _on_bits(_scaled)
"""A normal number times 2^n, of which the result is normal too."""
reciprocal = _on_bits(_reciprocal)
"""2^n over a power of two."""
cleared = _on_bits(lambda builder, bits, n, kind, digits, bias: builder.and_(bits, n))
"""The float whose pattern is that of x, and n."""
kept = _on_bits(_kept)
"""The same, but +0 for -0."""


@intrinsic
def truncated(typingctx: Any, x: Any) -> Any:
    """Return a number rounded to an integer, toward zero."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = args[0].type
        name = "llvm.trunc.f32" if x == types.float32 else "llvm.trunc.f64"
        function = builder.module.globals.get(name) or ir.Function(builder.module, ir.FunctionType(kind, [kind]), name)
        return builder.call(function, args)

    return x(x), emit


@intrinsic
def chosen(typingctx: Any, condition: Any, x: Any, y: Any) -> Any:
    """Select one of two floats without branching."""
    return x(types.boolean, x, x), lambda context, builder, sig, args: builder.select(*args)


class _Columns:
    """`WIDE` numbers in vectors."""

    def __init__(self, builder: Any, kind: Any) -> None:
        self.builder = builder
        self.number = ir.FloatType() if kind == types.float32 else ir.DoubleType()
        self.size = 4 if kind == types.float32 else 8
        self.vector = ir.VectorType(self.number, _BYTES // self.size)

    def load(self, data: Any, at: Any) -> list[Any]:
        return [self.builder.load(place, align=self.size) for place in self._places(data, at)]

    def store(self, vectors: list[Any], data: Any, at: Any) -> None:
        for vector, place in zip(vectors, self._places(data, at), strict=True):
            self.builder.store(vector, place, align=self.size)

    def _places(self, data: Any, at: Any) -> list[Any]:
        starts = (self.builder.add(at, _I64(n)) for n in range(0, WIDE, self.vector.count))
        return [self.builder.bitcast(self.builder.gep(data, [n]), self.vector.as_pointer()) for n in starts]

    def spread(self, number: Any) -> Any:
        """Return a number in each place of a vector."""
        zero = ir.Constant(ir.VectorType(ir.IntType(32), self.vector.count), None)
        one = self.builder.insert_element(ir.Constant(self.vector, ir.Undefined), number, ir.IntType(32)(0))
        return self.builder.shuffle_vector(one, ir.Constant(self.vector, ir.Undefined), zero)

    def call(self, name: str, x: Any) -> Any:
        function = cgutils.get_or_insert_function(
            self.builder.module, ir.FunctionType(x.type, [x.type]), f"llvm.{name}.v{x.type.count}f{8 * self.size}"
        )
        return self.builder.call(function, [x])


def _over_terms(start: Callable[..., Any], step: Callable[..., Any], end: Callable[..., Any]) -> Any:
    """Make an intrinsic that takes rows of `WIDE` columns together, one after another."""

    def typing(typingctx: Any, a: Any, a_at: Any, b: Any, b_at: Any, terms: Any, scale: Any, out: Any) -> Any:
        def generate(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            columns = _Columns(builder, a.dtype)
            left, right, scales, target = (
                context.make_array(sig.args[n])(context, builder, args[n]).data for n in (0, 2, 5, 6)
            )
            factors = columns.load(scales, _I64(0))
            first = start(columns, columns.load(target, _I64(0)))
            places = [cgutils.alloca_once_value(builder, vector) for vector in first]
            with cgutils.for_range(builder, args[4]) as each:
                factor = columns.spread(builder.load(builder.gep(left, [builder.add(args[1], each.index)])))
                row = columns.load(right, builder.add(args[3], builder.mul(each.index, _I64(WIDE))))
                for place, vector, scaling in zip(places, row, factors, strict=True):
                    builder.store(step(columns, builder.load(place), builder.fmul(factor, vector), scaling), place)
            columns.store(end(columns, [builder.load(place) for place in places]), target, _I64(0))
            return context.get_dummy_value()

        whole = types.int64
        return types.void(a, whole, b, whole, whole, scale, out), generate

    return intrinsic(typing)


def _larger(columns: _Columns, most: Any, power: Any, scaling: Any) -> Any:
    return columns.builder.select(columns.builder.fcmp_ordered(">", power, most), power, most)


def _as_integers(columns: _Columns, vectors: list[Any]) -> list[Any]:
    if columns.size == 8:
        return vectors
    whole = ir.VectorType(ir.IntType(32), columns.vector.count)
    return [columns.builder.fptosi(vector, whole) for vector in vectors]


def _as_floats(columns: _Columns, vectors: list[Any]) -> list[Any]:
    if columns.size == 8:
        return vectors
    return [columns.builder.sitofp(vector, columns.vector) for vector in vectors]


def _sum(columns: _Columns, total: Any, product: Any, scaling: Any) -> Any:
    term = columns.builder.fmul(product, scaling)
    if columns.size == 8:
        return columns.builder.fadd(total, columns.call("trunc", term))
    return columns.builder.add(total, columns.builder.fptosi(term, total.type))


raise_powers = _over_terms(lambda columns, vectors: vectors, _larger, lambda columns, vectors: vectors)
"""Raise columns to the largest products of a[a_at + n] with row n of b, from b_at on, of `terms` rows."""
add_terms = _over_terms(_as_integers, _sum, _as_floats)
"""Add to columns the products of a[a_at + n] with row n of b times `scale`, each truncated to an integer."""
