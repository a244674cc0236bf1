"""The oracle itself: against lists of values, a second transcription of the standard, other libraries, and by hand."""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.oracle import adversarial, round_code, round_codes, round_value
from tests.strategies import float_formats

DETERMINISTIC = [mode for mode in Rounding if not mode.random]
NAN, INF = float("nan"), float("inf")


# --- against the list of all values ----------------------------------------------------------------------------------


def by_search(fmt, x, mode):
    """Round a magnitude inside the finite range by looking at all values."""
    table = sorted({fmt.value(code): code for code in range(fmt.max_code, -1, -1)}.items())
    values, codes = [v for v, _ in table], [c for _, c in table]
    at = bisect_right(values, abs(x)) - 1
    if values[at] == abs(x):
        return codes[at]
    low, high = values[at], values[at + 1]
    nearer = {True: codes[at], False: codes[at + 1]}[abs(x) - low < high - abs(x)]
    tied = abs(x) - low == high - abs(x)
    even = codes[at] if codes[at] % 2 == 0 else codes[at + 1]
    return {
        Rounding.NEAREST_EVEN: even if tied else nearer,
        Rounding.NEAREST_AWAY: codes[at + 1] if tied else nearer,
        Rounding.NEAREST_ZERO: codes[at] if tied else nearer,
        Rounding.TOWARD_ZERO: codes[at],
        Rounding.AWAY_FROM_ZERO: codes[at + 1],
        Rounding.UP: codes[at + (x > 0)],
        Rounding.DOWN: codes[at + (x < 0)],
        Rounding.TO_ODD: codes[at] if codes[at] % 2 == 1 else codes[at + 1],
    }[mode]


@given(float_formats(4, 4), st.data())
@settings(max_examples=60)
def test_rounding_finds_the_neighbours_in_the_list_of_values(fmt, data):
    if fmt.subnormals.value == "flush" or not fmt.zero:
        return
    sign = -1 if fmt.signed and data.draw(st.booleans()) else 1
    for _ in range(6):
        code = data.draw(st.integers(0, fmt.max_code - 1))
        nu = Fraction(data.draw(st.integers(0, 8)), 8)
        low, high = fmt.value(code), fmt.value(code + 1)
        x = sign * (low + nu * (high - low))
        for mode in DETERMINISTIC:
            found = round_code(fmt, x, mode, overflow="saturate")
            assert found & (fmt.half - 1) == by_search(fmt, x, mode), (x, mode)
            assert fmt.value(found) == 0 or (fmt.value(found) < 0) == (x < 0)


@given(float_formats(5, 6), st.data())
@settings(max_examples=60)
def test_values_round_to_themselves(fmt, data):
    code = data.draw(st.integers(fmt.first_code, fmt.max_code))
    for mode in Rounding:
        for policy in ("saturate", "propagate", "raise"):
            assert round_code(fmt, fmt.value(code), mode, overflow=policy, word=0xFFFFFFFF) == code
            if fmt.signed:
                assert round_code(fmt, -fmt.value(code), mode, overflow=policy, word=0xFFFFFFFF) == code | fmt.sign_code


# --- against a second transcription: P3109 4.7.4 and 4.7.5 -----------------------------------------------------------


def floor_log2(a):
    e = a.numerator.bit_length() - a.denominator.bit_length()
    return e - 1 if Fraction(2) ** e > a else e


def round_to_precision(x, p, bias, mode, r=0, n=0):
    if x == 0:
        return x
    q = max(floor_log2(abs(x)), 1 - bias) - p + 1
    s = abs(x) / Fraction(2) ** q
    i = math.floor(s)
    nu, half, one = s - i, Fraction(1, 2), 2**n
    even = i % 2 == 0 if p > 1 else (i == 0 or (q + bias) % 2 == 0)
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
        "stochastic_equal": nu > 0 and r >> (n - 1) == 1 if n else False,
    }[mode]
    z = (i + away) * Fraction(2) ** q
    return z if x > 0 else -z


def saturate(z, low, high, sat, mode, signed):
    """An extended domain; z is a Fraction or an infinity."""
    if math.isfinite(z) and low <= z <= high:
        return z
    above, infinite = z > high, math.isinf(z)
    if sat == "SatFinite":
        return high if above else low
    if sat == "SatPropagate":
        if infinite:
            return INF if above else -INF if signed else low
        return high if above else low
    if above:
        stays = mode in ("toward_zero", "down") or (mode == "to_odd" and not signed)
        return high if not infinite and stays else INF
    if not infinite and mode in ("toward_zero", "up"):
        return low
    return -INF if signed else NAN


