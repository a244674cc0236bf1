# mypy: disable-error-code="no-untyped-def, no-untyped-call, untyped-decorator"
"""Truncated fused sums compiled by Triton: each program computes a tile of a matrix product, block by block of k.

The steps are those of `chopper.kernels.fused`.  An operand is one word a number: its signed significand in the upper
half, its exponent in the lower; a zero has the exponent `ZERO`, and what is not finite has `SPECIAL`, an infinity with
the significand 1 or -1, a NaN with 0.
"""

from __future__ import annotations

from typing import Any

import torch
import triton
import triton.language as tl

from chopper.hardware import FusedSum
from chopper.kernels import rules
from chopper.kernels.fused import Fused, align, significand, total
from chopper.kernels.terms import lower
from chopper_ext.torch.dialect import builder, jitted, select
from chopper_ext.torch.tiles import launch, placed

__all__ = ["SPECIAL", "ZERO", "add_blocks", "add_tiles", "can_add", "launch_tiles"]

ZERO, SPECIAL = -10_000, 20_000
"""What stands for an exponent of a zero, and of what is not finite."""

_NO_FLOOR = -9_000
_LEAST_SPECIAL = tl.constexpr(5_000)  # exponents of products with what is not finite lie above, all others below


@triton.jit
def _parameters(make: tl.constexpr, lanes: tl.constexpr, model: tl.constexpr):
    return make(
        (
            tl.full((), model[0], lanes),
            tl.full((), model[1], lanes),
            tl.full((), model[2], lanes),
            tl.full((), model[3], lanes),
            tl.full((), model[4], lanes),
            tl.full((), model[5], lanes),
            tl.full((), model[6], lanes),
        ),
        (),
        (),
    )


@triton.jit
def _exponents(x, y):
    return ((x << 16) >> 16)[:, None] + ((y << 16) >> 16)[None, :]


@triton.jit
def _block(
    code, a, b, at_a, at_b, in_a, in_b, rows, columns, k, narrow, wide,
    lift: tl.constexpr, lowered: tl.constexpr, aligned: tl.constexpr, parted: tl.constexpr, rounded: tl.constexpr,
    rule: tl.constexpr, terms: tl.constexpr, lanes: tl.constexpr,
):  # fmt: skip
    """Add the products of `terms` k to a tile of codes."""
    ec, sc = parted(select, code, wide)
    ec = ec.to(tl.int32)
    top = tl.where(sc == 0, narrow.floor, tl.maximum(ec, narrow.floor))
    for n in range(terms):
        x = tl.load(a + (k + n) * rows + at_a, mask=in_a, other=0)
        y = tl.load(b + (k + n) * columns + at_b, mask=in_b, other=0)
        top = tl.maximum(top, _exponents(x, y))
    sign = wide.inf + (1 << wide.digits)
    magnitude = code & (sign - 1)
    above, below, none = code == wide.inf, code == (wide.inf | sign), magnitude > wide.inf
    if tl.max(tl.max(top, axis=1), axis=0) > _LEAST_SPECIAL:
        for n in range(terms):
            x = tl.load(a + (k + n) * rows + at_a, mask=in_a, other=0)
            y = tl.load(b + (k + n) * columns + at_b, mask=in_b, other=0)
            special = _exponents(x, y) > _LEAST_SPECIAL
            s = (x >> 16)[:, None] * (y >> 16)[None, :]
            above, below, none = above | special & (s > 0), below | special & (s < 0), none | special & (s == 0)
    whole = aligned(select, sc, tl.minimum(ec, top), narrow.digits, top, narrow).to(lanes)
    for n in range(terms):
        x = tl.load(a + (k + n) * rows + at_a, mask=in_a, other=0)
        y = tl.load(b + (k + n) * columns + at_b, mask=in_b, other=0)
        s = ((x >> 16) << lift)[:, None] * (y >> 16)[None, :]
        whole += lowered(select, s, top - _exponents(x, y)).to(lanes)
    whole = whole.to(tl.int64)
    finite = rounded(select, rule, tl.where(above | below | none, 0, whole), top, wide, wide)
    code = tl.where(above, wide.inf, tl.where(below, wide.inf | sign, finite))
    return tl.where(none | (above & below), wide.nan, code)


