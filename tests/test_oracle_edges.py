"""The oracle at the edges, worked out by hand: overflow, NaN, zero, subnormals, unsigned formats."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from chopper.errors import PolicyError, RangeError
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from tests.oracle import adversarial, exact, neighbours, round_code, round_codes, round_value

DETERMINISTIC = [mode for mode in Rounding if not mode.random]
NAN, INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("name", "threshold", "at", "above"),
    [
        ("e4m3", 464, 448, NAN),
        ("ue5m3", 118784, 114688, NAN),
        ("binary8p4se", 232, 224, INF),
        ("fp16", 65520, INF, INF),
        ("e5m2", 61440, INF, INF),
        ("e4m3_ieee", 248, INF, INF),
        ("e4m3fnuz", 248, NAN, NAN),
        ("e2m3", 7.75, 7.5, 7.5),
        ("e3m2", 30, 28, 28),
        ("e2m1", 7, 6, 6),
    ],
)
def test_nearest_even_at_the_overflow_threshold(name, threshold, at, above):
    fmt = get(name)
    policy = "infinity" if fmt.infinities else "nan" if fmt.has_nan else "saturate"
    tiny = Fraction(1, 2**60)
    same = lambda a, b: a == b or (a != a and b != b)  # noqa: E731
    assert round_value(fmt, threshold - tiny, "nearest_even", overflow=policy) == fmt.max
    assert same(round_value(fmt, threshold, "nearest_even", overflow=policy), at)
    assert same(round_value(fmt, threshold + tiny, "nearest_even", overflow=policy), above)


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("x", [65535, 65536, 1e300])
def test_directed_modes_at_overflow(x, sign):
    results = {mode.value: round_value(get("fp16"), sign * x, mode, overflow="infinity") for mode in DETERMINISTIC}
    top, infinity = sign * 65504, sign * INF
    assert results == {
        "nearest_even": infinity,
        "nearest_away": infinity,
        "nearest_zero": infinity,
        "toward_zero": top,
        "away_from_zero": infinity,
        "up": infinity if sign > 0 else top,
        "down": top if sign > 0 else infinity,
        "to_odd": top,
    }


def test_to_odd_at_overflow_takes_the_odd_code():
    assert round_value(get("binary8p4se"), 300, "to_odd", overflow="infinity") == INF
    assert round_value(get("fp16"), 1e9, "to_odd", overflow="infinity") == 65504


@pytest.mark.parametrize(
    ("name", "policy", "finite", "infinite"),
    [
        ("e5m2", "infinity", 0x7C, 0x7C),
        ("e5m2", "saturate", 0x7B, 0x7B),
        ("e5m2", "propagate", 0x7B, 0x7C),
        ("e5m2", "nan", 0x7E, 0x7C),
        ("e4m3", "saturate", 0x7E, 0x7E),
        ("e4m3", "propagate", 0x7E, 0x7F),
        ("e4m3", "nan", 0x7F, 0x7F),
        ("e2m1", "saturate", 0x7, 0x7),
        ("e2m1", "propagate", 0x7, 0x7),
    ],
)
def test_overflow_policies(name, policy, finite, infinite):
    fmt = get(name)
    for mode in ("nearest_even", "stochastic"):
        assert round_code(fmt, 1e30, mode, overflow=policy) == finite
        assert round_code(fmt, -1e30, mode, overflow=policy) == finite | fmt.sign_code
        assert round_code(fmt, INF, mode, overflow=policy) == infinite
        assert round_code(fmt, -INF, mode, overflow=policy) == infinite | fmt.sign_code


def test_nan_of_fnuz_has_no_sign():
    fmt = get("e4m3fnuz")
    for x in (1e30, -1e30, INF, -INF, NAN, -NAN):
        assert round_code(fmt, x, "nearest_even", overflow="nan") == 0x80


def test_refusals():
    for x in (1e30, -INF):
        with pytest.raises(RangeError):
            round_code(get("e4m3"), x, "nearest_even", overflow="raise")
        for policy in ("infinity", "nan", "wrap"):
            with pytest.raises(PolicyError):
                round_code(get("e2m1"), x, "nearest_even", overflow=policy)
    assert round_value(get("fp16"), INF, "nearest_even", overflow="raise") == INF
    with pytest.raises(RangeError):
        round_code(get("fp16"), 65520, "nearest_even", overflow="raise")
    with pytest.raises(RangeError):
        round_code(get("e2m1<nan_input=raise>"), NAN, "nearest_even")
    with pytest.raises(RangeError):
        round_code(get("binary8p3ue"), -1, "nearest_even", overflow="raise")


def test_nan():
    assert round_code(get("fp16"), NAN, "up") == 0x7E00
    assert round_code(get("fp16"), math.copysign(NAN, -1), "up") == 0xFE00
    assert round_code(get("float11"), math.copysign(NAN, -1), "up") == get("float11").nan_code
    assert round_code(get("e2m1"), math.copysign(NAN, -1), "up") == 7
    assert round_code(get("e2m1<nan_input=zero>"), NAN, "up") == 0


def test_sign_of_zero():
    assert round_code(get("e4m3"), -0.0, "nearest_even") == 0x80
    assert round_code(get("e4m3"), -1e-30, "nearest_even") == 0x80
    assert round_code(get("e4m3"), -1e-30, "up") == 0x80
    assert round_code(get("e4m3fnuz"), -0.0, "nearest_even") == 0
    assert round_code(get("e4m3fnuz"), -1e-30, "nearest_even") == 0
    assert round_code(get("cfloat8_1_4_3"), -1e-30, "nearest_even") == 0


def test_subnormals_rounded_or_flushed():
    small = Fraction(1, 2**14)  # the smallest normal number of fp16
    between = {mode.value: round_value(get("fp16<subnormals=round>"), small / 2, mode) for mode in DETERMINISTIC}
    up = {"nearest_away", "away_from_zero", "up", "to_odd"}
    assert between == {mode.value: small if mode.value in up else 0 for mode in DETERMINISTIC}
    flush = get("fp16<subnormals=flush>")
    assert round_value(flush, small * (1 - Fraction(1, 2**11)), "nearest_away") == 0  # 11 digits hold it
    assert round_value(flush, small * (1 - Fraction(1, 2**12)), "nearest_even") == small  # a tie, to even
    assert round_value(flush, small * (1 - Fraction(1, 2**12)), "nearest_zero") == 0
    assert round_value(flush, small / 2, "up") == 0
    assert round_code(flush, -small / 2, "down") == 0x8000


def test_dlfloat_has_a_binade_with_one_number_less():
    fmt = get("dlfloat16")
    lowest = Fraction(1, 2**31)
    assert round_value(fmt, lowest, "away_from_zero") == 0
    assert round_value(fmt, lowest * (1 + Fraction(1, 2**10)), "nearest_even") == 0
    assert round_value(fmt, lowest * (1 + Fraction(1, 2**10)), "nearest_away") == lowest * (1 + Fraction(1, 2**9))


def test_e8m0():
    fmt = get("e8m0")
    ties = {x: round_value(fmt, x, "nearest_even") for x in (0.75, 1.5, 3, 6, 12)}
    assert ties == {0.75: 0.5, 1.5: 2, 3: 2, 6: 8, 12: 8}
    assert [round_code(fmt, x, "toward_zero") for x in (0, -0.0, 1e-300)] == [0, 0, 0]
    assert [round_code(fmt, x, "nearest_even") for x in (-1, -1e-300, -INF, NAN)] == [0xFF] * 4
    assert round_code(get("e8m0<zero_input=nan>"), 0, "nearest_even") == 0xFF
    assert round_code(get("e8m0<zero_input=nan>"), 1e-300, "nearest_even") == 0
    assert round_code(get("e8m0<negative=zero>"), -1, "nearest_even") == 0
    assert round_code(get("e8m0<negative=magnitude>"), -3, "up") == 0x81


def test_unsigned_formats():
    for kind, wanted in {"zero": [0, 0, 0], "nan": [0x7F, 0x7F, 0], "magnitude": [0x38, 0x7E, 0]}.items():
        fmt = get(f"ue4m3<negative={kind}>")
        assert [round_code(fmt, x, "nearest_even", overflow="saturate") for x in (-1, -INF, -1e-30)] == wanted
    fmt = get("binary8p3ue")
    table = {
        ("infinity", "nearest_even"): [0xFF, 0xFF, 0],
        ("infinity", "toward_zero"): [0, 0xFF, 0],
        ("infinity", "up"): [0, 0xFF, 0],
        ("infinity", "down"): [0xFF, 0xFF, 0xFF],
        ("nan", "toward_zero"): [0xFF, 0xFF, 0xFF],
        ("saturate", "down"): [0, 0, 0],
        ("propagate", "down"): [0, 0, 0],
    }
    for (policy, mode), wanted in table.items():
        tiny = -1e-300 if mode != "toward_zero" or policy != "nan" else -1
        assert [round_code(fmt, x, mode, overflow=policy) for x in (-1, -INF, tiny)] == wanted, (policy, mode)


# --- the helpers -----------------------------------------------------------------------------------------------------


def test_exact():
    assert exact(np.float32(0.1)) == Fraction(13421773, 2**27)
    assert exact(2**70 + 1) == 2**70 + 1
    assert str(exact(-0.0)) == "-0.0"
    assert exact(0.0) == 0
    assert isinstance(exact(0.0), Fraction)


def test_neighbours():
    assert neighbours(get("e4m3"), Fraction(17, 16)) == (0x38, 0x39, Fraction(1, 2))
    assert neighbours(get("e4m3"), Fraction(1, 2**10)) == (0, 1, Fraction(1, 2))
    assert neighbours(get("e4m3<subnormals=round>"), Fraction(1, 2**7)) == (0, 8, Fraction(1, 2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name", ["e4m3", "fp16", "e8m0", "fp64", "dlfloat16", "binary12p1ue"])
def test_adversarial_inputs(name, dtype):
    fmt, xs = get(name), adversarial(get(name), dtype)
    assert xs.dtype == dtype
    bits = xs.view(f"u{xs.itemsize}")
    assert np.unique(bits).size == bits.size
    assert set(bits.tolist()) == set((bits ^ bits.dtype.type(1 << (xs.itemsize * 8 - 1))).tolist())
    payload = 0x7FFFFFFF if dtype is np.float32 else 0x7FFFFFFFFFFFFFFF
    assert {0, 1, payload} <= set(bits.tolist())
    assert np.isinf(xs).sum() == 2
    if name == "e4m3":
        wanted = {fmt.value(code) for code in fmt.codes} | {464.0, 480.0, 2.0**-10, 1.0625}
        assert {v for v in wanted if v == v} <= set(xs.tolist())


def test_arguments_are_checked():
    with pytest.raises(PolicyError):
        round_code(get("e4m3"), 1, "nearest_even", overflow="never")
    assert (
        round_codes(get("e4m3"), np.ones((2, 2), np.float32), "RNE", overflow=Overflow.NAN).tolist() == [[56] * 2] * 2
    )
    assert round_code(FloatFormat(exponent_bits=4, precision=4), 1, "RNE") == 56
