"""Logarithmic numbers: kernels against the list of all values, chance by the logarithm against its definition."""

from __future__ import annotations

import math
from bisect import bisect_right
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import chopper
from chopper.engine.families import lns, table
from chopper.engine.plan import Plan, Request
from chopper.errors import PolicyError
from chopper.formats.lns import LnsFormat
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from tests.families.definition import Definition, inputs
from tests.oracle import away

SUBJECT = "logarithmic numbers, kernel against list"
NAMES = (
    "lns8 lns<8,0> lns<3,1> lns<8,4> lns<10,4> lns<8,2,bias=5> lns<7,0,bias=3> lns<8,3,nearest=value>",
    "lns<8,0,nearest=value> lns<8,0,bias=1,nearest=value> lns<8,3,underflow=smallest> lns<6,2,zero=false>",
    "lns<2,0,zero=false,nan=false> lns<8,3,nan=false,nan_input=max> lns<6,1,nan=false> pow2_4 lns_madam8_g8",
    "lns<13,7,bias=3,nearest=value,nan=false>",
)
KINDS = {
    ("lns<8,3>", "nearest_even"): "round_lns",
    ("lns<8,3>", "up"): "round_lns_sided",
    ("lns<8,4>", "to_odd"): "round_lns_long",
    ("lns<8,4>", "down"): "round_lns_long_sided",
    ("lns<8,5>", "nearest_even"): "take_step",
    ("lns<13,6>", "up"): "take_period",
    ("lns<13,6>", "to_odd"): "take_step_dense",
    ("lns<8,3>", "stochastic"): "take_chance",
    ("lns<8,3,stochastic=code>", "stochastic"): "take_log",
}


@pytest.mark.parametrize(("name", "mode"), KINDS)
def test_which_kernel(name: str, mode: str) -> None:
    """The planner picks a kernel by the format and the mode."""
    assert lns.plan_round(Request(get(name), Rounding.parse(mode)), 32).kernel.name == KINDS[name, mode]


def run(plan: Plan, bits: np.ndarray) -> np.ndarray:
    """Run a plan without random words on patterns."""
    with np.errstate(all="ignore"):
        found: np.ndarray = plan.kernel(np.where, bits, 0, plan.params)
    return found


@pytest.mark.parametrize("name", [name for line in NAMES for name in line.split()])
@pytest.mark.parametrize("width", [32, 64])
def test_kernel_is_the_list(name: str, width: int, tally) -> None:
    """Comparing with the steps of a period gives what looking all steps up gives: patterns, codes and marks."""
    fmt, kind = get(name), f"f{width // 8}"
    if not lns.fits(fmt, width):
        pytest.skip("the carrier does not hold the format")
    xs = inputs(Definition(fmt, 24 if width == 32 else 53), kind, 120, 1)
    rng = np.random.default_rng(0)
    some = rng.integers(-(2 ** (width - 1)), 2 ** (width - 1), 500, dtype=f"i{width // 8}")
    bits = np.concatenate([xs.view(some.dtype), rng.standard_normal(500).astype(kind).view(some.dtype), some])
    for mode in (mode for mode in Rounding if not mode.random):
        for policy in (None, *Overflow) if mode in (Rounding.NEAREST_EVEN, Rounding.UP) else (None,):
            request = Request(fmt, mode, policy)
            for kernel, listed in ((lns.plan_round, table.plan_round), (lns.plan_encode, table.plan_encode)):
                try:
                    want = listed(request, width)
                except PolicyError as error:
                    with pytest.raises(PolicyError) as found:
                        kernel(request, width)
                    assert str(found.value) == str(error)
                    continue
                got = kernel(request, width)
                assert got.kernel.module == "lns" or "period" in got.kernel.name or mode is Rounding.TO_ODD
                assert got.mark == want.mark
                tally.same(run(got, bits), run(want, bits), bits, fmt=fmt, mode=mode, about=policy)


def test_compiled_loops_agree(tally, monkeypatch) -> None:
    """A compiled loop gives what NumPy gives."""
    from chopper.engine import run as running

    x = np.random.default_rng(0).standard_normal(4000).astype(np.float32) ** 3
    words = np.random.default_rng(0).integers(0, 1 << 32, x.size, np.uint32)
    for name, mode in KINDS:
        given = {"random_words": words} if mode == "stochastic" else {}
        plain = [convert(x, name, mode, **given) for convert in (chopper.chop, chopper.encode)]
        with monkeypatch.context() as patch:
            patch.setattr(running, "_SMALL", 0)
            patch.setattr(running, "_PATIENCE", 0)
            fast = [convert(x, name, mode, **given) for convert in (chopper.chop, chopper.encode)]
        for got, want in zip(fast, plain, strict=True):
            tally.same(got, want, x, fmt=name, mode=mode)


