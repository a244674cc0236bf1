"""Expansions keep sums and products exactly; they do not overlap; renormalised, the first component says most."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from chopper import chop
from chopper.arithmetic import Arithmetic
from chopper.errors import UnsupportedInputError
from chopper.expansions import add_expansions, grow_expansion, renormalise, scale_expansion

FORMATS = ("bf16", "fp16", "e8m3")
SIZE = 200


def total(parts: Any, i: int) -> Fraction:
    """Return the exact sum of the components at one place."""
    return sum((Fraction(float(part[i])) for part in parts), Fraction(0))


def expansion(name: str, terms: int, seed: int) -> tuple[Any, ...]:
    """Return an expansion grown from random numbers of the format."""
    rng, ar = np.random.default_rng(seed), Arithmetic(name)
    parts: tuple[Any, ...] = (chop(rng.standard_normal(SIZE), name),)
    for _ in range(terms - 1):
        parts = grow_expansion(parts, chop(rng.standard_normal(SIZE) * 2.0 ** rng.integers(-6, 3, SIZE), name), ar)
    return parts


def overlap(parts: list[Fraction]) -> bool:
    """Whether a component is not below the last digit that is set in the one before it; zeros do not count."""
    some = [part for part in parts if part]
    for high, low in pairwise(some):
        last = Fraction(high.numerator & -high.numerator, high.denominator)
        if abs(low) >= last:
            return True
    return False


@pytest.mark.parametrize("name", FORMATS)
def test_sums_are_exact_and_do_not_overlap(name: str) -> None:
    x, y, ar = expansion(name, 3, 1), expansion(name, 2, 2), Arithmetic(name)
    result = add_expansions(x, y, ar)
    assert len(result) == 5
    for i in range(SIZE):
        assert total(result, i) == total(x, i) + total(y, i)
        assert not overlap([Fraction(float(part[i])) for part in result])


@pytest.mark.parametrize("name", FORMATS)
def test_products_are_exact(name: str) -> None:
    x, ar = expansion(name, 2, 3), Arithmetic(name)
    b = chop(np.random.default_rng(4).uniform(1, 2, SIZE), name)
    result, least = scale_expansion(x, b, ar), Fraction(float(ar.fmt.smallest))
    assert len(result) == 4
    for i in range(SIZE):
        products = [Fraction(float(part[i])) * Fraction(float(b[i])) for part in x]
        if all(product % least == 0 for product in products):
            assert total(result, i) == sum(products)


@pytest.mark.parametrize("name", FORMATS)
def test_renormalised(name: str) -> None:
    """The sum stays, zeros come last, and the first component is within an ulp of the sum."""
    x, ar = add_expansions(expansion(name, 3, 5), expansion(name, 3, 6), Arithmetic(name)), Arithmetic(name)
    result = renormalise(x, ar)
    for i in range(SIZE):
        parts = [float(part[i]) for part in result]
        whole = total(x, i)
        assert total(result, i) == whole
        assert not overlap([Fraction(part) for part in parts])
        some = [part for part in parts if part]
        assert parts[: len(some)] == some
        if whole:
            assert abs(whole - Fraction(parts[0])) < abs(Fraction(parts[0])) / (1 << (ar.fmt.precision - 1))  # type: ignore[attr-defined]
    short = renormalise(x, ar, 2)
    assert len(short) == 2 and all(np.array_equal(a, b) for a, b in zip(short, result, strict=False))


def test_scalars_broadcast_and_terms() -> None:
    ar = Arithmetic("bf16")
    assert grow_expansion((), 1.0, ar) == (1.0,)
    assert [part.shape for part in renormalise((np.ones(3), 0.5), ar)] == [(3,), (3,)]
    for terms in (0, 3):
        with pytest.raises(UnsupportedInputError, match="terms"):
            renormalise((1.0, 2.0), ar, terms)
    with pytest.raises(UnsupportedInputError, match="terms"):
        renormalise((), ar)
