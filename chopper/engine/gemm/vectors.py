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
from chopper.engine.gemm.drawn import Words
from chopper.engine.gemm.rounding_lanes import Lanes, Rounding
from chopper.engine.gemm.steps import FUSED, MAGIC, Step
from chopper.engine.gemm.traced import spread

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


class _Tile:
    """Vectors of accumulators, in registers between `load` and `store`."""

    def __init__(self, builder: Any, lanes: Lanes, data: Any) -> None:
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


class _Draw:
    """Random words of a tile: ``(high, low, index of the first one, stride, stride of rows, words of a term)``."""

    def __init__(self, builder: Any, random: bool, draw: Any) -> None:
        self.builder, self.random = builder, random
        high, low, self.first, stride, self.row, self.term = (builder.extract_value(draw, i) for i in range(6))
        self.words = Words(builder, high, low, stride) if random else None

    def at(self, k: Any, row: int, slot: int) -> list[Any]:
        """Return the words of a row in term k: the first one of the term, or the last one."""
        if self.words is None:
            return [0] * VECTORS
        start = self.builder.add(self.first, self.builder.mul(self.row, _I64(row)))
        start = self.builder.add(start, self.builder.mul(k, self.term))
        last = self.builder.sub(self.term, _I64(1))
        return self.words.at(self.builder, self.builder.add(start, last) if slot else start)


class _Factors:
    """Rows of the first factor and of a panel of the second."""

    def __init__(self, builder: Any, lanes: Lanes, a: tuple[Any, Any], b: tuple[Any, Any], at: tuple[Any, Any]) -> None:
        self.builder, self.lanes = builder, lanes
        (a_data, self.a_row), (b_data, self.b_row), (row, first) = a, b, at
        self.size = _I64(lanes.bytes)
        start = builder.add(builder.mul(row, self.a_row), builder.mul(first, self.size))
        self.a, self.b = _at(builder, a_data, start, _I8), _at(builder, b_data, builder.mul(first, self.b_row), _I8)

    def right(self, k: Any) -> list[Any]:
        """Return the vectors of row k of the panel."""
        offset = self.builder.mul(k, self.b_row)
        places = (self.builder.add(offset, _I64(64 * v)) for v in range(VECTORS))
        kind = self.lanes.floats
        return [self.builder.load(_at(self.builder, self.b, p, kind), align=self.lanes.bytes) for p in places]

    def left(self, k: Any, row: int) -> Any:
        """Return copies of the item k of a row of the first factor."""
        offset = self.builder.add(self.builder.mul(_I64(row), self.a_row), self.builder.mul(k, self.size))
        return spread(
            self.builder, self.builder.load(_at(self.builder, self.a, offset, self.lanes.item)), self.lanes.count
        )


@intrinsic
def advance(
    typingctx: Any,
    step: Any,
    a: Any,
    panel: Any,
    tile: Any,
    row: Any,
    first: Any,
    count: Any,
    f: Any,
    g: Any,
    draw: Any,
) -> Any:
    """Do steps first ... first+count-1 on a tile: rows from `row` on of `a`, columns of `panel`.

    `a` (M, K), `panel` (K, columns of a tile) and `tile` are contiguous; `f` and `g` are the `Magic` of products and of
    sums; `draw` is as in `_Draw`, its index that of term `first`.
    """
    lanes, chosen = Lanes(tile.dtype), step.step

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pair = [_data(context, builder, sig.args[n], args[n]) for n in (1, 2)]
        factors = _Factors(builder, lanes, pair[0], pair[1], (args[4], args[5]))
        by = [Rounding(builder, lanes, magic, chosen) for magic in args[7:9]]
        accs = _Tile(builder, lanes, _data(context, builder, sig.args[3], args[3])[0])
        words = _Draw(builder, chosen.random, args[9])
        accs.load()
        with cgutils.for_range(builder, args[6]) as loop:
            b = factors.right(loop.index)
            for r in range(ROWS):
                slots = accs.slots[r * VECTORS : (r + 1) * VECTORS]
                sums = [builder.load(slot) for slot in slots]
                done = _step(builder, chosen, by, sums, factors.left(loop.index, r), b, (words, loop.index, r))
                for slot, total in zip(slots, done, strict=True):
                    builder.store(total, slot)
        accs.store()
        return context.get_dummy_value()

    place = types.intp
    return types.void(step, a, panel, tile, place, place, place, f, g, draw), emit


def _step(builder: Any, step: Step, by: list[Rounding], accs: list[Any], a: Any, b: list[Any], at: Any) -> list[Any]:
    """Return the accumulators of a row after one step."""
    if step.total == FUSED:
        return [_fused(builder, a, y, acc) for y, acc in zip(b, accs, strict=True)]
    words, k, row = at
    products = [builder.fmul(a, y) for y in b]
    if step.product == MAGIC:
        drawn = zip(products, words.at(k, row, 0), strict=True)
        products = [by[0].emit(x, word, clamp=True) for x, word in drawn]
    totals = [builder.fadd(acc, product) for acc, product in zip(accs, products, strict=True)]
    if step.total != MAGIC:
        return totals
    return [by[1].emit(x, word, clamp=step.fine) for x, word in zip(totals, words.at(k, row, 1), strict=True)]


def _fused(builder: Any, a: Any, b: Any, c: Any) -> Any:
    kind = a.type
    name = f"llvm.fma.v{kind.count}f{32 if isinstance(kind.element, ir.FloatType) else 64}"
    return builder.call(
        cgutils.get_or_insert_function(builder.module, ir.FunctionType(kind, [kind] * 3), name), [a, b, c]
    )


@intrinsic
def join(typingctx: Any, step: Any, tile: Any, other: Any, total: Any, draw: Any) -> Any:
    """Add another tile to a tile, as a step adds a product; the index in `draw` is that of this addition."""
    lanes, chosen = Lanes(tile.dtype), step.step

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        x, y = (_Tile(builder, lanes, _data(context, builder, sig.args[n], args[n])[0]) for n in (1, 2))
        by = Rounding(builder, lanes, args[3], chosen)
        words = _Draw(builder, chosen.random, args[4])
        for r in range(ROWS):
            row = slice(r * VECTORS, (r + 1) * VECTORS)
            for place, other, word in zip(x.places[row], y.places[row], words.at(_I64(0), r, 0), strict=True):
                result = builder.fadd(*(builder.load(at, align=lanes.bytes) for at in (place, other)))
                if chosen.total == MAGIC:
                    result = by.emit(result, word, clamp=chosen.fine)
                builder.store(result, place, align=lanes.bytes)
        return context.get_dummy_value()

    return types.void(step, tile, other, total, draw), emit
