"""Steps of a matrix product over one row of the result, rounded by a format's kernel in binary64.

Numbers are added to odd: see `chopper.engine.gemm.to_odd`.  Random words are made where they are used.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from chopper.engine.gemm.drawn import COUNT, Words
from chopper.engine.gemm.traced import Traced, run_kernel, spread, where

__all__ = ["add_row", "advance_row"]

_HALF = 8
_I64 = ir.IntType(64)
_DOUBLES, _LONGS = ir.VectorType(ir.DoubleType(), _HALF), ir.VectorType(_I64, _HALF)


class _Rounding:
    """A kernel with its parameters spread over vectors; None for a kernel rounds nothing."""

    def __init__(self, builder: Any, kind: Any, kernel: Any, params: Any, words: Any) -> None:
        self.kernel = None if isinstance(kernel, types.NoneType) else kernel.kernel
        if self.kernel is None:
            return
        fields = [builder.extract_value(params, i) for i in range(len(kind.types))]
        self.f = kind.instance_class(*(Traced(builder, spread(builder, field, _HALF)) for field in fields))
        if self.kernel.random:
            high, low, self.first, self.stride = (builder.extract_value(words, i) for i in range(4))
            self.words = Words(builder, high, low, self.stride)

    def halves(self, builder: Any, at: Any, halves: list[Any]) -> list[Any]:
        """Return vectors of floats rounded; `at` is the index of their first number in the row."""
        if self.kernel is None:
            return halves
        words: list[Any] = [0, 0]
        if self.kernel.random:
            words = self.words.at(builder, builder.add(self.first, builder.mul(at, self.stride)))
        patterns = [Traced(builder, builder.bitcast(half, _LONGS)) for half in halves]
        done = [run_kernel(self.kernel, x, word, self.f) for x, word in zip(patterns, words, strict=True)]
        return [builder.bitcast(x.value, _DOUBLES) for x in done]


def _add(builder: Any, x: Any, y: Any, down: Any) -> Any:
    """Return x + y rounded to odd; `down` is the sign mask where an exact zero takes the sign of either."""
    s = builder.fadd(x, y)
    part = builder.fsub(s, x)
    error = builder.fadd(builder.fsub(x, builder.fsub(s, part)), builder.fsub(y, part))
    xs, ys, bits, wrong = (Traced(builder, builder.bitcast(v, _LONGS)) for v in (x, y, s, error))
    zero = ir.Constant(_DOUBLES, [0.0] * _HALF)
    inexact = Traced(builder, builder.fcmp_ordered("!=", error, zero))
    step = ((bits ^ wrong) >> 63) | 1
    odd = where(inexact, where(bits & 1 == 0, bits + step, bits), bits)
    nil = Traced(builder, builder.fcmp_ordered("==", s, zero))
    return builder.bitcast(where(nil, odd | ((xs | ys) & down), odd).value, _DOUBLES)


class _Row:
    """The data of a contiguous row of floats."""

    def __init__(self, context: Any, builder: Any, kind: Any, array: Any) -> None:
        self.builder = builder
        self.data = context.make_array(kind)(context, builder, array).data

    def places(self, at: Any) -> list[Any]:
        starts = (self.builder.gep(self.data, [self.builder.add(at, _I64(n))]) for n in (0, _HALF))
        return [self.builder.bitcast(start, _DOUBLES.as_pointer()) for start in starts]

    def load(self, at: Any) -> list[Any]:
        return [self.builder.load(place, align=8) for place in self.places(at)]

    def store(self, at: Any, halves: list[Any]) -> None:
        for place, half in zip(self.places(at), halves, strict=True):
            self.builder.store(half, place, align=8)


@intrinsic
def advance_row(
    typingctx: Any,
    by: Any,
    total: Any,
    acc: Any,
    b: Any,
    a: Any,
    f: Any,
    g: Any,
    product_words: Any,
    words: Any,
    down: Any,
) -> Any:
    """Do acc = round(acc + round(a b)) on rows of float64 of which `COUNT` divides the length.

    `by` and `total` are kernels with parameters f and g, or None; words are ``(key, key, index, stride)``.
    """

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        accs, factors = (_Row(context, builder, sig.args[n], args[n]) for n in (2, 3))
        inner = _Rounding(builder, sig.args[5], sig.args[0], args[5], args[7])
        outer = _Rounding(builder, sig.args[6], sig.args[1], args[6], args[8])
        factor, mask = spread(builder, args[4], _HALF), Traced(builder, spread(builder, args[9], _HALF))
        whole = context.make_array(sig.args[2])(context, builder, args[2])
        chunks = builder.sdiv(cgutils.unpack_tuple(builder, whole.shape)[0], _I64(COUNT))
        with cgutils.for_range(builder, chunks) as loop:
            at = builder.mul(loop.index, _I64(COUNT))
            products = [builder.fmul(factor, half) for half in factors.load(at)]
            products = inner.halves(builder, at, products)
            pairs = zip(accs.load(at), products, strict=True)
            sums = [_add(builder, x, y, mask) for x, y in pairs]
            accs.store(at, outer.halves(builder, at, sums))
        return context.get_dummy_value()

    whole = types.int64
    kinds = (by, total, acc, b, types.float64, f, g, product_words, words, whole)
    return types.void(*kinds), emit


@intrinsic
def add_row(typingctx: Any, total: Any, acc: Any, other: Any, g: Any, words: Any, down: Any) -> Any:
    """Do acc = round(acc + other), as `advance_row`."""

    def emit(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        accs, others = (_Row(context, builder, sig.args[n], args[n]) for n in (1, 2))
        outer = _Rounding(builder, sig.args[3], sig.args[0], args[3], args[4])
        mask = Traced(builder, spread(builder, args[5], _HALF))
        whole = context.make_array(sig.args[1])(context, builder, args[1])
        chunks = builder.sdiv(cgutils.unpack_tuple(builder, whole.shape)[0], _I64(COUNT))
        with cgutils.for_range(builder, chunks) as loop:
            at = builder.mul(loop.index, _I64(COUNT))
            pairs = zip(accs.load(at), others.load(at), strict=True)
            accs.store(at, outer.halves(builder, at, [_add(builder, x, y, mask) for x, y in pairs]))
        return context.get_dummy_value()

    return types.void(total, acc, other, g, words, types.int64), emit
