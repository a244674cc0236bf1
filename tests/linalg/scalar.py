"""One number at a time: operations on exact fractions, rounded by the oracle."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction

from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from tests.oracle import round_value

__all__ = ["Scalar"]

_DIGITS = 300


class Scalar:
    """Operations of a format and mode on Python floats that are values of it."""

    def __init__(self, name: str, mode: str = "nearest_even") -> None:
        fmt = get(name)
        assert isinstance(fmt, FloatFormat)
        self.fmt, self.mode = fmt, mode
        self.count = 0

    def round(self, x: Fraction | float) -> float:
        """Round a number."""
        self.count += 1
        return float(round_value(self.fmt, x, self.mode))

    def _run(self, exact: Callable[[Fraction, Fraction], Fraction], x: float, y: float) -> float:
        """Round the exact result; where it is zero, infinite or NaN, IEEE 754 in float64 knows it."""
        special = _plain(exact, x, y)
        if not (math.isfinite(x) and math.isfinite(y)) or special is None:
            return self.round(math.nan if special is None else special)
        result = exact(Fraction(x), Fraction(y))
        return self.round(special if result == 0 else result)

    def add(self, x: float, y: float) -> float:
        """Return x + y; where they cancel, the zero is negative if the mode is down (IEEE 754, 6.3)."""
        if self.mode == "down" and x == -y and x != 0:
            return self.round(-0.0)
        return self._run(operator.add, x, y)

    def sub(self, x: float, y: float) -> float:
        """Return x - y."""
        return self.add(x, -y)

    def mul(self, x: float, y: float) -> float:
        """Return x * y."""
        return self._run(operator.mul, x, y)

    def div(self, x: float, y: float) -> float:
        """Return x / y, y not being zero."""
        return self._run(operator.truediv, x, y)

    def sqrt(self, x: float) -> float:
        """Return the square root: exact, or cut off behind many digits and marked as not exact."""
        value = Fraction(x)
        scaled = (value.numerator << 2 * _DIGITS) * value.denominator
        root = math.isqrt(scaled)
        exact = root * root == scaled
        return self.round(Fraction(2 * root + (not exact), value.denominator << (_DIGITS + 1)) if x else x)

    def dot(self, x: Sequence[float], y: Sequence[float]) -> float:
        """Return the sum of products, one after the other."""
        total = self.mul(x[0], y[0])
        for a, b in zip(x[1:], y[1:], strict=True):
            total = self.add(total, self.mul(a, b))
        return total

    def norm(self, x: Sequence[float]) -> float:
        """Return the square root of the sum of squares."""
        return self.sqrt(self.dot(x, x))

    def pairwise(self, terms: list[float]) -> float:
        """Return the sum by pairs: the halves differ from left to right only where the count is no power of two."""
        while len(terms) > 1:
            odd = [terms[-1]] if len(terms) % 2 else []
            terms = [self.add(a, b) for a, b in zip(terms[0::2], terms[1::2], strict=False)] + odd
        return terms[0]


def _plain(exact: Callable[..., object], x: float, y: float) -> float | None:
    try:
        return float(exact(x, y))  # type: ignore[arg-type]
    except (ZeroDivisionError, OverflowError):
        return None
