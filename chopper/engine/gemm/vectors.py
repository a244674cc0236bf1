"""The innermost loop of matrix products, as vector instructions: a tile of the result stays in registers.

LLVM vectorises a loop over one row; what it does not do is to keep several rows in registers, so that an item of the
second factor is loaded once for all of them.  Therefore the vectors stand here.  Every multiplication and addition is
an instruction of its own, without any flag that would allow LLVM to contract or reorder them; the fused one is
``llvm.fma``, which rounds once on every machine.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import NativeValue, intrinsic, models, register_model, typeof_impl, unbox

from chopper.engine.compiled import _sources_digest
from chopper.engine.gemm.steps import FUSED, INFINITE, MAGIC, SATURATED, Step

__all__ = ["ROWS", "VECTORS", "StepType", "advance", "join"]

ROWS = 8
"""Rows of a tile."""
VECTORS = 2
"""Vectors of 64 bytes in a row of a tile."""

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


class StepType(types.Type):  # type: ignore[misc]
    """The Numba type of one `Step`."""

    def __init__(self, step: Step, digest: str) -> None:
        self.step = step
        super().__init__(f"{step}[{digest}]")


@typeof_impl.register(Step)
def _typeof(step: Step, context: Any) -> StepType:
    return StepType(step, _sources_digest())


register_model(StepType)(models.OpaqueModel)


@unbox(StepType)
def _unbox(typ: Any, obj: Any, c: Any) -> NativeValue:
    return NativeValue(c.context.get_dummy_value())


class _Lanes:
    """Vectors of one dtype, and the constants of its binary format."""

    def __init__(self, dtype: Any) -> None:
        self.bytes = 4 if dtype == types.float32 else 8
        self.count = 64 // self.bytes
        self.item = ir.FloatType() if self.bytes == 4 else ir.DoubleType()
        self.integer = _I32 if self.bytes == 4 else _I64
        self.floats = ir.VectorType(self.item, self.count)
        self.integers = ir.VectorType(self.integer, self.count)
        self.exponent = 0x7F800000 if self.bytes == 4 else 0x7FF0000000000000
        self.sign = 1 << (8 * self.bytes - 1)

    def constant(self, value: int) -> ir.Constant:
        return ir.Constant(self.integers, [value] * self.count)

    def spread(self, builder: Any, item: Any) -> Any:
        """Return a vector of copies of an item."""
        kind = ir.VectorType(item.type, self.count)
        nothing = ir.Constant(kind, ir.Undefined)
        first = builder.insert_element(nothing, item, _I32(0))
        return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(_I32, self.count), [0] * self.count))

    def pattern(self, builder: Any, number: Any) -> Any:
        """Return a vector of copies of a pattern that is given as an int64."""
        return self.spread(builder, builder.trunc(number, self.integer) if self.bytes == 4 else number)


class _Rounding:
    """Rounding to nearest even by one addition, parameters spread over vectors before the loop."""

    def __init__(self, builder: Any, lanes: _Lanes, magic: Any, edge: str) -> None:
        self.lanes, self.edge = lanes, edge
        fields = [lanes.pattern(builder, builder.extract_value(magic, i)) for i in range(6)]
        self.low, self.lift = fields[:2]
        self.up, self.down, self.top, self.bottom = (builder.bitcast(field, lanes.floats) for field in fields[2:])

    def emit(self, builder: Any, x: Any, clamp: bool) -> Any:
        """Return x rounded; `clamp`: x may have bits below the format's quantum.  Zero may come out as +0."""
        lanes = self.lanes
        e = builder.and_(builder.bitcast(x, lanes.integers), lanes.constant(lanes.exponent))
        if clamp:
            e = builder.select(builder.icmp_signed("<", e, self.low), self.low, e)
        magic = builder.bitcast(builder.add(e, self.lift), lanes.floats)
        out = builder.fsub(builder.fadd(x, magic), magic)
        if self.edge == INFINITE:  # exact, until the first product overflows
            return builder.fmul(builder.fmul(out, self.up), self.down)
        if self.edge == SATURATED:  # in this form a NaN stays
            out = builder.select(builder.fcmp_ordered("<", self.top, out), self.top, out)
            return builder.select(builder.fcmp_ordered(">", self.bottom, out), self.bottom, out)
        return out


