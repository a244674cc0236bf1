"""The table of named formats against the numbers of their specifications."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from chopper.formats.float import FloatFormat
from chopper.formats.grammar import fold
from chopper.formats.policies import Negative, Subnormals, ZeroInput
from chopper.formats.registry import get, rows
from chopper.formats.tables import FLOATS


def two(exponent):
    return Fraction(2) ** exponent


# name: bits, infinity code, NaN code, negative zero, max, smallest normal, smallest subnormal
FACTS = {
    "fp16": (16, 0x7C00, 0x7E00, True, 65504, two(-14), two(-24)),
    "fp16_alt": (16, None, None, True, 131008, two(-14), two(-24)),
    "bf16": (16, 0x7F80, 0x7FC0, True, 255 * two(120), two(-126), two(-133)),
    "tf32": (19, 0x3FC00, 0x3FE00, True, 2047 * two(117), two(-126), two(-136)),
    "fp32": (32, 0x7F800000, 0x7FC00000, True, (2**24 - 1) * two(104), two(-126), two(-149)),
    "fp64": (64, 0x7FF << 52, 0xFFF << 51, True, (2**53 - 1) * two(971), two(-1022), two(-1074)),
    "e5m2": (8, 0x7C, 0x7E, True, 57344, two(-14), two(-16)),
    "e4m3": (8, None, 0x7F, True, 448, two(-6), two(-9)),
    "e4m3_ieee": (8, 0x78, 0x7C, True, 240, two(-6), two(-9)),
    "e3m4": (8, 0x70, 0x78, True, Fraction(31, 2), two(-2), two(-6)),
    "e4m3fnuz": (8, None, 0x80, False, 240, two(-7), two(-10)),
    "e5m2fnuz": (8, None, 0x80, False, 57344, two(-15), two(-17)),
    "e4m3b11fnuz": (8, None, 0x80, False, 30, two(-10), two(-13)),
    "e4m3b15": (8, None, None, True, Fraction(15, 8), two(-14), two(-17)),
    "e8m0": (8, None, 0xFF, False, two(127), two(-127), None),
    "ms_fp8": (8, 0x7C, 0x7E, True, 57344, two(-14), two(-16)),
    "ms_fp9": (9, 0xF8, 0xFC, True, 61440, two(-14), two(-17)),
    "ue4m3": (7, None, 0x7F, False, 448, two(-6), two(-9)),
    "ue5m3": (8, None, 0xFF, False, 114688, two(-14), two(-17)),
    "e2m3": (6, None, None, True, Fraction(15, 2), 1, two(-3)),
    "e3m2": (6, None, None, True, 28, two(-2), two(-4)),
    "e2m1": (4, None, None, True, 6, 1, two(-1)),
    "e3m0": (4, None, None, True, 16, two(-2), None),
    "dlfloat16": (16, None, 0x7FFF, True, two(33) - two(24), two(-31) * (1 + two(-9)), None),
    "dlfloat8": (8, None, 0x7F, True, 448, two(-7) * (1 + two(-3)), None),
    "dlfloat9": (9, None, 0xFF, True, 114688, two(-15) * (1 + two(-3)), None),
    "hfp8_forward": (8, None, 0x80, False, 30, two(-10), two(-13)),
    "hfp8_backward": (8, 0x7C, 0x7E, True, 57344, two(-14), two(-16)),
    "fp24": (24, 0x7F0000, 0x7F8000, True, 131071 * two(47), two(-62), None),
    "pxr24": (24, 0x7F8000, 0x7FC000, True, 65535 * two(112), two(-126), two(-141)),
    "cfloat8_1_4_3": (8, None, None, False, (2 - two(-3)) * two(8), two(-6), two(-9)),
    "cfloat8_1_5_2": (8, None, None, False, (2 - two(-2)) * two(16), two(-14), two(-16)),
    "cfloat16_shp": (16, None, None, False, (2 - two(-10)) * two(16), two(-14), two(-24)),
    "cfloat16_uhp": (16, None, None, False, (2 - two(-10)) * two(32), two(-30), None),
    "float11": (11, 0x7C0, 0x7E0, False, 65024, two(-14), two(-20)),
    "float10": (10, 0x3E0, 0x3F0, False, 64512, two(-14), two(-19)),
}


@pytest.mark.parametrize("name", FACTS)
def test_numbers_of_the_specification(name):
    fmt = get(name)
    assert isinstance(fmt, FloatFormat)
    found = (
        fmt.bits,
        fmt.infinity_code,
        fmt.nan_code,
        fmt.negative_zero,
        fmt.max,
        fmt.smallest_normal,
        fmt.smallest_subnormal,
    )
    assert found == FACTS[name]


def test_every_row_has_facts_and_a_source():
    assert {row.name for row in FLOATS} == set(FACTS)
    for row in FLOATS:
        assert row.source
        assert row.format.name == row.name


def test_no_name_stands_for_two_formats():
    keys = [fold(name) for row in FLOATS for name in (row.name, *row.aliases)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("row", FLOATS, ids=lambda row: row.name)
def test_every_name_leads_to_its_row(row):
    for name in (row.name, *row.aliases):
        assert get(name) is row.format
        assert get(name.upper().replace("_", "-")) is row.format
    assert get(str(row.format)) == row.format


def test_table_is_what_the_registry_lists_first():
    assert list(rows())[: len(FLOATS)] == list(FLOATS)


# floats.md 2.2: the largest code decides what nearest_even does halfway to the next binade's first number
@pytest.mark.parametrize(
    ("name", "code", "threshold"),
    [
        ("e4m3", 0x7E, 464),
        ("ue5m3", 0xFE, 118784),
        ("binary8p4se", 0x7E, 232),
        ("fp16", 0x7BFF, 65520),
        ("e5m2", 0x7B, 61440),
        ("e4m3_ieee", 0x77, 248),
        ("e4m3fnuz", 0x7F, 248),
        ("e2m3", 0x1F, 7.75),
        ("e3m2", 0x1F, 30),
        ("e2m1", 0x7, 7),
    ],
)
def test_overflow_thresholds(name, code, threshold):
    fmt = get(name)
    assert fmt.max_code == code
    assert fmt.max + two(fmt.emax - fmt.fraction_bits) / 2 == threshold


# LLVM's fltSemantics: maxExponent, minExponent, precision, sizeInBits
@pytest.mark.parametrize(
    ("name", "semantics"),
    [
        ("e5m2", (15, -14, 3, 8)),
        ("e5m2fnuz", (15, -15, 3, 8)),
        ("e4m3_ieee", (7, -6, 4, 8)),
        ("e4m3", (8, -6, 4, 8)),
        ("e4m3fnuz", (7, -7, 4, 8)),
        ("e4m3b11fnuz", (4, -10, 4, 8)),
        ("e3m4", (3, -2, 5, 8)),
        ("tf32", (127, -126, 11, 19)),
        ("e8m0", (127, -127, 1, 8)),
        ("e3m2", (4, -2, 3, 6)),
        ("e2m3", (2, 0, 4, 6)),
        ("e2m1", (2, 0, 2, 4)),
    ],
)
def test_llvm_semantics(name, semantics):
    fmt = get(name)
    assert (fmt.emax, fmt.emin, fmt.precision, fmt.bits) == semantics


def test_policies_of_the_unusual_formats():
    assert get("float11").negative is get("float10").negative is Negative.ZERO
    assert get("ue4m3").negative is get("ue5m3").negative is Negative.ZERO
    assert get("e8m0").negative is Negative.NAN
    assert get("e8m0").zero_input is ZeroInput.SMALLEST
    assert get("binary8p3ue").negative is Negative.OVERFLOW
    assert get("fp24").subnormals is get("dlfloat16").subnormals is Subnormals.FLUSH


def test_fp4_values():
    assert [get("e2m1").value(code) for code in range(8)] == [0, 0.5, 1, 1.5, 2, 3, 4, 6]
    assert [get("e3m0").value(code) for code in range(8)] == [0, 0.25, 0.5, 1, 2, 4, 8, 16]


def test_e8m0_is_all_powers_of_two():
    fmt = get("e8m0")
    assert [fmt.value(code) for code in range(255)] == [two(code - 127) for code in range(255)]
    assert math.isnan(fmt.value(255))


@pytest.mark.parametrize("bias", [0, 20, 63])
def test_cfloat_range_follows_its_bias(bias):
    for m, name in ((3, "cfloat8_1_4_3"), (2, "cfloat8_1_5_2")):
        fmt = get(f"{name}<bias={bias}>")
        assert fmt.smallest_normal == two(1 - bias)
        assert fmt.max == (2 - two(-m)) * two(2 ** (7 - m) - 1 - bias)
