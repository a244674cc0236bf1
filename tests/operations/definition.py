"""Exact results of operations in fractions, and their rounding by the definition of each family."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from tests import oracle
from tests.families import fixed_oracle, posit_oracle, takum_oracle
from tests.families.definition import Definition

__all__ = ["DETERMINISTIC", "RANDOM", "Results", "differing", "exact", "values"]

DETERMINISTIC = tuple(mode for mode in Rounding if not mode.random)
RANDOM = tuple(mode for mode in Rounding if mode.random)

NAN, INF = math.nan, math.inf
BITS = 400
"""Bits of an irrational result that are worked out; all later ones count as one that is set."""

Number = Fraction | float


def exact(name: str, *xs: float, down: bool = False) -> Number:
    """Return the exact result of an operation on floats: a Fraction, or one of -0.0, inf, -inf, nan."""
    if any(math.isnan(x) for x in xs):
        return NAN
    return OPERATIONS[name](*xs, down=down)


def _sign(x: Number) -> int:
    return -1 if (math.copysign(1, x) if isinstance(x, float) else x) < 0 else 1


def _number(x: float) -> Number:
    return oracle.exact(x)


def _zero(negative: bool) -> Number:
    return -0.0 if negative else Fraction(0)


def _add(x: Number, y: Number, *, down: bool) -> Number:
    x, y = (_number(n) if isinstance(n, float) else n for n in (x, y))
    infinite = [n for n in (x, y) if isinstance(n, float) and math.isinf(n)]
    if infinite:
        return NAN if len({*infinite}) == 2 else infinite[0]
    total = Fraction(x) + Fraction(y)
    if total:
        return total
    return _zero(_sign(x) < 0 if _sign(x) == _sign(y) else down)


def _sub(x: float, y: float, *, down: bool) -> Number:
    return _add(x, -y, down=down)


def _mul(x: float, y: float, *, down: bool) -> Number:
    sign = _sign(x) * _sign(y)
    if math.isinf(x) or math.isinf(y):
        return NAN if 0 in (x, y) else sign * INF
    product = Fraction(x) * Fraction(y)
    return product if product else _zero(sign < 0)


def _fma(x: float, y: float, z: float, *, down: bool) -> Number:
    product = _mul(x, y, down=down)
    if isinstance(product, float) and math.isnan(product):
        return NAN
    return _add(product, z, down=down)


def _div(x: float, y: float, *, down: bool) -> Number:
    sign = _sign(x) * _sign(y)
    if math.isinf(x):
        return NAN if math.isinf(y) else sign * INF
    if y == 0:
        return NAN if x == 0 else sign * INF
    quotient = Fraction(0) if math.isinf(y) else Fraction(x) / Fraction(y)
    return quotient if quotient else _zero(sign < 0)


def _sqrt(x: float, *, down: bool) -> Number:
    if x == 0 or math.isinf(x):
        return _number(x) if x >= 0 else NAN
    return NAN if x < 0 else root(Fraction(x))


def root(x: Fraction) -> Fraction:
    """Return the square root of a positive number, exact or with a last bit that stands for all that follow."""
    by = BITS + x.denominator.bit_length()
    scaled = x * (1 << 2 * by)
    whole = math.isqrt(math.floor(scaled))
    return Fraction(2 * whole + (whole * whole != scaled), 2 << by)


def _fmod(x: float, y: float, *, down: bool) -> Number:
    return _rest(x, y, math.trunc)


def _remainder(x: float, y: float, *, down: bool) -> Number:
    return _rest(x, y, round)


def _rest(x: float, y: float, whole: Callable[[Fraction], int]) -> Number:
    if math.isinf(x) or y == 0:
        return NAN
    if math.isinf(y):
        return _number(x)
    a, b = Fraction(x), Fraction(y)
    rest = a - whole(a / b) * b
    return rest if rest else _zero(_sign(x) < 0)


OPERATIONS: dict[str, Callable[..., Number]] = {
    "add": _add,
    "sub": _sub,
    "mul": _mul,
    "fma": _fma,
    "div": _div,
    "sqrt": _sqrt,
    "fmod": _fmod,
    "remainder": _remainder,
}


class Rounded:
    """A format under a mode and a policy: what exact numbers become, remembered."""

    def __init__(self, fmt: Format, mode: Rounding, overflow: str | None = None, bits: int = 32) -> None:
        self.fmt, self.mode, self.bits = fmt, mode, bits
        self.overflow = None if overflow is None else Overflow.parse(overflow)
        self.seen = _seen(fmt, mode, overflow, bits)
        self.code = _coder(fmt)

    def __call__(self, x: Number, word: int = 0) -> float:
        """Return the value that a number becomes, as a float."""
        special = isinstance(x, float)
        key = (repr(x) if special else x, word)
        if key not in self.seen:
            if special and math.isinf(x) and self.nar:
                self.seen[key] = NAN
            else:
                self.seen[key] = float(self.fmt.value(self.code(self, x, word)))
        return self.seen[key]

    @property
    def nar(self) -> bool:
        """Whether infinities of finite operands are NaR; those of infinite operands are not tried here."""
        return self.fmt.family in ("posit", "takum")


@cache
def _seen(fmt: Format, mode: Rounding, overflow: str | None, bits: int) -> dict[Any, float]:
    return {}


@cache
def _definition(fmt: Format) -> Definition:
    return Definition(fmt, 53)


def _shortened(x: Number) -> Number:
    """Return a number of at most 68 bits on the same side of every number of 67: the definition of posits needs an end.

    A posit32 and 32 random bits make 61.
    """
    if isinstance(x, float) or not x:
        return x
    a, exponent = abs(x), abs(x.numerator).bit_length() - x.denominator.bit_length()
    unit = Fraction(2) ** (exponent - 67)
    whole, rest = divmod(a, unit)
    return (1 if x > 0 else -1) * (whole | (rest != 0)) * unit


def _coder(fmt: Format) -> Callable[..., int]:
    if fmt.family == "posit":
        return lambda r, x, word: posit_oracle.round_code(
            fmt, _shortened(x), r.mode, overflow=r.overflow, word=word, random_bits=r.bits
        )
    if fmt.family in ("float", "fixed") or (fmt.family == "takum" and fmt.n > 11):
        module = {"float": oracle, "takum": takum_oracle, "fixed": fixed_oracle}[fmt.family]
        return lambda r, x, word: module.round_code(fmt, x, r.mode, overflow=r.overflow, word=word, random_bits=r.bits)
    return lambda r, x, word: _definition(fmt).code(x, r.mode, r.overflow, word, r.bits)


class Results:
    """The exact results of an operation on the elements of flat arrays, each worked out once for all modes."""

    def __init__(self, name: str, columns: Iterable[np.ndarray]) -> None:
        rows = list(zip(*(np.asarray(column, np.float64).tolist() for column in columns), strict=True))
        found: dict[Any, int] = {}
        self.place = np.empty(len(rows), np.int64)
        self.numbers: list[tuple[Number, Number]] = []
        for i, row in enumerate(rows):
            x = exact(name, *row)
            cancelled = not x and isinstance(x, Fraction)
            pair = (x, exact(name, *row, down=True) if cancelled else x)
            key = repr(pair) if isinstance(pair[1], float) else x
            if key not in found:
                found[key] = len(self.numbers)
                self.numbers.append(pair)
            self.place[i] = found[key]

    def rounded(
        self,
        fmt: str | Format,
        mode: Rounding,
        words: np.ndarray | None = None,
        overflow: str | None = None,
        bits: int = 32,
    ) -> np.ndarray:
        """Return what they become, as float64."""
        rule, side = Rounded(get(fmt), mode, overflow, bits), mode is Rounding.DOWN
        if words is None:
            return np.array([rule(pair[side]) for pair in self.numbers])[self.place]
        drawn = zip(self.place.tolist(), words.tolist(), strict=True)
        return np.array([rule(self.numbers[at][side], word) for at, word in drawn])


def differing(got: np.ndarray, wanted: np.ndarray) -> int:
    """Return how many elements differ in a bit; NaNs are one number."""
    a, b = (np.asarray(x, np.float64).reshape(-1) for x in (got, wanted))
    same = (a.view(np.int64) == b.view(np.int64)) | (np.isnan(a) & np.isnan(b))
    return int(np.count_nonzero(~same))


@cache
def values(fmt: Format) -> np.ndarray:
    """Return the values of all codes of a short format."""
    return np.array([float(fmt.value(code)) for code in fmt.codes])
