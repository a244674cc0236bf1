"""Logarithmic numbers against xlns (Mark Arnold): rounding to nearest by the logarithm, and the sign.

xlns holds an unbounded exponent and computes it as round(log(|x|) * 2^F / log(2)) in double.  Next to a threshold that
may be wrong, so numbers are drawn, those within 2^-40 of a threshold are left out, and the rest must agree.  Out of
range, chopper saturates or goes to zero, where xlns goes on: its exponent is bounded here before the comparison.
"""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.lns import LnsFormat

xlns = pytest.importorskip("xlns")

SUBJECT = "xlns, conversion"
FORMATS = [(8, 3), (8, 2), (8, 4), (12, 6), (16, 8), (8, 0), (16, 10), (5, 1)]


@pytest.fixture(autouse=True)
def restore():
    """Set the global number of fraction bits back."""
    before = xlns.xlnsF
    yield
    xlns.xlnssetF(before)


def exponents(x: np.ndarray, fraction_bits: int) -> np.ndarray:
    """Return the exponent that xlns gives each number, in steps."""
    xlns.xlnssetF(fraction_bits)
    return xlns.xlnsnp(x).nd >> 1


def clear(x: np.ndarray, fraction_bits: int) -> np.ndarray:
    """Return which numbers are not next to a threshold, where double precision does not decide."""
    place = np.log2(np.abs(x)) * 2.0**fraction_bits
    return np.abs(place - np.floor(place) - 0.5) > 2.0**-40 * 2.0**fraction_bits


@pytest.mark.parametrize(("width", "fraction_bits"), FORMATS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_conversion(width: int, fraction_bits: int, dtype: str, tally) -> None:
    fmt = LnsFormat(width=width, fraction_bits=fraction_bits)
    rng = np.random.default_rng(width)
    reach = float(np.log(float(fmt.max))) * 1.2
    x = (np.exp(rng.uniform(-reach, reach, 20000)) * rng.choice([-1, 1], 20000)).astype(dtype)
    x = x[clear(x.astype(np.float64), fraction_bits)]
    assert x.size > 19990
    e = exponents(x.astype(np.float64), fraction_bits)
    kept = e >= fmt.lowest
    bounded = np.minimum(e, fmt.highest) & (fmt.sign_code - 1)
    want = np.where(kept, bounded + np.where(x < 0, fmt.sign_code, 0), fmt.reserved)
    codes = chopper.encode(x, fmt)
    tally.same(codes, want.astype(codes.dtype), x, fmt=fmt, mode="nearest_even")


def test_values_of_codes(tally) -> None:
    """Powers of the base agree to the last bits of a double, and convert back to the exponent they came from."""
    fmt = chopper.get("lns8")
    codes = np.array([code for code in fmt.codes if fmt.is_finite(code) and fmt.value(code)], np.uint8)
    values = chopper.decode(codes, fmt, np.float64)
    e = exponents(values, 3)
    tally.same((e & 0x7F).astype(np.uint8) | np.where(values < 0, 0x80, 0).astype(np.uint8), codes, fmt=fmt)


def test_zero_and_sign(tally) -> None:
    """Zero is a code of its own in both."""
    xlns.xlnssetF(3)
    found = xlns.xlnsnp(np.array([0.0, 1.0, -1.0])).nd
    assert found[0] >> 1 < -(2**40)
    assert [int(k) for k in found[1:]] == [0, 1]
    tally.same(chopper.encode(np.array([0.0, 1.0, -1.0]), "lns8"), np.array([0x40, 0, 0x80], np.uint8))
