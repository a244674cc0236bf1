"""The quick way for what is usual: scales that are powers of two, in one pass over the array.

What it cannot do it leaves: whole calls by returning None, single blocks by marking them; both then go the exact way of
`elements`.  Nothing here decides by another rule: the scale follows from exact thresholds, and the element is rounded
by its own kernel.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple, cast

import numpy as np
import numpy.typing as npt

from chopper.engine import plan as planning
from chopper.engine.families.scaled.choice import View
from chopper.engine.families.scaled.parameters import LEFT, Powers
from chopper.engine.families.scaled.passes import span_of
from chopper.engine.families.scaled.thresholds import thresholds
from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, pattern, power
from chopper.engine.plan import Plan, Request
from chopper.engine.run import loop_for
from chopper.engine.threads import share
from chopper.formats.base import Format
from chopper.formats.finfo import describe
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.scaled import ScaledFormat
from chopper.kernels.magic import MagicParams
from chopper.rounding import Overflow, Rounding

__all__ = ["Fused", "by_addition", "by_powers"]

_Array = npt.NDArray[Any]

_KERNELS = ("round_float", "round_float_magic", "round_fixed", "round_fixed_magic", "encode_float", "encode_fixed")
"""The kernels whose parameters can be shifted."""


class Fused(NamedTuple):
    """What a fused loop gave: values as carrier patterns, or codes; the scale codes; and the blocks it left."""

    out: _Array
    scales: _Array
    left: _Array
    outers: tuple[_Array, ...] = ()  # the codes of the outer scales


def by_powers(
    view: View, request: Request, words: _Array | None, target: _Array, stack: tuple[int, int, int] | None = None
) -> Fused | None:
    """Round blocks whose scales are powers of two into `target`, or return None where the loop does not suit.

    Values go into an array of their own where the target is not of the dtype of the numbers.  If `stack` is given, see
    `Layout.stack`, numbers, words and results lie as in the array, not in the order of rows.
    """
    if view.given is not None or request.overflow not in (None, Overflow.SATURATE) or request.compat is not None:
        return None
    width = 8 * view.bits.itemsize
    codes = target.dtype.kind == "u"
    asked = _ask(view.fmt, request.rounding, request.random_bits, width, codes)
    if asked is None:
        return None
    plan, powers = asked
    layout, numbers = view.layout, view.bits.view(f"f{view.bits.itemsize}")
    out = target if codes or target.dtype == numbers.dtype else np.empty_like(numbers)
    scales = np.empty(layout.blocks, np.uint16)
    drawn = np.zeros(1, np.uint32) if words is None else words
    span = span_of(layout)
    head = (plan.kernel, numbers, drawn, out, scales, plan.params, powers)
    args: tuple[Any, ...] = (*head, span, layout.cut) if stack is None else (*head, stack)
    name, by = ("powers", (plan.kernel, len(span))) if stack is None else ("across", plan.kernel)
    entry = loop_for(f"power_loops.{name}", numbers, out, *args, 0, 0, by=by)
    if entry is None:
        return None
    columns = 1 if stack is None else stack[1]
    share(lambda i, j: entry(*args, i, j), layout.blocks // columns, view.threads, layout.length * columns)
    return Fused(out, scales, np.flatnonzero(scales == LEFT))


@lru_cache(maxsize=1024)
def _ask(fmt: ScaledFormat, mode: Rounding, random_bits: int, width: int, codes: bool) -> tuple[Plan, Powers] | None:
    """Return the element's plan and the loop's parameters, or None where the loop does not suit."""
    element, scale = fmt.element, fmt.scale
    if fmt.outer is not None or fmt.zero_point or fmt.rule.choose or not isinstance(scale, FloatFormat):
        return None
    if scale.precision > 1 or not isinstance(element, (FloatFormat, FixedFormat)) or element.bits > 16:
        return None
    c = carrier_of(width)
    t = c.precision - 1
    begins = thresholds(fmt.levels[0], fmt.targets[0], describe(element).precision, c)
    if begins is None or not planning.family_of(element).fits(element, width):
        return None
    planner = planning.plan_encode if codes else planning.plan_round
    plan = planner(Request(element, mode, Overflow.SATURATE, random_bits), width)
    regular = _regular(begins, t, c.inf)
    if plan.kernel.name not in _KERNELS or plan.mark is not None or regular is None:
        return None
    plan = by_addition(plan, element, mode)
    low, high = _exponents(element)
    return plan, Powers(
        *regular, scale.bias, 2 - c.bias - low, c.bias - c.precision - 1 - high, c.inf, int(not codes)
    )._replace(shift=t)


def by_addition(plan: Plan, element: Format, mode: Rounding) -> Plan:
    """Return the plan that rounds to nearest by one addition, which it always may where no NaN comes; or the same."""
    if mode is not Rounding.NEAREST_EVEN or plan.kernel.name != "round_float":
        return plan
    fmt, c = cast(FloatFormat, element), carrier_of(plan.kernel.width)
    t, half = c.precision - 1, power(fmt.emax - fmt.precision)
    limit = pattern(fmt.max + half, c) - (fmt.max_code & 1)
    fast = MagicParams(plan.params.emin << t, plan.params.drop << t, limit, plan.params.over_pos, c.inf)
    return Plan(Kernel("magic", "round_float_magic", "settle", plan.kernel.width), fast)


def _regular(begins: tuple[int, ...], t: int, inf: int) -> tuple[int, int, int, int] | None:
    """Return the first threshold, a place for the shift, the least and the largest code, if steps are binades."""
    least = max(code for code, begin in enumerate(begins) if begin == 0)
    inner = [begin for begin in begins[least + 1 :] if begin < inf]
    if not inner or inner != [inner[0] + (i << t) for i in range(len(inner))]:
        return None
    return inner[0] - (least << t), 0, least, least + len(inner)


def _exponents(element: FloatFormat | FixedFormat) -> tuple[int, int]:
    """Return the exponents of the quantum and of the largest magnitude."""
    if isinstance(element, FloatFormat):
        return element.emin - element.fraction_bits, element.emax
    return -element.fraction_bits, element.integer_bits
