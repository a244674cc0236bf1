"""From which magnitude on a block has which scale: exact, in carrier patterns."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache

from chopper.engine.patterns import number_of, pattern
from chopper.formats.float import FloatFormat
from chopper.formats.level import Level
from chopper.formats.scale_rule import Direction, Statistic
from chopper.kernels.carrier import Carrier

__all__ = ["thresholds"]


@lru_cache(maxsize=64)
def thresholds(level: Level, target: Fraction, precision: int, c: Carrier) -> tuple[int, ...] | None:
    """Return the least pattern of the largest magnitude for which the scale code is at least 0, 1, 2, ...

    Codes that `floor` and `least` rule out begin at 0, as code 0 does.  None where codes do not follow from magnitudes
    in this way: other statistics, signed scales, a rule that rounds before to another grid than powers of two.
    """
    rule, fmt = level.rule, level.scale
    if rule.statistic is not Statistic.AMAX or not isinstance(fmt, FloatFormat) or fmt.signed or fmt.bits > 8:
        return None
    values = [Fraction(fmt.value(code)) * target for code in range(fmt.max_code + 1)]
    if rule.before and (rule.direction is not Direction.DOWN or fmt.precision > 1 or not _is_power(target)):
        return None
    found = [0]
    for code in range(1, len(values)):
        if values[code] <= rule.floor * target:
            found.append(0)
            continue
        bound, beyond = _bound(values[code - 1], values[code], code, rule.direction)
        if rule.before:
            bound *= 1 - Fraction(1, 2 << precision)
        reached = rule.least > bound if beyond else rule.least >= bound
        found.append(0 if reached else _from(bound, beyond, c))
    return tuple(found)


def _bound(low: Fraction, high: Fraction, code: int, direction: Direction) -> tuple[Fraction, bool]:
    """Return where the upper of two neighbours begins, and whether only right after that."""
    if direction is Direction.DOWN:
        return high, False
    if direction is Direction.UP:
        return low, True
    return (low + high) / 2, code % 2 == 1


def _from(bound: Fraction, beyond: bool, c: Carrier) -> int:
    found = pattern(bound, c)
    return found + (beyond and found < c.inf and number_of(found, c) == bound)


def _is_power(value: Fraction) -> bool:
    return value.numerator & (value.numerator - 1) == 0 and value.denominator & (value.denominator - 1) == 0
