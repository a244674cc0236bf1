"""Codes, scales and values against the definition, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get, rows
from chopper.rounding import Rounding
from tests.scaled.definition import answer
from tests.scaled.inputs import adversarial, special

SUBJECT = "shared scales against the definition"
NAMED = [row.name for row in rows() if row.format.blocked]
MX = ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4"]
BUILT = [
    "scaled<posit<8,1>,e8m0,16,scaling=floor>",
    "scaled<e4m3,bf16,16,direction=up>",
    "scaled<e2m1,ue4m3,16,direction=down,floor=1/64>",
    "scaled<e2m1,e8m0,32,target=16/3,direction=down>",
    "scaled<int4,e5m3fnu,8,statistic=rms,target=3>",
    "scaled<e2m1,e8m0,32,statistic=std,target=2,direction=down>",
    "scaled<int8,fp32,all,statistic=std,target=100>",
    "scaled<int8,fp16,16,statistic=absmean,target=20>",
    "scaled<e3m2,ue4m3,16,choose=14+20,loss=absolute>",
    "scaled<e2m1,e8m0,32,choose=4+3,loss=largest,direction=up>",
    "scaled<int6,fp32,20,statistic=7/2>",
    "scaled<uint4,fp32,8,statistic=minmax,zero_point=true>",
    "scaled<lns<8,3>,e8m0,16,scaling=ceil>",
    "scaled<e4m3,e8m0,32,scaling=rceil,specials=element>",
    "scaled<e5m2,e8m0,32,scaling=ceil,specials=element>",
    "scaled<e2m1,e8m0,32,specials=element>",
    "scaled<e5m2,e8m0,32,specials=saturate>",
    "scaled<e2m1,ue4m3,16,outer=level<fp32,all,target=256>>",
    "scaled<hif8,e8m0,4x8,scaling=floor>",
]
DETERMINISTIC = [mode.value for mode in Rounding if not mode.random]


def check(tally, x, fmt, mode="nearest_even", **options):
    """Compare values, codes and scales of one array."""
    words = options.pop("words", None)
    given = options.pop("given", None)
    want = answer(x, fmt, mode, words=words, given=given, **options)
    keywords = {"axis": options.get("axis", -1), "random_words": words, "scale": given}
    with np.errstate(all="raise"):
        got = chopper.chop(x, fmt, mode, **keywords)
        blocks = chopper.encode(x, fmt, mode, **keywords).blocks
    tally.same(got, want.values, x, fmt=fmt, mode=mode)
    tally.same(blocks.codes.astype(np.uint64), want.codes, x, fmt=fmt, mode=mode)
    for found, right in zip(blocks.scales, want.scales, strict=True):
        tally.same(found.astype(np.uint64), right, fmt=fmt, mode=mode)
    if fmt.zero_point:
        tally.same(blocks.zero_points.astype(np.int64), want.points)


@pytest.mark.parametrize("name", NAMED + BUILT)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_to_nearest(tally, name, dtype):
    fmt = get(name)
    x = adversarial(fmt, dtype, 1, 3 if dtype == "float64" else 4)
    options = {"given": 0.37} if name.startswith("flex") else {}
    check(tally, x, fmt, **options)
    check(tally, x[0, 1:], fmt, **options)
    check(tally, special(dtype), fmt, **options)


@pytest.mark.parametrize("rule", ["floor", "ceil", "rceil", "even"])
@pytest.mark.parametrize("name", MX)
def test_scalings_of_mx(tally, name, rule):
    fmt = get(f"{name}<scaling={rule}>")
    check(tally, adversarial(fmt, "float32", 2, 8), fmt)


@pytest.mark.parametrize("mode", DETERMINISTIC)
@pytest.mark.parametrize("name", ["mxfp8", "mxfp4", "nvfp4", "int8_token", "nf4_block64", "mxint8", "int8_affine"])
def test_modes(tally, name, mode):
    fmt = get(name)
    check(tally, adversarial(fmt, "float32", 3, 2), fmt, mode)


@pytest.mark.parametrize("mode", [mode.value for mode in Rounding if mode.random])
@pytest.mark.parametrize("name", ["mxfp8", "mxfp4", "nvfp4", "int8_token", "int8_affine"])
def test_chance(tally, name, mode):
    fmt = get(name)
    x = adversarial(fmt, "float32", 4, 3)
    words = np.random.default_rng(5).integers(0, 1 << 32, x.shape, np.uint32)
    words[::3] &= 0xF0000003
    check(tally, x, fmt, mode, words=words)
