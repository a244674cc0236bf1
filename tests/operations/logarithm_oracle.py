"""Rounding of exact results to logarithmic numbers by definition: mpmath tells numbers apart, algebra equates them.

A result is a sum of rational multiples of powers of 2 or e, or the square root of one.  Two of them are compared at
600 bits; where they do not differ by far more than the error, they must be equal, which is shown by collecting the
powers.  Nothing of the library is used but the fields of formats.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from fractions import Fraction
from functools import cached_property

import mpmath
import numpy as np

from chopper.formats.lns import LnsFormat
from chopper.formats.policies import Metric, Underflow
from chopper.formats.takum import TakumFormat
from chopper.rounding import Rounding

__all__ = ["Number", "Oracle", "Terms", "exact_result"]

BITS = 600
MP = mpmath.mp.clone()
MP.prec = BITS
HALF = Fraction(1, 2)
UNITS = (Fraction(1), Fraction(-1))
TINY = MP.mpf(2) ** (30 - BITS)

Terms = tuple[tuple[Fraction, Fraction], ...]
"""Pairs of an exponent and a factor."""


class Number:
    """A sum of factor * base^exponent, or the square root of one."""

    def __init__(self, terms: Terms, base: str, root: bool = False) -> None:
        self.terms, self.base, self.root = terms, base, root

    @cached_property
    def squared(self):
        """The sum to 600 bits, and a bound of its error."""
        total, width = MP.zero, MP.zero
        for e, factor in self.terms:
            part = power(self.base, e)
            if factor not in UNITS:
                part = part * factor.numerator / factor.denominator
            elif factor < 0:
                part = -part
            total, width = total + part, width + abs(part)
        return total, width * TINY

    @cached_property
    def value(self):
        """The number to 600 bits, and a bound of its error."""
        if not self.root:
            return self.squared
        found = MP.sqrt(self.squared[0])
        return found, found * TINY

    def sign(self) -> int:
        """Return the sign; that of a root is 1 or 0."""
        if len({factor > 0 for _, factor in self.terms}) == 1:
            return 1 if self.terms[0][1] > 0 else -1
        total, width = self.squared
        if abs(total) > width:
            return int(MP.sign(total))
        assert not collected(self.terms, self.base)
        return 0

    def against(self, other: Terms) -> int:
        """Return the sign of the number less another one, both positive."""
        (a, wide_a), (b, wide_b) = self.value, Number(other, self.base).value
        if abs(a - b) > wide_a + wide_b:
            return 1 if a > b else -1
        squared = tuple((e + f, x * y) for e, x in other for f, y in other) if self.root else other
        assert not collected((*self.terms, *((e, -x) for e, x in squared)), self.base)
        return 0


CACHE: dict = {}


def power(base: str, exponent: Fraction):
    """Return base^exponent to 600 bits."""
    key = base, exponent
    if key not in CACHE:
        wide = MP.mpf(exponent.numerator) / exponent.denominator
        CACHE[key] = MP.exp(wide) if base == "e" else MP.power(2, wide)
    return CACHE[key]


def collected(terms: Terms, base: str) -> dict:
    """Return what is left of a sum when like powers are collected: powers of 2 whose exponents differ by integers."""
    left: dict = {}
    for exponent, factor in terms:
        rest = exponent % 1 if base == "2" else exponent
        left[rest] = left.get(rest, 0) + factor * Fraction(2) ** int(exponent - rest)
    return {e: factor for e, factor in left.items() if factor}


class Oracle:
    """A format: its numbers, and what exact results become."""

    def __init__(self, fmt: LnsFormat | TakumFormat) -> None:
        self.fmt, self.base = fmt, "2" if isinstance(fmt, LnsFormat) else "e"
        found = sorted((exponent(fmt, code), code) for code in positive(fmt))
        self.exponents, self.codes = [e for e, _ in found], [code for _, code in found]
        self.values = [power(self.base, e) for e in self.exponents]
        self.floats = [float(v) for v in self.values]
        self.placed: dict = {}
        self.known = dict(zip(self.floats, self.exponents, strict=True))
        self.free = fmt.underflow is Underflow.ZERO and self.has_zero

    @property
    def has_zero(self) -> bool:
        """Whether zero is a number of the format."""
        return getattr(self.fmt, "zero", True)

    def terms(self, x: float) -> Terms:
        """Return what a float stands for."""
        if x == 0:
            return ()
        found = self.known.get(abs(x))
        return ((Fraction(0), Fraction(x)),) if found is None else ((found, Fraction(-1 if x < 0 else 1)),)

    def result(self, name: str, x: tuple[float, ...], n: int = 0) -> tuple[int, Number]:
        """Return the sign and the magnitude of the exact result of an operation."""
        return exact_result(name, [self.terms(v) for v in x], self.base, n)

    def number(self, i: int) -> Terms:
        """Return the number of an index; -1 is zero."""
        return () if i < 0 else ((self.exponents[i], Fraction(1)),)

    def turn(self, i: int) -> Terms:
        """Return where rounding to nearest turns between the numbers i and i + 1."""
        by_code = self.fmt.nearest is Metric.CODE
        if i < 0 and by_code and self.base == "2":
            return ((self.exponents[0] - Fraction(1, 2 << self.fmt.fraction_bits), Fraction(1)),)
        if i < 0 or not by_code:
            return tuple((e, factor * HALF) for e, factor in (*self.number(i), *self.number(i + 1)))
        if self.base == "2":
            return (((self.exponents[i] + self.exponents[i + 1]) / 2, Fraction(1)),)
        return ((takum_logarithm(2 * self.codes[i] + 1, self.fmt.n + 1) / 2, Fraction(1)),)

    def cell(self, y: Number) -> tuple[int, bool]:
        """Return which number is at or below a positive one, -1 if none is, and whether it is that."""
        value, width = y.value
        i = bisect_right(self.values, value) - 1
        ends = [v for v in self.values[max(i, 0) : i + 2] if abs(v - value) <= width + v * TINY]
        if not ends:
            return i, False
        while i + 1 < len(self.values) and y.against(self.number(i + 1)) >= 0:
            i += 1
        while i >= 0 and y.against(self.number(i)) < 0:
            i -= 1
        return i, i >= 0 and y.against(self.number(i)) == 0

    def side(self, y: Number, i: int) -> int:
        """Return the sign of a number less where rounding to nearest turns above the number i."""
        return y.against(self.turn(i)) if -1 <= i < len(self.values) - 1 else 0

    def place(self, y: Number) -> tuple[int, bool, int]:
        """Return `cell` and `side` of a positive number, remembered where it is a power of the base."""
        key = (y.terms[0][0], y.root) if len(y.terms) == 1 and y.terms[0][1] == 1 else None
        if key not in self.placed:
            i, exact = self.cell(y)
            found = i, exact, 0 if exact else self.side(y, i)
            if key is None:
                return found
            self.placed[key] = found
        return self.placed[key]

    def goes(self, i: np.ndarray, exact: np.ndarray, side: np.ndarray, negative: np.ndarray, mode: Rounding):
        """Return which numbers above the numbers i go away from zero, in a mode without chance."""
        odd = np.where(i < 0, 0, np.array(self.codes)[i] & 1)
        away = {
            Rounding.NEAREST_EVEN: (side > 0) | ((side == 0) & (odd == 1)),
            Rounding.NEAREST_AWAY: side >= 0,
            Rounding.NEAREST_ZERO: side > 0,
            Rounding.TOWARD_ZERO: np.zeros(i.shape, bool),
            Rounding.AWAY_FROM_ZERO: np.ones(i.shape, bool),
            Rounding.UP: ~negative,
            Rounding.DOWN: negative,
            Rounding.TO_ODD: odd == 0,
        }[mode]
        return ~exact & (away | ((i < 0) & (not self.free)))

    def drawn(self, y: Number, i: int, exact: bool, mode: Rounding, word: int, bits: int) -> bool:
        """Whether a number goes away from zero by chance."""
        if exact or (i < 0 and not self.free):
            return not exact
        if i == len(self.values) - 1:
            return False
        if self.base == "2" and self.fmt.stochastic is Metric.CODE:
            return self._by_logarithm(y, i, mode, word, bits)
        if mode is Rounding.STOCHASTIC_EQUAL:
            return word >> 31 == 1
        m = (1 << bits) - (word >> (32 - bits))
        part = (m - (0 if mode is Rounding.STOCHASTIC else HALF)) / Fraction(1 << bits)
        terms = [(e, f * (1 - part)) for e, f in self.number(i)] + [(e, f * part) for e, f in self.number(i + 1)]
        at = y.against(tuple(terms))
        if mode is Rounding.STOCHASTIC:
            return at >= 0
        return at > 0 or (at == 0 and (mode is Rounding.STOCHASTIC_B or m % 2 == 0))

    def _by_logarithm(self, y: Number, i: int, mode: Rounding, word: int, bits: int) -> bool:
        """By log2 cut to 16 bits; zero is one step below the smallest number."""
        value, _ = y.value
        fine = int(MP.floor(MP.log(value, 2) * 65536))
        for step in (1, 0):
            if y.against(((Fraction(fine + step, 65536), Fraction(1)),)) >= 0:
                fine += step
                break
        else:
            fine -= 1
        low = self.exponents[i] if i >= 0 else self.exponents[0] - Fraction(1, 1 << self.fmt.fraction_bits)
        nu = max((Fraction(fine, 65536) - low) * (1 << self.fmt.fraction_bits), Fraction(0))
        r, one = word >> (32 - bits), 1 << bits
        return {
            Rounding.STOCHASTIC: math.floor(nu * one) + r >= one,
            Rounding.STOCHASTIC_B: math.floor(nu * one + HALF) + r >= one,
            Rounding.STOCHASTIC_C: round(nu * one) + r >= one,
            Rounding.STOCHASTIC_EQUAL: nu > 0 and word >> 31 == 1,
        }[mode]

    def results(self, i: np.ndarray, goes: np.ndarray, negative: np.ndarray) -> np.ndarray:
        """Return values, under saturation; -1 is zero."""
        up = np.minimum(i + goes, len(self.values) - 1)
        found = np.array(self.floats)[up] * np.where(negative, -1, 1)
        return np.where(up < 0, 0.0, found)

    def zero(self, negative: bool = False) -> float:
        """Return what zero becomes."""
        if self.has_zero:
            return 0.0
        return -self.floats[0] if negative else self.floats[0]


def positive(fmt: LnsFormat | TakumFormat) -> Iterable[int]:
    """Return the codes of the positive numbers."""
    if isinstance(fmt, TakumFormat):
        return range(1, 1 << (fmt.n - 1))
    half = 1 << (fmt.width - 1)
    reserved = 0 if fmt.unsigned_exponent else half >> 1
    return [code for code in range(half) if code != reserved or not (fmt.zero or fmt.nan)]


def exponent(fmt: LnsFormat | TakumFormat, code: int) -> Fraction:
    """Return the exponent of 2 or e of the code of a positive number."""
    if isinstance(fmt, TakumFormat):
        return takum_logarithm(code, fmt.n) / 2
    half = 1 << (fmt.width - 1)
    wraps = not fmt.unsigned_exponent and code >= half >> 1
    return Fraction(code - (half if wraps else 0) + fmt.bias, 1 << fmt.fraction_bits)


def takum_logarithm(code: int, n: int) -> Fraction:
    """Return c + m of the code of a positive takum, from its digits."""
    text = f"{code:0{n}b}".ljust(12, "0")
    up, regime = text[1] == "1", int(text[2:5], 2)
    r = regime if up else 7 - regime
    raw, fraction = int(text[5 : 5 + r] or "0", 2), text[5 + r :]
    c = 2**r - 1 + raw if up else 1 - 2 ** (r + 1) + raw
    return c + Fraction(int(fraction or "0", 2), 2 ** len(fraction))


def exact_result(name: str, x: list[Terms], base: str, n: int = 0) -> tuple[int, Number]:
    """Return the sign of the exact result of an operation, and its magnitude."""
    if name in ("add", "sub"):
        terms = x[0] + tuple((e, p if name == "add" else -p) for e, p in x[1])
    elif name == "div":
        terms = tuple((e - f, p / q) for e, p in x[0] for f, q in x[1])
    elif name == "power":
        terms = tuple((e * n, p**n) for e, p in x[0])
    else:
        terms = x[0] if name == "sqrt" else tuple((e + f, p * q) for e, p in x[0] for f, q in x[1])
    if name == "fma":
        terms += x[2]
    sign = Number(terms, base).sign()
    return sign, Number(tuple((e, p * sign) for e, p in terms), base, name == "sqrt")