POLICIES = {"saturate": "SatFinite", "propagate": "SatPropagate", "infinity": "SatNone"}
P3109 = [f"binary{k}p{p}{s}e" for k in (3, 4) for s in "su" for p in range(1, k + (s == "u"))] + ["binary6p3se"]


@pytest.mark.parametrize("name", P3109)
def test_extended_p3109_formats_follow_the_report(name):
    fmt = get(name)
    signed, high = fmt.signed, fmt.max
    low = -high if signed else Fraction(0)
    values = sorted({abs(fmt.value(c)) for c in range(fmt.max_code + 1)})
    gap = Fraction(2) ** (fmt.emax - fmt.fraction_bits)
    values += [high + gap * k / 2 for k in range(1, 7)] + [high * 100]
    points = [v + (w - v) * k / 4 for v, w in pairwise(values) for k in range(4)]
    for x in [sign * point for point in points for sign in (1, -1)] + [INF, -INF]:
        for mode in Rounding:
            for word in (0, 0xA0000000, 0xF0000000) if mode.random else (0,):
                z = x
                if math.isfinite(x):
                    z = round_to_precision(x, fmt.precision, fmt.bias, mode.value, word >> 28, 4)
                for ours, theirs in POLICIES.items():
                    wanted = saturate(z, low, high, theirs, mode.value, signed)
                    found = round_value(fmt, x, mode, overflow=ours, word=word, random_bits=4)
                    assert found == wanted or (found != found and wanted != wanted), (x, mode, ours, word)


def test_example_of_the_report():
    assert round_value(get("binary4p2ue"), 9, "to_odd", overflow="infinity") == 6


# --- against other libraries -----------------------------------------------------------------------------------------

ML_DTYPES = {
    "bf16": ("bfloat16", "infinity"),
    "e5m2": ("float8_e5m2", "infinity"),
    "e4m3": ("float8_e4m3fn", "nan"),
    "e4m3_ieee": ("float8_e4m3", "infinity"),
    "e3m4": ("float8_e3m4", "infinity"),
    "e4m3fnuz": ("float8_e4m3fnuz", "nan"),
    "e5m2fnuz": ("float8_e5m2fnuz", "nan"),
    "e4m3b11fnuz": ("float8_e4m3b11fnuz", "nan"),
    "e2m3": ("float6_e2m3fn", "saturate"),
    "e3m2": ("float6_e3m2fn", "saturate"),
    "e2m1": ("float4_e2m1fn", "saturate"),
}


