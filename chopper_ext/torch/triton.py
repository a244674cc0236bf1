# mypy: disable-error-code="assignment, no-untyped-def, no-untyped-call, untyped-decorator"
"""The kernels' source compiled by Triton: one loop for all families, rules, carriers and tasks.

The dialect functions are handed to Triton as they stand.  Integers of a format are read from memory, so that a new
format compiles nothing; a table is a pointer to where it begins.
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import torch
import triton
import triton.language as tl

from chopper.engine.backend import Draw
from chopper.kernels.carrier import Carrier
from chopper.kernels.threefry import random_word
from chopper.random import as_key
from chopper_ext.torch.dialect import builder, jitted, look_up, select
from chopper_ext.torch.programs import Program

__all__ = ["by_triton", "launch", "loop"]

_BLOCK = 1024
_WORD = 1 << 32


@triton.jit
def _fields(integers, tables, lanes: tl.constexpr, begin: tl.constexpr, end: tl.constexpr, kinds: tl.constexpr):
    fields = ()
    for i in tl.static_range(begin, end):
        value = tl.load(integers + i)
        if (kinds >> i) & 1:
            fields = fields + (tables + value,)  # noqa: RUF005
        else:
            fields = fields + (value.to(lanes),)  # noqa: RUF005
    return fields


@triton.jit
def _parts(
    integers, tables, lanes: tl.constexpr, inner: tl.constexpr,
    first: tl.constexpr, size: tl.constexpr, nested: tl.constexpr, kinds: tl.constexpr,
):  # fmt: skip
    # Written out, since Triton 3.6 forgets the names of fields where it adds tuples.
    tl.static_assert(nested == 1 or nested == 2 or nested == 4)
    a = inner(_fields(integers, tables, lanes, first, first + size, kinds), (), ())
    if nested == 1:
        parts = (a,)
    else:
        b = inner(_fields(integers, tables, lanes, first + size, first + 2 * size, kinds), (), ())
        if nested == 2:
            parts = (a, b)
        else:
            c = inner(_fields(integers, tables, lanes, first + 2 * size, first + 3 * size, kinds), (), ())
            d = inner(_fields(integers, tables, lanes, first + 3 * size, first + 4 * size, kinds), (), ())
            parts = (a, b, c, d)
    return parts


@triton.jit(do_not_specialize=["size", "high", "low", "offset"])
def loop(
    x, words, out, size, high, low, offset, integers, tables,
    core: tl.constexpr, rule: tl.constexpr, draw: tl.constexpr, carrier: tl.constexpr,
    outer: tl.constexpr, inner: tl.constexpr, first: tl.constexpr, last: tl.constexpr, nested: tl.constexpr,
    count: tl.constexpr, kinds: tl.constexpr,
    width: tl.constexpr, precision: tl.constexpr, bias: tl.constexpr, sign: tl.constexpr, inf: tl.constexpr,
    source: tl.constexpr, with_tables: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Run a kernel from x to out; `source` of random words: 0 none, 1 the key and index, 2 `words`."""
    lanes: tl.constexpr = tl.int32 if width == 32 else tl.int64
    # In lanes, since Triton's interpreter would make int32 of what is computed from plain numbers.
    c = carrier(
        (
            tl.full((), width, lanes),
            tl.full((), precision, lanes),
            tl.full((), bias, lanes),
            tl.full((), sign, lanes),
            tl.full((), inf, lanes),
        ),
        (),
        (),
    )
    head = _fields(integers, tables, lanes, 0, first, kinds)
    parts = ()
    if nested > 0:
        parts = _parts(integers, tables, lanes, inner, first, (last - first) // nested, nested, kinds)
    f = outer(head, parts, _fields(integers, tables, lanes, last, count, kinds))
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    legal = at < size
    bits = tl.load(x + at, mask=legal, other=0).to(lanes)
    word = bits & 0
    if source == 1:
        index = at + offset
        word = draw(high, low, (index >> 32).to(tl.int32), index.to(tl.int32))
    if source == 2:
        word = tl.load(words + at, mask=legal, other=0)
    if source > 0 and width == 64:
        word = word.to(tl.int64) & 0xFFFFFFFF
    if with_tables:
        result = core(select, look_up, rule, bits, word, c, f)
    else:
        result = core(select, rule, bits, word, c, f)
    tl.store(out + at, result.to(out.dtype.element_ty), mask=legal)


def by_triton(chosen: Program, flat: torch.Tensor, dtype: torch.dtype, draw: Draw) -> torch.Tensor:
    """Run a program on a flat tensor of floats of its carrier, or of codes; on the host, by Triton's interpreter."""
    out = torch.empty(flat.shape, dtype=dtype, device=flat.device)
    if flat.numel():
        x = flat.view(chosen.lanes) if flat.dtype.is_floating_point else flat
        arguments, constants = launch(chosen, x, out, draw)
        with torch.cuda.device(flat.device) if flat.is_cuda else nullcontext():
            loop[(triton.cdiv(flat.numel(), _BLOCK),)](*arguments, **constants, enable_fp_fusion=False)
    return out


def launch(chosen: Program, x: torch.Tensor, out: torch.Tensor, draw: Draw) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments and the constants of `loop`."""
    packed, kernel = chosen.packed, chosen.plan.kernel
    key = as_key(draw.key or 0, draw.offset) if kernel.random and draw.words is None else as_key(0)
    words = x if draw.words is None else draw.words.contiguous().view(-1)
    numbers = (_signed(key.high), _signed(key.low), key.offset - (key.offset >> 63 << 64))
    constants = {
        "core": jitted(kernel.function),
        "rule": jitted(kernel.rule_function),
        "draw": jitted(random_word),
        "carrier": builder(Carrier),
        "outer": builder(packed.outer),
        "inner": None if packed.inner is None else builder(packed.inner),
        "first": packed.first,
        "last": packed.last,
        "nested": 0 if packed.inner is None else (packed.last - packed.first) // len(packed.inner._fields),  # type: ignore[attr-defined]
        "count": len(packed.kinds),
        "kinds": sum(1 << i for i, is_table in enumerate(packed.kinds) if is_table),
        **kernel.carrier._asdict(),
        "source": 0 if not kernel.random else 1 if draw.words is None else 2,
        "with_tables": kernel.tables,
        "block": _BLOCK,
    }
    return (x, words, out, out.numel(), *numbers, packed.integers, packed.tables), constants


def _signed(word: int) -> int:
    return word - _WORD if word >> 31 else word
