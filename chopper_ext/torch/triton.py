# mypy: disable-error-code="assignment, no-untyped-def, no-untyped-call, untyped-decorator"
"""The kernels' source compiled by Triton: one loop for all families, rules, carriers and tasks.

The dialect functions are handed to Triton as they stand.  Integers of a format are arguments, so that a new format
compiles nothing and moves nothing to the device; a table is a pointer to where it begins.
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
from chopper_ext.torch.dialect import builder, fields_of, jitted, lifted, look_up, select
from chopper_ext.torch.programs import Program
from chopper_ext.torch.words import signed

__all__ = ["arguments_of", "by_triton", "constants_of", "loop", "settings_of"]

_BLOCK = 2048


@triton.jit
def _widened(x, lanes: tl.constexpr):
    if x.dtype == tl.float16:
        half = x.to(tl.int16, bitcast=True).to(tl.int32)
        # The device's own conversion forgets the sign of a NaN.
        nan = (half & 0x7FFF) << 13 | 0x7F800000 | half & -0x80000000
        return tl.where(half & 0x7FFF > 0x7C00, nan, x.to(tl.float32).to(tl.int32, bitcast=True))
    elif x.dtype == tl.int16:  # patterns of bfloat16; codes are unsigned
        return x.to(tl.int32) << 16
    else:
        return x.to(lanes)


@triton.jit
def _narrowed(bits, kind: tl.constexpr):
    if kind == tl.float16:
        return bits.to(tl.float32, bitcast=True).to(tl.float16)
    elif kind == tl.int16:
        return (bits >> 16).to(tl.int16)
    else:
        return bits.to(kind)


@triton.jit
def _parts(
    integers, tables, lanes: tl.constexpr, inner: tl.constexpr,
    first: tl.constexpr, size: tl.constexpr, nested: tl.constexpr, kinds: tl.constexpr,
):  # fmt: skip
    # Written out, since Triton 3.6 forgets the names of fields where it adds tuples.
    tl.static_assert(nested == 1 or nested == 2 or nested == 4)
    a = inner(fields_of(integers, tables, lanes, first, first + size, kinds), (), ())
    if nested == 1:
        parts = (a,)
    else:
        b = inner(fields_of(integers, tables, lanes, first + size, first + 2 * size, kinds), (), ())
        if nested == 2:
            parts = (a, b)
        else:
            c = inner(fields_of(integers, tables, lanes, first + 2 * size, first + 3 * size, kinds), (), ())
            d = inner(fields_of(integers, tables, lanes, first + 3 * size, first + 4 * size, kinds), (), ())
            parts = (a, b, c, d)
    return parts


@triton.jit(do_not_specialize=["size", "high", "low", "offset", "integers"])
def loop(
    x, words, out, size, high, low, offset, tables, integers,
    core: tl.constexpr, rule: tl.constexpr, draw: tl.constexpr, carrier: tl.constexpr,
    outer: tl.constexpr, inner: tl.constexpr, first: tl.constexpr, last: tl.constexpr, nested: tl.constexpr,
    count: tl.constexpr, kinds: tl.constexpr,
    width: tl.constexpr, precision: tl.constexpr, bias: tl.constexpr, sign: tl.constexpr, inf: tl.constexpr,
    source: tl.constexpr, with_tables: tl.constexpr, even: tl.constexpr, block: tl.constexpr,
):  # fmt: skip
    """Run a kernel from x to out.

    `source` of random words: 0 none, 1 the key and index, 2 `words`; where `even`, `size` counts in sixteens.
    """
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
    head = fields_of(integers, tables, lanes, 0, first, kinds)
    parts = ()
    if nested > 0:
        parts = _parts(integers, tables, lanes, inner, first, (last - first) // nested, nested, kinds)
    f = outer(head, parts, fields_of(integers, tables, lanes, last, count, kinds))
    if even:
        size = size.to(tl.int64) * 16  # 16 divides it for the compiler too: threads read and write 16 bytes at once
    at = tl.program_id(0).to(tl.int64) * block + tl.arange(0, block)
    legal = at < size
    bits = _widened(tl.load(x + at, mask=legal, other=0), lanes)
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
    tl.store(out + at, _narrowed(result, out.dtype.element_ty), mask=legal)


def by_triton(chosen: Program, x: torch.Tensor, out: torch.Tensor, draw: Draw) -> None:
    """Run a program from a flat tensor of floats or codes to another; on the host, by Triton's interpreter."""
    if x.numel():
        elsewhere = x.is_cuda and x.get_device() != torch.cuda.current_device()
        with torch.cuda.device(x.device) if elsewhere else nullcontext():
            _launch(chosen, x, out, draw)
    torch.autograd.graph.increment_version(out)