@triton.jit
def _sum(x, y, nan, half: tl.constexpr):
    """Return the codes of sums, to nearest even; every NaN is that of the hardware."""
    if half:
        total = x.to(tl.int16).to(tl.float16, bitcast=True) + y.to(tl.int16).to(tl.float16, bitcast=True)
        code = total.to(tl.int16, bitcast=True).to(tl.int64) & 0xFFFF
    else:
        total = x.to(tl.int32).to(tl.float32, bitcast=True) + y.to(tl.int32).to(tl.float32, bitcast=True)
        code = total.to(tl.int32, bitcast=True).to(tl.int64) & 0xFFFFFFFF
    return tl.where(total == total, code, nan)


@triton.jit(do_not_specialize=["rows", "columns", "depth", "stretch"])
def add_blocks(
    a, b, c, out, rows, columns, depth, stretch,
    model: tl.constexpr, make: tl.constexpr, lift: tl.constexpr,
    lowered: tl.constexpr, aligned: tl.constexpr, parted: tl.constexpr, rounded: tl.constexpr, rule: tl.constexpr,
    terms: tl.constexpr, small: tl.constexpr, promoted: tl.constexpr, half: tl.constexpr,
    high: tl.constexpr, across: tl.constexpr,
):  # fmt: skip
    """Add products of words a (T, depth, rows) and b (T, depth, columns) to codes c (T, rows, columns), into `out`.

    Where `promoted`, every `stretch` of k is added by itself, and then to what there is.
    """
    narrow = _parameters(make, tl.int32, model)
    wide = _parameters(make, tl.int64, model)
    batch, at_a, at_b = placed(rows, columns, high, across)
    in_a, in_b = at_a < rows, at_b < columns
    inside = in_a[:, None] & in_b[None, :]
    at = batch * rows * columns + at_a.to(tl.int64)[:, None] * columns + at_b[None, :]
    rows, columns = rows.to(tl.int64), columns.to(tl.int64)
    a += batch * depth * rows
    b += batch * depth * columns
    lanes: tl.constexpr = tl.int32 if small else tl.int64
    unsigned: tl.constexpr = 0xFFFF if half else 0xFFFFFFFF
    done = tl.load(c + at, mask=inside, other=0).to(tl.int64) & unsigned
    for start in range(0, depth, stretch):
        code = done
        if promoted:
            code = done & 0
        for k in range(start, tl.minimum(start + stretch, depth), terms):
            code = _block(
                code, a, b, at_a, at_b, in_a, in_b, rows, columns, k, narrow, wide,
                lift, lowered, aligned, parted, rounded, rule, terms, lanes,
            )  # fmt: skip
        if promoted:
            code = _sum(done, code, wide.nan, half)
        done = code
    tl.store(out + at, done.to(out.dtype.element_ty), mask=inside)


def can_add(model: FusedSum, digits: int) -> bool:
    """Whether every term has at most 31 bits, and none is cut where it is the largest."""
    return digits <= model.fraction <= 28


def add_tiles(model: FusedSum, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, digits: int) -> torch.Tensor:
    """Return the codes of sums, as int32 or int16; products have so many fraction bits, see `can_add`."""
    out = torch.empty_like(c)
    if out.numel():
        arguments, constants = launch_tiles(model, a, b, c, out, digits)
        launch(add_blocks, c, constants["high"], constants["across"], arguments, constants)
    return out


def launch_tiles(
    model: FusedSum, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor, out: torch.Tensor, digits: int
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Return the arguments and the constants of `add_blocks`."""
    half, depth = c.dtype == torch.int16, a.shape[1]
    fields = (10, 15, 0x7C00, 0x7FFF) if half else (23, 127, 0x7F800000, 0x7FFFFFFF)
    floor = _NO_FLOOR if model.floor is None else model.floor
    constants = {
        "model": (model.fraction, floor, *fields, fields[0] + 1 - model.precision),
        "make": builder(Fused),
        "lift": model.fraction - digits,
        "lowered": jitted(lower),
        "aligned": jitted(align),
        "parted": jitted(significand),
        "rounded": jitted(total),
        "rule": jitted(getattr(rules, model.rounding)),
        "terms": model.terms,
        "small": (model.terms + 1) << (model.fraction + 2) < 1 << 31,
        "promoted": model.promote is not None,
        "half": half,
        "high": 32,
        "across": 32,
        "num_warps": 4,
        "enable_fp_fusion": False,
    }
    return (a, b, c, out, c.shape[1], c.shape[2], depth, model.promote or max(depth, 1)), constants
