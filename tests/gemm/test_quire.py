"""Exact accumulators against fractions, and the width of integer ones against all inputs at their ends."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from chopper.errors import RangeError, UnsupportedInputError
from chopper.formats.registry import get
from chopper.quire import Quire, bits_needed, largest_sum
from tests.families import posit_oracle
from tests.gemm.definition import shortened

SUBJECT = "exact accumulators against fractions"


@pytest.mark.parametrize("name", ["posit8", "posit16", "posit<8,0>", "e4m3", "e5m2", "fp16", "fixed<8,4>", "int8"])
def test_sums(name, tally):
    fmt, rng = get(name), np.random.default_rng(1)
    codes = [int(code) for code in rng.integers(0, 1 << fmt.bits, 400)]
    values = [v for v in (fmt.value(code) for code in codes) if isinstance(v, Fraction)]
    quire, total = Quire(fmt), Fraction(0)
    for a, b in zip(values[::2], values[1::2], strict=False):
        quire.add_product(float(a), float(b))
        total += a * b
        assert quire.value == total
        tally.note(1, fmt)
        if fmt.family == "posit":
            want = fmt.value(posit_oracle.round_code(fmt, shortened(total), "nearest_even"))
            tally.same(quire.round(), float(want), fmt=fmt)


def test_ends_of_the_quire_of_a_posit():
    most = float(get("posit8").max)
    quire = Quire("posit8")
    assert quire.bits == 128
    assert math.isfinite(float(quire.add_product(most, most).value))
    quire.units = (1 << 127) - 2
    assert quire.add_product(2.0**-24, 2.0**-24).round() == most
    assert math.isnan(quire.add_product(2.0**-24, 2.0**-24).round())
    assert quire.clear().round() == 0
    assert math.isnan(Quire("posit16").add_product(math.nan, 0.0).round())


def test_specials():
    assert Quire("fp16").add(math.inf).subtract_product(2.0, math.inf).value != 0
    assert math.isnan(Quire("fp16").add(math.inf).subtract_product(2.0, math.inf).round())
    assert Quire("fp16").add_product(-2.0, math.inf).round() == -math.inf
    with pytest.raises(RangeError, match="no multiple"):
        Quire("int8").add(0.5)
    with pytest.raises(UnsupportedInputError):
        Quire("lns8")


def test_width_of_integer_accumulators(tally):
    for weights in ([3, -2, 1], [7], [0, 0], [127, -128]):
        for bits, signed in itertools.product((1, 2, 3), (True, False)):
            low, high = (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if signed else (0, (1 << bits) - 1)
            sums = [
                sum(w * x for w, x in zip(weights, xs, strict=True))
                for xs in itertools.product((low, high), repeat=len(weights))
            ]
            width = bits_needed(weights, bits, signed)
            assert all(abs(s) <= (1 << (width - 1)) - 1 for s in sums)
            assert sum(map(abs, weights)) <= largest_sum(width, bits, signed)
            tally.note(len(sums))
