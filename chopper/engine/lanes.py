"""Lane32: an integer that stays 32 bits wide inside Numba, and the moves between lanes, floats and codes.

Numba widens ``int32 op int32`` to 64 bits, which halves the vector width.  A Lane32 is modelled as one LLVM i32 and
each of its operators is a single wrapping instruction; integers that meet it are cut to 32 bits.  64-bit lanes need no
type of their own: they are int64.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.typeconv import Conversion
from numba.core.typing.templates import AbstractTemplate, infer_global, signature
from numba.extending import intrinsic, lower_builtin, lower_cast, models, register_model

__all__ = [
    "LANE",
    "Lane32",
    "difference",
    "fit",
    "lane",
    "load",
    "peek",
    "settle",
    "store",
    "take",
    "to_bits",
    "to_float",
    "where",
    "wide",
]

_I32, _I64 = ir.IntType(32), ir.IntType(64)


class Lane32(types.Type):  # type: ignore[misc]
    """A signed two's complement integer of exactly 32 bits."""

    def __init__(self) -> None:
        super().__init__("Lane32")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        """Let Numba cut any integer that meets a lane."""
        return Conversion.unsafe if isinstance(other, types.Integer) else None


LANE = Lane32()
"""The one instance of the type."""


@register_model(Lane32)
class _LaneModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _I32)


@lower_cast(types.Integer, Lane32)
def _cut(context: Any, builder: Any, fromty: Any, toty: Any, val: Any) -> Any:
    return _resize(builder, val, _I32, fromty.signed)


@lower_cast(Lane32, types.int64)
def _widen(context: Any, builder: Any, fromty: Any, toty: Any, val: Any) -> Any:
    return builder.sext(val, _I64)


def _resize(builder: Any, val: Any, to: Any, signed: bool = True) -> Any:
    if val.type.width == to.width:
        return val
    if val.type.width > to.width:
        return builder.trunc(val, to)
    return builder.sext(val, to) if signed else builder.zext(val, to)


def _is_lane_pair(args: tuple[Any, ...]) -> bool:
    return LANE in args and all(a == LANE or isinstance(a, types.Integer) for a in args)


def _operator(op: Callable[..., Any], arity: int, result: Any, emit: Callable[..., Any]) -> None:
    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            return signature(result, *[LANE] * arity) if len(args) == arity and _is_lane_pair(args) else None

    infer_global(op)(Typing)
    lower_builtin(op, *[Lane32] * arity)(lambda context, builder, sig, args: emit(builder, *args))


for _op, _name in (
    (operator.add, "add"),
    (operator.sub, "sub"),
    (operator.mul, "mul"),
    (operator.and_, "and_"),
    (operator.or_, "or_"),
    (operator.xor, "xor"),
    (operator.lshift, "shl"),
    (operator.rshift, "ashr"),
):
    _operator(_op, 2, LANE, lambda builder, x, y, name=_name: getattr(builder, name)(x, y))
for _op, _name in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
):
    _operator(_op, 2, types.boolean, lambda builder, x, y, name=_name: builder.icmp_signed(name, x, y))
_operator(operator.neg, 1, LANE, lambda builder, x: builder.neg(x))