def _launch(chosen: Program, x: torch.Tensor, out: torch.Tensor, draw: Draw) -> None:
    """Launch `loop`; what Triton compiled for arguments of a kind is kept, since it takes long to find it again."""
    grid = (-(-x.numel() // _BLOCK), 1, 1)
    arguments, source = arguments_of(chosen, x, out, draw)
    given, words, taken, size, _, _, offset, _, _ = arguments
    spots = given.data_ptr() % 16, taken.data_ptr() % 16, words is not None and words.data_ptr() % 16
    kind = (x.dtype, out.dtype, source, x.numel() % 16, *spots, size >> 31, _fits(offset))
    found = chosen.kernels.get(kind)
    if found is None:
        constants = constants_of(chosen, x, source)
        kernel = loop[grid](*arguments, **constants, enable_fp_fusion=False)
        if kernel is not None:  # the interpreter compiles nothing
            chosen.kernels[kind] = kernel, tuple(constants[name] for name in loop.arg_names[len(arguments) :])
    else:
        kernel, constants = found
        kernel[grid](*arguments, *constants)


def arguments_of(chosen: Program, x: torch.Tensor, out: torch.Tensor, draw: Draw) -> tuple[tuple[Any, ...], int]:
    """Return the arguments of `loop`, and where random words come from."""
    kernel, size = chosen.plan.kernel, x.numel()
    numbers, words, source = (0, 0, 0), None, 0
    if kernel.random and draw.words is not None:
        words, source = draw.words.contiguous().view(-1), 2
    elif kernel.random:
        key = as_key(draw.key or 0, draw.offset)
        numbers, source = (signed(key.high, 32), signed(key.low, 32), signed(key.offset)), 1
    count = size if size % 16 else size // 16
    given, taken = _seen(x, chosen), _seen(out, chosen)
    return (given, words, taken, count, *numbers, chosen.packed.tables, chosen.settings[0]), source


def constants_of(chosen: Program, x: torch.Tensor, source: int) -> dict[str, Any]:
    """Return the constants of `loop`."""
    return {**chosen.settings[1], "source": source, "even": x.numel() % 16 == 0, "block": _BLOCK}


def _fits(number: int) -> bool:
    return -(1 << 31) <= number < 1 << 31


def _seen(x: torch.Tensor, chosen: Program) -> torch.Tensor:
    """Return a tensor as `loop` takes it: float16, int16 for bfloat16, lanes for other floats, codes as they are."""
    if not x.dtype.is_floating_point or x.dtype == torch.float16:
        return x
    return x.view(torch.int16 if x.dtype == torch.bfloat16 else chosen.lanes)


def settings_of(chosen: Program) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Return the integers of a program as `loop` takes them, and the constants that are the program's."""
    packed, kernel = chosen.packed, chosen.plan.kernel
    inner = packed.inner and builder(packed.inner)
    constants = {
        "core": jitted(kernel.function),
        "rule": jitted(kernel.rule_function),
        "draw": jitted(random_word) if kernel.random else None,
        "carrier": builder(Carrier),
        "outer": builder(packed.outer),
        "inner": inner,
        "first": packed.first,
        "last": packed.last,
        "nested": (packed.last - packed.first) // len(packed.inner._fields) if packed.inner else 0,  # type: ignore[attr-defined]
        "count": len(packed.kinds),
        "kinds": sum(1 << i for i, is_table in enumerate(packed.kinds) if is_table),
        **kernel.carrier._asdict(),
        "with_tables": kernel.tables,
    }
    return lifted(packed.integers, kernel.width), constants
