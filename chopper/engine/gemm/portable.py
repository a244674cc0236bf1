"""Matrix products by the formats' kernels in binary64, for adapters that multiply on arrays of their own."""

from __future__ import annotations

from typing import NamedTuple

from chopper.accumulate import Accumulator
from chopper.engine.gemm.rounders import carries
from chopper.engine.gemm.task import task_of
from chopper.engine.plan import Plan, Request, carrier_width, plan_round
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding

__all__ = ["Roundings", "roundings_of"]


class Roundings(NamedTuple):
    """The roundings of a matrix product; every one is of a number rounded to odd in binary64."""

    product: Plan | None  # None: exact
    sum: Plan
    flush: Plan | None  # of sums of blocks; None: there are no blocks
    start: Plan  # of what is added to
    result: Plan | None  # None: it is in its format already
    random: bool
    down: bool  # an exact sum of zero is -0 if a summand has a minus sign
    native: bool  # binary32 itself does all of it, to nearest, ties to even
    small: bool  # binary32 holds the result


def roundings_of(accumulate: Accumulator) -> Roundings | None:
    """Return the roundings of a product of numbers that binary32 holds, None where other steps are needed."""
    task = task_of(accumulate)
    grouped = accumulate.order == "sequential" and (accumulate.block or 1) > 1
    if task.sum is None or task.flush is None or accumulate.compensated or grouped:
        return None
    if accumulate.order not in ("sequential", "blocked"):
        return None
    plans = {asked: _plan(asked) for asked in task.formats}
    if None in plans.values():
        return None
    blocks = accumulate.blocks is not None
    last = task.flush if blocks else task.sum
    return Roundings(
        None if task.product is None else plans[task.product],
        plans[task.sum],  # type: ignore[arg-type]
        plans[task.flush] if blocks else None,
        plans[task.flush],  # type: ignore[arg-type]
        None if task.result == last else plans[task.result],
        task.random,
        task.result.rounding is Rounding.DOWN,
        all(map(_is_native, task.formats)),
        carrier_width(task.result.fmt, 32) == 32,
    )


def _plan(asked: Request) -> Plan | None:
    if not carries(asked) or asked.overflow is Overflow.WRAP:
        return None
    plan = plan_round(asked, 64)
    plan = plan if plan.twin is None else plan.twin
    flat = not any(isinstance(part, tuple) for part in plan.params)
    return plan if plan.mark is None and plan.kernel.width == 64 and not plan.kernel.tables and flat else None


def _is_native(asked: Request) -> bool:
    plain = asked.rounding is Rounding.NEAREST_EVEN and asked.overflow in (None, Overflow.INFINITY)
    return plain and asked.fmt == get("fp32")
