"""The logarithmic numbers: up to four fraction bits by a kernel of their own, the others as lists of values."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from itertools import pairwise
from typing import cast

from chopper.engine.families import table
from chopper.engine.families.table.ends import ends_of, nan_of
from chopper.engine.families.table.lower import pattern_of
from chopper.engine.families.table.rows import Pair, View, begins
from chopper.engine.kernel import Kernel
from chopper.engine.patterns import carrier_of, mark, pattern
from chopper.engine.plan import Plan, Request
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Underflow
from chopper.kernels.lns import Climb, LnsParams
from chopper.rounding import Rounding

__all__ = ["fits", "plan_decode", "plan_encode", "plan_round", "why_not"]

_MOST = 4
"""The most fraction bits for which comparing with every step is quicker than looking steps up."""

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
    view = View(cast(LnsFormat, request.fmt), carrier_of(width), carrier_of(width).precision)
    if not _has_kernel(request, view):
        return table.plan_round(request, width)
    raises = mark(view.c)
    return _plan("round_lns", request, view, lambda code: raises if code is None else pattern_of(view, code), raises)


def plan_encode(request: Request, width: int) -> Plan:
    """Plan encoding from a carrier."""
    view = View(cast(LnsFormat, request.fmt), carrier_of(width), carrier_of(width).precision)
    if not _has_kernel(request, view):
        return table.plan_encode(request, width)
    return _plan("encode_lns", request, view, lambda code: code or 0, 0)


def plan_decode(fmt: LnsFormat, width: int) -> Plan:
    """Plan decoding to a carrier."""
    return table.plan_decode(fmt, width)


def _has_kernel(request: Request, view: View) -> bool:
    """Whether the kernel serves: few steps a period, no chance, and numbers that are normal ones of the carrier."""
    fmt = cast(LnsFormat, request.fmt)
    if request.compat is not None or request.rounding.random or fmt.fraction_bits > _MOST:
        return False
    return pattern(fmt.smallest, view.c) >> (view.c.precision - 1) > 0


def _plan(name: str, request: Request, view: View, put: _Put, raises: int) -> Plan:
    fmt, mode, c = cast(LnsFormat, view.fmt), request.rounding, view.c
    ends = ends_of(fmt, mode, request.overflow or fmt.default_overflow)
    nan = nan_of(fmt, _zero(fmt))
    pos, neg = (_climbs(view, mode, negative, name == "encode_lns") for negative in (False, True))
    kind = ("_long" if len(pos) > 1 else "") + ("_sided" if pos != neg else "")
    marked = raises if None in (*ends, nan) else None
    small, large = fmt.lowest & (fmt.sign_code - 1), fmt.highest
    params = LnsParams(
        low=pattern_of(view, small),
        top=pattern_of(view, large),
        one=pattern(Fraction(1), c),
        field=c.precision - 1 + (fmt.fraction_bits == 0),
        digits=_digits(fmt),
        bias=fmt.bias,
        mask=fmt.sign_code - 1,
        half=fmt.sign_code,
        under_pos=_under(view, mode, small, False),
        under_neg=_under(view, mode, small | fmt.sign_code, True),
        zero=put(_zero(fmt)),
        over_pos=put(ends.over_pos),
        over_neg=put(ends.over_neg),
        inf_pos=put(ends.inf_pos),
        inf_neg=put(ends.inf_neg),
        nan=put(nan),
        pos=pos[0],
        neg=neg[0],
        pos_more=pos[-1],
        neg_more=neg[-1],
    )
    return Plan(Kernel("lns", name + kind, "toward_zero", c.width), params, marked)


def _zero(fmt: LnsFormat) -> int:
    """Return the code of what +0 becomes."""
    return fmt.reserved if fmt.zero else fmt.lowest & (fmt.sign_code - 1)


def _under(view: View, mode: Rounding, smallest: int, negative: bool) -> int:
    """Return the pattern where the smallest number of a sign begins."""
    fmt = cast(LnsFormat, view.fmt)
    if fmt.below_smallest is Underflow.SMALLEST:
        return int(fmt.zero)
    return begins(view, mode, negative)(Pair(fmt.reserved, smallest))


def _digits(fmt: LnsFormat) -> int:
    """Return log2 of the steps of a period: a binade, or two where each has one step, so that parity has its period."""
    return max(fmt.fraction_bits, 1)


def _climbs(view: View, mode: Rounding, negative: bool, codes: bool) -> list[Climb]:
    """Return the steps of the period from 1 on, by eights, as one sign sees them, up in patterns or in `codes`.

    They are those of a format with few codes and the same parities.
    """
    fmt, c = cast(LnsFormat, view.fmt), view.c
    digits = _digits(fmt)
    near_one = LnsFormat(
        width=digits + 4,
        fraction_bits=fmt.fraction_bits,
        bias=fmt.bias & 1,
        zero=False,
        nan=False,
        nearest=fmt.nearest,
    )
    small, side = view._replace(fmt=near_one), near_one.sign_code if negative else 0
    numbers = [near_one.code_of(x) for x in range((1 << digits) + 1)]
    patterns = [pattern_of(small, code) for code in numbers]
    turn = begins(small, mode, negative)
    starts = [turn(Pair(low | side, high | side)) - patterns[0] for low, high in pairwise(numbers)]
    rises = [1 if codes else high - low for low, high in pairwise(patterns)]
    idle = max(8 - len(starts), 0)
    starts, rises = starts + [(1 << c.width - 1) - 1] * idle, rises + [0] * idle
    return [Climb(*starts[at : at + 8], *rises[at : at + 8]) for at in range(0, len(starts), 8)]
