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
from chopper.engine.plan import Plan, Request
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.finfo import describe, significant_bits
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.rounding import Overflow, Rounding

__all__ = ["by_quotients"]

_Array = npt.NDArray[Any]

_ROOM = 50
"""How many bits scale and middles may have together; see `chopper.engine.quotient_loops`."""


def by_quotients(view: View, request: Request, scaling: Scaling, words: _Array | None, target: _Array) -> bool:
    """Round elements to values in float32, or to codes, into `target`; return whether the loop suits."""
    fmt, scales = view.fmt, scaling.scales
    codes = target.dtype.kind == "u"
    if not (codes or target.dtype == np.float32) or view.bits.itemsize != 4 or fmt.zero_point or not scaling.plain:
        return False
    if _middle_bits(fmt.element) + int(scales.width.max()) > _ROOM:
        return False
    known = scales.number > 0
    top = scales.exponent[known] + scales.width[known]  # 2^(top - 1) <= scale < 2^top
    if top.size and (int(top.max()) > 500 or int(top.min()) < -500):
        return False
    if not codes and top.size and fmt.element.smallest * Fraction(2) ** (int(top.min()) - 1) < Fraction(1, 1 << 126):
        return False
    plan = _plan(fmt.element, request.rounding, request.random_bits, codes)
    numbers = np.ldexp(scales.number.astype(np.float64), scales.exponent)
    wide = np.where(known, numbers, np.where(scales.number == 0, 0.0, np.nan))
    drawn = np.zeros(1, np.uint32) if words is None else words
    args = (
        plan.kernel, view.bits, drawn, target, wide, np.maximum(scales.number, 1), scales.exponent, plan.params,
        view.layout.cut,
    )  # fmt: skip
    entry = loop_for("quotient_loops.quotients", view.bits, target, *args, 0, 0, by=plan.kernel)
    if entry is None:
        return False
    share(lambda start, stop: entry(*args, start, stop), view.layout.blocks, view.threads, view.layout.length)
    if codes and not known.all():
        target[view.layout.spread(scales.number < 0)] = 0
    return True


def _plan(element: Format, mode: Rounding, random_bits: int, codes: bool) -> Plan:
    planner = planning.plan_encode if codes else planning.plan_round
    return planner(Request(element, mode, Overflow.SATURATE, random_bits), 64)


@lru_cache(maxsize=256)
def _middle_bits(element: Format) -> int:
    """Return how many bits the values of an element and the middles between them have at most; many if unknown."""
    if isinstance(element, (FloatFormat, FixedFormat)):
        return describe(element).precision + 1
    if isinstance(element, CodebookFormat):
        values = sorted(element.values)
        middles = [(low + high) / 2 for low, high in pairwise(values)]
        bits = [significant_bits(value) for value in (*values, *middles) if value]
        return max(bits) if all(bits) else 64
    return 64
