"""Arithmetic of logarithmic numbers at its edges: special operands, policies, errors, conversion, and xlns."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper.errors import PolicyError, RangeError, UnsupportedInputError
from chopper.formats.lns import LnsFormat
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from tests.operations.test_logarithmic import COUNTS, FIXED, operate

SUBJECT = "arithmetic of logarithmic numbers"


def test_numbers_far_apart(tally) -> None:
    """The largest and the least float64 beside a number of the format: exact still."""
    for fmt in (get("lns8"), get("takum_log8")):
        one, least = np.array([1.0]), np.array([5e-324])
        after = chopper.chop(np.nextafter(one, 2), fmt, "up")
        tally.same(operate("add", [one, least], fmt, Rounding.UP), after, fmt=fmt)
        tally.same(operate("fma", [one, one, least], fmt, Rounding.NEAREST_EVEN), one, fmt=fmt)
        tally.same(operate("sub", [one, least], fmt, Rounding.UP), one, fmt=fmt)
        large = np.array([1.7e308])
        tally.same(operate("div", [large, large], fmt, Rounding.TO_ODD), one, fmt=fmt)
        tally.same(operate("fma", [large, large, -one], fmt, Rounding.DOWN), np.array([float(fmt.max)]), fmt=fmt)


@pytest.mark.parametrize("fmt", ["lns8", "lns12", "pow2_4", "lns_madam8_g8", "takum_log8"])
def test_adding_nothing_is_conversion(fmt: str, tally) -> None:
    """x + 0, x * 1 and x / 1 are what x becomes, in all modes without chance; so is 0 * x + x."""
    rng = np.random.default_rng(3)
    x = np.concatenate([np.exp(rng.normal(0, 3, 60)) * rng.choice([-1, 1], 60), [np.inf, -np.inf, np.nan, 0.0]])
    zero, one = np.zeros(x.size), np.ones(x.size)
    for mode in FIXED:
        want = chopper.chop(x, fmt, mode)
        for name, operands in (("add", [x, zero]), ("sub", [x, zero]), ("mul", [x, one]), ("div", [x, one])):
            got = operate(name, operands, get(fmt), mode)
            tally.same(got[:-1], want[:-1], x[:-1], fmt=fmt, mode=mode, about=name)


SPECIALS = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -2.0])


@pytest.mark.parametrize("fmt", ["lns8", "pow2_4", "twin_log4", "lns<5,1,nan=false,nan_input=max>", "takum_log8"])
@pytest.mark.parametrize("policy", [None, "saturate", "propagate"])
def test_special_operands(fmt: str, policy: str | None, tally) -> None:
    """What zeros, infinities and NaN give is what conversion makes of the IEEE 754 result."""
    x, y, z = (part.reshape(-1) for part in np.meshgrid(SPECIALS, SPECIALS, SPECIALS))
    n = np.tile([0, 1, 2, -1, -2, 3, -3], x.size // 7)
    with np.errstate(all="ignore"):
        results = {
            "add": x + y, "sub": x - y, "mul": x * y, "div": x / y, "fma": x * y + z, "sqrt": np.sqrt(x),
            "power": x**n,
        }  # fmt: skip
    overflow = None if policy is None else Overflow.parse(policy)
    for name, result in results.items():
        operands = [x, n.astype(np.float64)] if name == "power" else [x, y, z][: COUNTS[name]]
        want = chopper.chop(result, fmt, overflow=policy)
        for mode in (Rounding.NEAREST_EVEN, Rounding.STOCHASTIC):
            words = np.zeros(x.size, np.uint32)
            got = operate(name, operands, get(fmt), mode, words, overflow=overflow)
            keep = ~np.isfinite(result) | (result == 0) | (mode is Rounding.NEAREST_EVEN)
            tally.same(got[keep], want[keep], x[keep], fmt=fmt, mode=mode, about=name)


def test_zero_of_a_difference() -> None:
    """Where zero is no number, the sign of a difference that cancels shows, as in IEEE 754."""
    fmt, one = get("lns_madam8_g8"), np.array([1.0])
    smallest = float(fmt.smallest)
    for mode in FIXED:
        want = -smallest if mode is Rounding.DOWN else smallest
        assert operate("sub", [one, one], fmt, mode)[0] == want
        assert operate("fma", [one, one, -one], fmt, mode)[0] == want
        assert operate("add", [0 * one, -0.0 * one], fmt, mode)[0] == want
        assert operate("mul", [-one, 0 * one], fmt, mode)[0] == -smallest


def test_policies() -> None:
    """Overflow by every policy that suits."""
    fmt = get("lns8")
    top = np.array([float(fmt.max)])
    assert np.isnan(operate("mul", [top, top], fmt, Rounding.DOWN, overflow=Overflow.NAN)[0])
    assert operate("add", [top, -top], fmt, Rounding.DOWN, overflow=Overflow.NAN)[0] == 0
    with pytest.raises(RangeError, match=r"overflow.*lns8"):
        operate("add", [top, top], fmt, Rounding.DOWN, overflow=Overflow.RAISE)
    assert operate("sub", [top, top / top], fmt, Rounding.UP, overflow=Overflow.RAISE)[0] == top[0]
    with pytest.raises(RangeError, match="NaN"):
        operate("sqrt", [-top], LnsFormat(width=6, fraction_bits=1, nan=False, nan_input="raise"), Rounding.UP)
    with pytest.raises(PolicyError, match="does not suit"):
        operate("add", [top, top], fmt, Rounding.UP, overflow=Overflow.INFINITY)
    with pytest.raises(PolicyError, match="compat"):
        operate("add", [top, top], fmt, Rounding.UP, compat="torch")


def test_what_is_no_operation() -> None:
    """Errors name what there is; linear takums are left to the operations on binary fractions."""
    one = np.array([1.0])
    with pytest.raises(UnsupportedInputError, match=r"remainder.*legal: add"):
        operate("remainder", [one, one], get("lns8"), Rounding.UP)
    with pytest.raises(UnsupportedInputError, match="power"):
        operate("power", [one * 1.1, one * 1e6], get("lns8"), Rounding.UP)
    with pytest.raises(UnsupportedInputError, match="integers"):
        operate("power", [one, one * 1.5], get("lns8"), Rounding.UP)
    assert operate("add", [one, one], get("takum_linear16"), Rounding.UP) is NotImplemented


@pytest.mark.parametrize("fmt", ["lns8", "lns12", "lns_madam8_g32"])
def test_numbers_of_24_bits(fmt: str, tally) -> None:
    """A number rounded to float32 stands for the number too; rounding it to float64 first makes no difference."""
    codes = np.arange(1 << get(fmt).bits).astype(np.uint16)
    narrow, wide = (chopper.decode(codes, fmt, dtype) for dtype in (np.float32, np.float64))
    tally.same(wide.astype(np.float32), narrow, fmt=fmt)
    x, y = narrow.astype(np.float64), np.roll(narrow, 5).astype(np.float64)
    for mode in (Rounding.NEAREST_EVEN, Rounding.TOWARD_ZERO, Rounding.UP):
        for name in ("add", "mul"):
            want = operate(name, [wide, np.roll(wide, 5)], get(fmt), mode)
            tally.same(operate(name, [x, y], get(fmt), mode), want, fmt=fmt, mode=mode)


@pytest.mark.parametrize(("width", "fraction_bits"), [(8, 3), (12, 6), (16, 8)])
def test_xlns(width: int, fraction_bits: int, tally) -> None:
    """Sums and products agree with xlns (Mark Arnold) where double precision decides, short of the ends."""
    xlns = pytest.importorskip("xlns")
    before = xlns.xlnsF
    fmt, rng = LnsFormat(width=width, fraction_bits=fraction_bits), np.random.default_rng(4)
    values = np.array([float(fmt.power(int(e))) for e in rng.integers(fmt.lowest // 2, fmt.highest // 2, 4000)])
    x, y = values * rng.choice([-1, 1], values.size), rng.permutation(values)
    try:
        xlns.xlnssetF(fraction_bits)
        a, b = xlns.xlnsnp(x), xlns.xlnsnp(y)
        found = {"add": a + b, "sub": a - b, "mul": a * b, "div": a / b}
    finally:
        xlns.xlnssetF(before)
    exact = {"add": x + y, "sub": x - y, "mul": x * y, "div": x / y}
    for name, theirs in found.items():
        with np.errstate(all="ignore"):
            place = np.log2(np.abs(exact[name])) * 2.0**fraction_bits
            clear = np.abs(place - np.floor(place) - 0.5) > 2.0**-30
        inside = clear & (place > fmt.lowest) & (place < fmt.highest)
        ours = chopper.encode(operate(name, [x, y], fmt, Rounding.NEAREST_EVEN), fmt)
        want = ((theirs.nd >> 1) & (fmt.sign_code - 1)) | np.where(theirs.nd & 1, fmt.sign_code, 0)
        assert inside.sum() > 3000
        tally.same(ours[inside], want[inside].astype(ours.dtype), x[inside], fmt=fmt, about=name)


def test_through_ops(tally) -> None:
    """`chopper.ops` hands operations on logarithmic numbers on."""
    from chopper.ops import add

    x = chopper.decode(np.arange(1, 64, dtype=np.uint8), "lns8", np.float64)
    want = operate("add", [x, x[::-1].copy()], get("lns8"), Rounding.DOWN)
    tally.same(add(x, x[::-1], "lns8", "down"), want, x, fmt="lns8", mode="down")
