"""The families of formats that are lists of values: from a request to kernel and tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import lru_cache
from typing import cast

from chopper.engine.families.table.ends import ends_of, nan_of
from chopper.engine.families.table.lower import as_table, is_dense, lower_chances, lower_steps, pattern_of
from chopper.engine.families.table.rows import View, brackets, steps
from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, mark
from chopper.engine.plan import Plan, Request
from chopper.errors import PolicyError
from chopper.formats.finfo import exponent_of, significant_bits
from chopper.formats.table import TableFormat
from chopper.kernels.carrier import Carrier
from chopper.kernels.steps import Steps

__all__ = ["fits", "leaves", "plan_decode", "plan_encode", "plan_round", "why_not"]


def fits(fmt: TableFormat, width: int) -> bool:
    """Whether the carrier of this width holds the range of the format, and every value that is rational."""
    return not why_not(fmt, width)


@lru_cache(maxsize=1024)
def why_not(fmt: TableFormat, width: int) -> str:
    """Say which value leaves the carrier; "" if none does."""
    return leaves(fmt, fmt.ascending, width)


def leaves(fmt: TableFormat, codes: Iterable[int], width: int) -> str:
    """Say which of some values leaves the carrier; "" if none does."""
    c = carrier_of(width)
    for code in codes:
        value = fmt.number(code, c.precision)
        if not _holds(value, c):
            return f"the value of code {code:#x} has {significant_bits(value)} bits from 2^{exponent_of(abs(value))}"
    return ""


def _holds(value: Fraction, c: Carrier) -> bool:
    """Whether the carrier holds a number."""
    if value == 0:
        return True
    digits, exponent = significant_bits(value), exponent_of(abs(value))
    return 0 < digits <= c.precision and exponent <= c.bias and exponent - digits + 1 >= 2 - c.bias - c.precision


def plan_round(request: Request, width: int) -> Plan:
    """Plan rounding on a carrier; chance takes 64-bit lanes, but numbers have the bits that were asked for."""
    view = _view(request, width)
    return _plan(request, view, lambda code: mark(view.c) if code is None else pattern_of(view, code), mark(view.c))


def plan_encode(request: Request, width: int) -> Plan:
    """Plan encoding from a carrier."""
    return _plan(request, _view(request, width), lambda code: code or 0, 0)


def plan_decode(fmt: TableFormat, width: int) -> Plan:
    """Plan decoding to a carrier."""
    view = View(fmt, carrier_of(width), carrier_of(width).precision)
    results = as_table([pattern_of(view, code) for code in fmt.codes], view.c)
    f = Steps(0, 0, 0, 0, 0, 0, results[:1], results[:1], results)
    return Plan(Kernel("steps", "decode_steps", "toward_zero", width), f, slow=True)


def _view(request: Request, width: int) -> View:
    lanes = carrier_of(64 if request.rounding.random else width)
    return View(cast(TableFormat, request.fmt), lanes, carrier_of(width).precision)


def _plan(request: Request, view: View, put: Callable[[int | None], int], raises: int) -> Plan:
    fmt, mode, c = view.fmt, request.rounding, view.c
    if request.compat is not None:
        raise PolicyError(f"compat={request.compat!r} does not know {fmt}; leave it out")
    ends = ends_of(fmt, mode, request.overflow or fmt.default_overflow)
    sides = (False, True)
    halves = [brackets(view, s, ends) if mode.random else steps(view, mode, s, ends) for s in sides]
    nan = nan_of(fmt, halves[0][0].code)
    nans = (put(nan), put(nan))
    marked = raises if None in (*ends, nan) else None
    if mode.random:
        chances = lower_chances(halves, view, put, nans, request.random_bits)
        name = "take_chance_dense" if is_dense(chances.steps) else "take_chance"
        return Plan(Kernel("steps", name, mode.value, c.width), chances, marked)
    found = lower_steps(halves, put, nans, c)
    name = "take_step_dense" if is_dense(found) else "take_step"
    return Plan(Kernel("steps", name, "toward_zero", c.width), found, marked)
