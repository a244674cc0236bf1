# mypy: disable-error-code="assignment, no-untyped-def, no-untyped-call, untyped-decorator"
"""Matrix products that round inside, compiled by Triton: in binary64, rounded to odd, by the kernels of the formats.

Factors are numbers that binary32 holds, so that binary64 holds their products.  A sum in binary64 is rounded to odd by
its error, which TwoSum gives; so the kernel of a format finds what rounding the exact sum gives.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
import triton
import triton.language as tl

from chopper.engine.backend import Plan
from chopper.kernels.carrier import Carrier
from chopper.kernels.threefry import random_word
from chopper.random import Key
from chopper_ext.torch.dialect import builder, copied, fields_of, jitted, lifted, select
from chopper_ext.torch.tiles import launch, placed
from chopper_ext.torch.words import signed

__all__ = ["add_products", "launch_sums", "multiply_tiles"]

_CORE, _RULE, _KIND, _COUNT, _SPELLING = select, select, select, tl.constexpr(0), tl.constexpr("")  # of `_round`
_CARRIER = builder(Carrier)


def _round(bits, word, integers):
    """Round patterns of binary64; each format's own copy has the globals that it needs."""
    tl.static_assert(_SPELLING != "")  # so that the spelling counts in Triton's caches
    c = _CARRIER(
        (
            tl.full((), 64, tl.int64),
            tl.full((), 53, tl.int64),
            tl.full((), 1023, tl.int64),
            tl.full((), -(1 << 63), tl.int64),
            tl.full((), 0x7FF << 52, tl.int64),
        ),
        (),
        (),
    )
    return _CORE(select, _RULE, bits, word, c, _KIND(fields_of(integers, None, tl.int64, 0, _COUNT, 0), (), ()))


@lru_cache(maxsize=256)
def _rounder(core: Any, rule: Any, kind: Any) -> Any:
    spelling = f"{core.__module__}.{core.__qualname__}.{rule.__qualname__}.{kind.__qualname__}"
    scope = {
        "_CORE": jitted(core),
        "_RULE": jitted(rule),
        "_KIND": builder(kind),
        "_COUNT": tl.constexpr(len(kind._fields)),
        "_SPELLING": tl.constexpr(spelling),
    }
    return copied(_round, _round.__module__, f"_round.{spelling}", scope)


@triton.jit
def _word(high, low, index, draw: tl.constexpr):
    if draw is None:
        return index & 0
    else:
        return draw(high, low, (index >> 32).to(tl.int32), index.to(tl.int32)).to(tl.int64) & 0xFFFFFFFF


@triton.jit
def _rounded(x, high, low, index, integers, by: tl.constexpr, draw: tl.constexpr):
    return by(x.to(tl.int64, bitcast=True), _word(high, low, index, draw), integers).to(tl.float64, bitcast=True)


@triton.jit
def _sum(x, y, down: tl.constexpr):
    """Return x + y, rounded to odd; the sign of a zero is that of rounding down, if asked for."""
    s = x + y
    v = s - x
    lost = (x - (s - v)) + (y - v)
    bits = s.to(tl.int64, bitcast=True)
    even = (lost != 0) & (lost == lost) & (bits & 1 == 0)
    bits = tl.where(even, tl.where((lost > 0) == (s > 0), bits + 1, bits - 1), bits)
    if down:
        signs = x.to(tl.int64, bitcast=True) | y.to(tl.int64, bitcast=True)
        bits = tl.where((s == 0) & (signs < 0), -(1 << 63), bits)
    return bits.to(tl.float64, bitcast=True)


