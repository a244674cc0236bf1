"""Where rounding to nearest turns between two neighbours, and why there: in the terms of each family."""

from __future__ import annotations

from fractions import Fraction
from functools import singledispatch
from typing import NamedTuple

from chopper.anatomy.layout import fields, split
from chopper.anatomy.text import dyadic, short
from chopper.formats.base import Format
from chopper.formats.codebook import CodebookFormat
from chopper.formats.fixed import FixedFormat
from chopper.formats.float import FloatFormat
from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Metric, Subnormals, Ties, Underflow
from chopper.formats.posit import PositFormat
from chopper.formats.reals import Between, Real, nearest
from chopper.formats.takum import TakumFormat

__all__ = ["Turn", "turn_between"]


class Turn(NamedTuple):
    """The point between two neighbours where rounding to nearest turns, what it is, and where ``nearest_even`` goes."""

    point: Real | None  # None: it never turns
    what: str
    tie: str = "the even code"
    up: bool | None = None  # whether that is the upper neighbour always

    def __str__(self) -> str:
        """Say where it turns, and why."""
        if self.point is None:
            return self.what
        if isinstance(self.point, Between):
            return f"turns at {short(nearest(self.point, 53))}, {self.what}; an irrational number: there are no ties"
        exactly = dyadic(self.point)
        shown = short(self.point)
        return f"turns at {shown}{'' if shown == exactly else f' = {exactly}'}, {self.what}; a tie goes to {self.tie}"


@singledispatch
def turn_between(fmt: Format, low: int, high: int) -> Turn:
    """Return where rounding to nearest turns between two neighbours, given by their codes.

    Examples
    --------
    >>> from chopper.formats.registry import get
    >>> print(turn_between(get("e2m1"), 4, 5))
    turns at 2.5 = 5 * 2^-1, the middle of the two neighbours; a tie goes to the even code
    >>> print(turn_between(get("posit8"), 0x7e, 0x7f))
    turns at 4.1943e+06 = 2^22, the number with one more bit, 0 1111110 1: the geometric mean, since exponent bits \
are cut off; a tie goes to the even code
    """
    return Turn((Fraction(fmt.value(low)) + Fraction(fmt.value(high))) / 2, "the middle of the two neighbours")


def _never(kind: str) -> Turn:
    return Turn(None, f"never turns: a number other than zero becomes the smallest {kind}, not zero")


@turn_between.register
def _(fmt: FloatFormat, low: int, high: int) -> Turn:
    values = [Fraction(fmt.value(code)) for code in (low, high)]
    if 0 in values and fmt.subnormals is Subnormals.FLUSH:
        bottom, sign = fmt.smallest, 1 if values[0] == 0 else -1
        ulp = Fraction(2) ** (fmt.emin - fmt.fraction_bits)
        below = bottom - (ulp / 2 if bottom == Fraction(2) ** fmt.emin else ulp)
        what = "the middle of the smallest number and the one that would come before it"
        return Turn(sign * (below + bottom) / 2, what)
    return Turn((values[0] + values[1]) / 2, "the middle of the two neighbours")


@turn_between.register(PositFormat)
@turn_between.register(TakumFormat)
def _(fmt: PositFormat | TakumFormat, low: int, high: int) -> Turn:
    if 0 in (low, high) and fmt.underflow is Underflow.SMALLEST:
        return _never(fmt.family)
    point = fmt.middle(low, high) if isinstance(fmt, TakumFormat) else _posit_point(fmt, low, high)
    if 0 in (low, high) or fmt.nearest is Metric.VALUE:
        return Turn(point, "the middle of the two neighbours")
    longer = split(fmt, f"{low:0{fmt.n}b}1")
    values = [Fraction(fmt.value(code)) for code in (low, high)]
    if isinstance(point, Between):
        why = "half a step of the logarithm"
    elif 2 * point == sum(values):
        why = "the middle of the two neighbours"
    else:
        mean = "the geometric mean" if point * point == values[0] * values[1] else "not a mean"
        why = f"{mean}, since {longer[-1].name} bits are cut off"
    return Turn(point, f"the number with one more bit, {' '.join(field.bits for field in longer)}: {why}")


def _posit_point(fmt: PositFormat, low: int, high: int) -> Fraction:
    if low > fmt.nar:
        return -_posit_point(fmt, -high % (1 << fmt.n), -low % (1 << fmt.n))
    a, b = (Fraction(fmt.value(code)) for code in (low, high))
    missing = fmt.es - sum(len(field.bits) for field in fields(fmt, low) if field.name == "exponent")
    if low == 0 or fmt.nearest is Metric.VALUE or missing == 0:
        return (a + b) / 2
    return a * (1 << (1 << (missing - 1)))  # one more exponent bit, the highest of those that are missing


@turn_between.register
def _(fmt: LnsFormat, low: int, high: int) -> Turn:
    zero = Fraction(0) in (fmt.value(low), fmt.value(high))
    if zero and fmt.underflow is Underflow.SMALLEST:
        return _never("number")
    if not fmt.zero and (low ^ high) & fmt.sign_code:
        return _never("number of its sign")
    point = fmt.middle(low, high)
    if fmt.nearest is Metric.VALUE:
        return Turn(point, "the middle of the two neighbours")
    return Turn(point, "half a step of the logarithm" + (" below the smallest number" if zero else ""))


@turn_between.register
def _(fmt: FixedFormat, low: int, high: int) -> Turn:
    point = (Fraction(fmt.value(low)) + Fraction(fmt.value(high))) / 2
    return Turn(point, "half a quantum from both", "the even integer")


@turn_between.register
def _(fmt: CodebookFormat, low: int, high: int) -> Turn:
    ties = {Ties.EVEN: "the even place in the list", Ties.LOWER: "the lower value", Ties.UPPER: "the upper value"}
    point = (fmt.values[low] + fmt.values[high]) / 2
    up = {Ties.EVEN: None, Ties.LOWER: False, Ties.UPPER: True}[fmt.ties]
    return Turn(point, "the middle of two values of the list", ties[fmt.ties], up)
