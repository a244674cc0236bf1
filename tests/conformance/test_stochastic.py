"""Stochastic rounding, counted and not estimated: every random word of up to 6 bits, and the turning point of 32."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get
from tests.oracle import neighbours, round_codes

SUBJECT = "stochastic rounding, every word counted"
FORMATS = "e5m2 e4m3_ieee binary3p1se binary4p2ue e8m7b130 e8m0 bf16 bf16<subnormals=round> e4m3<subnormals=round>"
FORMULAS = {
    "stochastic": lambda y: math.floor(y),
    "stochastic_b": lambda y: math.floor(y + Fraction(1, 2)),
    "stochastic_c": lambda y: round(y),
}
"""How many of the 2^N words step away from zero, as a function of nu 2^N."""


def points(fmt, dtype):
    """Numbers between neighbours everywhere: in (0, smallest) as well as in (max, max + ulp)."""
    top, second = fmt.max, fmt.value(fmt.max_code - 1)
    low, high = fmt.smallest, fmt.value(fmt.first_code + 1)
    pairs = [(top, top + (top - second)), (second, top), (low, high)]
    pairs += [(Fraction(0), low)] if fmt.zero else []
    pairs += [(fmt.value(c), fmt.value(c + 1)) for c in (fmt.max_code // 2, fmt.max_code // 3)]
    parts = [Fraction(k, 128) for k in (0, 1, 2, 3, 5, 31, 33, 63, 64, 65, 96, 97, 126, 127)] + [Fraction(1, 2**12)]
    exact = [a + (b - a) * part for a, b in pairs for part in parts]
    held = [x for x in exact if x < 2**128 and Fraction(float(dtype(float(x)))) == x]
    return np.array([float(x) for x in held], dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("bits", range(1, 7))
@pytest.mark.parametrize("name", FORMATS.split())
def test_counts_over_all_words(name, bits, dtype, tally):
    fmt = get(name)
    xs = points(fmt, dtype)
    xs = np.concatenate([xs, -xs]) if fmt.signed else xs
    around = [neighbours(fmt, Fraction(abs(float(x)))) for x in xs]
    words = np.arange(1 << bits, dtype=np.uint32) << np.uint32(32 - bits)
    rest = np.random.default_rng(bits).integers(0, 1 << (32 - bits), (xs.size, words.size)).astype(np.uint32)
    table = np.broadcast_to(xs[:, None], rest.shape)
    given = words | rest  # what is below the bits used must not matter
    policy = "infinity" if fmt.infinities else "nan"  # so that stepping beyond the largest number shows
    for mode, formula in FORMULAS.items():
        codes = chopper.encode(table, fmt, mode, overflow=policy, random_bits=bits, random_words=given)
        magnitudes = codes.astype(np.int64) & (fmt.half - 1)
        away = (magnitudes != np.array([low for low, *_ in around])[:, None]).sum(1)
        want = np.array([formula(nu * (1 << bits)) for *_, nu in around])
        tally.same(away, want, xs, fmt=fmt, mode=mode)
        steps = np.diff(np.sort(magnitudes, axis=1), axis=1)
        assert steps.max(initial=0) <= max(high - low for low, high, _ in around)
    options = {"overflow": policy, "random_bits": bits, "random_words": given}
    equal = chopper.encode(table, fmt, "stochastic_equal", **options)
    away = ((equal.astype(np.int64) & (fmt.half - 1)) != np.array([low for low, *_ in around])[:, None]).sum(1)
    want = np.array([(nu > 0) << (bits - 1) for *_, nu in around])
    tally.same(away, want, xs, fmt=fmt, mode="stochastic_equal")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", [*FORMULAS, "stochastic_equal"])
@pytest.mark.parametrize(
    "name", ["e4m3", "e5m2fnuz", "binary8p1se", "e8m0", "bf16", "fp16<subnormals=round>", "e8m10b120"]
)
def test_turning_point_of_32_bits(name, mode, dtype, tally):
    """One word too few stays, the next one steps; also hundreds of binades below the smallest number."""
    fmt, kind = get(name), np.dtype(dtype)
    rng = np.random.default_rng(0)
    deep = np.ldexp(1 + rng.random(60), np.linspace(-149, 3, 60).astype(int)).astype(kind)
    scaled = (float(fmt.smallest) * np.ldexp(rng.random(60), -np.arange(60))).astype(kind)
    inside = rng.standard_normal(30).astype(kind)
    xs = np.concatenate([deep, scaled, inside])
    xs = np.concatenate([xs, np.abs(xs)])
    xs = xs if fmt.signed else np.abs(xs)
    nus = [neighbours(fmt, Fraction(abs(float(x))))[2] if x != 0 else Fraction(0) for x in xs]
    turns = np.array([(1 << 32) - math.floor(nu * (1 << 32)) for nu in nus])
    for step in (-2, -1, 0, 1):
        words = np.clip(turns + step, 0, (1 << 32) - 1).astype(np.uint32)
        got = chopper.encode(xs, fmt, mode, random_words=words)
        tally.same(got, round_codes(fmt, xs, mode, words).astype(got.dtype), xs, fmt=fmt, mode=mode)
    for word in (0, 1, 1 << 31, (1 << 31) - 1, (1 << 32) - 1):
        words = np.full(xs.shape, word, np.uint32)
        got = chopper.encode(xs, fmt, mode, random_words=words)
        tally.same(got, round_codes(fmt, xs, mode, words).astype(got.dtype), xs, fmt=fmt, mode=mode)


def test_frequencies_follow_from_the_words(tally):
    """A fraction of 0.9 steps away 90 times in 100, from any key and whatever the size."""
    x = np.full(1 << 16, 1 + 0.9 / 8)
    for key in (0, 1, 2**63):
        away = chopper.chop(x, "e4m3", "stochastic", key=key) > 1
        tally.note(x.size, "e4m3", "stochastic")
        assert abs(away.mean() - 0.9) < 0.006  # five standard deviations
