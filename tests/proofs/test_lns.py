"""For every float there is, logarithmic numbers get the code that the thresholds of the definition say.

Values and thresholds are those of `tests.families.values`, to 400 bits; the code of a magnitude is the last one whose
threshold does not lie above it.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import z3

from chopper.engine.plan import Request, plan_encode, plan_round
from chopper.formats.lns import LnsFormat
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.families.values import exact, middle, number
from tests.proofs.smt import MODES, SHIPPED, Source, carrier, constant, execute, is_nan, solve
from tests.proofs.test_mutants import Edited

Prove = Callable[..., None]
NAMES = ("lns8", "pow2_4", "lns<7,4>", "lns<8,0,nearest=value>", "lns<6,2,bias=3>", "logsqrt2_5")
FEW = (Rounding.NEAREST_EVEN, Rounding.UP, Rounding.TO_ODD)


def cases() -> Any:
    """Parametrize over formats, modes and carriers; all modes of lns8 from binary32 run by default, few of the rest."""
    found = []
    for fmt in map(get, NAMES):
        for mode in MODES:
            for width in (32, 64):
                usual = width == 32 and (fmt == get("lns8") or mode in FEW)
                marks = () if usual else pytest.mark.exhaustive
                found.append(pytest.param(fmt, mode, width, id=f"{fmt}-{mode.value}-{width}", marks=marks))
    return pytest.mark.parametrize(("fmt", "mode", "width"), found)


def at_least(value: Any, width: int, beyond: bool = False) -> int:
    """Return the pattern of the smallest float that is at least `value`, or more than it."""
    kind, integer = (np.float32, np.uint32) if width == 32 else (np.float64, np.uint64)
    value = value if isinstance(value, Fraction) else exact(value)
    found = kind(float(value))
    while Fraction(float(found)) < value or (beyond and Fraction(float(found)) == value):
        found = np.nextafter(found, kind(np.inf))
    while (low := Fraction(float(np.nextafter(found, kind(0))))) > value or (not beyond and low == value):
        found = np.nextafter(found, kind(0))
    return int(found.view(integer))


def begin(fmt: LnsFormat, low: int, high: int, mode: Rounding, width: int) -> int:
    """Return the pattern of the first positive number that goes to the upper one of two neighbours."""
    precision = carrier(width).precision
    mode = {Rounding.UP: Rounding.AWAY_FROM_ZERO, Rounding.DOWN: Rounding.TOWARD_ZERO}.get(mode, mode)
    if mode is Rounding.TO_ODD:
        mode = Rounding.TOWARD_ZERO if low % 2 == 1 else Rounding.AWAY_FROM_ZERO
    if mode is Rounding.TOWARD_ZERO:
        return at_least(number(fmt, high, precision), width)
    if mode is Rounding.AWAY_FROM_ZERO:
        return at_least(number(fmt, low, precision), width, beyond=True)
    stays = mode is Rounding.NEAREST_ZERO or (mode is Rounding.NEAREST_EVEN and low % 2 == 0)
    return at_least(middle(fmt, low, high), width, beyond=stays)


def code_of(mag: Any, fmt: LnsFormat, mode: Rounding, width: int) -> Any:
    """Return the code of a positive number that is no NaN, by definition; beyond the largest value that one."""
    fields = [e & (fmt.sign_code - 1) for e in range(fmt.lowest, fmt.highest + 1)]
    found = z3.BitVecVal(fmt.reserved, width)
    for low, high in pairwise([fmt.reserved, *fields]):
        found = z3.If(z3.UGE(mag, begin(fmt, low, high, mode, width)), z3.BitVecVal(high, width), found)
    return found


def differs(fmt: LnsFormat, mode: Rounding, width: int, source: Source = SHIPPED) -> list[Any]:
    """The code of a number is not the one of the definition."""
    x = z3.BitVec("x", width)
    plan = plan_encode(Request(fmt, mode), width)
    assert plan.kernel.module == "lns"
    mag = x & ~carrier(width).sign
    mirrored = {Rounding.UP: Rounding.DOWN, Rounding.DOWN: Rounding.UP}.get(mode, mode)
    pos, neg = (code_of(mag, fmt, m, width) for m in (mode, mirrored))
    want = z3.If(x >= 0, pos, z3.If(neg == fmt.reserved, neg, neg | fmt.sign_code))
    return [z3.Not(is_nan(x, width)), execute(plan.kernel, plan.params, x, source=source) != want]


@cases()
def test_encodes_by_thresholds(fmt: LnsFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """The kernel that compares with one period gives the code that all thresholds give."""
    prove("logarithmic numbers, by thresholds", fmt, mode, width, *differs(fmt, mode, width))


@pytest.mark.parametrize("name", ["pow2_4", "logsqrt2_5"])
@pytest.mark.parametrize("mode", FEW)
def test_values_are_those_of_the_codes(name: str, mode: Rounding, prove: Prove) -> None:
    """Rounding gives the value of the code that encoding gives."""
    fmt, x = get(name), z3.BitVec("x", 32)
    codes, values = (plan(Request(fmt, mode), 32) for plan in (plan_encode, plan_round))
    code, want = execute(codes.kernel, codes.params, x), z3.BitVecVal(0, 32)
    for k in fmt.ascending:
        want = z3.If(code == k, constant(float(number(fmt, k, 24)), 32), want)
    different = execute(values.kernel, values.params, x) != want
    prove("logarithmic numbers, values", fmt, mode, 32, z3.Not(is_nan(x, 32)), different)


MUTANTS = [
    ("where(m < s.t3, out, out + s.d3)", "where(m <= s.t3, out, out + s.d3)"),
    ("<< f.digits", "<< 2"),
    ("(e - f.bias) & f.mask", "(e + f.bias + 1) & f.mask"),
    ("where(mag < f.low, f.low, mag)", "mag"),
]


@pytest.mark.parametrize(("good", "bad"), MUTANTS, ids=[bad for _, bad in MUTANTS])
def test_mutants_are_found(good: str, bad: str) -> None:
    """The proof can fail: every mistake put into the kernel is found."""
    source, modes = Edited("lns", good, bad), (Rounding.NEAREST_EVEN, Rounding.AWAY_FROM_ZERO)
    assert any(solve(*differs(get("lns8"), mode, 32, source))[0] == "sat" for mode in modes)
