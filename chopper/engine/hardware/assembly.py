"""Instructions of x86-64 as compiled loops over groups of operands, from lines of assembly.

An instruction that the processor lacks ends the process, it raises nothing: ask `instructions.missing` first.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

__all__ = ["on_tiles", "on_vectors"]

_I8, _I32, _I64 = ir.IntType(8), ir.IntType(32), ir.IntType(64)


@cache
def _prepared() -> None:
    llvm.initialize_native_asmparser()  # without it LLVM ends the process at the first line of assembly


@cache
def on_vectors(text: str, constraints: str, inputs: tuple[int, ...], output: int) -> Callable[..., None]:
    """Return a compiled function ``run(w, x, y, z, d, n)`` that runs assembly on n groups.

    Parameters
    ----------
    text, constraints : str
        As LLVM takes them: operand 0 is the result, then come the inputs.
    inputs : tuple of int
        Bytes of each of up to four inputs in a group; arrays beyond them are not looked at.
    output : int
        Bytes of the result.
    """
    _prepared()

    @intrinsic
    def operate(typingctx: Any, w: Any, x: Any, y: Any, z: Any, d: Any, i: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            def place(n: int, size: int) -> Any:
                data = context.make_array(sig.args[n])(context, builder, args[n]).data
                start = builder.gep(builder.bitcast(data, _I8.as_pointer()), [builder.mul(args[5], _I64(size))])
                return builder.bitcast(start, ir.VectorType(_I32, size // 4).as_pointer())

            values = []
            for n, size in enumerate(inputs):
                values.append(builder.load(place(n, size), typ=ir.VectorType(_I32, size // 4)))
                values[-1].align = 1
            kind = ir.FunctionType(ir.VectorType(_I32, output // 4), [value.type for value in values])
            result = builder.call(ir.InlineAsm(kind, text, constraints, side_effect=False), values)
            builder.store(result, place(4, output)).align = 1
            return context.get_dummy_value()

        return types.void(w, x, y, z, d, types.int64), emit

    @njit(nogil=True)
    def run(w: Any, x: Any, y: Any, z: Any, d: Any, n: int) -> None:
        for i in range(n):
            operate(w, x, y, z, d, i)

    return run  # type: ignore[no-any-return]


_TILES = """
ldtilecfg ($0)
tileloadd ($1,$6), %tmm0
tileloadd ($2,$5), %tmm1
tileloadd ($3,$6), %tmm2
{instruction} %tmm2, %tmm1, %tmm0
tilestored %tmm0, ($4,$6)
tilerelease
"""


@cache
def on_tiles(instruction: str) -> Callable[..., None]:
    """Return a compiled function ``run(config, c, a, b, d, width)`` that runs one AMX instruction on T tiles.

    `config` holds 64 bytes; c and d are (T, 1024) bytes, b (T, 64 times its rows), a (T, 16 times `width`).
    """
    _prepared()
    text = _TILES.format(instruction=instruction).strip()

    @intrinsic
    def operate(typingctx: Any, config: Any, c: Any, a: Any, b: Any, d: Any, width: Any) -> Any:
        def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
            arrays = zip(sig.args[:5], args[:5], strict=True)
            starts = [context.make_array(kind)(context, builder, array).data for kind, array in arrays]
            values = [*(builder.ptrtoint(start, _I64) for start in starts), args[5], _I64(64)]
            kind = ir.FunctionType(ir.VoidType(), [_I64] * 7)
            builder.call(ir.InlineAsm(kind, text, "r,r,r,r,r,r,r,~{memory}", side_effect=True), values)
            return context.get_dummy_value()

        return types.void(config, c, a, b, d, types.int64), emit

    @njit(nogil=True)
    def run(config: Any, c: Any, a: Any, b: Any, d: Any, width: int) -> None:
        for t in range(c.shape[0]):
            operate(config, c[t], a[t], b[t], d[t], width)

    return run  # type: ignore[no-any-return]
