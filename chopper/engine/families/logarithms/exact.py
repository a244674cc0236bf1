"""Operations on exponents, and on numbers of any kind: exact results, not yet rounded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from chopper.engine.families.logarithms.forms import sign_of
from chopper.engine.families.logarithms.lattice import NONE, Lattice
from chopper.engine.families.logarithms.mixed import Magnitude, Mixed, Sum
from chopper.engine.families.logarithms.natives import ALONE, NOTHING, Natives
from chopper.errors import UnsupportedInputError

__all__ = ["mixtures", "natives"]

_Array = npt.NDArray[Any]

_LONGEST = 1 << 16
"""The most bits of a power of a number that is none of the format."""

_FAR = 64
"""Powers of 2 or e below the smallest number beyond which numbers are all alike."""


def natives(name: str, x: list[_Array], e: list[_Array], lattice: Lattice) -> tuple[Natives, _Array | None]:
    """Return the exact results for numbers with exponents `e`, and where sums are zero; None if nowhere."""
    negative = [np.signbit(one) for one in x]
    if name == "add":
        return _sum(lattice, e[0], negative[0], e[1], negative[1])
    if name == "sub":
        return _sum(lattice, e[0], negative[0], e[1], ~negative[1])
    if name == "fma":
        product = np.maximum(e[0] + e[1], NOTHING)
        return _sum(lattice, product, negative[0] ^ negative[1], e[2], negative[2])
    if name == "sqrt":
        return Natives(lattice.base, np.zeros(x[0].shape, bool), e[0]), None
    if name == "power":
        n = np.clip(x[1], -(1 << 38), 1 << 38).astype(np.int64)
        far = _FAR << lattice.base.digits
        low, high = int(lattice.exponents[0]) - far, int(lattice.exponents[-1]) + far
        return Natives(lattice.base, negative[0] & (x[1] % 2 != 0), 2 * np.clip(n * e[0], low, high)), None
    other = e[1] if name == "mul" else -e[1]
    return Natives(lattice.base, negative[0] ^ negative[1], 2 * (e[0] + other)), None


def _sum(
    lattice: Lattice, a: _Array, a_negative: _Array, b: _Array, b_negative: _Array
) -> tuple[Natives, _Array | None]:
    minus = a_negative ^ b_negative
    apart = a - b
    negative = np.where(apart >= 0, a_negative, b_negative)
    zero = minus & (apart == 0)
    np.abs(apart, out=apart)
    some = bool(zero.any())
    if some:
        apart[zero] = ALONE
    return Natives(lattice.base, negative, 2 * np.maximum(a, b), apart, minus), zero if some else None


def mixtures(name: str, x: list[_Array], lattice: Lattice) -> tuple[Mixed, _Array]:
    """Return the exact results for floats some of which stand for no code, and where they are zero."""
    rows = np.stack([one.view(np.int64) for one in x], axis=1)
    distinct, back = np.unique(rows, axis=0, return_inverse=True)
    columns = [np.ascontiguousarray(column).view(np.float64) for column in distinct.T]
    exponents = [lattice.read(np.where(one == 0, 1.0, one)) for one in (columns[:1] if name == "power" else columns)]
    operands = [
        [_term(lattice, float(v), int(k)) for v, k in zip(one, e, strict=True)]
        for one, e in zip(columns, exponents, strict=False)
    ]
    natural, one = lattice.base.natural, ((Fraction(0), Fraction(1)),)
    numbers: list[Magnitude] = []
    signs: list[int] = []
    for i in range(len(distinct)):
        terms = [operand[i] for operand in operands]
        exact = _power(terms[0], columns[1][i]) if name == "power" else _result(name, terms)
        sign = sign_of(exact, natural)
        signs.append(sign)
        magnitude = tuple((exponent, sign * factor) for exponent, factor in exact) if sign else one
        numbers.append(Magnitude(magnitude, natural, name == "sqrt"))
    back, found = back.reshape(-1), np.array(signs)
    return Mixed(lattice.base, (found < 0)[back], [numbers[i] for i in back]), (found == 0)[back]


def _term(lattice: Lattice, x: float, exponent: int) -> Sum:
    """Return the number that a float stands for."""
    if x == 0:
        return ()
    if exponent == NONE:
        return ((Fraction(0), Fraction(x)),)
    return ((lattice.base.exponent(2 * exponent), Fraction(-1 if x < 0 else 1)),)


def _result(name: str, x: list[Sum]) -> Sum:
    if name == "add":
        return x[0] + x[1]
    if name == "sub":
        return x[0] + tuple((e, -a) for e, a in x[1])
    if name == "mul":
        return _product(x[0], x[1])
    if name == "div":
        return _product(x[0], tuple((-e, 1 / a) for e, a in x[1]))
    return x[0] if name == "sqrt" else _product(x[0], x[1]) + x[2]


def _product(x: Sum, y: Sum) -> Sum:
    return tuple((e + f, a * b) for e, a in x for f, b in y)


def _power(x: Sum, n: float) -> Sum:
    (exponent, factor), count = x[0], int(n)
    size = max(factor.numerator.bit_length(), factor.denominator.bit_length())
    if size * abs(count) > _LONGEST and abs(factor) != 1:
        raise UnsupportedInputError(
            f"{float(factor)!r} is no number of the format, and its power {count} has more than {_LONGEST} bits; "
            "round it first, or take a smaller power"
        )
    return ((exponent * count, factor**count),)
