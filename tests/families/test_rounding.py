"""encode, chop and decode against the definition: every family, mode, policy and carrier."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.engine.plan import family_of, plan_encode, plan_round
from chopper.errors import PolicyError, RangeError
from chopper.formats.registry import formats, get
from chopper.formats.table import TableFormat
from chopper.rounding import Overflow, Rounding
from tests.families.definition import Definition, inputs
from tests.families.values import number

SUBJECT = "lists of values against the definition"
NAMED = [fmt for fmt in formats() if isinstance(fmt, TableFormat) and fmt.bits <= 16]
MORE = (
    "takum_linear2 takum_linear6 takum_linear7 takum_linear9 takum_linear11 "
    "takum_linear13 takum_linear8<nearest=value> takum_log6 takum_log8<underflow=zero> "
    "lns<8,0> lns<8,7> lns<3,1> lns<8,3,nearest=value> lns<8,3,underflow=smallest> lns<6,2,zero=false> lns<2,0,zero="
    "false,nan=false> lns<6,0,nearest=value> lns<8,3,nan=false,nan_input=max> lns<8,4,bias=17> lns<10,5,nearest=value> "
    "nf4<ties=even> nf4<ties=upper,nan_input=max> dynamic8<ties=even>"
)
SAMPLE = [*NAMED, *map(get, MORE.split())]
MODES = tuple(Rounding)
FEW = (Rounding.NEAREST_EVEN, Rounding.STOCHASTIC)
"""The modes for formats with many codes, of which tables take seconds to make."""


@pytest.fixture(autouse=True)
def plans_are_forgotten():
    """Let go of the tables after each test: those of the stochastic modes have megabytes each."""
    yield
    plan_round.cache_clear()
    plan_encode.cache_clear()


def holds(fmt, dtype):
    return family_of(fmt).fits(fmt, 32 if dtype == "float32" else 64)


def values_of(fmt, codes, dtype):
    precision = 24 if dtype == "float32" else 53
    special = {fmt.nan_code: np.nan, **dict(zip(fmt.infinity_codes or (), (np.inf, -np.inf), strict=False))}
    found = {code: number(fmt, code, precision) for code in set(codes.tolist())}
    return np.array([special.get(c, 0.0) if found[c] is None else float(found[c]) for c in codes.tolist()], dtype)


CASES = [(fmt, dtype) for fmt in SAMPLE for dtype in ("float32", "float64") if fmt.bits <= 12 or dtype == "float64"]


@pytest.mark.parametrize(("fmt", "dtype"), CASES, ids=lambda case: str(case))
def test_rounding(fmt, dtype, tally):
    carried = dtype if holds(fmt, dtype) else "float64"
    definition = Definition(fmt, 24 if carried == "float32" else 53)
    xs = inputs(definition, dtype, 160, fmt.bits)
    rng = np.random.default_rng(1)
    policies = (None, *Overflow)
    for at, mode in enumerate(MODES if fmt.bits <= 12 else FEW):
        for policy in policies if not mode.random and fmt.bits <= 9 else (None,):
            bits = (32, 1, 9, 31)[at % 4] if mode.random else 32
            words = rng.integers(0, 1 << 32, xs.size, np.uint32)
            check(definition, xs, mode, policy, words, bits, carried, tally)


def check(definition, xs, mode, policy, words, bits, carried, tally):
    fmt, options = definition.fmt, {"overflow": policy, "random_bits": bits}
    want, raises = np.zeros(xs.size, np.uint16), np.zeros(xs.size, bool)
    for i, x in enumerate(xs):
        try:
            want[i] = definition.code(float(x), mode, policy, int(words[i]), bits)
        except RangeError:
            raises[i] = True
        except PolicyError:
            with pytest.raises(PolicyError, match="does not suit"):
                chopper.chop(xs[i : i + 1], fmt, mode, overflow=policy)
            return
    given = {"random_words": words[~raises]} if mode.random else {}
    kept = xs[~raises]
    got = chopper.encode(kept, fmt, mode, **options, **given)
    tally.same(got, want[~raises].astype(got.dtype), kept, fmt=fmt, mode=mode, about=options)
    with np.errstate(all="ignore"):
        values = values_of(fmt, want[~raises], carried)
        narrow = values.astype(xs.dtype)
        fits = (narrow == values) | np.isnan(values)
    if not fits.all():
        kept, narrow = kept[fits], narrow[fits]
        given = {key: word[fits] for key, word in given.items()}
    got = chopper.chop(kept, fmt, mode, **options, **given)
    tally.same(got, narrow, kept, fmt=fmt, mode=mode, about=options)
    for i in np.flatnonzero(raises)[:3]:
        one = {"random_words": words[[i]]} if mode.random else {}
        for convert in (chopper.chop, chopper.encode):
            with pytest.raises(RangeError, match="no result"):
                convert(xs[[i]], fmt, mode, **options, **one)


@pytest.mark.parametrize("fmt", [fmt for fmt in SAMPLE if fmt.bits <= 13], ids=str)
def test_codes(fmt, tally):
    """Every code decodes to its value, and every value that a number can become encodes to its code."""
    codes = np.arange(1 << fmt.bits)
    for dtype in ("float32", "float64"):
        if not holds(fmt, dtype):
            with pytest.raises(RangeError, match="does not hold"):
                chopper.decode(codes, fmt, dtype)
            continue
        values = chopper.decode(codes, fmt, dtype)
        precision = 24 if dtype == "float32" else 53
        exact = [number(fmt, code, precision) for code in codes.tolist()]
        want = np.array([np.nan if value is None else float(value) for value in exact], dtype)
        if fmt.infinity_codes:
            want[list(fmt.infinity_codes)] = np.inf, -np.inf
        tally.same(values, want, codes, fmt=fmt)
        produced = np.array(sorted({*fmt.ascending, *(fmt.infinity_codes or ())}))
        for mode in ("nearest_even", "up", "down", "to_odd", "stochastic"):
            tally.same(chopper.encode(values[produced], fmt, mode, key=1).astype(int), produced, fmt=fmt, mode=mode)


@pytest.mark.parametrize("fmt", [fmt for fmt in SAMPLE if fmt.bits <= 12], ids=str)
def test_python_numbers_and_loops_agree(fmt, tally, monkeypatch):
    """A number alone runs in Python integers, a small array on NumPy, a large one in a compiled loop."""
    from chopper.engine import run as running

    xs = inputs(Definition(fmt, 53), "float64", 80, 3)
    if fmt.nan_code is None:
        xs = xs[~np.isnan(xs)]
    words = np.random.default_rng(2).integers(0, 1 << 32, xs.size, np.uint32)
    for mode in MODES:
        given = {"random_words": words} if mode.random else {}
        small = chopper.chop(xs, fmt, mode, **given)
        with monkeypatch.context() as patch:
            patch.setattr(running, "_SMALL", 0)
            patch.setattr(running, "_PATIENCE", 0)
            tally.same(chopper.chop(xs, fmt, mode, **given), small, xs, fmt=fmt, mode=mode, about="compiled")
        if not mode.random:
            alone = np.array([chopper.chop(float(x), fmt, mode) for x in xs[::5]])
            tally.same(alone, small[::5], xs[::5], fmt=fmt, mode=mode, about="numbers")
