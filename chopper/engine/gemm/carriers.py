"""Which products the carrier's own arithmetic rounds right, and how: the choice of steps for `loops.multiply`.

A product of numbers of together at most q bits is exact in a carrier of
precision q.  A sum of two numbers of at most p bits each that is rounded to q bits, then to p, is rounded right if
q >= 2 p + 2 (Figueroa, "When is double rounding innocuous?", SIGNUM Newsletter 30 (1995), doi:10.1145/221332.221334;
subnormal sums are exact).  Any other sum must be exact in the carrier, and so must all that are not rounded to nearest
even; the extents of the operands tell.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any, NamedTuple, cast

import numpy as np

from chopper.engine.gemm.operands import Extent
from chopper.engine.gemm.steps import FUSED, INFINITE, INSIDE, MAGIC, NATIVE, SATURATED, Magic, Step
from chopper.engine.gemm.task import Task
from chopper.engine.patterns import carrier_of, pattern
from chopper.engine.plan import Request
from chopper.formats.float import FloatFormat
from chopper.formats.policies import Subnormals
from chopper.formats.registry import get
from chopper.kernels.carrier import Carrier
from chopper.rounding import Overflow, Rounding

__all__ = ["Choice", "choose"]


_INWARD = (Rounding.TOWARD_ZERO, Rounding.UP, Rounding.TO_ODD)
"""Modes in which overflow may become the largest number."""


class Choice(NamedTuple):
    """What `loops.multiply` takes."""

    dtype: Any
    step: Step
    merge: Step
    magics: tuple[Magic, Magic, Magic]  # of products, sums, and sums of blocks


class _Sizes(NamedTuple):
    """What is known of the numbers of a product."""

    factors: int  # bits of the significands of two factors together
    unit: int  # products are multiples of 2^unit
    product: int  # and below 2^product
    total: int  # sums are below 2^total
    finite: bool
    minus: bool  # whether accumulators may be -0


def choose(task: Task, a: Extent, b: Extent, c: Extent | None, terms: int, minus: bool) -> Choice | None:
    """Return how a carrier's own arithmetic gives the bits of the definition, None if it does not."""
    accumulate, mode = task.accumulate, task.result.rounding
    grouped = accumulate.block and accumulate.order == "sequential"
    if task.sum is None or accumulate.compensated or grouped or mode is Rounding.DOWN:  # down gives exact sums -0
        return None
    for width in (32, 64) if mode is Rounding.NEAREST_EVEN else (64,):
        found = _on(carrier_of(width), task, _sizes(task, a, b, c, terms, minus), a, b)
        if found is not None:
            return found
    return None


def _on(c: Carrier, task: Task, sizes: _Sizes, a: Extent, b: Extent) -> Choice | None:
    if a.width > c.precision or b.width > c.precision or a.top > c.bias or b.top > c.bias:
        return None
    if min(a.unit, b.unit) < 2 - c.bias - c.precision:
        return None
    assert task.sum is not None and task.flush is not None
    product, total, flush = (_operation(asked, c) for asked in (task.product, task.sum, task.flush))
    if total is None or flush is None or (product is None and task.product is not None):
        return None
    exact = _exact_products(c, sizes)
    if task.product is None:
        if total == NATIVE:
            return _made(c, task, Step(NATIVE, FUSED), Step(NATIVE, flush), sizes)
        return _rounded(c, task, sizes, NATIVE, flush) if exact else None
    if product == NATIVE:
        return _made(c, task, Step(NATIVE, NATIVE), Step(NATIVE, flush), sizes) if total == NATIVE else None
    return _rounded(c, task, sizes, MAGIC, flush) if exact else None


def _operation(asked: Request | None, c: Carrier) -> str | None:
    """Return how results are rounded to a format: it is the carrier, or well inside it; None if neither."""
    if asked is None:
        return NATIVE
    if asked.fmt == get(f"fp{c.width}"):
        plain = asked.rounding is Rounding.NEAREST_EVEN and asked.overflow in (None, Overflow.INFINITY)
        return NATIVE if plain else None
    fmt = asked.fmt
    suits = (
        isinstance(fmt, FloatFormat)
        and fmt.signed
        and fmt.negative_zero
        and fmt.subnormals is Subnormals.GRADUAL
        and 2 <= fmt.precision <= c.precision - 2
        and fmt.emin >= 1 - c.bias
    )
    return MAGIC if suits else None


