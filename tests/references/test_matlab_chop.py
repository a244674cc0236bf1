"""MATLAB's chop: ``compat="matlab_chop"`` against a transcription of its rule in exact fractions."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.errors import PolicyError
from chopper.formats.registry import get
from tests.oracle import adversarial

SUBJECT = "MATLAB chop, transcribed"
FORMATS = {
    "fp16": (11, 15, True),
    "fp16<subnormals=round>": (11, 15, False),
    "bf16": (8, 127, True),
    "bf16<subnormals=round>": (8, 127, False),
    "q43": (4, 7, True),
    "q43<subnormals=round>": (4, 7, False),
    "q52": (3, 15, True),
    "q52<subnormals=round>": (3, 15, False),
    "tf32": (11, 127, True),
    "fp32": (24, 127, True),
    "fp64": (53, 1023, True),
    "fp64<subnormals=round>": (53, 1023, False),
}
MODES = {1: "nearest_even", 2: "up", 3: "down", 4: "toward_zero", 5: "stochastic", 6: "stochastic_equal"}


def power(n):
    return Fraction(2) ** n


def chop_rule(x, t, emax, mode, gradual, u):
    """Round one float as chop.m and roundit.m do; u in (0, 1] is the random number, and away means u <= fraction."""
    if math.isnan(x) or math.isinf(x) or x == 0:
        return x + 0.0  # -0 becomes +0
    a, positive = abs(Fraction(x)), x > 0
    emin, xmax = 1 - emax, (2 - power(1 - t)) * power(emax)
    exponent = a.numerator.bit_length() - a.denominator.bit_length()
    exponent -= power(exponent) > a
    bottom = emin + 1 - t
    digits = power((emin if bottom <= exponent < emin else exponent) - (t - 1))
    whole, rest = divmod(a, digits)
    f = rest / digits
    half = Fraction(1, 2)
    away = {
        1: f > half or (f == half and whole % 2 == 1),
        2: f > 0 and positive,
        3: f > 0 and not positive,
        4: False,
        5: f > 0 and u <= f,
        6: f > 0 and u <= half,
    }[mode]
    c = (whole + away) * digits
    limit = power(emax) * (2 - power(-t)) if mode in (1, 6) else xmax
    beyond = a >= limit if mode in (1, 6) else a > limit
    if beyond:
        infinite = mode in (1, 6) or (mode == 2 and positive) or (mode == 3 and not positive)
        c = math.inf if infinite else xmax
    least = power(bottom) if gradual else power(emin)
    if c < least:
        steps = {1: c > least / 2 if gradual else c >= least / 2, 2: positive and c > 0, 3: not positive and c > 0}
        c = least if steps.get(mode, False) else 0
    return float(c) if positive or c == 0 else -float(c)


def inputs(name, t, emax):
    """What is adversarial for the format, and for the two roundings that chop does to what is tiny."""
    xmin, xmins = math.ldexp(1.0, 1 - emax), math.ldexp(1.0, 2 - emax - t)
    centres = [xmins / 2, xmins, xmin, xmin / 2, xmin / 2 - xmins / 2, xmin - xmins / 2, xmins / 4, xmins * 0.75]
    centres += [c * (1 + k * 2.0**-t) for c in centres for k in (-1, -0.5, 0.5, 1)]
    if emax < 1023:
        centres += [math.ldexp(2 - 2.0**-t, emax), math.ldexp(2 - 2.0 ** (1 - t), emax), math.ldexp(2.0, emax)]
    near = np.array(centres)
    for _ in range(3):
        near = np.unique(np.concatenate([near, np.nextafter(near, 0), np.nextafter(near, np.inf)]))
    tiny = np.random.default_rng(t).random(400) * xmin * 1.1
    every = np.random.default_rng(t).choice(adversarial(get(name), np.float64), 1500)
    return np.unique(np.concatenate([near, -near, tiny, -tiny, every]).view(np.int64)).view(np.float64)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("mode", MODES, ids=MODES.get)
@pytest.mark.parametrize("name", FORMATS)
def test_rule(name, mode, dtype, tally):
    t, emax, gradual = FORMATS[name]
    if dtype is np.float32 and t == 53:
        return
    with np.errstate(all="ignore"):
        xs = np.unique(inputs(name, t, emax).astype(dtype).view(f"i{dtype().itemsize}")).view(dtype)
    if mode == 6:  # beyond the largest number chop would return one that the format does not have
        xs = xs[(np.abs(xs) <= float(get(name).max)) | np.isinf(xs)]
    words = np.random.default_rng(mode).integers(0, 1 << 32, xs.size, np.uint32)
    words[::7], words[1::7] = 0, 1 << 31
    given = {"random_words": words} if mode > 4 else {}
    got = chopper.chop(xs, name, MODES[mode], compat="matlab_chop", **given)
    pairs = zip(xs.tolist(), words.tolist(), strict=True)
    want = [chop_rule(x, t, emax, mode, gradual, 1 - Fraction(word, 1 << 32)) for x, word in pairs]
    tally.same(got, np.array(want, dtype), xs, fmt=name, mode=MODES[mode])


def test_its_double_roundings(tally):
    def both(x, name):
        return chopper.chop(x, name, compat="matlab_chop"), chopper.chop(x, name)

    assert both(2.0**-25 * (1 + 2.0**-11), "h") == (0.0, 2.0**-24)
    assert both(np.nextafter(2.0**-25 * (1 + 2.0**-11), 1), "h") == (2.0**-24, 2.0**-24)
    assert both(0.0009765625000000002, "q43") == (0.0, 2.0**-9)
    flushed = "h<subnormals=round>"
    assert both(2.0**-15 - 2.0**-25, flushed) == (2.0**-14, 0.0)
    assert both(np.nextafter(2.0**-15 - 2.0**-25, 0), flushed) == (0.0, 0.0)
    assert both(2.0**-15, flushed) == (2.0**-14, 0.0)


HARMONIC = {
    "e3m4ieee<bias=3>": [(3.5, 16), (math.inf, 49), (2.5, 9)],
    "bf16<subnormals=round>": [(5.0625, 65), (2199023255552.0, 5013), (4.0, 41)],
    "fp16": [(7.0859375, 513), (math.inf, 13911), (5.74609375, 257)],
    "q43": [(3.0, 9), (math.inf, 60), (2.0, 5)],
    "q52": [(2.0, 5), (math.inf, 64), (2.0, 5)],
}
"""What demo_harmonic.m of chop gives: sum and number of terms for round to nearest, up, down and toward zero."""


@pytest.mark.parametrize("name", HARMONIC)
def test_harmonic_sum(name, tally):
    """s <- chop(s + chop(1/n)) until s stays."""
    for modes, want in zip((("nearest_even",), ("up",), ("down", "toward_zero")), HARMONIC[name], strict=True):
        for mode in modes:
            terms = chopper.chop(1 / np.arange(1, 14000), name, mode, compat="matlab_chop")
            total, n = 0.0, 0
            while True:
                rounded = float(chopper.chop(np.float64(total + terms[n]), name, mode, compat="matlab_chop"))
                n += 1
                if rounded == total:
                    break
                total = rounded
            tally.note(n, name, mode)
            if want[0] > 1e12 and math.isfinite(want[0]):
                assert n == want[1]
                assert f"{total:.4g}" == "2.199e+12"
            else:
                assert (total, n) == want, mode


def test_what_chop_does_not_have():
    for mode in ("nearest_away", "to_odd", "stochastic_b"):
        with pytest.raises(PolicyError, match="only the modes"):
            chopper.chop(1.0, "fp16", mode, compat="matlab_chop")
    with pytest.raises(PolicyError, match="IEEE-like"):
        chopper.chop(1.0, "e4m3", compat="matlab_chop")
    with pytest.raises(PolicyError, match="takes no overflow"):
        chopper.chop(1.0, "fp16", overflow="saturate", compat="matlab_chop")
    with pytest.raises(PolicyError, match="defines no codes"):
        chopper.encode(1.0, "fp16", compat="matlab_chop")
