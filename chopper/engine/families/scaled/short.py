"""The quick way for float32 numbers under scales of any kind, where float64 arithmetic is exact enough."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.families.scaled.choice import Scaling, View
from chopper.engine.families.scaled.fused import by_addition
from chopper.engine.families.scaled.passes import span_of
from chopper.engine.patterns import power
from chopper.engine.plan import Plan, Request
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.finfo import describe, significant_bits
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.rounding import Overflow, Rounding

__all__ = ["ROOM", "by_quotients", "element_plan", "least_scale", "middle_bits"]

_Array = npt.NDArray[Any]

ROOM = 48
"""How many bits scale and middles may have together; see `chopper.engine.quotient_loops`."""


def by_quotients(view: View, request: Request, scaling: Scaling, words: _Array | None, target: _Array) -> bool:
    """Round elements to values in float32, or to codes, into `target`; return whether the loop suits."""
    fmt, scales = view.fmt, scaling.scales
    codes = target.dtype.kind == "u"
    if not (codes or target.dtype == np.float32) or view.bits.itemsize != 4 or fmt.zero_point or not scaling.plain:
        return False
    if middle_bits(fmt.element) + int(scales.width.max()) > ROOM:
        return False
    known = scales.number > 0
    top = scales.exponent[known] + scales.width[known]  # 2^(top - 1) <= scale < 2^top
    if top.size and (int(top.max()) > 500 or int(top.min()) < -500):
        return False
    if not codes and top.size and int(top.min()) - 1 < least_scale(fmt.element):
        return False
    plan = element_plan(fmt.element, request.rounding, request.random_bits, codes)
    numbers = np.ldexp(scales.number.astype(np.float64), scales.exponent)
    wide = np.where(known, numbers, np.where(scales.number == 0, 0.0, np.nan))
    drawn = np.zeros(1, np.uint32) if words is None else words
    span = span_of(view.layout)
    args = (plan.kernel, view.bits, drawn, target, wide, plan.params, span, view.layout.cut)
    entry = loop_for("quotient_loops.quotients", view.bits, target, *args, 0, 0, by=(plan.kernel, len(span)))
    if entry is None:
        return False
    share(lambda start, stop: entry(*args, start, stop), view.layout.blocks, view.threads, view.layout.length)
    if codes and not known.all():
        target[view.layout.spread(scales.number < 0)] = 0
    return True


def element_plan(element: Format, mode: Rounding, random_bits: int, codes: bool) -> Plan:
    """Return how quotients become elements, values or codes, where no NaN counts."""
    planner = planning.plan_encode if codes else planning.plan_round
    return by_addition(planner(Request(element, mode, Overflow.SATURATE, random_bits), 64), element, mode)


def least_scale(element: Format) -> int:
    """Return the exponent of the least power of two whose product with any element is 0 or normal in float32."""
    smallest = Fraction(element.smallest)
    exponent = -126 - (smallest.numerator.bit_length() - smallest.denominator.bit_length()) - 1
    while smallest * power(exponent) < power(-126):
        exponent += 1
    return exponent


@lru_cache(maxsize=256)
def middle_bits(element: Format) -> int:
    """Return how many bits the values of an element and the middles between them have at most; many if unknown."""
    if isinstance(element, (FloatFormat, FixedFormat)):
        return describe(element).precision + 1
    if isinstance(element, CodebookFormat):
        values = sorted(element.values)
        middles = [(low + high) / 2 for low, high in pairwise(values)]
        bits = [significant_bits(value) for value in (*values, *middles) if value]
        return max(bits) if all(bits) else 64
    return 64