def _sizes(task: Task, a: Extent, b: Extent, c: Extent | None, terms: int, minus: bool) -> _Sizes:
    product = a.top + b.top
    precision = min(getattr(r.fmt, "precision", 64) for r in task.formats)
    blocks = task.accumulate.blocks
    path = terms if blocks is None else min(blocks, terms) + -(-terms // blocks)  # roundings that a term goes through
    growth = math.ceil(1.5 * (path + 3) / 2.0 ** min(precision - 1, 64))  # each adds at most a part 2^(1-p)
    most = max(product + max(terms, 1).bit_length(), -5000 if c is None else c.top) + 1 + min(growth, 10000)
    unit = a.unit + b.unit
    finite = a.finite and b.finite and (c is None or c.finite)
    return _Sizes(a.width + b.width, unit, product, most, finite, minus)


def _exact_products(c: Carrier, sizes: _Sizes) -> bool:
    """Whether the carrier holds every product."""
    return sizes.factors <= c.precision and sizes.unit >= 2 - c.bias - c.precision and sizes.product <= c.bias


def _quantum(fmt: FloatFormat) -> int:
    return fmt.emin - fmt.precision + 1


def _rounded(c: Carrier, task: Task, sizes: _Sizes, product: str, flush: str) -> Choice | None:
    """Choose where products, exact in the carrier, or sums are rounded to narrower formats."""
    fmt, into = cast(FloatFormat, cast(Request, task.sum).fmt), cast(FloatFormat, cast(Request, task.flush).fmt)
    native = _operation(task.sum, c) == NATIVE
    if product == NATIVE:
        bits, unit = sizes.factors, sizes.unit
    else:
        made = cast(FloatFormat, cast(Request, task.product).fmt)
        bits, unit = made.precision, max(sizes.unit, _quantum(made))
        if sizes.factors <= bits and sizes.unit >= _quantum(made) and 2 ** max(sizes.product, -2000) <= made.max:
            product = NATIVE  # every product is a number of the format
    near = task.result.rounding is Rounding.NEAREST_EVEN
    fine = not native and (unit < _quantum(fmt) or sizes.minus)
    reach = min(sizes.total, max(fmt.emax, into.emax, sizes.product) + 2)
    inside = reach - unit <= c.precision
    innocuous = near and unit >= _quantum(fmt) and bits <= fmt.precision and c.precision >= 2 * fmt.precision + 2
    if not native and not inside and not innocuous:
        return None
    if not near and unit < min(asked.emin for asked in _floats(task)) - c.precision + 1:
        return None  # subnormal numbers are not exact with the smallest normal one added
    if (
        flush == MAGIC
        and not (inside and unit >= _quantum(into))
        and (
            not near
            or fmt.precision > into.precision
            or c.precision < 2 * into.precision + 2
            or _quantum(fmt) < _quantum(into)
        )
    ):
        return None
    step = Step(product, NATIVE if native else MAGIC, INSIDE, fine, task.result.rounding.value)
    return _made(c, task, step, Step(NATIVE, flush, INSIDE, fine, step.rule), sizes)


def _floats(task: Task) -> list[FloatFormat]:
    return [cast(FloatFormat, asked.fmt) for asked in (task.product, task.sum) if asked is not None]


def _made(c: Carrier, task: Task, step: Step, merge: Step, sizes: _Sizes) -> Choice | None:
    """Return a choice with the edges of the formats that are rounded to."""
    dtype = np.float32 if c.width == 32 else np.float64
    parts = (
        (task.product, step.product == MAGIC, sizes.product),
        (task.sum, step.total == MAGIC, sizes.total),
        (task.flush, merge.total == MAGIC, sizes.total),
    )
    edges = {_edge(asked, top, c, sizes) for asked, rounded, top in parts if rounded and asked is not None} - {INSIDE}
    if None in edges or len(edges) > 1:
        return None
    edge = cast(str, edges.pop()) if edges else INSIDE
    magics = (_magic(asked, c, edge) if rounded else Magic() for asked, rounded, _ in parts)
    step, merge = (replace(one, edge=edge) for one in (step, merge))
    return Choice(dtype, step, merge, cast(Any, tuple(magics)))


def _edge(asked: Request, top: int, c: Carrier, sizes: _Sizes) -> str | None:
    """Return what overflow becomes; None where no step does that."""
    fmt = cast(FloatFormat, asked.fmt)
    room = c.bias - (c.precision - fmt.precision) - 2
    if sizes.finite and top <= room and 2 ** max(top, -2000) <= fmt.max:
        return INSIDE
    if max(fmt.emax + 2, sizes.product) > room:
        return None
    full = fmt.max == (2 - Fraction(1, 1 << (fmt.precision - 1))) * Fraction(2) ** fmt.emax
    if asked.overflow in (None, Overflow.INFINITY) and fmt.infinities and fmt.has_nan:
        return INFINITE if full and asked.rounding not in _INWARD else None
    if sizes.finite and asked.overflow in (None, Overflow.SATURATE, Overflow.PROPAGATE):
        return SATURATED
    return None


def _magic(asked: Request | None, c: Carrier, edge: str) -> Magic:
    assert asked is not None
    fmt, t = cast(FloatFormat, asked.fmt), c.precision - 1
    infinite = edge == INFINITE and fmt.emax < c.bias
    up = Fraction(2) ** (c.bias - fmt.emax if infinite else 0)
    return Magic(
        low=(fmt.emin + c.bias) << t,
        lift=((c.precision - fmt.precision) << t) | (1 << (t - 1)),
        drop=c.precision - fmt.precision,
        up=pattern(up, c),
        down=pattern(1 / up, c),
        top=pattern(fmt.max, c),
        bottom=pattern(fmt.max, c) | c.sign,
        random_bits=asked.random_bits,
    )