# --- chance by the logarithm -----------------------------------------------------------------------------------------


def drawn(fmt: LnsFormat, values: list[float], x: float, mode: Rounding, word: int, bits: int) -> int:
    """Return the code of a number under stochastic=code, by definition; `values` are the magnitudes, in order."""
    sign, size = (fmt.sign_code if math.copysign(1, x) < 0 else 0), abs(x)
    lowest, highest = fmt.lowest, fmt.highest
    if math.isnan(x):
        return fmt.nan_code
    if size == 0:
        return fmt.reserved
    if size >= values[-1]:
        return sign | highest & (fmt.sign_code - 1)
    above = lowest + bisect_right(values, size)
    if above > lowest and size == values[above - 1 - lowest]:
        return sign | (above - 1) & (fmt.sign_code - 1)
    with mpmath.workprec(300):
        exact = mpmath.mpf(Fraction(size).numerator) / Fraction(size).denominator
        cut = int(mpmath.floor(mpmath.log(exact, 2) * 2**16))
    low, part = divmod(cut - (fmt.bias << (16 - fmt.fraction_bits)), 1 << (16 - fmt.fraction_bits))
    if low < lowest - 1:
        return fmt.reserved
    if above > lowest and above != low + 1:  # a value, rounded to the carrier, lies between the number and its step
        low, part = (low + 1, 0) if above > low + 1 else (low - 1, (1 << (16 - fmt.fraction_bits)) - 1)
    elif above == lowest and low == lowest:  # that value is the smallest
        low, part = low - 1, (1 << (16 - fmt.fraction_bits)) - 1
    e = low + away(mode, Fraction(part, 1 << (16 - fmt.fraction_bits)), False, False, word, bits)
    return fmt.reserved if e < lowest else sign | e & (fmt.sign_code - 1)


@pytest.mark.parametrize("name", ["lns<8,3>", "lns<8,0>", "lns<7,2,bias=5>", "lns<12,6>", "lns<16,9>"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_chance_by_the_logarithm(name: str, dtype: str, tally) -> None:
    fmt = get(name).with_options(stochastic="code")
    precision = 24 if dtype == "float32" else 53
    values = [float(fmt.power(e + fmt.bias, precision)) for e in range(fmt.lowest, fmt.highest + 1)]
    rng = np.random.default_rng(fmt.bits)
    low, high = math.log(values[0]), math.log(values[-1])
    picked = np.array(values)[:: max(len(values) // 20, 1)].astype(dtype)
    around = [np.nextafter(picked, np.array(end, dtype)) for end in (0, np.inf)]
    ends = [values[0] * 2.0 ** (-k / 2 ** (fmt.fraction_bits + 2)) for k in range(9)]
    x = np.exp(rng.uniform(low - 1, high + 1, 60)).astype(dtype)
    x = np.concatenate([x, picked, *around, np.array([*ends, 0, np.inf, np.nan], dtype)])
    x = np.concatenate([x, -x])
    words = rng.integers(0, 1 << 32, x.size, np.uint32)
    for mode in (mode for mode in Rounding if mode.random):
        for bits in (32, 5):
            codes = chopper.encode(x, fmt, mode, random_words=words, random_bits=bits)
            want = [drawn(fmt, values, float(v), mode, int(w), bits) for v, w in zip(x, words, strict=True)]
            tally.same(codes, np.array(want, codes.dtype), x, fmt=fmt, mode=mode, about=bits)
            values_of = chopper.decode(codes, fmt, dtype)
            tally.same(chopper.chop(x, fmt, mode, random_words=words, random_bits=bits), values_of, x, fmt=fmt)


def test_the_mean_of_the_logarithm() -> None:
    """By the logarithm, log2(x) is met on average; by the value, x is."""
    x = np.full(1 << 18, 1.1)
    by_code = chopper.chop(x, "lns<8,2,stochastic=code>", "stochastic", key=1)
    by_value = chopper.chop(x, "lns<8,2>", "stochastic", key=1)
    assert abs(np.log2(by_code).mean() - math.log2(1.1)) < 1e-3
    assert abs(by_value.mean() - 1.1) < 1e-3
    assert abs(by_code.mean() - 1.1) > 2e-3
