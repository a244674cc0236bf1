"""The logarithmic numbers: by the steps of one period, in registers if they are few; the rest as lists of values."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import cast

from chopper.engine.families import table
from chopper.engine.families.lns.climbs import climbs, digits_of, period
from chopper.engine.families.lns.logs import lower_logs
from chopper.engine.families.logarithms import operate
from chopper.engine.families.table.ends import ends_of, nan_of
from chopper.engine.families.table.lower import pattern_of
from chopper.engine.families.table.rows import Pair, View, begins
from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, mark, pattern
from chopper.engine.plan import Plan, Request
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Metric, Underflow
from chopper.kernels.lns import LnsParams
from chopper.kernels.steps import Period
from chopper.rounding import Rounding

__all__ = ["fits", "operate", "plan_decode", "plan_encode", "plan_round", "why_not"]

_FEW = 4
"""The most fraction bits for which comparing with every step is quicker than looking steps up."""
_MOST = 12
"""The most for which the steps of a period are those of a format of 16 bits."""

_Put = Callable[[int | None], int]


def fits(fmt: LnsFormat, width: int) -> bool:
    """Whether the carrier of this width holds the range of the format, and every value that is rational."""
    return not why_not(fmt, width)


def why_not(fmt: LnsFormat, width: int) -> str:
    """Say which value leaves the carrier; "" if none does."""
    return _why_not(fmt, width)


@lru_cache(maxsize=1024)
def _why_not(fmt: LnsFormat, width: int) -> str:
    """The values are powers of two, or irrational and rounded to the carrier: those at the ends decide, two below."""
    smallest = [e & (fmt.sign_code - 1) for e in range(fmt.lowest, fmt.highest + 1)[:2]]
    return table.leaves(fmt, (*fmt.extremes, *smallest), width)


def plan_round(request: Request, width: int) -> Plan:
    """Plan rounding on a carrier."""
    view = _view(request, width)
    raises = mark(view.c)
    return _plan(request, view, False, lambda code: raises if code is None else pattern_of(view, code)) or (
        table.plan_round(request, width)
    )


def plan_encode(request: Request, width: int) -> Plan:
    """Plan encoding from a carrier."""
    return _plan(request, _view(request, width), True, lambda code: code or 0) or table.plan_encode(request, width)


def plan_decode(fmt: LnsFormat, width: int) -> Plan:
    """Plan decoding to a carrier."""
    return table.plan_decode(fmt, width)


def _view(request: Request, width: int) -> View:
    """Return the format as the lanes of the mode see it: chance takes 64 bits, numbers have those of the carrier."""
    lanes = carrier_of(64 if request.rounding.random else width)
    return View(cast(LnsFormat, request.fmt), lanes, carrier_of(width).precision)


def _plan(request: Request, view: View, codes: bool, put: _Put) -> Plan | None:
    """Plan a kernel that does without a list of all values; None where a list serves."""
    fmt, mode = cast(LnsFormat, view.fmt), request.rounding
    if request.compat is not None or pattern(fmt.smallest, view.c) >> (view.c.precision - 1) == 0:
        return None
    if mode.random:
        if fmt.stochastic is Metric.VALUE:
            return None
    elif fmt.fraction_bits > _FEW and (mode is Rounding.TO_ODD or not _long(fmt)):
        return None
    ends = ends_of(fmt, mode, request.overflow or fmt.default_overflow)
    nan = nan_of(fmt, _zero(fmt))
    results = {
        "over_pos": put(ends.over_pos),
        "over_neg": put(ends.over_neg),
        "inf_pos": put(ends.inf_pos),
        "inf_neg": put(ends.inf_neg),
        "nan": put(nan),
        "zero": put(_zero(fmt)),
    }
    marked = (0 if codes else mark(view.c)) if None in (*ends, nan) else None
    if mode.random:
        name, params = "take_log_code" if codes else "take_log", lower_logs(view, results, request.random_bits)
        return Plan(Kernel("steps", name, mode.value, 64), params, marked)
    kernel, climbing = _climbing(view, mode, codes, results)
    return Plan(kernel, climbing, marked)


def _long(fmt: LnsFormat) -> bool:
    """Whether the list of values is so long that looking up the steps of one period is better.

    Not under to_odd, which begins two steps side by side.
    """
    return fmt.width > 12 and fmt.fraction_bits <= _MOST


def _climbing(view: View, mode: Rounding, codes: bool, results: dict[str, int]) -> tuple[Kernel, LnsParams | Period]:
    """Return the kernel that compares with all steps of a period or looks them up, and its parameters."""
    fmt, c = cast(LnsFormat, view.fmt), view.c
    small = fmt.lowest & (fmt.sign_code - 1)
    common = {
        "low": pattern_of(view, small),
        "top": pattern_of(view, fmt.highest),
        "one": pattern(Fraction(1), c),
        "field": c.precision - 1 + (fmt.fraction_bits == 0),
        "digits": digits_of(fmt),
        "bias": fmt.bias,
        "mask": fmt.sign_code - 1,
        "half": fmt.sign_code,
        "under_pos": _under(view, mode, small, False),
        "under_neg": _under(view, mode, small | fmt.sign_code, True),
        **results,
    }
    if fmt.fraction_bits > _FEW:
        name = "take_period_code" if codes else "take_period"
        return Kernel("steps", name, "toward_zero", c.width), Period(**common, **period(view, mode, codes))
    pos, neg = (climbs(view, mode, negative, codes) for negative in (False, True))
    kind = ("_long" if len(pos) > 1 else "") + ("_sided" if pos != neg else "")
    params = LnsParams(**common, pos=pos[0], neg=neg[0], pos_more=pos[-1], neg_more=neg[-1])
    return Kernel("lns", ("encode_lns" if codes else "round_lns") + kind, "toward_zero", c.width), params


def _zero(fmt: LnsFormat) -> int:
    """Return the code of what +0 becomes."""
    return fmt.reserved if fmt.zero else fmt.lowest & (fmt.sign_code - 1)


def _under(view: View, mode: Rounding, smallest: int, negative: bool) -> int:
    """Return the pattern where the smallest number of a sign begins."""
    fmt = cast(LnsFormat, view.fmt)
    if fmt.below_smallest is Underflow.SMALLEST:
        return int(fmt.zero)
    return begins(view, mode, negative)(Pair(fmt.reserved, smallest))
