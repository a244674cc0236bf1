"""The quick way for float32 numbers under scales of any kind that follow from the largest magnitude of a block alone.

One pass finds the scale and rounds the elements, both by quotients that are near enough to decide as exact ones do; see
`chopper.engine.quotient_loops`.  What it cannot do it leaves, as `fused` does.
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.families.scaled.choice import View
from chopper.engine.families.scaled.fused import Fused
from chopper.engine.families.scaled.layout import Layout
from chopper.engine.families.scaled.outermost import Outermost, has_one, outermost
from chopper.engine.families.scaled.parameters import Current
from chopper.engine.families.scaled.passes import Scales, largest, span_of
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


def _only(scales: Scales) -> float:
    """Return the one scale there is."""
    return math.ldexp(int(scales.number[0]), int(scales.exponent[0]))


class _Asked(NamedTuple):
    """What a loop is told: the plans of element and scale, how the scale is found, and in which unit."""

    element: Plan
    encode: Plan
    decode: Plan
    current: Current
    unit: float = 1.0

    def under(self, target: Fraction, outer: Scales) -> _Asked | None:
        """Return what is told where an outer scale is the unit, or None if that is no short number, or zero."""
        divisor = divisor_of(target, outer, 1)
        if divisor is None or int(outer.number[0]) < 1 or self.current.least:
            return None
        return self._replace(current=self.current._replace(by=1 / _only(divisor)), unit=_only(outer))


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
    tops, span = np.empty(0, np.int32), span_of(layout)
    drawn = np.zeros(1, np.uint32) if words is None else words
    plans = (asked.element.params, *(part for plan in asked[1:3] for part in (plan.kernel, plan.params)))
    head, tail = (asked.element.kernel, view.bits, drawn, target), (BINARY32.inf, span, layout.cut)
    by = (*(plan.kernel for plan in asked[:3]), scales.dtype.char, len(span))
    types = (*head, tops, scales, left, *plans, asked.current, asked.unit, *tail, 0, 0)
    entry = loop_for("quotient_loops.currents", view.bits, target, *types, by=by)
    outer = None if entry is None else _outer(view)
    told = None if outer is None else asked if outer.scales is None else asked.under(view.fmt.targets[0], outer.scales)
    if entry is None or outer is None or told is None:
        return None
    tops = _tops(view, layout) if long else tops
    args = (*head, tops, scales, left, *plans, told.current, told.unit, *tail)
    share(lambda start, stop: entry(*args, start, stop), layout.blocks, view.threads, layout.length)
    if long:
        scales, left = (a[:: layout.cut[2]] for a in (scales, left))
    if left.all() or (left.any() and outer.codes):  # blocks alone do not know the outer scale
        return None
    return Fused(target, scales, np.flatnonzero(left), outer.codes)


def _outer(view: View) -> Outermost | None:
    return Outermost((), None) if view.fmt.outer is None else outermost(view)


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
    levels = [level.scale for level in fmt.levels]
    if not plain or not has_one(fmt) or not all(isinstance(one, FloatFormat) for one in levels):
        return None
    bits = sum(describe(one).precision for one in levels)
    if (
        middle_bits(fmt.element) + bits > ROOM
        or bits + 1 + fmt.targets[0].numerator.bit_length() > ROOM
        or not all(planning.family_of(one).fits(one, 32) for one in levels)
    ):
        return None
    divisor = divisor_of(fmt.targets[0], None, 1)
    if divisor is None:
        return None
    encode = planning.plan_encode(Request(scale, MODES[rule.direction], Overflow.SATURATE), 64)
    decode = planning.plan_decode(scale, 64)
    decode = decode.twin or decode
    away = planning.plan_encode(Request(scale, Rounding.AWAY_FROM_ZERO, Overflow.SATURATE), 64)
    floor_code = on_number(away, pattern(rule.floor, BINARY64)) if rule.floor else 0
    current = Current(
        by=1 / _only(divisor),
        least=pattern(rule.least, BINARY32),
        least_quotient=odd_pattern(rule.least / fmt.targets[0], False),
        floor=on_number(decode, floor_code) if rule.floor else 0,
        floor_code=floor_code,
        low=0.0 if codes else float(power(least_scale(fmt.element))),
    )
    return _Asked(element_plan(fmt.element, mode, random_bits, codes), encode, decode, current)
