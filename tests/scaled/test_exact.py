"""Division and multiplication by a scale against fractions, and the numbers that statistics give."""

from __future__ import annotations

import random
import struct
from fractions import Fraction

import numpy as np
import pytest

from chopper.engine.families.scaled.exact import BFLOAT16, BINARY16, DOUBLE, SINGLE, product, quotient
from chopper.engine.families.scaled.passes import steps_of
from chopper.kernels.carrier import BINARY32, BINARY64

ONE = Fraction(1)


def where(condition, a, b):
    return a if condition else b


def number(bits: int) -> Fraction:
    return Fraction(struct.unpack("<d", struct.pack("<q", bits))[0])


def pattern(value: float) -> int:
    return struct.unpack("<q", struct.pack("<d", value))[0]


def draw(rng: random.Random) -> tuple[int, int, int]:
    scale = rng.getrandbits(rng.randint(1, 53)) | 1
    x = rng.choice(
        [rng.random() * 2.0 ** rng.randint(-100, 100), float(rng.randint(0, 999)), 5e-324 * rng.randint(0, 9)]
    )
    if rng.random() < 0.3 and scale < 1 << 40:
        x = float(scale * rng.randint(1, 4000))
    return pattern(x), scale, rng.randint(-300, 300)


def test_quotients_are_rounded_to_odd():
    rng = random.Random(1)
    for _ in range(4000):
        mag, scale, exponent = draw(rng)
        got = quotient(where, mag, scale, scale.bit_length(), exponent, steps_of(scale.bit_length()), BINARY64)
        exact = number(mag) / scale / Fraction(2) ** exponent
        if exact < Fraction(1, 1 << 1022):
            assert got == (0 if exact == 0 else 1 << 52)
            continue
        below = got if number(got) <= exact else got - 1
        assert number(below) <= exact < number(below + 1)
        assert got == (below if number(below) == exact or below & 1 else below + 1)


def test_quotients_of_single_numbers_and_arrays():
    rng = np.random.default_rng(2)
    x = rng.integers(0, 0x7F800000, 3000).astype(np.int64)
    scale = rng.integers(0, 1 << 24, 3000) | 1
    width = np.frexp(scale.astype(float))[1].astype(np.int64)
    got = quotient(np.where, x, scale, width, np.int64(-7), steps_of(24), BINARY32)
    each = [quotient(where, *map(int, row), -7, steps_of(24), BINARY32) for row in zip(x, scale, width, strict=True)]
    assert got.tolist() == each
    wide = [pattern(float(np.int32(bits).view(np.float32))) for bits in x]
    rest = (scale.tolist(), width.tolist())
    assert each == [
        quotient(where, *map(int, row), -7, steps_of(24), BINARY64) for row in zip(wide, *rest, strict=True)
    ]


@pytest.mark.parametrize("to", [BINARY16, BFLOAT16, SINGLE, DOUBLE])
def test_products_are_rounded_once(to):
    rng = random.Random(3)
    for _ in range(2500):
        scale = (rng.getrandbits(52) >> rng.randint(0, 52)) << rng.randint(0, 20) | 1 << 52
        scale = scale & ((1 << 53) - 1) | 1 << 52
        value = rng.choice([rng.random() * 2.0 ** rng.randint(-20, 20), rng.randint(0, 64) / 8])
        exponent = rng.randint(-52 - to.bias - 30, -52 + to.bias + 10)
        got = product(where, pattern(value), scale, exponent, to)
        assert got == nearest(Fraction(value) * scale * Fraction(2) ** exponent, to)


def nearest(exact: Fraction, to) -> int:
    """Return the pattern of the nearest number, ties to even, infinity beyond the range."""
    if exact == 0:
        return 0
    e = exact.numerator.bit_length() - exact.denominator.bit_length()
    e = max(e - (Fraction(2) ** e > exact), 1 - to.bias)
    q = round(exact / Fraction(2) ** (e - to.fraction_bits))
    return min(((e + to.bias - 1) << to.fraction_bits) + q, (2 * to.bias + 1) << to.fraction_bits)


def test_long_scales_are_refused():
    import chopper
    from chopper.errors import ChopperError

    with pytest.raises(ChopperError, match="significant bits together"):
        chopper.chop(np.full((2, 40), 1.1), "scaled<e4m3,fp32,32,outer=level<fp64,tensor,target=3>>")
    assert chopper.chop(1.1, "scaled<e4m3,fp64,32>") == pytest.approx(1.1)