@intrinsic
def where(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """Select without branching."""
    kind = LANE if LANE in (a, b) else types.int64
    return kind(types.boolean, kind, kind), lambda context, builder, sig, args: builder.select(*args)


@intrinsic
def take(typingctx: Any, table: Any, index: Any) -> Any:
    """Return an item of a contiguous table as a lane of the index's width; the index is never out of range."""
    to = _I32 if index == LANE else _I64

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(table)(context, builder, args[0]).data
        item = builder.load(builder.gep(data, [_resize(builder, args[1], _I64)]))
        item.set_metadata("alias.scope", _tables(builder))
        return _resize(builder, item, to)

    return (LANE if index == LANE else types.int64)(table, index), emit


@intrinsic
def load(typingctx: Any, kernel: Any, x: Any) -> Any:
    """Return the bits of a float, or an unsigned code, as a lane of the kernel's width."""
    wide = kernel.kernel.width == 64
    to = _I64 if wide else _I32

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        if isinstance(x, types.Float):
            return builder.bitcast(args[1], to)
        return _resize(builder, args[1], to, x.signed)

    return (types.int64 if wide else LANE)(kernel, x), emit


@intrinsic
def peek(typingctx: Any, kernel: Any, x: Any, i: Any) -> Any:
    """Return the bits of x[i], of a contiguous array and an index in range, as a lane of the kernel's width."""
    wide = kernel.kernel.width == 64
    to = _I64 if wide else _I32

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(x)(context, builder, args[1]).data
        item = builder.load(builder.gep(data, [args[2]]))
        item.set_metadata("alias.scope", _tables(builder))
        return builder.bitcast(item, to) if isinstance(x.dtype, types.Float) else _resize(builder, item, to)

    return (types.int64 if wide else LANE)(kernel, x, types.intp), emit


@intrinsic
def to_float(typingctx: Any, bits: Any) -> Any:
    """Return the float64 of a pattern."""
    return types.float64(types.int64), lambda context, builder, sig, args: builder.bitcast(args[0], ir.DoubleType())


@intrinsic
def to_bits(typingctx: Any, number: Any) -> Any:
    """Return the pattern of a float64."""
    return types.int64(types.float64), lambda context, builder, sig, args: builder.bitcast(args[0], _I64)


@intrinsic
def wide(typingctx: Any, lane: Any) -> Any:
    """Return a lane as an integer of 64 bits."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _resize(builder, args[0], _I64)

    return types.int64(lane), emit


@intrinsic
def lane(typingctx: Any, number: Any) -> Any:
    """Cut an integer to a 32-bit lane."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _resize(builder, args[0], _I32)

    return LANE(number), emit


@intrinsic
def fit(typingctx: Any, kernel: Any, word: Any) -> Any:
    """Return a 32-bit word as a lane of the kernel's width; it is unsigned there."""
    wide = kernel.kernel.width == 64

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _resize(builder, args[1], _I64 if wide else _I32, signed=False)

    return (types.int64 if wide else LANE)(kernel, word), emit


@intrinsic
def store(typingctx: Any, lane: Any, out: Any, i: Any) -> Any:
    """Write a lane to out[i]: as a float of the same width, or a code cut to the item's width; no table lies there."""
    to = out.dtype

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        kind = context.get_value_type(to)
        item = builder.bitcast(args[0], kind) if isinstance(to, types.Float) else _resize(builder, args[0], kind)
        data = context.make_array(out)(context, builder, args[1]).data
        builder.store(item, builder.gep(data, [args[2]])).set_metadata("noalias", _tables(builder))
        return context.get_dummy_value()

    return types.void(lane, out, types.intp), emit


def _tables(builder: Any) -> Any:
    """Return the alias scope of all tables: what lets the vectoriser move loads from them past stores."""
    module = builder.module
    domain = module.add_metadata([ir.MetaDataString(module, "chopper")])
    return module.add_metadata([module.add_metadata([ir.MetaDataString(module, "tables"), domain])])


def _in_floats(emit_floats: Callable[..., Any]) -> Any:
    """Make an intrinsic on two patterns from an operation on the floats that they stand for."""

    def typing(typingctx: Any, a: Any, b: Any) -> Any:
        number = ir.FloatType() if a == LANE else ir.DoubleType()

        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            x, y = (builder.bitcast(arg, number) for arg in args)
            return builder.bitcast(emit_floats(builder, x, y), args[0].type)

        return a(a, a), emit

    return intrinsic(typing)


settle = _in_floats(lambda builder, x, y: builder.fsub(builder.fadd(x, y), y))
"""The bits of (float(a) + float(b)) - float(b)."""

difference = _in_floats(lambda builder, x, y: builder.fsub(x, y))
"""The bits of float(a) - float(b)."""
