"""Matrix products by definition, one exact number at a time: nothing of the kernels or the engine.

A number is a Fraction, or one of the floats -0.0, inf, -inf, nan.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from itertools import count

import numpy as np

from chopper.accumulate import Accumulator
from chopper.formats.registry import get
from chopper.kernels.threefry import random_word
from chopper.rounding import Rounding
from tests import oracle
from tests.families import fixed_oracle, posit_oracle, takum_oracle

__all__ = ["Definition", "add", "multiply", "words_from"]

ROUND = {
    "float": oracle.round_code,
    "fixed": fixed_oracle.round_code,
    "posit": posit_oracle.round_code,
    "takum": takum_oracle.round_code,
}


def negative(x) -> bool:
    return math.copysign(1, x) < 0 if isinstance(x, float) else x < 0


def special(x) -> bool:
    return isinstance(x, float) and not math.isfinite(x)


def multiply(x, y):
    """Return the exact product."""
    sign = negative(x) != negative(y)
    if special(x) or special(y):
        return float(x) * float(y) if 0 in (x, y) else math.nan if x != x or y != y else (-1 if sign else 1) * math.inf
    product = Fraction(x) * Fraction(y)
    return -0.0 if product == 0 and sign else product


def add(x, y, down: bool = False):
    """Return the exact sum; an exact zero has the sign that IEEE 754 gives it."""
    if special(x) or special(y):
        return (float(x) if special(x) else 0.0) + (float(y) if special(y) else 0.0)
    total = Fraction(x) + Fraction(y)
    if total != 0:
        return total
    minus = (negative(x) or negative(y)) if down else (negative(x) and negative(y))
    return -0.0 if minus else Fraction(0)


def words_from(key: int, index: int, size: int) -> list[int]:
    """Return the random words of a key from an index on."""
    at = np.arange(index, index + size, dtype=np.uint64)
    halves = (key >> 32, key & 0xFFFFFFFF, at >> 32, at & 0xFFFFFFFF)
    with np.errstate(over="ignore"):
        parts = (np.array(half).astype(np.uint32).view(np.int32) for half in halves)
        return random_word(*parts).view(np.uint32).tolist()


def shortened(x, bits: int = 64):
    """Return a number rounded to odd: no rounding to a posit of up to 16 bits tells it from x."""
    if isinstance(x, float) or x == 0:
        return x
    power = abs(x.numerator).bit_length() - x.denominator.bit_length() - bits
    whole = abs(x) / Fraction(2) ** power
    kept = math.floor(whole)
    return Fraction((kept | (kept != whole)) * (-1 if x < 0 else 1)) * Fraction(2) ** power


class Definition:
    """The formulas of `Accumulator`, word for word."""

    def __init__(self, accumulate: Accumulator, key: int = 0) -> None:
        self.acc, self.key = accumulate, key
        self.mode = Rounding.parse(accumulate.rounding)
        self.down = self.mode is Rounding.DOWN
        self.flush = accumulate.flush or accumulate.sum
        self.rounded = 0

    def round(self, name: str, x, step: int):
        """Round to a format, with the word of a step of the element at hand."""
        fmt = get(name)
        options = {"overflow": self.acc.overflow} if name == self.acc.sum and self.acc.overflow else {}
        if self.mode.random:
            options |= {"word": self.words[step], "random_bits": self.acc.random_bits}
        self.rounded += 1
        x = shortened(x) if fmt.family == "posit" else x
        value = fmt.value(ROUND[fmt.family](fmt, x, self.mode, **options))
        return value if isinstance(value, Fraction) or value != 0 or negative(value) else Fraction(0)

    def element_of(self, a, b, c, index: int):
        """Return element `index` of the result: the product of the rows of numbers a and b."""
        self.k = len(a)
        acc = self.acc
        self.rounding_words = (0 if acc.exact_products else 1) + (4 if acc.compensated else acc.sum != "exact")
        self.terms = -(-self.k // acc.block) if acc.order == "sequential" and acc.block else self.k
        size = {"sequential": 0, "tree": 1}.get(acc.order, acc.block)
        self.blocks = -(-self.k // size) if size else 1
        self.merges = self.terms * self.rounding_words
        steps = self.merges + self.blocks + 3
        self.words = words_from(self.key, index * steps, steps) if self.mode.random else []
        products = [multiply(x, y) for x, y in zip(a, b, strict=True)]
        if not acc.exact_products:
            name = acc.product or acc.sum
            products = [self.round(name, p, k * self.rounding_words) for k, p in enumerate(products)]
        total = self.total(products, c, size)
        return self.round(acc.result or self.flush, total, self.merges + self.blocks + 2)

    def total(self, products, c, size: int):
        acc = self.acc
        if acc.sum == "exact":
            total = c if c is not None else Fraction(0)
            for p in products:
                total = add(total, p)
            return total if special(total) else Fraction(total)
        start = self.start(c)
        if acc.compensated:
            return (self.kahan if acc.compensated == "kahan" else self.neumaier)(products, start)
        if acc.order == "sequential":
            return self.groups(products, start) if (acc.block or 1) > 1 else self.sequential(products, start, 0)
        sums = [self.sequential(products[i : i + size], Fraction(0), i) for i in range(0, self.k, size)]
        if acc.order == "blocked":
            for m, one in enumerate(sums):
                start = self.add(self.flush, start, one, self.merges + m)
            return start
        number = count(self.merges)
        total = self.tree([lambda one=one: one for one in sums], number) if sums else Fraction(0)
        return total if c is None else self.add(self.flush, start, total, self.merges + self.blocks)

    def start(self, c):
        return Fraction(0) if c is None else self.round(self.flush, c, self.merges + self.blocks + 1)

    def add(self, name: str, x, y, step: int):
        return self.round(name, add(x, y, self.down), step)

    def sequential(self, products, total, first: int):
        for k, p in enumerate(products, first):
            total = self.add(self.acc.sum, total, p, (k + 1) * self.rounding_words - 1)
        return total

    def groups(self, products, total):
        for t, i in enumerate(range(0, self.k, self.acc.block)):
            for p in products[i : i + self.acc.block]:
                total = add(total, p)
            total = self.round(self.acc.sum, Fraction(0) if total == 0 else total, t)
        return total

    def tree(self, nodes: list[Callable[[], object]], number):
        """Join neighbours level by level; evaluating from the root, the left one first, numbers them as they end."""
        while len(nodes) > 1:
            pairs = [self.join(*nodes[i : i + 2], number) for i in range(0, len(nodes) - 1, 2)]
            nodes = pairs + nodes[len(pairs) * 2 :]
        return nodes[0]()

    def join(self, left, right, number):
        def node():
            x, y = left(), right()
            return self.add(self.flush, x, y, next(number))

        return node

    def kahan(self, products, acc):
        e, fmt = Fraction(0), self.acc.sum
        for k, p in enumerate(products):
            s = k * self.rounding_words + 1
            y = self.add(fmt, p, minus(e), s)
            t = self.add(fmt, acc, y, s + 1)
            d = self.add(fmt, t, minus(acc), s + 2)
            e = self.add(fmt, d, minus(y), s + 3)
            acc = t
        return acc

    def neumaier(self, products, acc):
        e, fmt = Fraction(0), self.acc.sum
        for k, p in enumerate(products):
            s = k * self.rounding_words + 1
            t = self.add(fmt, acc, p, s)
            high, low = (p, acc) if abs(p) > abs(acc) else (acc, p)
            d = self.add(fmt, high, minus(t), s + 1)
            f = self.add(fmt, d, low, s + 2)
            e = self.add(fmt, e, f, s + 3)
            acc = t
        return self.add(fmt, acc, e, self.merges + self.blocks)

    def product(self, a: np.ndarray, b: np.ndarray, c: np.ndarray | None = None) -> np.ndarray:
        """Return a @ b for float64 matrices, c added."""
        left = [[oracle.exact(x) for x in row] for row in a]
        right = [[oracle.exact(x) for x in column] for column in b.T]
        out = np.zeros((len(left), len(right)))
        for i, row in enumerate(left):
            for j, column in enumerate(right):
                start = None if c is None else oracle.exact(c[i, j])
                out[i, j] = float(self.element_of(row, column, start, i * len(right) + j))
        return out


def minus(x):
    """Return -x."""
    if isinstance(x, float):
        return -x if x != 0 else Fraction(0)
    return -0.0 if x == 0 else -x
