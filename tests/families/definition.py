"""Rounding to a list of values by definition, one number at a time: nothing of the kernels or the engine."""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from fractions import Fraction

import numpy as np

from chopper.errors import PolicyError, RangeError
from chopper.formats.hif8 import Hif8Format
from chopper.formats.policies import NanInput, Underflow
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow, Rounding
from tests.families.values import exact, middle, number

__all__ = ["Definition", "inputs"]


class Definition:
    """A format, and what numbers become in it; `precision` is that of the input's dtype."""

    def __init__(self, fmt: TableFormat, precision: int) -> None:
        self.fmt, self.precision = fmt, precision
        found: dict[Fraction, int] = {}
        for code in range(1 << fmt.bits):
            value = number(fmt, code, precision)
            if value is not None:
                found.setdefault(value, code)
        self.values = sorted(found)
        self.codes = [found[value] for value in self.values]
        self.small = fmt.below_smallest is Underflow.SMALLEST

    def code(self, x: float, mode: Rounding, policy: Overflow | None, word: int = 0, bits: int = 32) -> int:
        """Return the code that x becomes; raises RangeError and PolicyError."""
        fmt, policy = self.fmt, policy or self.fmt.default_overflow
        infinities, nan = fmt.infinity_codes, fmt.nan_code
        if policy is Overflow.WRAP or (policy is Overflow.INFINITY and not infinities):
            raise PolicyError("does not suit")
        if policy is Overflow.NAN and nan is None:
            raise PolicyError("does not suit")
        if math.isnan(x):
            return self._nan(mode, policy)
        negative = math.copysign(1, x) < 0
        if math.isinf(x):
            if policy is Overflow.SATURATE:
                return self.codes[0 if negative else -1]
            if infinities:
                return infinities[negative]
            if policy is Overflow.RAISE:
                raise RangeError("infinity")
            return nan if nan is not None else self.codes[0 if negative else -1]
        exact_x = Fraction(x)
        if exact_x > self.values[-1] or exact_x < self.values[0]:
            return self._outside(exact_x, negative, mode, policy)
        return self._inside(exact_x, negative, mode, word, bits)

    def _nan(self, mode: Rounding, policy: Overflow) -> int:
        if self.fmt.nan_code is not None:
            return self.fmt.nan_code
        if self.fmt.without_nan is NanInput.RAISE:
            raise RangeError("nan")
        if self.fmt.without_nan is NanInput.MAX:
            return self.codes[-1]
        return self.code(0.0, mode, policy)

    def _outside(self, x: Fraction, negative: bool, mode: Rounding, policy: Overflow) -> int:
        above = x > self.values[-1]
        end = self.codes[-1 if above else 0]
        outward = abs(x) > abs(self.values[-1 if above else 0])
        if not outward and (self.small or policy in (Overflow.SATURATE, Overflow.PROPAGATE)):
            return end
        if isinstance(self.fmt, Hif8Format) and self._hif8_stays(abs(x), end, negative, mode):
            return end
        if policy is Overflow.RAISE:
            raise RangeError("overflow")
        if policy is Overflow.NAN:
            return self.fmt.nan_code
        if policy is Overflow.INFINITY:
            inward = mode in (Rounding.TOWARD_ZERO, Rounding.UP if negative else Rounding.DOWN)
            stays = inward or (mode is Rounding.TO_ODD and end % 2 == 1)
            return end if stays else self.fmt.infinity_codes[negative]
        return end

    def _hif8_stays(self, a: Fraction, end: int, negative: bool, mode: Rounding) -> bool:
        """Whether a magnitude beyond 2^15 rounds to 2^15 in the list that goes on with 1.5 * 2^15."""
        nu = (a - 2**15) / 2**14
        if mode.random or nu >= 1:
            return False
        if mode in (Rounding.UP, Rounding.DOWN):
            return (mode is Rounding.UP) == negative
        even = end % 2 == 0
        half = Fraction(1, 2)
        return {
            Rounding.NEAREST_EVEN: nu < half or (nu == half and even),
            Rounding.NEAREST_AWAY: nu < half,
            Rounding.NEAREST_ZERO: nu <= half,
            Rounding.TOWARD_ZERO: True,
            Rounding.AWAY_FROM_ZERO: False,
            Rounding.TO_ODD: not even,
        }[mode]

    def _inside(self, x: Fraction, negative: bool, mode: Rounding, word: int, bits: int) -> int:
        if negative:
            high = bisect_left(self.values, x)
            near, away = high, high - 1
        else:
            low = bisect_right(self.values, x) - 1
            near, away = low, low + 1
        if x == self.values[near]:
            return self.codes[near]
        if self.small and self.values[near] * (-1 if negative else 1) <= 0:
            return self.codes[away]
        return self.codes[away if self._goes(x, near, away, negative, mode, word, bits) else near]

    def _goes(self, x: Fraction, near: int, away: int, negative: bool, mode: Rounding, word: int, bits: int) -> bool:
        if mode in (Rounding.UP, Rounding.DOWN):
            return (mode is Rounding.UP) != negative
        if mode in (Rounding.TOWARD_ZERO, Rounding.AWAY_FROM_ZERO):
            return mode is Rounding.AWAY_FROM_ZERO
        odd = self.codes[near] % 2 == 1
        if mode is Rounding.TO_ODD:
            return not odd
        if mode.random:
            return self._by_chance(x, near, away, mode, word, bits)
        low, high = (self.codes[min(near, away)], self.codes[max(near, away)])
        turn = middle(self.fmt, low, high)
        turn = turn if isinstance(turn, Fraction) else exact(turn)
        if x != turn:
            return (x > turn) != negative
        up = self.fmt.tie_goes_up(low, high)
        if mode is Rounding.NEAREST_EVEN:
            return odd if up is None else up != negative
        return mode is Rounding.NEAREST_AWAY

    def _by_chance(self, x: Fraction, near: int, away: int, mode: Rounding, word: int, bits: int) -> bool:
        a, b = self.values[near], self.values[away]
        top = max(abs(a), abs(b))
        e = top.numerator.bit_length() - top.denominator.bit_length()
        e -= Fraction(2) ** e > top
        unit = Fraction(2) ** (e - 28)
        side = -1 if x < 0 or away < near else 1
        a, b = (side * math.ceil(side * value / unit) * unit for value in (a, b))
        if a == b:
            return False
        nu, one, r = (x - a) / (b - a), 1 << bits, word >> (32 - bits)
        return {
            Rounding.STOCHASTIC: math.floor(nu * one) + r >= one,
            Rounding.STOCHASTIC_B: math.floor(nu * one + Fraction(1, 2)) + r >= one,
            Rounding.STOCHASTIC_C: round(nu * one) + r >= one,
            Rounding.STOCHASTIC_EQUAL: nu > 0 and word >> 31 == 1,
        }[mode]


