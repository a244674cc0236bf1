"""FloatFormat against other libraries, against P3109's own rule, and against itself."""

from __future__ import annotations

import json
import math
import random
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chopper.errors import FormatError
from chopper.formats.float import FloatFormat
from chopper.formats.registry import get
from tests.strategies import float_formats

# --- every code, against foreign libraries ---------------------------------------------------------------------------

ML_DTYPES = {
    "bf16": "bfloat16",
    "e5m2": "float8_e5m2",
    "e4m3": "float8_e4m3fn",
    "e4m3_ieee": "float8_e4m3",
    "e3m4": "float8_e3m4",
    "e4m3fnuz": "float8_e4m3fnuz",
    "e5m2fnuz": "float8_e5m2fnuz",
    "e4m3b11fnuz": "float8_e4m3b11fnuz",
    "e8m0": "float8_e8m0fnu",
    "e2m3": "float6_e2m3fn",
    "e3m2": "float6_e3m2fn",
    "e2m1": "float4_e2m1fn",
}


def same(ours: Fraction | float, theirs: float) -> bool:
    """Whether two values are equal, the sign of zero included; NaNs are all equal."""
    if ours != ours:
        return theirs != theirs
    return ours == theirs and (ours != 0 or math.copysign(1, ours) == math.copysign(1, theirs))


