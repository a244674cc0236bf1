"""Formats of 8 to 64 bits: operands next to turns, at both ends, cancelling; every mode, chance included."""

from __future__ import annotations

import numpy as np
import pytest

from chopper import get, ops
from chopper.errors import PolicyError
from tests.operations.definition import DETERMINISTIC, RANDOM, Results, differing
from tests.operations.operands import columns

NAMES = ("add", "sub", "mul", "div", "sqrt", "fma")
FORMATS = (
    "fp16", "bf16", "tf32", "fp32", "fp64", "posit16", "posit32", "takum_linear16", "takum_linear32", "int8", "int16",
    "int32", "uint8", "fixed<4,4>", "hif8", "nf4", "e8m0", "e4m3fnuz", "ue4m3", "dlfloat16", "takum_linear8",
)  # fmt: skip
OFTEN = ("fp16", "bf16", "fp32", "fp64", "posit16", "posit32", "int16")
CASES = [(name, fmt) for name in NAMES for fmt in FORMATS]
SIZE = 60
MANY = 3000


def _check(name: str, fmt: str, size: int) -> None:
    xs = columns(name, fmt, size)
    results = Results(name, xs)
    for mode in DETERMINISTIC:
        assert differing(getattr(ops, name)(*xs, fmt, mode), results.rounded(fmt, mode)) == 0, mode


@pytest.mark.parametrize(("name", "fmt"), CASES)
def test_sample(name: str, fmt: str) -> None:
    """Every deterministic mode."""
    _check(name, fmt, SIZE)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "fmt"), [(name, fmt) for name in NAMES for fmt in OFTEN])
def test_large_sample(name: str, fmt: str) -> None:
    """The same with more operands."""
    _check(name, fmt, MANY)


def _check_chance(name: str, fmt: str, size: int) -> None:
    xs = columns(name, fmt, size, seed=7)
    results, rng = Results(name, xs), np.random.default_rng(5)
    for mode in RANDOM:
        for bits in (32, 3):
            words = rng.integers(0, 1 << 32, xs[0].size, dtype=np.uint32)
            words[::5] = rng.choice([0, 1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF], words[::5].size)
            try:
                got = getattr(ops, name)(*xs, fmt, mode, random_words=words, random_bits=bits)
            except PolicyError:
                assert fmt in ("nf4",) and bits == 32
                continue
            assert differing(got, results.rounded(fmt, mode, words, bits=bits)) == 0, (mode, bits)


@pytest.mark.parametrize(("name", "fmt"), [(n, f) for n in ("add", "mul", "div", "fma") for f in FORMATS])
def test_chance(name: str, fmt: str) -> None:
    """Stochastic modes with given words."""
    _check_chance(name, fmt, SIZE // 2)


@pytest.mark.exhaustive
@pytest.mark.parametrize(("name", "fmt"), [(name, fmt) for name in NAMES for fmt in OFTEN])
def test_much_chance(name: str, fmt: str) -> None:
    """The same with more operands."""
    _check_chance(name, fmt, MANY)


@pytest.mark.parametrize("fmt", ["int8", "int16", "int32", "fixed<4,4>", "uint8"])
@pytest.mark.parametrize("name", ["add", "sub", "mul", "fma", "div"])
def test_wrapping_around(name: str, fmt: str) -> None:
    """Two's complement from the exact result, every mode; infinities are left out."""
    xs = columns(name, fmt, SIZE)
    keep = xs[-1] != 0
    xs = tuple(x[keep] for x in xs)
    results = Results(name, xs)
    for mode in DETERMINISTIC:
        got = getattr(ops, name)(*xs, fmt, mode, overflow="wrap")
        assert differing(got, results.rounded(fmt, mode, overflow="wrap")) == 0, mode
    assert get(fmt).max < 2**40
