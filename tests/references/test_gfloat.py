"""gfloat: exact from float64, for signed formats, in every mode it has, saturating or not, stochastic with given bits.

Left out, by name: ``nearest_away`` just below half the smallest subnormal number, and stochastic modes below that
number (gfloat adds there in floating point, which rounds); finite overflow of finite formats in directed modes without
saturation, where gfloat gives the largest number and ``overflow="nan"`` gives NaN.
"""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.formats.registry import get
from tests.oracle import adversarial

gfloat = pytest.importorskip("gfloat")
from gfloat import formats as gf  # noqa: E402

SUBJECT = "gfloat, values"
SIGNED, UNSIGNED = gfloat.Signedness.Signed, gfloat.Signedness.Unsigned
PRESETS = {
    "e5m2": gf.format_info_ocp_e5m2,
    "e4m3": gf.format_info_ocp_e4m3,
    "e2m3": gf.format_info_ocp_e2m3,
    "e3m2": gf.format_info_ocp_e3m2,
    "e2m1": gf.format_info_ocp_e2m1,
    "bf16": gf.format_info_bfloat16,
    "fp16": gf.format_info_binary16,
    "fp32": gf.format_info_binary32,
}
P3109 = [
    (k, p, domain) for k, p in ((8, 1), (8, 3), (8, 4), (8, 7), (3, 2), (4, 2), (6, 3), (11, 5)) for domain in "ef"
]
MODES = {
    "nearest_even": "TiesToEven",
    "nearest_away": "TiesToAway",
    "toward_zero": "TowardZero",
    "up": "TowardPositive",
    "down": "TowardNegative",
}
STOCHASTIC = {"stochastic": "StochasticFastest", "stochastic_b": "StochasticFast", "stochastic_c": "Stochastic"}


def pairs():
    yield from PRESETS.items()
    for k, p, domain in P3109:
        kind = gfloat.Domain.Extended if domain == "e" else gfloat.Domain.Finite
        yield f"binary{k}p{p}s{domain}", gf.format_info_p3109(k, p, SIGNED, kind)


PAIRS = list(pairs())


def ours(x, name, mode, saturating, **options):
    fmt = get(name)
    policy = "saturate" if saturating else "infinity" if fmt.infinities else "nan"
    return chopper.chop(x, name, mode, overflow=policy, **options)


def theirs(x, info, mode, saturating, **bits):
    with np.errstate(all="ignore"):
        rounded = gfloat.round_ndarray(info, x, getattr(gfloat.RoundMode, mode), saturating, **bits)
    return np.asarray(rounded, np.float64)


def inputs(name, size=4000):
    fmt = get(name)
    every = adversarial(fmt, np.float64)
    every = every[~np.isnan(every) | fmt.has_nan]
    return np.random.default_rng(fmt.bits).choice(every, min(size, every.size), replace=False)


@pytest.mark.parametrize("saturating", [True, False], ids=["saturating", "not saturating"])
@pytest.mark.parametrize(("name", "info"), PAIRS, ids=lambda given: given if isinstance(given, str) else "")
def test_rounding(name, info, saturating, tally):
    fmt = get(name)
    if not saturating and not fmt.infinities and not fmt.has_nan:
        return
    xs = inputs(name)
    for mode, their_mode in MODES.items():
        x = xs
        if mode == "nearest_away":
            x = xs[(np.abs(xs) >= float(fmt.smallest) / 2) | ~(np.abs(xs) > 0)]
        elif mode != "nearest_even" and not saturating and not fmt.infinities:
            x = xs[~(np.abs(xs) > float(fmt.max)) | np.isinf(xs)]
        got, want = ours(x, name, mode, saturating), theirs(x, info, their_mode, saturating)
        tally.same(got, want, x, fmt=name, mode=mode)


@pytest.mark.parametrize("bits", [1, 3, 8, 24])
@pytest.mark.parametrize(("name", "info"), PAIRS[:5] + PAIRS[8:12], ids=lambda g: g if isinstance(g, str) else "")
def test_stochastic_rounding_with_given_bits(name, info, bits, tally):
    x = inputs(name, 3000)
    x = x[(np.abs(x) >= float(get(name).smallest)) | ~(np.abs(x) > 0)]
    r = np.random.default_rng(bits).integers(0, 1 << bits, x.shape)
    words = (r << (32 - bits)).astype(np.uint32)
    for mode, their_mode in STOCHASTIC.items():
        got = ours(x, name, mode, True, random_bits=bits, random_words=words)
        want = theirs(x, info, their_mode, True, srbits=r, srnumbits=bits)
        tally.same(got, want, x, fmt=name, mode=mode)


@pytest.mark.parametrize(("name", "info"), PAIRS, ids=lambda given: given if isinstance(given, str) else "")
def test_decoding(name, info, tally):
    fmt = get(name)
    codes = np.arange(1 << fmt.bits) if fmt.bits <= 12 else np.random.default_rng(0).integers(0, 1 << fmt.bits, 3000)
    want = np.array([gfloat.decode_float(info, int(code)).fval for code in codes[:: 1 + codes.size // 3000]])
    tally.same(chopper.decode(codes[:: 1 + codes.size // 3000], name, np.float64), want, codes, fmt=name)
