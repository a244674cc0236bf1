"""Posits against their definition: every mode, policy, carrier, metric and underflow."""

from __future__ import annotations

import warnings
from functools import lru_cache
from itertools import product

import numpy as np
import pytest

import chopper
from chopper.engine.plan import Request, plan_decode, plan_encode, plan_round
from chopper.errors import PolicyError, RangeError
from chopper.formats.posit import PositFormat
from chopper.rounding import Rounding
from tests.families.posit_oracle import points, round_code

SUBJECT = "posits against the definition"
SHAPES = [
    (2, 0), (2, 2), (3, 0), (3, 1), (3, 2), (4, 1), (5, 0), (5, 1), (5, 2), (6, 2), (7, 2), (7, 3), (8, 0), (8, 1),
    (8, 2), (9, 1), (10, 2), (12, 4), (13, 3), (16, 1), (16, 2), (32, 2),
]  # fmt: skip
USUAL = ((3, 0), (4, 1), (5, 2), (7, 2), (8, 0), (8, 2), (9, 1), (16, 1), (32, 2))
"""Those that run by default; the others with the exhaustive tests."""

CASES = [pytest.param(*s, marks=() if s in USUAL else pytest.mark.exhaustive, id=f"{s[0]}-{s[1]}") for s in SHAPES]
WORDS = (0, 1, 0x55555555, 0x80000000, 0xAAAAAAAB, 0xFFFFFFFF)


def inputs(fmt: PositFormat, width: int) -> np.ndarray:
    kind = np.dtype(f"f{width // 8}").type
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = np.array([float(p) for p in points(fmt)], np.float64).astype(kind)
    x = np.concatenate(
        [x, np.nextafter(x, kind(0)), np.nextafter(x, kind(np.inf)), np.array([0, np.inf, np.nan], kind)]
    )
    return np.unique(np.concatenate([x, -x]).view(f"i{width // 8}")).view(kind)


@pytest.mark.parametrize("mode", list(Rounding), ids=lambda m: m.value)
@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize(("n", "es"), CASES)
def test_rounding(n: int, es: int, width: int, mode: Rounding, tally) -> None:
    """Codes and values are those of the definition, with either metric and either underflow."""
    metrics = ("code", "value") if mode.random or mode.value.startswith("nearest") else ("code",)
    for metric, underflow in product(metrics, ("smallest", "zero")):
        fmt = PositFormat(n=n, es=es, nearest=metric, stochastic=metric, underflow=underflow)
        if chopper.engine.plan.family_of(fmt).fits(fmt, width):
            _check(fmt, mode, width, tally)