@triton.jit(do_not_specialize=["rows", "columns", "depth", "stretch", "high", "low", "origin", "steps"])
def add_products(
    a, b, c, out, rows, columns, depth, stretch, high, low, origin, steps,
    for_start, for_product, for_sum, for_flush, for_last,
    opening: tl.constexpr, product: tl.constexpr, total: tl.constexpr, flush: tl.constexpr, last: tl.constexpr,
    draw: tl.constexpr, words: tl.constexpr, down: tl.constexpr, native: tl.constexpr,
    tall: tl.constexpr, wide: tl.constexpr,
):  # fmt: skip
    """Add products of a (T, depth, rows) and b (T, depth, columns) to c (T, rows, columns), into `out`.

    Each `stretch` of k is added by itself where there is a `flush`.  The word of step s of element e has the index
    (origin + e) steps + s; a term has so many `words`.  `native`: by binary32 alone.
    """
    batch, at_a, at_b = placed(rows, columns, tall, wide)
    in_a, in_b = at_a < rows, at_b < columns
    rows, columns = rows.to(tl.int64), columns.to(tl.int64)
    inside = in_a[:, None] & in_b[None, :]
    at = batch * rows * columns + at_a.to(tl.int64)[:, None] * columns + at_b[None, :]
    a += batch * depth * rows
    b += batch * depth * columns
    lanes: tl.constexpr = tl.float32 if native else tl.float64
    index = (origin + at) * steps
    done = tl.load(c + at, mask=inside, other=0).to(lanes)
    if opening is not None:
        done = _rounded(done, high, low, index + (steps - 2), for_start, opening, draw)
    for start in range(0, depth, stretch):
        acc = done
        if flush is not None:
            acc = tl.zeros_like(done)
        for k in range(start, tl.minimum(start + stretch, depth)):
            x = tl.load(a + k * rows + at_a, mask=in_a, other=0).to(lanes)[:, None]
            y = tl.load(b + k * columns + at_b, mask=in_b, other=0).to(lanes)[None, :]
            if native:
                if product is None:
                    acc = tl.fma(x + tl.zeros_like(acc), y + tl.zeros_like(acc), acc)
                else:
                    acc = acc + x * y
            else:
                p = x * y
                word = index + k * words
                if product is not None:
                    p = _rounded(p, high, low, word, for_product, product, draw)
                acc = _rounded(_sum(acc, p, down), high, low, word + (words - 1), for_sum, total, draw)
        if flush is not None:
            if native:
                acc = done + acc
            else:
                word = index + depth * words + start // stretch
                acc = _rounded(_sum(done, acc, down), high, low, word, for_flush, flush, draw)
        done = acc
    if last is not None:
        done = _rounded(done, high, low, index + (steps - 1), for_last, last, draw)
    tl.store(out + at, done.to(out.dtype.element_ty), mask=inside)


def multiply_tiles(
    a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, out: torch.Tensor, roundings: Any, stretch: int, key: Key | None,
    steps: int, words: int, added: bool,
) -> None:  # fmt: skip
    """Write to `out` products of a (T, K, M) and b (T, K, N), added to c: rounded first if `added`, else zeros."""
    arguments, constants = launch_sums(a, b, c, out, roundings, stretch, key, steps, words, added)
    launch(add_products, c, constants["tall"], constants["wide"], arguments, constants)


def launch_sums(
    a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, out: torch.Tensor, roundings: Any, stretch: int, key: Key | None,
    steps: int, words: int, added: bool,
) -> tuple[tuple[Any, ...], dict[str, Any]]:  # fmt: skip
    """Return the arguments and the constants of `add_products`."""
    # Triton's interpreter multiplies and adds apart.
    native = roundings.native and not (triton.knobs.runtime.interpret and roundings.product is None)
    start = None if native or not added else roundings.start
    plans = (start, roundings.product, roundings.sum, roundings.flush, roundings.result)
    by, integers = zip(*(_prepared(plan) for plan in plans), strict=True)
    numbers = (0, 0, 0) if key is None else (signed(key.high, 32), signed(key.low, 32), signed(key.offset))
    constants = {
        **dict(zip(("opening", "product", "total", "flush", "last"), by, strict=True)),
        "draw": None if key is None else jitted(random_word),
        "words": words,
        "down": roundings.down,
        "native": native,
        "tall": 32,
        "wide": 32,
        "num_warps": 4,
        "enable_fp_fusion": False,
    }
    sizes = (c.shape[1], c.shape[2], a.shape[1], stretch)
    return (a, b, c, out, *sizes, *numbers, steps, *integers), constants


def _prepared(plan: Plan | None) -> tuple[Any, Any]:
    """Return the function that rounds, and its integers; None for both where nothing is rounded."""
    if plan is None:
        return None, None
    kernel, params = plan.kernel, plan.params
    kind: Any = type(params)
    return _rounder(kernel.function, kernel.rule_function, kind), lifted([int(n) for n in params], 64)
