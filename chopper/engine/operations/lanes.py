"""Lane128: an integer of 128 bits inside Numba, for the carrier of that width.

It is modelled as one LLVM i128, which the processor runs on two registers; each operator is a wrapping instruction, and
integers that meet a lane are extended to it.  In arrays a lane is two int64, the low half first.
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

from chopper.kernels.carrier import BINARY128, Carrier

__all__ = ["WIDE", "Lane128", "carrier", "extend", "fields", "low_half", "peek", "poke", "where", "word"]

_I64, _I128 = ir.IntType(64), ir.IntType(128)


class Lane128(types.Type):  # type: ignore[misc]
    """A signed two's complement integer of 128 bits."""

    def __init__(self) -> None:
        super().__init__("Lane128")

    def can_convert_from(self, typingctx: Any, other: types.Type) -> Conversion | None:
        """Let Numba extend any integer that meets a lane."""
        return Conversion.unsafe if isinstance(other, types.Integer) else None


WIDE = Lane128()
"""The one instance of the type."""


@register_model(Lane128)
class _LaneModel(models.PrimitiveModel):  # type: ignore[misc]
    def __init__(self, dmm: Any, fe_type: Any) -> None:
        super().__init__(dmm, fe_type, _I128)


@lower_cast(types.Integer, Lane128)
def _extend(context: Any, builder: Any, fromty: Any, toty: Any, val: Any) -> Any:
    return builder.sext(val, _I128) if fromty.signed else builder.zext(val, _I128)


def _is_lane_pair(args: tuple[Any, ...]) -> bool:
    return WIDE in args and all(a == WIDE or isinstance(a, types.Integer) for a in args)


def _operator(op: Callable[..., Any], arity: int, result: Any, emit: Callable[..., Any]) -> None:
    class Typing(AbstractTemplate):  # type: ignore[misc]
        def generic(self, args: tuple[Any, ...], kws: dict[str, Any]) -> Any:
            return signature(result, *[WIDE] * arity) if len(args) == arity and _is_lane_pair(args) else None

    infer_global(op)(Typing)
    lower_builtin(op, *[Lane128] * arity)(lambda context, builder, sig, args: emit(builder, *args))


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
    _operator(_op, 2, WIDE, lambda builder, x, y, name=_name: getattr(builder, name)(x, y))
for _op, _name in (
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
):
    _operator(_op, 2, types.boolean, lambda builder, x, y, name=_name: builder.icmp_signed(name, x, y))
_operator(operator.neg, 1, WIDE, lambda builder, x: builder.neg(x))


@intrinsic
def where(typingctx: Any, condition: Any, a: Any, b: Any) -> Any:
    """Select without branching."""
    kind = WIDE if WIDE in (a, b) else types.int64
    return kind(types.boolean, kind, kind), lambda context, builder, sig, args: builder.select(*args)


@intrinsic
def extend(typingctx: Any, x: Any) -> Any:
    """Return the bits of a float64 as a lane."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return builder.sext(builder.bitcast(args[0], _I64), _I128)

    return WIDE(types.float64), emit


@intrinsic
def word(typingctx: Any, drawn: Any) -> Any:
    """Return a random word of 32 bits as a lane; it is unsigned there."""
    return WIDE(types.uint32), lambda context, builder, sig, args: builder.zext(args[0], _I128)


@intrinsic
def low_half(typingctx: Any, lane: Any) -> Any:
    """Return the lower 64 bits of a lane."""
    return types.int64(WIDE), lambda context, builder, sig, args: builder.trunc(args[0], _I64)


@intrinsic
def peek(typingctx: Any, halves: Any, i: Any) -> Any:
    """Return lane i of a contiguous array of halves."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return _read(builder, context.make_array(halves)(context, builder, args[0]).data, args[1])

    return WIDE(halves, types.intp), emit


@intrinsic
def poke(typingctx: Any, lane: Any, halves: Any, i: Any) -> Any:
    """Write a lane to place i of a contiguous array of halves."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(halves)(context, builder, args[1]).data
        at = builder.shl(args[2], _I64(1))
        for k in (0, 1):
            half = builder.trunc(builder.ashr(args[0], _I128(64 * k)), _I64)
            builder.store(half, builder.gep(data, [builder.add(at, _I64(k))]))
        return context.get_dummy_value()

    return types.void(WIDE, halves, types.intp), emit


def _read(builder: Any, data: Any, i: Any) -> Any:
    at = builder.shl(i, _I64(1))
    low, high = (builder.load(builder.gep(data, [builder.add(at, _I64(k))])) for k in (0, 1))
    return builder.or_(builder.zext(low, _I128), builder.shl(builder.sext(high, _I128), _I128(64)))


@intrinsic
def carrier(typingctx: Any) -> Any:
    """Return the carrier of 128 bits as lanes."""
    kind = types.NamedUniTuple(WIDE, len(BINARY128), Carrier)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        return context.make_tuple(builder, kind, [_I128(n) for n in BINARY128])

    return kind(), emit


@intrinsic
def fields(typingctx: Any, halves: Any, shape: Any) -> Any:
    """Return a NamedTuple of lanes, its type that of `shape`, from a contiguous array of halves."""
    kind = types.NamedUniTuple(WIDE, len(shape), shape.instance_class)

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        data = context.make_array(halves)(context, builder, args[0]).data
        return context.make_tuple(builder, kind, [_read(builder, data, _I64(k)) for k in range(len(shape))])

    return kind(halves, shape), emit