@pytest.mark.parametrize("name", ML_DTYPES)
def test_nearest_even_is_that_of_ml_dtypes(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    theirs, policy = ML_DTYPES[name]
    fmt, dtype = get(name), np.dtype(getattr(ml_dtypes, theirs))
    xs = adversarial(fmt, np.float32)
    xs = xs if fmt.has_nan else xs[~np.isnan(xs)]
    with np.errstate(all="ignore"):
        codes = xs.astype(dtype).view(f"u{dtype.itemsize}")
    wrong = xs[round_codes(fmt, xs, "nearest_even", overflow=policy) != codes]
    assert wrong.size == 0, wrong[:5]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nearest_even_is_that_of_numpy(dtype):
    xs = adversarial(get("fp16"), dtype)
    xs = xs[~np.isnan(xs)]
    with np.errstate(all="ignore"):
        codes = xs.astype(np.float16).view(np.uint16)
    assert np.array_equal(round_codes(get("fp16"), xs, "nearest_even"), codes)


def test_narrowing_to_fp32_is_that_of_the_machine():
    xs = adversarial(get("fp32"), np.float64)
    xs = xs[~np.isnan(xs)]
    with np.errstate(all="ignore"):
        codes = xs.astype(np.float32).view(np.uint32)
    assert np.array_equal(round_codes(get("fp32"), xs, "nearest_even"), codes)


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "binary8p3se", "binary6p1se"])
def test_other_modes_are_those_of_gfloat(name):
    gfloat, formats = pytest.importorskip("gfloat"), pytest.importorskip("gfloat.formats")
    info = {
        "e4m3": formats.format_info_ocp_e4m3,
        "e5m2": formats.format_info_ocp_e5m2,
        "binary8p3se": formats.format_info_p3109(8, 3),
        "binary6p1se": formats.format_info_p3109(6, 1),
    }[name]
    modes = {
        Rounding.NEAREST_EVEN: gfloat.RoundMode.TiesToEven,
        Rounding.NEAREST_AWAY: gfloat.RoundMode.TiesToAway,
        Rounding.TOWARD_ZERO: gfloat.RoundMode.TowardZero,
        Rounding.UP: gfloat.RoundMode.TowardPositive,
        Rounding.DOWN: gfloat.RoundMode.TowardNegative,
        Rounding.STOCHASTIC: gfloat.RoundMode.StochasticFastest,
        Rounding.STOCHASTIC_B: gfloat.RoundMode.StochasticFast,
        Rounding.STOCHASTIC_C: gfloat.RoundMode.Stochastic,
    }
    fmt = get(name)
    xs = adversarial(fmt, np.float32)  # gfloat adds 1/2 in float64, which errs just below half the smallest number
    xs = xs[np.isfinite(xs) & (np.abs(xs) <= float(fmt.max)) & (np.abs(xs) >= 1e-30)]
    for x in map(float, np.random.default_rng(1).permutation(xs)[:400]):
        for mode, theirs in modes.items():
            wanted = gfloat.round_float(info, x, theirs, sat=True, srbits=11, srnumbits=4)
            assert round_value(fmt, x, mode, overflow="saturate", word=11 << 28, random_bits=4) == wanted, (x, mode)


# --- stochastic modes ------------------------------------------------------------------------------------------------


def chance(fmt, x, mode, bits):
    """The probability that x moves away from zero, by counting all random words."""
    low = round_code(fmt, x, "toward_zero", overflow="saturate")
    words = [r << (32 - bits) for r in range(1 << bits)]
    moved = sum(round_code(fmt, x, mode, word=word, random_bits=bits) != low for word in words)
    return Fraction(moved, 1 << bits)


@pytest.mark.parametrize("bits", [1, 2, 3, 4])
@pytest.mark.parametrize(("low", "high"), [(0, 2**-9), (2**-7, 2**-7 + 2**-9), (1, 1.125), (416, 448), (1.875, 2)])
def test_stochastic_probabilities(bits, low, high):
    fmt, one = get("e4m3"), 1 << bits
    for k in range(4 * one):
        nu = Fraction(k, 4 * one)
        x = Fraction(low) + nu * (Fraction(high) - Fraction(low))
        assert chance(fmt, x, "stochastic", bits) == Fraction(math.floor(nu * one), one)
        assert chance(fmt, x, "stochastic_b", bits) == Fraction(math.floor(nu * one + Fraction(1, 2)), one)
        assert chance(fmt, x, "stochastic_c", bits) == Fraction(round(nu * one), one)
        assert chance(fmt, x, "stochastic_equal", bits) == (Fraction(1, 2) if nu else 0)


def test_stochastic_overflow_reaches_one_step_beyond_the_largest():
    fmt = get("e5m2")
    for k in range(16):
        x = fmt.max + Fraction(8192 * k, 16)
        beyond = [round_value(fmt, x, "stochastic", word=r << 28, random_bits=4) == INF for r in range(16)]
        assert sum(beyond) == k
    assert all(round_value(fmt, 65536, "stochastic", word=r << 28, random_bits=4) == INF for r in range(16))


def test_random_bits_are_the_top_of_the_word():
    fmt = get("e4m3")
    assert round_value(fmt, 1.0625, "stochastic", word=0x7FFFFFFF, random_bits=1) == 1
    assert round_value(fmt, 1.0625, "stochastic", word=0x80000000, random_bits=1) == 1.125
    assert round_value(fmt, 1 + Fraction(1, 2**35), "stochastic", word=0xFFFFFFFF) == 1.125
    assert round_value(fmt, 1 + Fraction(1, 2**36), "stochastic", word=0xFFFFFFFF) == 1


def test_stochastic_rounding_below_the_smallest_normal():
    fmt = get("fp16<subnormals=round>")
    for k in range(16):
        assert chance(fmt, fmt.smallest_normal * k / 16, "stochastic", 4) == Fraction(k, 16)
