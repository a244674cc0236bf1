"""Stochastic rounding: the formula for every input, word and number of bits, and counts over all words."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import numpy as np
import pytest
import z3

import chopper
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.proofs.claims import drawn, draws_by_the_formula
from tests.proofs.smt import as_float, carrier, cases, is_nan, rounded

RANDOM = tuple(mode for mode in Rounding if mode.random)
FORMATS = ("e4m3", "e5m2", "e2m1", "e4m3fnuz", "fp16", "bf16", "binary8p3se")
Prove = Callable[..., None]


@pytest.mark.parametrize("random_bits", (1, 8, 32))
@cases(("e4m3", "bf16"), RANDOM)
def test_the_formula_decides(fmt: FloatFormat, mode: Rounding, width: int, random_bits: int, prove: Prove) -> None:
    """For every x and word, P3109's formula says which neighbour is the result."""
    prove("the stochastic formula", fmt, mode, width, *draws_by_the_formula(fmt, mode, width, random_bits))


@pytest.mark.exhaustive
@cases(FORMATS, RANDOM)
def test_the_formula_decides_whatever_the_bits(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """For every x, word and number of random bits from 1 to 32."""
    what = "the stochastic formula, any number of random bits"
    prove(what, fmt, mode, width, *draws_by_the_formula(fmt, mode, width, None))


@cases((*FORMATS, "e8m0", "dlfloat16", "binary8p1se", "ue4m3"), RANDOM)
def test_one_of_two_neighbours_and_monotone_in_the_word(
    fmt: FloatFormat, mode: Rounding, width: int, prove: Prove
) -> None:
    """The result is one of the two neighbours, and a larger word never gives a smaller magnitude.

    For every number of random bits from 1 to 32.
    """
    x, small, large, count = (z3.BitVec(name, width) for name in ("x", "small", "large", "count"))
    ends = [rounded(x, fmt, end, width) for end in (Rounding.TOWARD_ZERO, Rounding.AWAY_FROM_ZERO)]
    low, high = (drawn(x, fmt, mode, word, count, width) for word in (small, large))
    legal = [z3.ULE(small, large), z3.ULE(large, 2**32 - 1), count >= 1, count <= 32]
    sizes = [as_float(y & ~carrier(width).sign, width) for y in (low, high)]
    monotone = z3.Or(z3.fpLEQ(*sizes), is_nan(low, width), is_nan(high, width))
    right = z3.And(z3.Or([low == end for end in ends]), monotone)
    prove("two neighbours", fmt, mode, width, z3.Not(is_nan(x, width)), *legal, z3.Not(right))


# --- counts ----------------------------------------------------------------------------------------------------------


def expected_count(mode: Rounding, nu: Fraction, bits: int) -> int:
    """Return how many of the 2^bits words step away from zero."""
    scaled = nu * 2**bits
    if mode is Rounding.STOCHASTIC_EQUAL:
        return 2**bits // 2 if nu else 0
    rounding = {
        Rounding.STOCHASTIC: math.floor,
        Rounding.STOCHASTIC_B: lambda y: math.floor(y + Fraction(1, 2)),
        Rounding.STOCHASTIC_C: round,
    }[mode]
    return rounding(scaled)


def gaps(fmt: FloatFormat) -> list[tuple[Fraction, Fraction]]:
    """Return neighbours: zero and the smallest value, around one, and the largest value with what would follow it."""
    one = Fraction(1)
    top = fmt.max + (fmt.max - finite(fmt, fmt.max_code - 1))
    return [(Fraction(0), fmt.smallest), (one, one + fmt.eps), (fmt.max, top)]


def finite(fmt: FloatFormat, code: int) -> Fraction:
    value = fmt.value(code)
    assert isinstance(value, Fraction)
    return value


@pytest.mark.parametrize("dtype", (np.float32, np.float64), ids=("32", "64"))
@pytest.mark.parametrize("mode", RANDOM, ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", ("e4m3", "e5m2", "e3m4", "fp16", "bf16", "e4m3fnuz"))
def test_counts_over_all_words(name: str, mode: Rounding, dtype: type) -> None:
    """Of all words of 1 to 4 bits, exactly as many as the formula says step away from zero, for either sign."""
    fmt = get(name)
    assert isinstance(fmt, FloatFormat)
    parts = [Fraction(k, 64) for k in range(64)] + [Fraction(1, 2**14), 1 - Fraction(1, 2**12)]
    for low, high in gaps(fmt):
        x = np.array([float(low + nu * (high - low)) for nu in parts], dtype)
        exact = [Fraction(float(v)) == low + nu * (high - low) for v, nu in zip(x, parts, strict=True)]
        for bits in range(1, 5):
            words = np.arange(2**bits, dtype=np.uint32) << np.uint32(32 - bits)
            words |= np.uint32(2 ** (32 - bits) - 1)  # what lies below the random bits must not matter
            for sign in (1, -1):
                grid = np.repeat((sign * x)[:, None], words.size, axis=1)
                got = chopper.chop(
                    grid, fmt, mode, random_bits=bits, random_words=np.broadcast_to(words, grid.shape).copy(),
                    overflow="infinity" if fmt.infinities else "saturate",
                )  # fmt: skip
                away = (np.abs(got) > float(low)).sum(axis=1)
                want = [expected_count(mode, nu, bits) for nu in parts]
                if low == fmt.max and not fmt.infinities:
                    want = [0] * len(parts)
                kept = [i for i in range(len(parts)) if exact[i]]
                assert len(kept) >= 64
                assert [away[i] for i in kept] == [want[i] for i in kept], (low, bits, sign)
