"""Linear takums of every width against their definition on the line of codes; what is refused."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper.engine.families import takum
from chopper.engine.plan import Request
from chopper.errors import FormatError, PolicyError, RangeError
from chopper.formats.takum import TakumFormat
from chopper.rounding import Overflow, Rounding
from tests.families.takum_oracle import place, points, round_code, value

SUBJECT = "linear takums against the definition"
WIDTHS = (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 16, 20, 32, 48, 57, 64)
USUAL = (2, 5, 8, 12, 32, 64)
CASES = [pytest.param(n, marks=() if n in USUAL else pytest.mark.exhaustive) for n in WIDTHS]
KINDS = [(mode, kind) for mode in Rounding for kind in (("smallest",) if mode.random else ("smallest", "zero"))]
WORDS = (0, 1, 0x55555555, 0x80000000, 0xAAAAAAAB, 0xFFFFFFFF)


def near(n: int) -> np.ndarray:
    """Return float64 numbers at and next to the points of a width, of both signs, and specials."""
    x = np.array([float(p) for p in points(n)])
    x = np.concatenate([x, np.nextafter(x, 0), np.nextafter(x, np.inf), [0, 5e-324, 1e-310, 1e308, np.inf, np.nan]])
    return np.unique(np.concatenate([x, -x]).view(np.int64)).view(np.float64)


@pytest.mark.parametrize("n", CASES)
@pytest.mark.parametrize(("mode", "underflow"), KINDS, ids=lambda kind: kind if isinstance(kind, str) else kind.value)
def test_rounding(n: int, underflow: str, mode: Rounding, tally) -> None:
    """The kernel rounds as defined; chance near a zero below the smallest number is in test_rounding.py."""
    fmt = TakumFormat(n=n, stochastic="code", underflow=underflow)
    assert takum.plan_encode(Request(fmt, mode), 64).kernel.module == "takum"
    x = near(n)
    for word, bits in [(word, bits) for word in WORDS for bits in (32, 7)] if mode.random else [(0, 32)]:
        some = x[:: 1 + (x.size > 200) * mode.random * 5]
        want = [round_code(fmt, float(v), mode, word=word, random_bits=bits) for v in some]
        given = {"random_words": np.full(some.size, word, np.uint32), "random_bits": bits} if mode.random else {}
        codes = chopper.encode(some, fmt, mode, **given)
        tally.same(codes, np.array(want, codes.dtype), some, fmt=fmt, mode=mode, about=f"{word:x} {bits}")
        if takum.fits(fmt, 64):
            tally.same(chopper.chop(some, fmt, mode, **given), values(n, want), some, fmt=fmt, mode=mode)


def values(n: int, codes: list[int]) -> np.ndarray:
    """Return the values of codes."""
    nar = 1 << (n - 1)
    signed = [code - 2 * nar if code > nar else code for code in codes]
    sizes = [float("nan") if k == nar else float(value(n, Fraction(abs(k)))) if k else 0.0 for k in signed]
    return np.where(np.array(signed, object) < 0, -1.0, 1.0) * np.array(sizes)


@pytest.mark.parametrize("n", CASES)
def test_codes(n: int, tally) -> None:
    """A code has the value of its place, which encodes to it and is not moved; formats and oracle agree on both."""
    fmt = TakumFormat(n=n)
    count = min(1 << n, 1 << 11)
    codes = [i * ((1 << n) // count) + (i * 2654435761 % max((1 << n) // count, 1)) for i in range(count)]
    for code in (code for code in codes if 0 < code < 1 << (n - 1)):
        exact = value(n, Fraction(code))
        assert fmt.value(code) == exact
        assert place(n, exact) == code
    if not takum.fits(fmt, 64):
        with pytest.raises(RangeError, match="2 to 57"):
            chopper.decode(np.array(codes[:4], np.uint64), fmt, np.float64)
        return
    given = np.array(codes, np.uint64).astype(chopper.encode(np.ones(1), fmt).dtype)
    found = chopper.decode(given, fmt, np.float64)
    tally.same(found, values(n, codes), given, fmt=fmt)
    for mode in ("nearest_even", "up", "stochastic"):
        tally.same(chopper.encode(found, fmt, mode, key=1), given, found, fmt=fmt, mode=mode)
        tally.same(chopper.chop(found, fmt, mode, key=1), found, found, fmt=fmt, mode=mode)


@pytest.mark.parametrize("n", [4, 8, 16, 32, 64])
def test_from_float32(n: int, tally) -> None:
    """float32 is widened first, without loss."""
    with np.errstate(over="ignore", under="ignore"):
        x = near(n).astype(np.float32)
    fmt = TakumFormat(n=n)
    for mode in (Rounding.NEAREST_EVEN, Rounding.TO_ODD):
        codes = chopper.encode(x, fmt, mode)
        want = np.array([round_code(fmt, float(v), mode) for v in x], codes.dtype)
        tally.same(codes, want, x, fmt=fmt, mode=mode)


@pytest.mark.parametrize("policy", list(Overflow), ids=lambda policy: policy.value)
def test_policies(policy: Overflow, tally) -> None:
    fmt = TakumFormat(n=32)
    x = np.array([1e300, -1e300, np.inf, -np.inf, np.nan, -0.0, 1.0])
    if policy in (Overflow.INFINITY, Overflow.WRAP):
        with pytest.raises(PolicyError, match="does not suit"):
            chopper.encode(x, fmt, overflow=policy)
        return
    if policy is Overflow.RAISE:
        for v in x[:4]:
            for convert in (chopper.chop, chopper.encode):
                with pytest.raises(RangeError):
                    convert(v, fmt, overflow=policy)
        with pytest.raises(RangeError):
            chopper.encode(x, "takum_linear64", overflow=policy)
        return
    want = [round_code(fmt, float(v), Rounding.NEAREST_EVEN, overflow=policy) for v in x]
    tally.same(chopper.encode(x, fmt, overflow=policy), np.array(want, np.uint32), x, fmt=fmt)


def test_compiled_loops_agree(tally, monkeypatch) -> None:
    """A compiled loop gives what NumPy gives, and Python integers too."""
    from chopper.engine import run as running

    x = near(32)
    words = np.random.default_rng(0).integers(0, 1 << 32, x.size, np.uint32)
    for name in ("takum_linear8", "takum_linear32"):
        for mode in ("nearest_even", "down", "stochastic"):
            given = {"random_words": words} if mode == "stochastic" else {}
            plain = [convert(x, name, mode, **given) for convert in (chopper.chop, chopper.encode)]
            with monkeypatch.context() as patch:
                patch.setattr(running, "_SMALL", 0)
                patch.setattr(running, "_PATIENCE", 0)
                fast = [convert(x, name, mode, **given) for convert in (chopper.chop, chopper.encode)]
            for got, want in zip(fast, plain, strict=True):
                tally.same(got, want, x, fmt=name, mode=mode)
            if not given:
                alone = np.array([chopper.chop(float(v), name, mode) for v in x[::7]])
                tally.same(alone, plain[0][::7], x[::7], fmt=name, mode=mode)


def test_vectors() -> None:
    """The last bit of a takum of 12 bits may be one of the characteristic: the even code is not that of even c."""
    assert chopper.chop(1.5 * 2.0**200, "takum_linear12") == 2.0**201
    assert chopper.encode(2.0**201, "takum_linear12") % 2 == 0
    assert chopper.chop(1e-300, "takum_linear32") == float(chopper.get("takum_linear32").smallest)
    assert chopper.chop(1e-300, "takum_linear32<underflow=zero>") == 0
    assert chopper.chop(0.1, "takum_linear32") == 0.09999999962747097
    info = chopper.finfo("takum_linear32")
    assert (info.precision, info.emin, info.emax, info.eps) == (28, -255, 254, 2.0**-27)


def test_what_is_refused() -> None:
    with pytest.raises(FormatError, match="transcendental"):
        TakumFormat(n=17, logarithmic=True)
    with pytest.raises(FormatError, match="stochastic=code"):
        TakumFormat(n=8, logarithmic=True, stochastic="code")
    with pytest.raises(FormatError, match="n=65"):
        TakumFormat(n=65)
    with pytest.raises(PolicyError, match="underflow=smallest"):
        chopper.chop(1.0, "takum_linear32<underflow=zero>", "stochastic", key=1)
    with pytest.raises(RangeError, match="2 to 57"):
        chopper.chop(1.0, "takum_linear64")
    with pytest.raises(PolicyError, match="compat"):
        chopper.chop(1.0, "takum_linear32", compat="torch")
