"""Fixed point and integers: chop, encode and decode against the definition, NumPy, torch and gfloat."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.engine.families.fixed import fits, fits_codes
from chopper.engine.plan import Request, plan_encode, plan_round
from chopper.errors import PolicyError, RangeError
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from tests.conformance.test_execution import executed, numbered
from tests.families.fixed_oracle import points, round_code

SUBJECT = "fixed point and integers against the definition"
NAMES = (
    "int2 uint2 ternary int3 uint1 int4 uint4 int8 uint8 int8<symmetric=true> int16 uint16 int23 int24 uint24 "
    "int25 int25<symmetric=true> int32 uint32 int53 int54 uint53 int64 uint64 int64<symmetric=true> q3.4 uq0.8 "
    "q-1.8 q3.-2 fixed<-100,108> ufixed<-120,126,nan_input=max> fixed<-120,127> fixed<8,4,nan_input=raise> "
    "fixed<128,-120> ufixed<128,-120> fixed<128,-100,nan_input=max> fixed<2,20> fixed<2,21,symmetric=true> "
    "fixed<-1000,1010> fixed<1000,-990>"
)
FORMATS = tuple(map(get, NAMES.split()))
POLICIES = (Overflow.WRAP, Overflow.RAISE)
LIMIT = 300
"""Magnitudes for each format and carrier."""
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan)


def inputs(fmt, dtype):
    """Return the points of a format with their neighbours in the carrier, both signs, and the special numbers."""
    kind = np.dtype(dtype)
    with np.errstate(all="ignore"):
        near = np.array([_float(point) for point in points(fmt)]).astype(kind)
    near = near[np.isfinite(near) & (near > 0)]
    far = np.nextafter([near, near], np.array([[0], [np.inf]], kind)).reshape(-1)
    tiny, huge = np.finfo(kind).smallest_subnormal, np.finfo(kind).max
    every = np.unique(np.concatenate([near, far, np.array([tiny, huge], kind)]))
    if every.size > LIMIT:
        every = np.sort(np.random.default_rng(fmt.bits).choice(every, LIMIT, replace=False))
    return np.concatenate([every, -every, np.array(SPECIAL, kind)])


def _float(exact):
    try:
        return float(exact)
    except OverflowError:
        return np.inf


def words_for(xs, fmt, seed):
    """Return random words, two thirds of them where rounding by the whole word turns, or one beside it."""
    rng = np.random.default_rng(seed)
    finite = [Fraction(float(x)) / fmt.quantum if np.isfinite(x) else Fraction(0) for x in xs]
    nus = [int(abs(k) % 1 * (1 << 32)) for k in finite]
    turns = ((1 << 32) - np.array(nus) + rng.integers(-1, 2, xs.size)) % (1 << 32)
    return np.where(rng.random(xs.size) < 0.67, turns, rng.integers(0, 1 << 32, xs.size)).astype(np.uint32)


def expected(fmt, xs, mode, policy, words, random_bits):
    """Return the codes, and where an error is due."""
    codes, raises = np.zeros(xs.size, np.uint64), np.zeros(xs.size, bool)
    for i, (x, word) in enumerate(zip(xs, words, strict=True)):
        try:
            codes[i] = round_code(fmt, float(x), mode, overflow=policy, word=int(word), random_bits=random_bits)
        except RangeError:
            raises[i] = True
    return codes, raises


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_rounding(fmt, dtype, tally):
    """Every mode, every policy: codes and values; codes also where the values fit no carrier."""
    if not fits_codes(fmt, 64):
        pytest.fail(f"{fmt} belongs to no test")
    xs = inputs(fmt, dtype)
    for at, mode in enumerate(Rounding):
        for number, policy in enumerate((Overflow.PROPAGATE if mode is Rounding.UP else None, *POLICIES)):
            if policy is Overflow.WRAP and fmt.symmetric:
                continue
            bits = (32, 1, 9, 31)[(at + number) % 4] if mode.random else 32
            words = words_for(xs, fmt, at) if mode.random else np.zeros(xs.size, np.uint32)
            codes, raises = expected(fmt, xs, mode, policy, words, bits)
            check(tally, fmt, xs, mode, policy, bits, words, codes, raises)


def check(tally, fmt, xs, mode, policy, bits, words, codes, raises):
    options = {"overflow": policy, "random_bits": bits}
    keep = ~raises

    def given(chosen):
        return {**options, "random_words": words[chosen]} if mode.random else options

    got = chopper.encode(xs[keep], fmt, mode, **given(keep))
    tally.same(got, codes[keep].astype(got.dtype), xs[keep], fmt=fmt, mode=mode, about=options)
    bad = np.flatnonzero(raises)
    for i in bad[:: max(1, bad.size // 4)]:
        with pytest.raises(RangeError, match="no result"):
            chopper.encode(xs[[i]], fmt, mode, **given([i]))
    if not fits(fmt, 64):
        with pytest.raises(RangeError, match="float64 does not hold"):
            chopper.chop(xs[keep], fmt, mode, **given(keep))
        return
    want = np.array([float(fmt.value(int(code))) for code in codes[keep]])
    with np.errstate(over="ignore", under="ignore"):
        narrow = want.astype(xs.dtype)
    held = narrow == want
    if not held.all():
        with pytest.raises(RangeError, match="does not fit float32"):
            chopper.chop(xs[keep], fmt, mode, **given(keep))
        keep[np.flatnonzero(keep)[~held]] = False
    got = chopper.chop(xs[keep], fmt, mode, **given(keep))
    tally.same(got, narrow[held], xs[keep], fmt=fmt, mode=mode, about=options)
    for i in bad[:: max(1, bad.size // 4)]:
        with pytest.raises(RangeError, match="no result"):
            chopper.chop(xs[[i]], fmt, mode, **given([i]))


@pytest.mark.parametrize("fmt", [fmt for fmt in FORMATS if fits(fmt, 64)], ids=str)
def test_numbers_and_laws(fmt, tally):
    """Python numbers, order, and that values and codes stay what they are."""
    xs = np.sort(inputs(fmt, "float64")[: -len(SPECIAL)])
    for mode in (mode for mode in Rounding if not mode.random):
        ys = chopper.chop(xs, fmt, mode)
        assert (np.diff(ys) >= 0).all()
        tally.same(chopper.chop(ys, fmt, mode), ys, xs, fmt=fmt, mode=mode, about="idempotent")
        few = xs[:: xs.size // 25]
        each = np.array([chopper.chop(float(x), fmt, mode) for x in few])
        tally.same(each, ys[:: xs.size // 25], few, fmt=fmt, mode=mode, about="Python numbers")
        assert [chopper.encode(float(x), fmt, mode) for x in few[:4]] == [round_code(fmt, x, mode) for x in few[:4]]
        assert (ys >= float(fmt.min)).all() and (ys <= float(fmt.max)).all()
    if fmt.symmetric:
        ys = chopper.chop(xs, fmt, "up")
        tally.same(-chopper.chop(-xs, fmt, "down") + 0.0, ys, xs, fmt=fmt, about="odd symmetry")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("fmt", FORMATS, ids=str)
def test_decoding(fmt, dtype, tally):
    codes = np.unique(np.random.default_rng(0).integers(0, (1 << fmt.bits) - 1, 3000, np.uint64, True))
    codes = np.concatenate([codes, np.array([0, 1, fmt.max_integer, (1 << fmt.bits) - 1], np.uint64)])
    if not fits(fmt, 8 * np.dtype(dtype).itemsize):
        with pytest.raises(RangeError, match="does not hold every value"):
            chopper.decode(codes, fmt, dtype)
        return
    got = chopper.decode(codes, fmt, dtype)
    want = np.array([float(fmt.value(int(code))) for code in codes], dtype)
    tally.same(got, want, codes, fmt=fmt)
    spare = codes == fmt.max_integer + 1 if fmt.symmetric else np.zeros(codes.size, bool)
    tally.same(chopper.encode(got, fmt, "up")[~spare].astype(np.uint64), codes[~spare], codes[~spare], fmt=fmt)


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("policy", [None, Overflow.WRAP])
@pytest.mark.parametrize("mode", [Rounding.NEAREST_EVEN, Rounding.TO_ODD, Rounding.STOCHASTIC_C], ids=str)
@pytest.mark.parametrize("name", ["q3.4", "uint8", "int24", "int32", "uint64"])
def test_three_executions(name, mode, policy, width, tally, monkeypatch):
    """Python integers, NumPy and compiled loops."""
    fmt, dtype = get(name), f"float{width}"
    if not fits_codes(fmt, width):
        return
    xs = inputs(fmt, dtype)
    words = words_for(xs, fmt, 0) if mode.random else None
    request = Request(fmt, mode, policy)
    plans = [(plan_encode(request, width), f"u{max(1, 1 << (fmt.bits - 1).bit_length() >> 3)}")]
    plans += [(plan_round(request, width), dtype)] if fits(fmt, width) else []
    for plan, target in plans:
        numpy = executed(monkeypatch, False, plan, xs, target, None, words)
        jitted = executed(monkeypatch, True, plan, xs, target, None, words)
        tally.same(jitted, numpy, xs, fmt=fmt, mode=mode, about=plan.kernel.name)
        if not (plan.kernel.module == "magic" and width == 32):
            ints = numbered(plan, xs, target, words)
            tally.same(ints, numpy, xs, fmt=fmt, mode=mode, about="Python integers")


# --- what does not suit, and what is out of reach --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("int8", {"overflow": "infinity"}, "int8: it has no infinity; use one of 'saturate', 'propagate', 'wrap'"),
        ("int8", {"overflow": "nan"}, "int8: it has no NaN; use one of 'saturate', 'propagate', 'wrap', 'raise'"),
        ("ternary", {"overflow": "nan"}, "use one of 'saturate', 'propagate', 'raise'"),
        ("ternary", {"overflow": "wrap"}, "ternary: it leaves a code out; use symmetric=False"),
        ("q3.4", {"compat": "torch"}, "compat='torch' does not suit q3.4: presets are for float formats; leave it out"),
    ],
)
def test_policies_that_do_not_suit(name, options, message):
    for call in (chopper.chop, chopper.encode):
        for x in (1.0, np.ones(3)):
            with pytest.raises(PolicyError, match=message):
                call(x, name, **options)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("int64", "integers of 64 bits; legal: at most 54"),
        ("uint54", "integers of 54 bits; legal: at most 53"),
        ("fixed<-1030,1040>", "fraction_bits=1040; legal: at most 1022"),
        ("fixed<1030,-1020>", "integer_bits=1030; legal: at most 1024"),
    ],
)
def test_beyond_float64(name, message):
    with pytest.raises(RangeError, match=message):
        chopper.chop(np.ones(2), name)
    with pytest.raises(RangeError, match=message):
        chopper.decode(1, name, np.float64)


def test_out_is_untouched_by_errors():
    out = np.full(3, 7, np.uint8)
    with pytest.raises(RangeError, match=r"x\[1\] = 200.0 has no result in int8"):
        chopper.encode(np.array([1.0, 200, 3]), "int8", overflow="raise", out=out)
    with pytest.raises(RangeError, match="under 'wrap' infinities"):
        chopper.encode(np.array([1.0, np.inf, 3]), "int8", overflow="wrap", out=out)
    assert out.tolist() == [7, 7, 7]


def test_narrow_carriers():
    """float32 does not hold the largest int32; float16 holds every int8."""
    with pytest.raises(RangeError, match=r"2147483647\.0 does not fit float32; widen the input first"):
        chopper.chop(np.float32(3e9), "int32")
    assert chopper.chop(np.float32(3e9), "int32", overflow="wrap") == np.float32(3e9 - 2**32)
    assert chopper.chop(np.float16(-200.5), "int8") == np.float16(-128)
    assert chopper.encode(np.array([2**53, -5, 127]), "int64").tolist() == [2**53, 2**64 - 5, 127]
