"""The definition of chains, trees and integer sums of `chopper.hardware.chains`, in exact fractions.

A number is a Fraction other than zero, or a float that is a zero, an infinity or NaN.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np

from chopper.formats.base import Format
from chopper.formats.registry import get
from chopper.hardware.base import Unit
from chopper.hardware.chains import IEEE, EvenOddChain, ExactSum, FusedChain, PairSum, PairTree, Rules

__all__ = ["dot", "dots"]

Number = Fraction | float


def dots(unit: Unit, a: np.ndarray, b: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Return codes of results, as `chopper.hardware.products` does, as Python integers."""
    out = np.empty(c.shape, object)
    for t, i, j in np.ndindex(*c.shape):
        out[t, i, j] = dot(unit, a[t, i].tolist(), b[t, j].tolist(), int(c[t, i, j]))
    return out


def dot(unit: Unit, a: list[int], b: list[int], c: int) -> int:
    """Return the code of c plus the products of a and b."""
    model = unit.model
    if unit.c == "int32":
        return _integers(unit, a, b, c)
    rules = IEEE if isinstance(model, ExactSum) else model.rules
    x = [_read(get(unit.a), code, rules.operands) for code in a]
    y = [_read(get(unit.b), code, rules.operands) for code in b]
    z = _read(get(unit.c), c, rules.addend)
    run = {FusedChain: _chain, EvenOddChain: _even_odd, PairTree: _tree, ExactSum: _exact}[type(model)]
    return _code(get(unit.c), run(model, x, y, z))


# --- numbers ---------------------------------------------------------------------------------------------------------


def _read(fmt: Format, code: int, subnormals: str) -> Number:
    value = fmt.value(code)
    if value == 0 and subnormals == "zero":
        return 0.0
    if isinstance(value, float):
        return value
    if value == 0:
        return 0.0
    if subnormals != "gradual" and abs(value) < fmt.smallest_normal:
        return _sign(value) * 0.0 if subnormals == "signed_zero" else 0.0
    return value


def _code(fmt: Format, x: Number) -> int:
    """Return the code of a number of the format; NaN is -1."""
    if isinstance(x, float):
        if math.isnan(x):
            return -1
        sign = fmt.sign_code if math.copysign(1, x) < 0 else 0
        return sign | (fmt.infinity_code if math.isinf(x) else 0)
    size, low, high = abs(x), 0, fmt.max_code
    while low < high:
        middle = (low + high) // 2
        if fmt.value(middle) < size:
            low = middle + 1
        else:
            high = middle
    assert fmt.value(low) == size
    return low | (fmt.sign_code if x < 0 else 0)


def _sign(x: Number) -> float:
    return math.copysign(1, x) if isinstance(x, float) else 1.0 if x > 0 else -1.0


def add(x: Number, y: Number) -> Number:
    """Return the exact sum; of zeros and of numbers that cancel as IEEE 754 has it."""
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x + y or 0.0
    for one, other in ((x, y), (y, x)):
        if isinstance(one, float) and one != 0:
            return one if isinstance(other, Fraction) else one + other
    if isinstance(x, float) and isinstance(y, float):
        return x + y
    return x if isinstance(x, Fraction) else y


def mul(x: Number, y: Number) -> Number:
    """Return the exact product."""
    if isinstance(x, Fraction) and isinstance(y, Fraction):
        return x * y
    small = [_sign(v) if isinstance(v, Fraction) else v for v in (x, y)]
    return small[0] * small[1]


def rounded(x: Number, rules: Rules) -> Number:
    """Return a number rounded as the rules say."""
    if isinstance(x, float):
        return x
    p, emin, emax = (24, -126, 127) if rules.fmt == "fp32" else (53, -1022, 1023)
    size = abs(x)
    e = size.numerator.bit_length() - size.denominator.bit_length()
    e -= Fraction(2) ** e > size
    ulp = Fraction(2) ** ((e if rules.results == "flush" else max(e, emin)) - p + 1)
    n = size / ulp
    whole = math.floor(n)
    if rules.rounding == "to_odd":
        whole |= n != whole
    else:
        whole = round(n)
    size = whole * ulp
    if size >= Fraction(2) ** (emax + 1):
        return _sign(x) * math.inf
    if size == 0 or (rules.results != "gradual" and size < Fraction(2) ** emin):
        return _sign(x) * 0.0
    return size if x > 0 else -size


# --- units -----------------------------------------------------------------------------------------------------------


def _blocks(x: list[Any], y: list[Any], size: int, fill: Any) -> list[list[tuple[Any, Any]]]:
    pairs = list(zip(x, y, strict=True))
    pairs += [(fill, fill)] * (-len(pairs) % size)
    return [pairs[i : i + size] for i in range(0, len(pairs), size)]


def _chain(model: FusedChain, x: list[Number], y: list[Number], acc: Number) -> Number:
    for block in _blocks(x, y, len(model.order), 0.0):
        for n in model.order:
            acc = rounded(add(mul(*block[n]), acc), model.rules)
    return acc


def _even_odd(model: EvenOddChain, x: list[Number], y: list[Number], acc: Number) -> Number:
    pairs = [pair for block in _blocks(x, y, 2, 0.0) for pair in block]
    for start in range(0, len(pairs), model.terms):
        sums: list[Number] = [0.0, 0.0]
        for n, pair in enumerate(pairs[start : start + model.terms]):
            sums[n % 2] = rounded(add(mul(*pair), sums[n % 2]), model.rules)
        acc = rounded(add(acc, rounded(add(*sums), model.rules)), model.rules)
    return acc


def _tree(model: PairTree, x: list[Number], y: list[Number], acc: Number) -> Number:
    for block in _blocks(x, y, model.terms, 0.0):
        level = [mul(*pair) if model.fused else rounded(mul(*pair), model.rules) for pair in block]
        while len(level) > 1:
            level = [rounded(add(level[i], level[i + 1]), model.rules) for i in range(0, len(level), 2)]
        acc = rounded(add(acc, level[0]), model.rules)
    return acc


def _exact(model: ExactSum, x: list[Number], y: list[Number], acc: Number) -> Number:
    for block in _blocks(x, y, model.terms, 0.0):
        terms = [acc, *(mul(*pair) for pair in block)]
        specials = [term for term in terms if isinstance(term, float) and term != 0]
        if specials:
            acc = sum(specials)
        else:
            acc = rounded(sum((term for term in terms if isinstance(term, Fraction)), Fraction(0)) or 0.0, IEEE)
    return acc


def _integers(unit: Unit, a: list[int], b: list[int], c: int) -> int:
    model = unit.model
    x, y = ([_signed(code, get(name)) for code in codes] for codes, name in ((a, unit.a), (b, unit.b)))
    acc = c - (1 << 32) if c >> 31 else c
    for block in _blocks(x, y, model.terms, 0):
        products = [left * right for left, right in block]
        if isinstance(model, PairSum):
            products = [_clamped(sum(products[i : i + 2]), 16) for i in range(0, len(products), 2)]
        acc += sum(products)
        saturates = getattr(model, "overflow", "wrap") == "saturate"
        acc = _clamped(acc, 32) if saturates else (acc + (1 << 31)) % (1 << 32) - (1 << 31)
    return acc % (1 << 32)


def _signed(code: int, fmt: Format) -> int:
    value = fmt.value(code)
    return int(value)


def _clamped(n: int, bits: int) -> int:
    return max(-(1 << (bits - 1)), min((1 << (bits - 1)) - 1, n))