def inputs(definition: Definition, dtype: str, count: int, seed: int) -> np.ndarray:
    """Return numbers that find mistakes: values, thresholds, means, and their neighbours; the ends, and specials."""
    values, fmt, rng = definition.values, definition.fmt, np.random.default_rng(seed)
    at = np.unique(
        np.concatenate([rng.integers(0, len(values) - 1, count // 8), np.arange(3), len(values) - 2 - np.arange(3)])
    )
    near_zero = bisect_left(values, 0)
    at = [int(i) for i in {*at.tolist(), near_zero - 2, near_zero - 1, near_zero} if 0 <= i < len(values) - 1]
    points = [float(values[i + k]) for i in at for k in (0, 1)]
    points += [float(middle(fmt, definition.codes[i], definition.codes[i + 1])) for i in at]
    points += [float((values[i] + values[i + 1]) / 2) for i in at]
    low, high = float(values[0]), float(values[-1])
    points += [end * part for end in (low, high) for part in (1.01, 1.25, 1.5, 2, 1e3)]
    points += [0.0, -0.0, math.inf, -math.inf, math.nan]
    with np.errstate(all="ignore"):
        found = np.array(points).astype(dtype)
        around = [np.nextafter(found, np.array(side, dtype)) for side in (-np.inf, np.inf)]
        tiny = np.array([np.finfo(dtype).smallest_subnormal, np.finfo(dtype).tiny, np.finfo(dtype).max], dtype)
        wide = np.exp(rng.uniform(np.log(1e-3), np.log(1e3), 40)).astype(dtype)
    every = np.concatenate([found, *around, tiny, -tiny, wide, -wide, found * np.array(0.999, dtype)])
    bits = np.unique(every.view(f"u{every.itemsize}"))
    return bits.view(dtype)
