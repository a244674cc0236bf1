"""The definition of rounding to posits, in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache

from chopper.errors import PolicyError, RangeError
from chopper.formats.policies import Metric, Underflow
from chopper.formats.posit import PositFormat
from chopper.rounding import Overflow, Rounding

__all__ = ["points", "round_code"]

HALF = Fraction(1, 2)


def round_code(
    fmt: PositFormat,
    x: Fraction | float,
    mode: Rounding | str,
    *,
    overflow: Overflow | str | None = None,
    word: int = 0,
    random_bits: int = 32,
) -> int:
    """Return the code that `x` rounds to."""
    mode, policy = Rounding.parse(mode), Overflow.parse(overflow or "propagate")
    if policy in (Overflow.INFINITY, Overflow.WRAP):
        raise PolicyError(policy.value)
    if isinstance(x, float) and math.isnan(x):
        return fmt.nar
    infinite = isinstance(x, float) and math.isinf(x)
    negative = x < 0
    if infinite or abs(Fraction(x)) > fmt.max:
        if policy is Overflow.RAISE:
            raise RangeError(str(x))
        if policy is Overflow.NAN or (infinite and policy is Overflow.PROPAGATE):
            return fmt.nar
        code = fmt.nar - 1
    else:
        code = _magnitude(fmt, abs(Fraction(x)), negative, mode, word >> (32 - random_bits), random_bits)
    return -code % (1 << fmt.n) if negative else code


def _magnitude(fmt: PositFormat, x: Fraction, negative: bool, mode: Rounding, drawn: int, bits: int) -> int:
    if x == 0:
        return 0
    lower, nu = _place(fmt.n, fmt.es, x, fmt.stochastic if mode.random else fmt.nearest)
    if nu == 0:
        return lower
    if lower == 0 and fmt.underflow is Underflow.SMALLEST:
        return 1
    return lower + _away(mode, nu, lower & 1, negative, drawn, bits)


@lru_cache(maxsize=1 << 12)
def _place(n: int, es: int, x: Fraction, metric: Metric) -> tuple[int, Fraction]:
    """Return the code toward zero, and where x lies between its value and the next."""
    fmt = PositFormat(n=n, es=es)
    lower, upper = 0, fmt.nar
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (middle, upper) if fmt.value(middle) <= x else (lower, middle)
    low = Fraction(fmt.value(lower))
    if low == x:
        return lower, Fraction(0)
    if metric is Metric.CODE and lower:
        return lower, _by_code(fmt, lower, x)
    return lower, (x - low) / (Fraction(fmt.value(lower + 1)) - low)


def _by_code(fmt: PositFormat, lower: int, x: Fraction) -> Fraction:
    """Return where x lies between two codes, by as many further bits as it takes: at least exact to 2^-40."""
    low, high, more = lower, lower + 1, 0
    longer = fmt
    while more < 80:
        more += 1
        longer = _Longer(n=fmt.n + more, es=fmt.es)
        low, high = 2 * low, 2 * high
        middle = low + 1 if high - low == 2 else None
        assert middle is not None
        value = longer._magnitude(middle)
        if value == x:
            return Fraction(middle - (lower << more), 1 << more)
        low, high = (middle, high) if value < x else (low, middle)
    raise AssertionError("the number has more bits than a float")


class _Longer(PositFormat):
    """A posit of any length, to ask for the value of a code continued by further bits."""

    def __post_init__(self) -> None:
        pass


def _away(mode: Rounding, nu: Fraction, odd: int, negative: bool, drawn: int, bits: int) -> bool:
    scaled = nu * (1 << bits)
    return {
        Rounding.NEAREST_EVEN: nu > HALF or (nu == HALF and odd == 1),
        Rounding.NEAREST_AWAY: nu >= HALF,
        Rounding.NEAREST_ZERO: nu > HALF,
        Rounding.TOWARD_ZERO: False,
        Rounding.AWAY_FROM_ZERO: True,
        Rounding.UP: not negative,
        Rounding.DOWN: negative,
        Rounding.TO_ODD: not odd,
        Rounding.STOCHASTIC: math.floor(scaled) + drawn >= 1 << bits,
        Rounding.STOCHASTIC_B: math.floor(scaled + HALF) + drawn >= 1 << bits,
        Rounding.STOCHASTIC_C: round(scaled) + drawn >= 1 << bits,
        Rounding.STOCHASTIC_EQUAL: drawn >> (bits - 1) == 1,
    }[mode]


def points(fmt: PositFormat) -> list[Fraction]:
    """Return magnitudes around which results change."""
    last = fmt.nar - 1
    codes = range(1, last + 1)
    if last > 200:
        step = last // 61
        codes = sorted({*range(1, 20), *range(last - 18, last + 1), *range(1, last, step)})
    longer = _Longer(n=fmt.n + 1, es=fmt.es)
    found = {fmt.max * 2, fmt.max * 3 / 2, fmt.smallest / 2, fmt.smallest / 3, fmt.smallest / 1024}
    for code in codes:
        value = Fraction(fmt.value(code))
        found.add(value)
        if code < last:
            upper = Fraction(fmt.value(code + 1))
            found |= {
                longer._magnitude(2 * code + 1),
                (value + upper) / 2,
                (value * 2 + upper) / 3,
                (value + 3 * upper) / 4,
            }
    return sorted(found)
