"""IEEE P3109: ``compat="p3109"`` for every format of 3 to 8 bits against an exact transcription of the report.

Interim Report v4.0, sections 4.7.4 (RoundToPrecision) and 4.7.5 (Saturate); values by the decode rule of section 3.
"""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

import chopper
from chopper.rounding import Rounding

SUBJECT = "P3109, exact transcription"
POLICIES = {"saturate": "SatFinite", "propagate": "SatPropagate", "infinity": "SatNone", None: "SatNone"}
BITS = 5
"""Random bits of the stochastic modes."""
CASES = [(k, p, s, d) for k in range(3, 9) for s in "su" for p in range(1, k + (s == "u")) for d in "ef"]


def decode(code, k, p, signed, extended):
    """Section 3: the value of a code, as a Fraction or a word."""
    if signed:
        bias, nan, infinity = 2 ** (k - p - 1) if k > p else 1, 2 ** (k - 1), 2 ** (k - 1) - 1
    else:
        bias, nan, infinity = 2 ** (k - p), 2**k - 1, 2**k - 2
    if code == nan:
        return "nan"
    if signed and code > nan:
        magnitude = decode(code - nan, k, p, signed, extended)
        return "-inf" if magnitude == "inf" else -magnitude
    if extended and code == infinity:
        return "inf"
    trailing, exponent = code % 2 ** (p - 1), code // 2 ** (p - 1)
    fraction = Fraction(trailing, 2 ** (p - 1))
    if exponent == 0:
        return fraction * Fraction(2) ** (1 - bias)
    return (1 + fraction) * Fraction(2) ** (exponent - bias)


def round_to_precision(x, p, bias, mode, r):
    """Section 4.7.4 on a nonzero Fraction; the exponent has no upper bound."""
    a = abs(x)
    exponent = a.numerator.bit_length() - a.denominator.bit_length()
    exponent -= Fraction(2) ** exponent > a
    quantum = Fraction(2) ** (max(exponent, 1 - bias) - p + 1)
    i, nu = divmod(a, quantum)
    nu /= quantum
    even = i % 2 == 0 if p > 1 else i == 0 or (max(exponent, 1 - bias) + bias) % 2 == 0
    one, half = 2**BITS, Fraction(1, 2)
    away = {
        "nearest_even": nu > half or (nu == half and not even),
        "nearest_away": nu >= half,
        "nearest_zero": nu > half,
        "up": nu > 0 and x > 0,
        "down": nu > 0 and x < 0,
        "toward_zero": False,
        "away_from_zero": nu > 0,
        "to_odd": nu > 0 and even,
        "stochastic": math.floor(nu * one) + r >= one,
        "stochastic_b": math.floor(nu * 2 * one) + 2 * r + 1 >= 2 * one,
        "stochastic_c": round(nu * one) + r >= one,
        "stochastic_equal": nu > 0 and r >= one // 2,
    }[mode]
    return (i + away) * quantum * (1 if x > 0 else -1)


def saturate(z, low, high, sat, mode, signed, extended):
    """Section 4.7.5; z is a Fraction or a word, and the first rule that fits holds."""
    if z == "nan" or (not isinstance(z, str) and low <= z <= high):
        return z
    infinite = isinstance(z, str)
    above = z == "inf" or (not infinite and z > high)
    if sat == "SatFinite" or (sat == "SatPropagate" and not infinite):
        return high if above else low
    positive, negative = ("inf" if extended else high), ("-inf" if signed and extended else low)
    if sat == "SatPropagate":
        return positive if above else negative
    if above:
        stays = mode in ("toward_zero", "down") or (mode == "to_odd" and not signed and extended)
        return high if stays and not infinite else positive
    if not infinite and mode in ("toward_zero", "up"):
        return low
    return negative if signed else "nan"


def inputs(values, high):
    """Values, midpoints, quarters and what lies around them and beyond, of both signs."""
    magnitudes = sorted({v for v in values if not isinstance(v, str) and v >= 0})
    top, gap = magnitudes[-1], magnitudes[-1] - magnitudes[-2]
    magnitudes += [top + gap * k for k in (1, 2, 3)] + [top * 64]
    points = [a + (b - a) * Fraction(k, 4) for a, b in pairwise(magnitudes) for k in range(4)]
    points += [magnitudes[1] / 1024, magnitudes[1] * (Fraction(1, 2) - Fraction(1, 2**30))]
    points = [x for x in points if x > 0]
    if len(points) > 250:
        points = points[:60] + points[60:-60:3] + points[-60:]
    return [sign * x for x in points for sign in (1, -1)]


@pytest.mark.parametrize(("k", "p", "s", "d"), CASES)
def test_every_format(k, p, s, d, tally):
    name, signed, extended = f"binary{k}p{p}{s}{d}", s == "s", d == "e"
    values = [decode(code, k, p, signed, extended) for code in range(2**k)]
    codes = {value: code for code, value in reversed(list(enumerate(values)))}
    finite = [v for v in values if not isinstance(v, str)]
    low, high = min(finite), max(finite)
    bias = 2 ** (k - p - 1) if signed else 2 ** (k - p)
    points = inputs(values, high)
    rng = np.random.default_rng(k * 16 + p)
    r = rng.integers(0, 2**BITS, len(points) + 5)
    words = (r << (32 - BITS)).astype(np.uint32)
    specials = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}
    x = np.array([float(point) for point in points] + [math.nan, math.inf, -math.inf, 0.0, -0.0])
    for mode in Rounding:
        rounded = [round_to_precision(z, p, bias, mode.value, int(n)) for z, n in zip(points, r, strict=False)]
        rounded += [*specials, Fraction(0), Fraction(0)]
        given = {"random_words": words, "random_bits": BITS} if mode.random else {}
        for policy, sat in POLICIES.items():
            z = [saturate(value, low, high, sat, mode.value, signed, extended) for value in rounded]
            want = np.array([codes[value] for value in z], np.uint8)
            got = chopper.encode(x, name, mode, overflow=policy, compat="p3109", **given)
            tally.same(got, want, x, fmt=name, mode=mode, about=sat)


@pytest.mark.parametrize(("k", "p", "s", "d"), CASES)
def test_decoding(k, p, s, d, tally):
    values = [decode(code, k, p, s == "s", d == "e") for code in range(2**k)]
    floats = np.array([float(value) for value in values])
    assert all(isinstance(v, str) or Fraction(f) == v for v, f in zip(values, floats.tolist(), strict=True))
    tally.same(chopper.decode(np.arange(2**k), f"binary{k}p{p}{s}{d}", np.float64), floats, fmt=f"binary{k}p{p}{s}{d}")


def test_examples_of_the_report():
    assert chopper.chop(9.0, "binary4p2ue", "to_odd", compat="p3109") == 6.0
    grid = chopper.decode(np.arange(8), "binary4p2se")
    assert grid.tolist() == [0, 0.25, 0.5, 0.75, 1, 1.5, 2, math.inf]