def _check(fmt: PositFormat, mode: Rounding, width: int, tally) -> None:
    x = inputs(fmt, width)
    most = 120 if mode.random else 600
    if x.size > most:
        middle = np.searchsorted(x, 0)
        ends = [*range(12), *range(x.size - 12, x.size), *range(middle - 12, middle + 12)]
        x = x[np.unique([*range(0, x.size, x.size // most), *ends])]
    for word, bits in product(WORDS, (32, 7)) if mode.random else [(0, 32)]:
        want = np.array([round_code(fmt, float(v), mode, word=word, random_bits=bits) for v in x], np.int64)
        asked = Request(fmt, mode, None, bits)
        encode, chop = plan_encode(asked, width), plan_round(asked, width)
        tally.same(_run(encode, x, word) & ((1 << fmt.n) - 1), want, x, fmt=fmt, mode=mode, about=f"{word:x} {bits}")
        exact = np.array([_value(fmt.n, fmt.es, int(c)) for c in want])
        tally.same(_run(chop, x, word).view(f"f{chop.kernel.width // 8}").astype(float), exact, x, fmt=fmt, mode=mode)


@lru_cache(maxsize=1 << 14)
def _value(n: int, es: int, code: int) -> float:
    return float(PositFormat(n=n, es=es).value(code))


def _run(plan, x: np.ndarray, word: int) -> np.ndarray:
    wide = plan.kernel.width
    integer = np.dtype(f"i{wide // 8}")
    bits = x.astype(f"f{wide // 8}").view(integer)
    words = np.full(x.size, word, np.uint32)
    words = words.view(np.int32) if wide == 32 else words.astype(np.int64)
    with np.errstate(all="ignore"):
        result = plan.kernel(np.where, bits, words, plan.params)
    return result if plan.kernel.name.startswith("round") else result.astype(np.int64)


@pytest.mark.parametrize(("n", "es"), SHAPES)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_decode_and_back(n: int, es: int, dtype: str, tally) -> None:
    """Every code decodes to its value, encodes back to itself, and its value is not changed by rounding."""
    fmt = PositFormat(n=n, es=es)
    if not chopper.engine.plan.family_of(fmt).fits(fmt, 8 * int(dtype[1])):
        pytest.skip("the carrier does not hold the format")
    codes = np.arange(1 << min(n, 16), dtype=np.uint64) * (1 << (n - min(n, 16)))
    codes = codes.astype(chopper.encode(np.ones(1), fmt).dtype)
    got = chopper.decode(codes, fmt, dtype=dtype)
    want = np.array([float(fmt.value(int(c))) for c in codes], dtype)
    tally.same(got, want, codes, fmt=fmt)
    kernel = plan_decode(fmt, 8 * int(dtype[1]))
    integer = f"i{dtype[1]}"
    with np.errstate(all="ignore"):
        direct = kernel.kernel(np.where, codes.astype(integer), 0, kernel.params).view(dtype)
    tally.same(direct, want, codes, fmt=fmt)
    tally.same(chopper.encode(got, fmt), codes, fmt=fmt)
    tally.same(chopper.chop(got, fmt), want, fmt=fmt)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["nearest_even", "to_odd", "stochastic"])
def test_compiled_loops_agree(mode: str, dtype: str, tally, monkeypatch) -> None:
    """A compiled loop gives what NumPy gives, for values and codes."""
    from chopper.engine import run as running

    rng = np.random.default_rng(0)
    x = (rng.standard_normal(4000) * 10.0 ** rng.integers(-25, 25, 4000)).astype(dtype)
    words = {"random_words": rng.integers(0, 1 << 32, x.size, np.uint32)} if mode == "stochastic" else {}
    for name in ("posit8", "posit16es1"):
        plain = [convert(x, name, mode, **words) for convert in (chopper.chop, chopper.encode)]
        with monkeypatch.context() as patch:
            patch.setattr(running, "_SMALL", 0)
            patch.setattr(running, "_PATIENCE", 0)
            fast = [convert(x, name, mode, **words) for convert in (chopper.chop, chopper.encode)]
        for got, want in zip(fast, plain, strict=True):
            tally.same(got, want, x, fmt=name, mode=mode)


def test_policies() -> None:
    """Each overflow policy does what it says, and the others are refused."""
    fmt = chopper.get("posit8")
    x = np.array([1e30, -1e30, np.inf, -np.inf, np.nan, -0.0])
    top = 2.0**24
    wants = {
        None: [top, -top, np.nan, np.nan, np.nan, 0.0],
        "saturate": [top, -top, top, -top, np.nan, 0.0],
        "nan": [np.nan, np.nan, np.nan, np.nan, np.nan, 0.0],
    }
    for policy, want in wants.items():
        np.testing.assert_array_equal(chopper.chop(x, fmt, overflow=policy), want)
    for policy in ("infinity", "wrap"):
        with pytest.raises(PolicyError, match="propagate"):
            chopper.chop(x, fmt, overflow=policy)
    for value in (1e30, -np.inf):
        with pytest.raises(RangeError):
            chopper.chop(np.array([value]), fmt, overflow="raise")
        with pytest.raises(RangeError):
            chopper.encode(np.array([value]), fmt, overflow="raise")


def test_vectors() -> None:
    """Known results: the cut exponent of posit<8,2>, by the code and by the value; maxpos of an odd n."""
    assert chopper.chop(2.0**23, "posit8") == 2.0**24
    assert chopper.chop(2.0**22, "posit8") == 2.0**20
    assert chopper.chop(2.0**23, "posit<8,2,nearest=value>") == 2.0**20
    assert chopper.chop(8.0, "posit<5,0>") == 8.0
    assert chopper.chop(1e-300, "posit16") == 2.0**-56
    assert chopper.chop(1e-300, "posit<16,2,underflow=zero>") == 0.0


@pytest.mark.parametrize("name", ["posit8", "posit16", "posit32", "posit64", "posit8es0", "posit<16,1>",
                                  "posit<16,1,nearest=value>", "posit8<underflow=zero>"])  # fmt: skip
def test_names(name: str) -> None:
    """A name leads to a format whose text leads back to it."""
    fmt = chopper.get(name)
    assert chopper.get(str(fmt)) == fmt
    assert chopper.get(fmt.spelling) == fmt
    assert PositFormat.from_dict(fmt.to_dict()) == fmt
