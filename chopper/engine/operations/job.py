"""What an operation comes to in a format and a mode: the first stage, and the plan of the second."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from chopper.engine import plan as planning
from chopper.engine.operations.catalogue import OPERATIONS
from chopper.engine.operations.processor import kind_of
from chopper.engine.operations.stages import Stage
from chopper.engine.operations.turns import carrier_for
from chopper.engine.patterns import carrier_of
from chopper.engine.plan import Plan, Request
from chopper.engine.run import on_number
from chopper.kernels.carrier import BINARY64
from chopper.kernels.odd import Exact
from chopper.rounding import Rounding

__all__ = ["Job", "job_for"]


class Job(NamedTuple):
    """A first stage, and the plan of the second."""

    name: str
    stage: Stage
    asked: Request
    plan: Plan
    edges: Exact
    kind: np.dtype[Any] | None  # the dtype in which the processor does the same, if there is one
    short: tuple[Plan, Exact] | None  # for results that float64 holds, where the plan is for the wider carrier
    given: bool  # whether all results are exact in float64


@lru_cache(maxsize=512)
def job_for(name: str, stage: Stage, asked: Request, given: bool) -> Job:
    """Return how to do an operation; `given`: its results are exact in float64."""
    plan, edges = _plan(asked, given)
    short = _plan(asked, True) if plan.kernel.width == 128 and name in OPERATIONS else None
    return Job(name, stage, asked, plan, edges, None if given else kind_of(name, asked), short, given)


@lru_cache(maxsize=512)
def _plan(asked: Request, given: bool) -> tuple[Plan, Exact]:
    """Return the plan of the second stage and the edges of the first one."""
    width = planning.carrier_width(asked.fmt, 64) if given else carrier_for(asked)
    plan = planning.plan_round(asked, width)
    if width == 128 and plan.twin is not None:
        plan = plan.twin
    c = carrier_of(width)
    nan = c.inf | 1 << (c.precision - 2)
    zero = c.sign if asked.rounding is Rounding.DOWN else 0
    return plan, Exact(zero, nan if _lacks_infinity(asked) else c.inf, nan)


def _lacks_infinity(asked: Request) -> bool:
    """Whether the format takes infinity for NaN, as those with a NaR do: dividing by zero gives NaN then."""
    return on_number(planning.plan_round(Request(asked.fmt), 64), BINARY64.inf) > BINARY64.inf
