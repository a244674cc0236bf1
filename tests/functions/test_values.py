"""Every value of 8-bit formats and samples of wider ones, through every function, in every kind of mode."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper import ops
from chopper.rounding import Rounding
from tests.functions.judge import code_of, expected, number
from tests.functions.pairs import pair_value
from tests.functions.truth import UNARY, odd_fraction, special, values
from tests.tally import Tally

SUBJECT = "elementary functions"
DIRECTED = (Rounding.NEAREST_EVEN, Rounding.UP, Rounding.DOWN, Rounding.TOWARD_ZERO)
OTHER = (Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO, Rounding.AWAY_FROM_ZERO, Rounding.TO_ODD)
CHANCE = (Rounding.STOCHASTIC, Rounding.STOCHASTIC_B, Rounding.STOCHASTIC_C, Rounding.STOCHASTIC_EQUAL)


def all_values(name: str) -> np.ndarray:
    """Return the distinct values of a format, infinities and -0 among them, and NaN."""
    fmt = chopper.get(name)
    found = chopper.decode(np.arange(1 << fmt.bits), fmt, np.float64)
    return np.append(np.unique(found[~np.isnan(found)].view(np.int64)).view(np.float64), np.nan)


def samples(dtype: str, count: int, seed: int = 0) -> np.ndarray:
    """Return numbers of a dtype: of every size, near 1, with few bits; both signs."""
    rng = np.random.default_rng(seed)
    info = np.finfo(dtype)
    sizes = np.exp2(rng.uniform(np.log2(float(info.smallest_subnormal)), np.log2(float(info.max)), count // 4))
    middle = np.exp2(rng.uniform(-12, 7, count - count // 4 * 3))
    near = 1 + np.exp2(rng.uniform(-info.nmant, -1, count // 4)) * rng.choice([-1, 1], count // 4)
    short = rng.integers(-40, 40, count // 4) / 8
    x = np.concatenate([sizes, middle, near, short]) * rng.choice([-1, 1], count)
    return np.unique(x.astype(dtype)).astype(np.float64)


@pytest.mark.parametrize("name", UNARY)
def test_every_value(name: str, tally: Tally) -> None:
    """All values of 8-bit formats, to 8-bit and wider formats."""
    xs = np.unique(np.concatenate([all_values(fmt) for fmt in ("e4m3", "e5m2", "posit8")]).view(np.int64)).view(float)
    known = values(name, xs)
    for target in ("e4m3", "e5m2", "posit8", "fp16", "bf16", "hif8", "nf4", "int8", "takum_linear12", "e8m0"):
        fmt = chopper.get(target)
        for mode in DIRECTED:
            got = getattr(ops, name)(xs, fmt, mode)
            tally.same(got, expected(fmt, known, mode), xs, fmt=fmt, mode=mode, about=name)
    for mode in OTHER:
        fmt = chopper.get("e4m3")
        want = np.array([number(fmt, code_of(fmt, x, mode)) for x in known.tolist()])
        tally.same(getattr(ops, name)(xs, fmt, mode), want, xs, fmt=fmt, mode=mode, about=name)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
def test_samples(name: str, source: str, tally: Tally) -> None:
    """Samples of dtypes, to formats of up to 32 bits."""
    xs = samples(source, 40)
    known = values(name, xs)
    for target in ("fp16", "bf16", "fp32", "posit16", "posit32", "takum_linear32", "int32"):
        fmt = chopper.get(target)
        for mode in DIRECTED:
            got = getattr(ops, name)(xs, fmt, mode)
            tally.same(got, expected(fmt, known, mode), xs, fmt=fmt, mode=mode, about=name)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("target", ["fp64", "fp32", "posit32", "int32"])
def test_wide(name: str, target: str, tally: Tally) -> None:
    """Where float64 is too narrow for values rounded to odd: all modes of fp64, chance in formats of 32 bits."""
    fmt, xs = chopper.get(target), samples("float64", 12, 1)
    words = np.random.default_rng(2).integers(0, 1 << 32, xs.size).astype(np.uint32)
    known = [special(name, x) for x in xs.tolist()]
    known = [
        odd_fraction(name, (x,), 150) if value is None else Fraction(value) if math.isfinite(value) and value else value
        for x, value in zip(xs.tolist(), known, strict=True)
    ]
    for mode in (*CHANCE, *(DIRECTED if target == "fp64" else ())):
        drawn = words.tolist() if mode.random else [0] * xs.size
        want = np.array([number(fmt, code_of(fmt, v, mode, word)) for v, word in zip(known, drawn, strict=True)])
        got = getattr(ops, name)(xs, fmt, mode, random_words=words)
        tally.same(got, want, xs, fmt=fmt, mode=mode, about=name)


@pytest.mark.parametrize("name", UNARY)
@pytest.mark.parametrize("target", ["e5m2", "fp16", "posit8", "int8"])
def test_chance(name: str, target: str, tally: Tally) -> None:
    """Stochastic modes with given words, half of them at the ends."""
    fmt, xs = chopper.get(target), np.append(all_values("e5m2")[::3], samples("float16", 20, 3))
    rng = np.random.default_rng(4)
    words = rng.integers(0, 1 << 32, xs.size)
    words = np.where(rng.random(xs.size) < 0.5, words, rng.choice([0, 1, (1 << 32) - 1, 1 << 31], xs.size))
    words, known = words.astype(np.uint32), values(name, xs)
    for mode in CHANCE:
        got = getattr(ops, name)(xs, fmt, mode, random_words=words)
        tally.same(got, expected(fmt, known, mode, words), xs, fmt=fmt, mode=mode, about=name)


def pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Return pairs of numbers: short ones, whose powers and roots are often exact, special ones, others."""
    rng = np.random.default_rng(5)
    short = np.array([0, 0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 9, 12, 16, 64, 81, 1000, np.inf])
    x = np.concatenate([rng.choice(short, count), np.abs(samples("float32", count, 6))[:count]])
    y = np.concatenate([rng.choice(short, count), samples("float16", count, 7)[:count]])
    size = min(x.size, y.size)
    x, y = x[:size] * rng.choice([-1, 1], size), y[:size] * rng.choice([-1, 1], size)
    return np.append(x, [np.nan, 1, np.nan, -1, np.inf]), np.append(y, [0, np.nan, 2, np.inf, np.nan])


@pytest.mark.parametrize("name", ["hypot", "pow"])
def test_pairs(name: str, tally: Tally) -> None:
    """Functions of two numbers."""
    x, y = pairs(150)
    known = np.array([pair_value(name, a, b) for a, b in zip(x.tolist(), y.tolist(), strict=True)])
    for target in ("e4m3", "e5m2", "posit8", "fp16", "fp32", "posit32", "int8"):
        fmt = chopper.get(target)
        for mode in DIRECTED:
            got = getattr(ops, name)(x, y, fmt, mode)
            want = expected(fmt, _pole(name, fmt, x, y, known), mode)
            tally.same(got, want, x, fmt=fmt, mode=mode, about=(name, y[:6]))


def _pole(name: str, fmt: object, x: np.ndarray, y: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Return the values with NaN at poles for formats without infinity that take it for NaN."""
    pole = np.isinf(known) & np.isfinite(x) & np.isfinite(y)
    return np.where(pole & (getattr(fmt, "family", "") in ("posit", "takum")), np.nan, known)
