"""The powers of a base in fixed point, and the logarithms of 1 + b^-z and 1 - b^-z, placed between half steps."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cached_property, lru_cache
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.forms import enclosed, sign_of
from chopper.formats.reals import powers_of_two

__all__ = ["Base", "Powers", "places", "powers_of"]

_Array = npt.NDArray[Any]

_NEAR_ZERO = 3
"""Logarithms of 1 + x are less than half a step from zero where |x| < 2^-(digits + _NEAR_ZERO)."""

_SURE = 4
"""How far apart two entries of `Powers` must be for their order to be sure: each is less than 2 too small."""


class Base(NamedTuple):
    """The base b = 2^(1 / 2^digits), or e^(1 / 2^digits)."""

    natural: bool
    digits: int

    def exponent(self, halves: int) -> Fraction:
        """Return the exponent of 2 or e in b^(halves / 2)."""
        return Fraction(halves, 2 << self.digits)


class Powers:
    """b^(h / 2) * 2^scale for integers h, each less than 2 too small.

    `table` has them from `lowest` to `highest`, which are far beyond what is between 2^-scale and 4; below `lowest`
    they are less than 1.
    """

    def __init__(self, base: Base) -> None:
        self.base = base
        self.scale = 46 if base.natural else 60
        ln = 2 << base.digits if base.natural else (2 << base.digits) / math.log(2)
        self.lowest = -math.ceil(ln * math.log(2) * (self.scale + 1))
        self.highest = math.floor(ln * math.log(2) * (62 - self.scale))
        self.per_log = ln  # h = per_log * log(x)

    @cached_property
    def table(self) -> _Array:
        """The entries, with zeros at both ends of what is in range."""
        found = self._of_e() if self.base.natural else self._of_two()
        found.flags.writeable = False
        return found

    def _of_two(self) -> Any:
        period = 2 << self.base.digits
        up = powers_of_two(self.base.digits + 1, self.scale + 1)  # the next integers up
        one = [up[0], *(x - 1 for x in up[1:])]
        h = np.arange(self.lowest, self.highest + 1, dtype=np.int64)
        whole = h >> (self.base.digits + 1)
        found = np.array(one, np.int64)[h & (period - 1)]
        return np.where(whole > 0, found << np.maximum(whole, 0), found >> np.minimum(np.maximum(-whole, 0), 62))

    def _of_e(self) -> _Array:
        fine = self.scale + 80  # a product is off by less than 2^26 units of 2^-fine after 2^20 factors
        low: list[int] = []
        up: list[int] = []
        for steps, found, sign in ((-self.lowest, low, 1), (self.highest, up, -1)):
            factor = enclosed(self.base.exponent(1), fine, True)
            if sign < 0:
                factor = (1 << (2 * fine)) // (factor + 1)
            value = 1 << fine
            for _ in range(steps):
                value = value * factor >> fine
                found.append(value >> 80)
        return np.array([*low[::-1], 1 << self.scale, *up], np.int64)

    def at(self, h: _Array) -> _Array:
        """Return the entries of some exponents; what lies above `highest` counts as that one."""
        found: _Array = self.table[np.clip(h, self.lowest, self.highest) - self.lowest]
        return found

    def guess(self, x: _Array) -> _Array:
        """Return roughly floor(2 log_b(x / 2^scale))."""
        with np.errstate(all="ignore"):
            logs = (np.log(np.maximum(x, 1).astype(np.float64)) - self.scale * math.log(2)) * self.per_log
        return np.floor(logs).astype(np.int64)


@lru_cache(maxsize=8)
def powers_of(base: Base) -> Powers:
    """Return the powers of a base."""
    return Powers(base)


@lru_cache(maxsize=32)
def places(base: Base, minus: bool, stride: int = 1) -> _Array:
    """Return the place of log_b(1 + b^-z), or of log_b(1 - b^-z), for z = 0, stride, 2 stride, ...

    A place is an integer on a line whose every multiple of 2 is a half step: 4 x for a number x that is a multiple of
    1/2, and the odd integer between for others.  The last entry holds for all larger z too; the first one of the minus
    is of no meaning.

    Examples
    --------
    >>> places(Base(False, 0), False).tolist()  # log2(1 + 2^-z): 1, 0.58, 0.32, ...
    [4, 3, 1, 1, 1, 1]
    """
    powers = powers_of(base)
    last = math.ceil(powers.per_log / 2 * math.log(2) * (base.digits + _NEAR_ZERO)) // stride + 2
    z = np.arange(last + 1, dtype=np.int64) * stride
    one = 1 << powers.scale
    x = one + (-powers.at(-2 * z) if minus else powers.at(-2 * z))
    h = powers.guess(x)
    for _ in range(2):
        h += (powers.at(h + 1) <= x).astype(np.int64) - (powers.at(h) > x)
    unsure = (x - powers.at(h) < _SURE) | (powers.at(h + 1) - x < _SURE)
    found = 2 * h + 1
    if minus:
        unsure[0], found[0] = False, 0
    for i in np.flatnonzero(unsure):
        found[i] = _place(base, int(z[i]), minus, int(h[i]))
    found.flags.writeable = False
    return found


def _place(base: Base, z: int, minus: bool, h: int) -> int:
    """Return an entry of `places`, from a guess of twice the logarithm."""
    sum_of = [(Fraction(0), Fraction(1)), (base.exponent(-2 * z), Fraction(-1 if minus else 1))]

    def beyond(half: int) -> int:
        return sign_of([*sum_of, (base.exponent(half), Fraction(-1))], base.natural)

    while beyond(h) < 0:
        h -= 1
    while beyond(h + 1) >= 0:
        h += 1
    return 2 * h + (beyond(h) > 0)
