"""The compiled loops on large arrays give what small arrays give, which the definition is compared with."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.engine.families.scaled import decode_blocks
from chopper.formats.registry import get
from tests.scaled.inputs import adversarial, special

SUBJECT = "shared scales, compiled loops against NumPy"
ROWS = 320


def in_parts(call, x, **options):
    """Return results of a few rows at a time: too few for a loop to be compiled."""
    step = max(1, 8000 // x.shape[1])
    return np.concatenate([call(x[i : i + step], offset=i * x.shape[1], **options) for i in range(0, len(x), step)])


def compare(tally, x, fmt, mode):
    """Compare values and codes of a format of one level, or of one whose outermost blocks are rows."""
    key = 11
    whole = chopper.chop(x, fmt, mode, key=key, threads=2)
    tally.same(whole, in_parts(lambda part, **o: chopper.chop(part, fmt, mode, key=key, **o), x), x, fmt=fmt, mode=mode)
    codes = chopper.encode(x, fmt, mode, key=key, threads=2)
    tally.same(
        codes.codes, in_parts(lambda part, **o: chopper.encode(part, fmt, mode, key=key, **o).codes, x), x, fmt=fmt
    )
    parts = in_parts(lambda part, **o: chopper.encode(part, fmt, mode, key=key, **o).scale_codes[0], x)
    tally.same(codes.scale_codes[0], parts, fmt=fmt)
    tally.same(decode_blocks(codes.blocks, get(fmt), -1, x.dtype, 2), whole, x, fmt=fmt)


def numbers(name: str, dtype: str = "float32") -> np.ndarray:
    x = adversarial(get(name), dtype, 3, ROWS // 4, 72)
    return np.concatenate([x, special(dtype, 72), np.zeros((100, 72), dtype)])


@pytest.mark.parametrize("rule", ["floor", "ceil", "rceil", "even"])
@pytest.mark.parametrize("name", ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4"])
def test_powers(name, rule, tally):
    """All use one loop in this mode."""
    compare(tally, numbers(name), f"{name}<scaling={rule}>", "nearest_even")


@pytest.mark.parametrize(
    ("name", "dtype", "mode"),
    [
        ("mxint8", "float32", "nearest_even"),
        ("bfp<6,16>", "float32", "up"),
        ("mxfp4", "float32", "stochastic"),
        ("mxfp8", "float64", "nearest_even"),
        ("mxfp8<specials=element>", "float32", "nearest_even"),
        ("scaled<e2m1,ue5m3,16,outer=level<fp32,all>>", "float32", "down"),
        ("fp8_block128", "float32", "nearest_even"),
        ("int8_token", "float32", "nearest_even"),
        ("nf4_block64", "float32", "nearest_even"),
        ("int4_group128", "float64", "nearest_even"),
        ("scaled<e2m1,ue4m3,16,specials=saturate,outer=level<fp32,all>>", "float32", "stochastic"),
    ],
)
def test_others(name, dtype, mode, tally):
    compare(tally, numbers(name, dtype), name, mode)


@pytest.mark.parametrize("mode", ["nearest_even", "to_odd", "toward_zero"])
@pytest.mark.parametrize(
    "name", ["nvfp4", "nvfp4_ue5m3", "scaled<e2m1,ue4m3,16,direction=up,outer=level<fp32,tensor>>"]
)
def test_ladders(name, mode, tally):
    """Every tensor has the same largest magnitude, so that whole and parts have one outer scale; ties are frequent."""
    rng = np.random.default_rng(2)
    x = (rng.standard_normal((ROWS, 130)) * np.exp2(rng.integers(-14, 3, (ROWS, 1)))).astype(np.float32)
    x[::3] = np.round(x[::3] * 4) / 4
    x[::5] = np.float32(2.0**-8) * rng.integers(-50, 50, x[::5].shape)
    for top in (2688.0, 3.7, 1.9e-3):
        scaled = (x * np.float32(top / 2688)).astype(np.float32)
        scaled[:, 0] = np.float32(top)
        compare(tally, scaled, name, mode)