@pytest.mark.parametrize("name", ML_DTYPES)
def test_every_code_decodes_as_in_ml_dtypes(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    dtype = np.dtype(getattr(ml_dtypes, ML_DTYPES[name]))
    fmt = get(name)
    assert isinstance(fmt, FloatFormat)
    codes = np.arange(1 << fmt.bits, dtype=f"u{dtype.itemsize}")
    with np.errstate(invalid="ignore"):
        theirs = codes.view(dtype).astype(np.float64)
    wrong = [code for code in fmt.codes if not same(fmt.value(code), float(theirs[code]))]
    assert not wrong


@pytest.mark.parametrize("name", ML_DTYPES)
def test_finite_range_agrees_with_ml_dtypes(name):
    ml_dtypes = pytest.importorskip("ml_dtypes")
    info, fmt = ml_dtypes.finfo(getattr(ml_dtypes, ML_DTYPES[name])), get(name)
    assert float(info.max) == fmt.max
    assert float(info.smallest_normal) == fmt.smallest_normal
    assert info.bits == fmt.bits
    if name != "e8m0":
        assert float(info.eps) == fmt.eps


def test_nan_codes_are_those_of_ml_dtypes():
    ml_dtypes = pytest.importorskip("ml_dtypes")
    for name, theirs in ML_DTYPES.items():
        fmt = get(name)
        if fmt.has_nan:
            dtype = np.dtype(getattr(ml_dtypes, theirs))
            code = int(np.array([np.nan], np.float32).astype(dtype).view(f"u{dtype.itemsize}")[0])
            assert fmt.nan_code == code, name


@pytest.mark.parametrize(("name", "dtype", "codes"), [("fp16", "f2", "u2"), ("fp32", "f4", "u4"), ("fp64", "f8", "u8")])
def test_codes_decode_as_in_numpy(name, dtype, codes):
    fmt, rng = get(name), np.random.default_rng(1)
    sample = np.arange(1 << 16, dtype="u2") if name == "fp16" else rng.integers(0, 1 << fmt.bits, 5000, codes)
    theirs = sample.view(dtype)
    assert all(same(fmt.value(int(c)), float(v)) for c, v in zip(sample, theirs, strict=True))


@pytest.mark.parametrize("k", range(3, 13))
def test_p3109_codes_decode_as_in_gfloat(k):
    formats = pytest.importorskip("gfloat.formats")
    gfloat = pytest.importorskip("gfloat")
    rng = random.Random(k)
    for p, signed, extended in shapes(k):
        fmt = get(p3109_name(k, p, signed, extended))
        info = formats.format_info_p3109(
            k,
            p,
            formats.Signedness.Signed if signed else formats.Signedness.Unsigned,
            formats.Domain.Extended if extended else formats.Domain.Finite,
        )
        if fmt.emax > 1023 or fmt.emin - p + 1 < -1074:
            continue
        codes = list(fmt.codes) if k <= 6 else rng.sample(fmt.codes, 40)
        assert all(same(fmt.value(c), gfloat.decode_float(info, c).fval) for c in codes), str(fmt)


# --- P3109 by its own rule -------------------------------------------------------------------------------------------


def shapes(k):
    """Every P3109 format of K bits: P, signed, extended."""
    for extended in (True, False):
        yield from ((p, True, extended) for p in range(1, k))
        yield from ((p, False, extended) for p in range(1, k + 1))


def p3109_name(k, p, signed, extended):
    return f"binary{k}p{p}{'s' if signed else 'u'}{'e' if extended else 'f'}"


def p3109_decode(x, k, p, signed, extended):
    """P3109 Interim Report 4.0, section 3 and annexes: the value of code x."""
    nan = 1 << (k - 1) if signed else (1 << k) - 1
    infinity = ((1 << (k - 1)) - 1 if signed else (1 << k) - 2) if extended else None
    minus_infinity = (1 << k) - 1 if signed and extended else None
    if x in (nan, infinity, minus_infinity):
        return {nan: math.nan, infinity: math.inf, minus_infinity: -math.inf}[x]
    if signed and x > 1 << (k - 1):
        return -p3109_decode(x - (1 << (k - 1)), k, p, signed, extended)
    bias = 2 ** (k - p - 1) if signed else 2 ** (k - p)
    trailing, field = x % 2 ** (p - 1), x // 2 ** (p - 1)
    if field == 0:
        return trailing * Fraction(2) ** (1 - p) * Fraction(2) ** (1 - bias)
    return (1 + trailing * Fraction(2) ** (1 - p)) * Fraction(2) ** (field - bias)


@pytest.mark.parametrize("k", range(3, 17))
def test_p3109_decodes_by_the_rule_of_the_report(k):
    rng = random.Random(k)
    for shape in shapes(k):
        fmt = get(p3109_name(k, *shape))
        edges = {
            0,
            1,
            2,
            (1 << k - 1) - 2,
            (1 << k - 1) - 1,
            1 << k - 1,
            (1 << k - 1) + 1,
            *((1 << k) - n for n in (3, 2, 1)),
        }
        codes = fmt.codes if k <= 10 else sorted({*rng.sample(fmt.codes, 20), *edges})
        assert all(same(fmt.value(c), p3109_decode(c, k, *shape)) for c in codes), str(fmt)
        signed = shape[1]
        assert fmt.value(1 << (k - 2 if signed else k - 1)) == 1
        assert fmt.nan_code == (1 << (k - 1) if signed else (1 << k) - 1)


def test_p3109_emax_by_annex_a5():
    for k in range(3, 17):
        for p, signed, extended in shapes(k):
            emax = 2 ** (k - p - 1) - 1 if signed else 2 ** (k - p) - 1
            if p == 1:
                emax = {(0, 1): 2 ** (k - 1) - 3, (0, 0): 2 ** (k - 1) - 2, (1, 1): 2 ** (k - 2) - 2}.get(
                    (int(signed), int(extended)), emax
                )
            elif p == 2 and not signed and extended:
                emax = 2 ** (k - 2) - 2
            assert get(p3109_name(k, p, signed, extended)).emax == emax


def test_p3109_examples():
    assert get("binary8p4se").max == 224
    assert get("binary8p4se").smallest == Fraction(1, 2**10)
    assert get("binary8p3se").max == 49152
    assert get("binary8p3se").smallest == Fraction(1, 2**17)
    assert get("binary8p1se").smallest == Fraction(1, 2**63)
    four = get("binary4p2se")
    assert [four.value(c) for c in range(8)] == [0, 0.25, 0.5, 0.75, 1, 1.5, 2, math.inf]


# --- any format ------------------------------------------------------------------------------------------------------


@given(float_formats())
def test_text_and_dict_lead_back_to_the_format(fmt):
    assert get(str(fmt)) == fmt
    assert FloatFormat.from_dict(json.loads(json.dumps(fmt.to_dict()))) == fmt
    assert get(fmt) is fmt


@given(float_formats(5, 5))
def test_codes_of_the_positive_half_are_monotone(fmt):
    values = [fmt.value(code) for code in range(fmt.first_code, fmt.max_code + 1)]
    assert all(low < high for low, high in pairwise(values))
    assert all(fmt.value(code) == 0 for code in range(fmt.first_code))
    assert values[0] == fmt.smallest
    assert values[-1] == fmt.max
    assert not fmt.infinities or fmt.value(fmt.max_code + 1) == math.inf
    assert all(math.isnan(fmt.value(fmt.half - 1 - n)) for n in range(fmt.top_nans))


@given(float_formats(5, 5))
def test_properties_agree_with_the_values(fmt):
    finite = [v for v in map(fmt.value, fmt.codes) if math.isfinite(v)]
    assert max(finite) == fmt.max
    assert min(finite) == fmt.min
    assert min(v for v in finite if v > 0) == fmt.smallest
    assert fmt.has_nan == any(math.isnan(fmt.value(c)) for c in fmt.codes)
    assert Fraction(2) ** fmt.emax <= fmt.max < Fraction(2) ** (fmt.emax + 1)
    below = [v for v in finite if 0 < v < fmt.smallest_normal]
    assert fmt.smallest_subnormal == (min(below) if below else fmt.smallest_subnormal)
    assert bool(below) == (fmt.smallest_subnormal is not None)


@given(float_formats(5, 5))
def test_special_codes_mean_what_they_say(fmt):
    if fmt.nan_code is not None:
        assert math.isnan(fmt.value(fmt.nan_code))
    if fmt.negative_zero:
        assert str(fmt.value(fmt.sign_code)) == "-0.0"
    if fmt.signed and fmt.top_nans and not fmt.nan_at_negative_zero:
        assert math.isnan(fmt.value(fmt.nan_code | fmt.sign_code))


@given(float_formats(5, 5))
def test_negative_half_mirrors_the_positive(fmt):
    if fmt.signed:
        for code in range(fmt.first_code, fmt.max_code + 1):
            assert fmt.value(fmt.sign_code | code) == -fmt.value(code)


@given(st.integers(1, 11), st.integers(1, 53))
@settings(max_examples=30)
def test_every_shape_has_a_spelling(w, p):
    fmt = FloatFormat(exponent_bits=w, precision=p, infinities=False, top_nans=0)
    assert get(fmt.spelling) == fmt


# --- mistakes --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"exponent_bits": 0}, "exponent_bits=0 is not legal; legal: an integer from 1 to 19"),
        ({"exponent_bits": True}, "exponent_bits=True"),
        ({"precision": 54}, "precision=54 is not legal; legal: an integer from 1 to 53"),
        ({"precision": 2.0}, "precision=2.0"),
        ({"exponent_bits": 19, "precision": 53}, "72 bits is not legal; legal: at most 64"),
        ({"bias": 1 << 21}, "bias="),
        ({"signed": 1}, "signed=1 is not legal; legal: True, False"),
        ({"subnormals": "maybe"}, "legal: 'gradual', 'round', 'flush'"),
        ({"negative": "wrap"}, "negative='wrap'"),
        ({"top_nans": 128}, "top_nans=128"),
        ({"top_nans": 127}, "leaves no normal number"),
        ({"nan_at_negative_zero": True, "signed": False}, "needs signed=True"),
        ({"negative_zero": True, "signed": False}, "negative_zero=True needs"),
        ({"zero": False}, "zero=False needs"),
        ({"first_field": 0}, "first_field=0 needs subnormals"),
        ({"first_field": 0, "subnormals": "round"}, "needs subnormals='flush'"),
        ({"first_field": 0, "subnormals": "flush", "precision": 1}, "needs precision of at least 2"),
        ({"name": 5}, "name=5"),
    ],
)
def test_impossible_fields_are_named(fields, message):
    with pytest.raises(FormatError) as error:
        FloatFormat(**{"exponent_bits": 4, "precision": 4, **fields})
    assert message in str(error.value)


def test_codes_out_of_range_are_refused():
    with pytest.raises(FormatError, match="legal: 0 to 255"):
        get("e4m3").value(256)
    with pytest.raises(FormatError, match="code -1"):
        get("e4m3").value(-1)


def test_dicts_are_checked():
    with pytest.raises(FormatError, match="unknown field 'expbits'"):
        FloatFormat.from_dict({"exponent_bits": 4, "precision": 4, "expbits": 4})
    with pytest.raises(FormatError, match="needs the field 'precision'"):
        FloatFormat.from_dict({"exponent_bits": 4})


def test_options_change_what_depends_on_them():
    unsigned = get("e4m3").with_options(signed=False)
    assert not unsigned.negative_zero
    assert unsigned.bits == 7
    assert unsigned.name is None
    assert get("e4m3") == get("e4m3").with_options(signed=False).with_options(signed=True)
