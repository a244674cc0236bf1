"""The quick way for float32 numbers under scales of any kind that follow from the largest magnitude of a block alone.

One pass finds the scale, by exact division, and rounds the elements; see `chopper.engine.quotient_loops`.  What it
cannot do it leaves, as `fused` does.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.families.scaled.choice import View
from chopper.engine.families.scaled.fused import Fused
from chopper.engine.families.scaled.layout import Layout
from chopper.engine.families.scaled.parameters import Current
from chopper.engine.families.scaled.passes import largest, steps_of
from chopper.engine.families.scaled.scales import MODES, divisor_of, odd_pattern
from chopper.engine.families.scaled.short import ROOM, element_plan, least_scale, middle_bits
from chopper.engine.inputs import code_dtype
from chopper.engine.patterns import pattern, power
from chopper.engine.plan import Plan, Request
from chopper.engine.run import loop_for, on_number
from chopper.engine.threads import share
from chopper.formats.finfo import describe
from chopper.formats.float import FloatFormat
from chopper.formats.scale_rule import Statistic
from chopper.formats.scaled import ScaledFormat
from chopper.kernels.carrier import BINARY32, BINARY64
from chopper.rounding import Overflow, Rounding

__all__ = ["by_currents"]

_Array = npt.NDArray[Any]

_PARTS = 64
"""Into how many parts a row that is one long block is cut, for threads to share ..."""

_LONG = 1 << 20
"""... if it has as many elements."""


class _Asked(NamedTuple):
    """What a loop is told: the plans of element and scale, and how the scale is found."""

    element: Plan
    encode: Plan
    decode: Plan
    current: Current


def by_currents(view: View, request: Request, words: _Array | None, target: _Array) -> Fused | None:
    """Round blocks to values in float32, or to codes, into `target`; None where the loop does not suit."""
    codes = target.dtype.kind == "u"
    if view.bits.itemsize != 4 or view.given is not None or not (codes or target.dtype == np.float32):
        return None
    asked = _ask(view.fmt, request.rounding, request.random_bits, codes)
    if asked is None:
        return None
    layout = view.layout
    long = layout.length == layout.columns and layout.length >= _LONG
    layout = _parts(layout) if long else layout
    scales, left = np.empty(layout.blocks, code_dtype(view.fmt.scale)), np.empty(layout.blocks, np.bool_)
    tops = np.empty(0, np.int32)
    drawn = np.zeros(1, np.uint32) if words is None else words
    plans = (asked.element.params, *(part for plan in asked[1:3] for part in (plan.kernel, plan.params)))
    rest = (scales, left, *plans, asked.current, BINARY32, layout.cut)
    head = (asked.element.kernel, view.bits, drawn, target)
    by = (*(plan.kernel for plan in asked[:3]), scales.dtype.char)
    entry = loop_for("quotient_loops.currents", view.bits, target, *head, tops, *rest, 0, 0, by=by)
    if entry is None:
        return None
    if long:
        tops = _tops(view, layout)
    share(lambda start, stop: entry(*head, tops, *rest, start, stop), layout.blocks, view.threads, layout.length)
    if long:
        scales, left = (a[:: layout.cut[2]] for a in (scales, left))
    return None if left.all() else Fused(target, scales, np.flatnonzero(left))


def _parts(layout: Layout) -> Layout:
    """Return rows that are one block each, cut into parts."""
    length = -(-layout.columns // _PARTS)
    return Layout((layout.blocks, layout.columns), (1, length), layout.columns, length, True)


def _tops(view: View, parts: Layout) -> _Array:
    """Return the largest magnitude of its row for each part."""
    each = largest(view.bits, parts, view.threads)[1].reshape(parts.grid)
    return np.repeat(each.max(axis=1), parts.grid[1])


@lru_cache(maxsize=1024)
def _ask(fmt: ScaledFormat, mode: Rounding, random_bits: int, codes: bool) -> _Asked | None:
    """Return what the loop is told, or None where it does not suit."""
    rule, scale = fmt.rule, fmt.scale
    plain = rule.statistic is Statistic.AMAX and not (rule.before or rule.choose or fmt.zero_point)
    if not plain or len(fmt.levels) > 1 or not isinstance(scale, FloatFormat):
        return None
    if middle_bits(fmt.element) + describe(scale).precision > ROOM or not planning.family_of(scale).fits(scale, 32):
        return None
    divisor = divisor_of(fmt.targets[0], None, 1)
    if divisor is None:
        return None
    encode = planning.plan_encode(Request(scale, MODES[rule.direction], Overflow.SATURATE), 64)
    decode = planning.plan_decode(scale, 64)
    number, width, exponent = (int(a[0]) for a in divisor)
    away = planning.plan_encode(Request(scale, Rounding.AWAY_FROM_ZERO, Overflow.SATURATE), 64)
    floor_code = on_number(away, pattern(rule.floor, BINARY64)) if rule.floor else 0
    current = Current(
        number=number,
        width=width,
        exponent=exponent,
        steps=steps_of(width),
        least=pattern(rule.least, BINARY32),
        least_quotient=odd_pattern(rule.least / fmt.targets[0], False),
        floor=on_number(decode, floor_code) if rule.floor else 0,
        floor_code=floor_code,
        low=0 if codes else pattern(power(least_scale(fmt.element)), BINARY64),
    )
    return _Asked(element_plan(fmt.element, mode, random_bits, codes), encode, decode, current)