class _Tile:
    """Vectors of accumulators, in registers between `load` and `store`."""

    def __init__(self, builder: Any, lanes: _Lanes, data: Any) -> None:
        self.builder, self.lanes = builder, lanes
        base = builder.bitcast(data, lanes.floats.as_pointer())
        self.places = [builder.gep(base, [_I64(n)]) for n in range(ROWS * VECTORS)]
        self.slots = [cgutils.alloca_once(builder, lanes.floats) for _ in self.places]

    def load(self) -> None:
        for place, slot in zip(self.places, self.slots, strict=True):
            self.builder.store(self.builder.load(place, align=self.lanes.bytes), slot)

    def store(self) -> None:
        for place, slot in zip(self.places, self.slots, strict=True):
            self.builder.store(self.builder.load(slot), place, align=self.lanes.bytes)


def _data(context: Any, builder: Any, kind: Any, array: Any) -> tuple[Any, Any]:
    """Return the data of a contiguous array of two axes, and the distance of its rows in bytes."""
    whole = context.make_array(kind)(context, builder, array)
    return whole.data, cgutils.unpack_tuple(builder, whole.strides)[0]


def _at(builder: Any, data: Any, offset: Any, kind: Any) -> Any:
    return builder.bitcast(builder.gep(builder.bitcast(data, _I8.as_pointer()), [offset]), kind.as_pointer())


@intrinsic
def advance(
    typingctx: Any, step: Any, a: Any, panel: Any, tile: Any, row: Any, first: Any, count: Any, product: Any, total: Any
) -> Any:
    """Do steps first ... first+count-1 on a tile: rows from `row` on of `a`, columns of `panel`.

    `a` (M, K), `panel` (K, columns of a tile) and `tile` are contiguous; `product` and `total` are a `Magic` each.
    """
    lanes, chosen = _Lanes(tile.dtype), step.step

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        a_data, a_row = _data(context, builder, sig.args[1], args[1])
        b_data, b_row = _data(context, builder, sig.args[2], args[2])
        tile_data, _ = _data(context, builder, sig.args[3], args[3])
        row, first, count = args[4:7]
        by = [_Rounding(builder, lanes, magic, chosen.edge) for magic in args[7:9]]
        accs = _Tile(builder, lanes, tile_data)
        accs.load()
        size = _I64(lanes.bytes)
        start = builder.add(builder.mul(row, a_row), builder.mul(first, size))
        a_data, b_data = _at(builder, a_data, start, _I8), _at(builder, b_data, builder.mul(first, b_row), _I8)
        with cgutils.for_range(builder, count) as loop:
            offset = builder.mul(loop.index, b_row)
            places = [builder.add(offset, _I64(64 * v)) for v in range(VECTORS)]
            b = [builder.load(_at(builder, b_data, place, lanes.floats), align=lanes.bytes) for place in places]
            across = builder.mul(loop.index, size)
            for r in range(ROWS):
                place = _at(builder, a_data, builder.add(builder.mul(_I64(r), a_row), across), lanes.item)
                factor = lanes.spread(builder, builder.load(place))
                for v in range(VECTORS):
                    slot = accs.slots[r * VECTORS + v]
                    builder.store(_step(builder, chosen, by, builder.load(slot), factor, b[v]), slot)
        accs.store()
        return context.get_dummy_value()

    place = types.intp
    return types.void(step, a, panel, tile, place, place, place, product, total), emit


def _step(builder: Any, step: Step, by: list[_Rounding], acc: Any, a: Any, b: Any) -> Any:
    """Return acc after one step."""
    if step.total == FUSED:
        return _fused(builder, a, b, acc)
    product = builder.fmul(a, b)
    if step.product == MAGIC:
        product = by[0].emit(builder, product, clamp=True)
    total = builder.fadd(acc, product)
    return by[1].emit(builder, total, clamp=step.fine) if step.total == MAGIC else total


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = a.type
    name = f"llvm.fma.v{kind.count}f{32 if isinstance(kind.element, ir.FloatType) else 64}"
    return builder.call(cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name), [a, b, c])


@intrinsic
def join(typingctx: Any, step: Any, tile: Any, other: Any, total: Any) -> Any:
    """Add another tile to a tile, as a step adds a product."""
    lanes, chosen = _Lanes(tile.dtype), step.step

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, y = (_Tile(builder, lanes, _data(context, builder, sig.args[n], args[n])[0]) for n in (1, 2))
        by = _Rounding(builder, lanes, args[3], chosen.edge)
        for place, other in zip(x.places, y.places, strict=True):
            pair = (builder.load(at, align=lanes.bytes) for at in (place, other))
            result = builder.fadd(*pair)
            if chosen.total == MAGIC:
                result = by.emit(builder, result, clamp=chosen.fine)
            builder.store(result, place, align=lanes.bytes)
        return context.get_dummy_value()

    return types.void(step, tile, other, total), emit
