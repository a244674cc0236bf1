"""encode and chop against the definition: every format, every mode, both carriers, every overflow policy."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import PolicyError, RangeError
from tests.conformance.catalogue import DETERMINISTIC, FORMATS, HUGE, MODES, POLICIES
from tests.conformance.judge import Judge, boundary_words, values_of
from tests.oracle import adversarial, round_code

SUBJECT = "encode and chop against the definition"
LIMIT = 1600
"""Inputs for each format and carrier, all with specials."""


def inputs(fmt, dtype):
    every = adversarial(fmt, dtype)
    if every.size <= LIMIT:
        return every
    special = every[~(np.abs(every) > 0) | np.isinf(every)]
    return np.unique(np.concatenate([special, np.random.default_rng(fmt.bits).choice(every, LIMIT, replace=False)]))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_rounding(fmt, dtype, tally):
    xs = inputs(fmt, dtype)
    judge = Judge(fmt, xs)
    for at, mode in enumerate(MODES):
        for number, policy in enumerate(POLICIES):
            bits = (32, 1, 9, 31)[(at + number) % 4] if mode.random else 32
            words = boundary_words(judge, bits, at * 8 + number)
            options = {"overflow": policy, "random_bits": bits}
            check(tally, fmt, xs, mode, options, judge, words)


def check(tally, fmt, xs, mode, options, judge, words):
    def random_words(chosen):
        return {"random_words": words[chosen]} if mode.random else {}

    try:
        codes, raises = judge.answer(mode, options["overflow"], words, options["random_bits"])
    except PolicyError:
        for convert in (chopper.chop, chopper.encode):
            with pytest.raises(PolicyError, match="does not suit"):
                convert(xs, fmt, mode, **options, **random_words(slice(None)))
        return
    keep = ~raises
    got = chopper.encode(xs[keep], fmt, mode, **options, **random_words(keep))
    tally.same(got, codes[keep].astype(got.dtype), xs[keep], fmt=fmt, mode=mode, about=options)
    want = values_of(fmt, codes[keep], "float64")
    with np.errstate(all="ignore"):
        narrow = want.astype(xs.dtype)
        held = np.isnan(want) | (narrow == want)
    if not held.all():
        with pytest.raises(RangeError, match="does not fit float32"):
            chopper.chop(xs[keep], fmt, mode, **options, **random_words(keep))
        keep[np.flatnonzero(keep)[~held]] = False
    got = chopper.chop(xs[keep], fmt, mode, **options, **random_words(keep))
    tally.same(got, narrow[held], xs[keep], fmt=fmt, mode=mode, about=options)
    for i in np.flatnonzero(raises)[:: max(1, raises.sum() // 6)]:
        for convert in (chopper.chop, chopper.encode):
            with pytest.raises(RangeError, match="no result"):
                convert(xs[[i]], fmt, mode, **options, **random_words([i]))


@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_python_numbers(fmt, tally):
    """Numbers have a way of their own, in Python integers; the oracle is asked directly."""
    rng = np.random.default_rng(fmt.precision)
    points = [float(x) for x in rng.choice(adversarial(fmt, "float64"), 40)] + [0.0, -0.0, np.inf, -np.inf, np.nan]
    for mode in DETERMINISTIC:
        numbers, codes = [], []
        for x in points:
            try:
                codes.append(round_code(fmt, x, mode))
                numbers.append(x)
            except RangeError:
                with pytest.raises(RangeError, match="no result"):
                    chopper.chop(x, fmt, mode)
        got = np.array([chopper.chop(x, fmt, mode) for x in numbers])
        tally.same(got, values_of(fmt, np.array(codes, np.uint64), "float64"), numbers, fmt=fmt, mode=mode)
        assert [chopper.encode(x, fmt, mode) for x in numbers[:6]] == codes[:6]


@pytest.mark.parametrize("fmt", HUGE, ids=str)
def test_formats_beyond_float64_are_refused(fmt):
    for call in (chopper.chop, chopper.encode):
        for x in (1.0, np.float32(1), np.ones(3)):
            with pytest.raises(RangeError, match="float64 does not hold"):
                call(x, fmt)
    with pytest.raises(RangeError, match="float64 does not hold"):
        chopper.decode(1, fmt, "float64")
