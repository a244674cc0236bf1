"""One rounded number: the result, its error and neighbours, and why it is that one."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from chopper.anatomy.turn import turn_between
from chopper.conversion import chop, decode, encode
from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Rounding

__all__ = ["Rounded", "explain"]


@dataclass(frozen=True)
class Rounded:
    """One rounded number.

    Attributes
    ----------
    format, rounding : str
        The format and the mode.
    value : float
        The result.
    code : int or None
        Its code; None where a preset gives a value that the format does not have.
    error : Fraction or None
        Result minus input, exactly; None unless both are finite.
    below, above : float or None
        The neighbours of the input in the format, itself if it is one of them; None where there is none.
    rule : str
        Why it is this result: where rounding to nearest turns between the neighbours, or the formula of the mode.
        Empty where there is no choice.
    """

    format: str
    rounding: str
    value: float
    code: int | None
    error: Fraction | None
    below: float | None
    above: float | None
    rule: str = ""


def explain(x: float, fmt: str | Format, rounding: str | Rounding = "nearest_even", **options: Any) -> Rounded:
    """Return all there is to say about rounding one number; `options` are those of `chopper.chop`.

    Examples
    --------
    >>> one = explain(0.3, "e4m3")
    >>> one.value, hex(one.code), one.below, one.above
    (0.3125, '0x2a', 0.28125, 0.3125)
    >>> explain(0.3, "e4m3").error
    Fraction(225179981368525, 18014398509481984)
    >>> explain(3e6, "posit8").rule.partition(",")[0]
    'turns at 4.1943e+06 = 2^22'
    """
    fmt, mode = get(fmt), Rounding.parse(rounding)
    value = float(chop(float(x), fmt, mode, **options))
    code = int(encode(value, fmt))
    if not _same(float(decode(code, fmt, np.float64)), value):
        code = -1
    exact = Fraction(value) - Fraction(x) if math.isfinite(value) and math.isfinite(x) else None
    below, above = _neighbours(x, fmt)
    rule = _rule(x, fmt, mode, below, above)
    return Rounded(str(fmt), mode.value, value, None if code < 0 else code, exact, below, above, rule)


def _rule(x: float, fmt: Format, mode: Rounding, below: float | None, above: float | None) -> str:
    """Say what decides between two different neighbours, or beyond the last one."""
    if below is None or above is None or below == above:
        return "beyond the range: the overflow policy decides" if not fmt.min <= _exact(x) <= fmt.max else ""
    turn = turn_between(fmt, *(int(encode(side, fmt)) for side in (below, above)))
    if turn.point is None:
        return turn.what
    if mode in (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO):
        ties = {Rounding.NEAREST_AWAY: "the neighbour away from zero", Rounding.NEAREST_ZERO: "the one toward zero"}
        return str(turn._replace(tie=ties.get(mode, turn.tie)))
    near, away = (above, below) if math.copysign(1, x) < 0 else (below, above)
    nu = (Fraction(x) - Fraction(near)) / (Fraction(away) - Fraction(near))
    return f"away from zero if {mode.formula}; nu = {float(nu):.6g}"


def _neighbours(x: float, fmt: Format) -> tuple[float | None, float | None]:
    """Return the values next to x; of a number that never becomes zero, zero and the smallest number."""
    if not math.isfinite(x):
        return None, None
    low, high = (float(chop(x, fmt, mode, overflow="saturate")) for mode in ("down", "up"))
    zero = 0.0 if float(chop(0.0, fmt)) == 0 else None
    below = low if low <= x else zero if x > 0 else None
    above = high if high >= x else zero if x < 0 else None
    return below, above


def _exact(x: float) -> Fraction:
    return Fraction(x) if math.isfinite(x) else Fraction(0)


def _same(a: float, b: float) -> bool:
    return a == b or (a != a and b != b)
