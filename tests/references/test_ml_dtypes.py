"""ml_dtypes: every float type, from every dtype it converts from; codes bit for bit, NaNs included.

``compat="ml_dtypes"`` reproduces what it does, the double rounding of float64 included; the default is right there.
"""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get
from tests.oracle import adversarial, round_codes

ml = pytest.importorskip("ml_dtypes")

SUBJECT = "ml_dtypes, codes"
TYPES = {
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


def theirs(x, name):
    kind = getattr(ml, TYPES[name])
    with np.errstate(all="ignore"):
        return x.astype(kind).view(f"u{np.dtype(kind).itemsize}")


def sources(name):
    every16 = np.arange(1 << 16, dtype=np.uint16)
    yield adversarial(get(name), np.float32)
    yield every16.view(np.float16)
    if name != "bf16":
        yield every16.view(ml.bfloat16)
    rng = np.random.default_rng(1)
    yield rng.integers(0, 1 << 32, 100_000, np.uint32).view(np.float32)
    yield (rng.standard_normal(100_000) * 4).astype(np.float32)


@pytest.mark.parametrize("name", TYPES)
def test_codes_from_narrow_dtypes(name, tally):
    for x in sources(name):
        got = chopper.encode(x, name, compat="ml_dtypes")
        tally.same(got, theirs(x, name), x.astype(np.float32), fmt=name, about=x.dtype)


@pytest.mark.parametrize("name", TYPES)
def test_float64_with_their_double_rounding(name, tally):
    x = np.concatenate([adversarial(get(name), np.float64), np.random.default_rng(2).standard_normal(50_000) * 8])
    tally.same(chopper.encode(x, name, compat="ml_dtypes"), theirs(x, name), x, fmt=name)


@pytest.mark.parametrize("name", [name for name in TYPES if name != "e8m0"])
def test_default_differs_from_theirs_only_where_they_round_twice(name, tally):
    fmt = get(name)
    x = adversarial(fmt, np.float64)
    x = x[(np.abs(x) <= float(fmt.max)) & np.isfinite(x)]
    default = chopper.encode(x, name)
    apart = np.flatnonzero(default != theirs(x, name))
    assert apart.size
    through = x[apart].astype(np.float32)
    assert (through != x[apart]).all()
    tally.same(default[apart], round_codes(fmt, x[apart], "nearest_even").astype(default.dtype), x[apart], fmt=fmt)


@pytest.mark.parametrize("name", TYPES)
def test_decoding(name, tally):
    kind = np.dtype(getattr(ml, TYPES[name]))
    codes = np.arange(1 << get(name).bits, dtype=f"u{kind.itemsize}")
    for dtype in (np.float32, np.float64):
        with np.errstate(invalid="ignore"):
            want = codes.view(kind).astype(dtype)
        tally.same(chopper.decode(codes, name, dtype), want, codes, fmt=name)


@pytest.mark.parametrize("name", TYPES)
def test_arrays_of_their_dtypes_are_inputs(name, tally):
    kind = np.dtype(getattr(ml, TYPES[name]))
    x = np.arange(1 << get(name).bits, dtype=f"u{kind.itemsize}").view(kind)
    tally.same(chopper.encode(x, "fp32"), chopper.encode(x.astype(np.float32), "fp32"), fmt=name)
    if name == "bf16":
        small = x[np.abs(x.astype(np.float32)) < 400]
        rounded = chopper.chop(small, "e4m3")
        assert rounded.dtype == kind
        tally.same(rounded.astype(np.float32), chopper.chop(small.astype(np.float32), "e4m3"), fmt="e4m3")


RIGHT = (
    ("e4m3", 1.0625 + 2.0**-50, 1.125, 1.0),
    ("e4m3", 2.0**-10 * (1 + 2.0**-52), 2.0**-9, 0.0),
    ("bf16", 16973823, 16908288.0, 17039360.0),
)


@pytest.mark.parametrize(("name", "x", "right", "wrong"), RIGHT)
def test_counterexamples(name, x, right, wrong):
    assert chopper.chop(x, name) == right
    assert chopper.chop(np.array([x]), name).tolist() == [right]
    assert float(np.array([x]).astype(getattr(ml, TYPES[name])).astype(np.float64)[0]) == wrong
