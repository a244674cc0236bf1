"""For every float64 there is, linear takums are what their definition says: codes in the order of values, thresholds.

The definition spells out the sixteen combinations of direction and regime, each with shifts that are plain numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import z3

from chopper.engine.plan import Request, plan_decode, plan_encode, plan_round
from chopper.formats.registry import get
from chopper.formats.takum import TakumFormat
from chopper.rounding import Rounding
from tests.proofs.smt import MODES, SHIPPED, Source, carrier, execute, finite, is_nan, solve
from tests.proofs.test_mutants import Edited

Prove = Callable[..., None]
WIDTH = 64
FRACTION = 52
SIGN = carrier(WIDTH).sign
NEAREST, UP, DOWN = Rounding.NEAREST_EVEN, Rounding.UP, Rounding.DOWN
FEW = (NEAREST, UP, Rounding.TO_ODD)
NAMES = ("takum_linear12", "takum_linear8", "takum_linear32", "takum_linear5", "takum_linear57")


def cases(modes: tuple[Rounding, ...], usual: tuple[Rounding, ...] = FEW) -> Any:
    """Parametrize over formats and modes; all modes of the first format, the usual ones of two more, run by default."""
    found = []
    for at, fmt in enumerate(map(get, NAMES)):
        for mode in modes:
            runs = at == 0 or (at < 3 and mode in usual)
            found.append(
                pytest.param(fmt, mode, id=f"{fmt}-{mode.value}", marks=() if runs else pytest.mark.exhaustive)
            )
    return pytest.mark.parametrize(("fmt", "mode"), found)


def rounded(x: Any, fmt: TakumFormat, mode: Rounding, source: Source = SHIPPED) -> Any:
    """Return what the library rounds x to, as a pattern."""
    plan = plan_round(Request(fmt, mode), WIDTH)
    assert plan.kernel.module == "takum"
    return execute(plan.kernel, plan.params, x, source=source)


def encoded(x: Any, fmt: TakumFormat, mode: Rounding, source: Source = SHIPPED) -> Any:
    """Return the code that the library rounds x to."""
    plan = plan_encode(Request(fmt, mode), WIDTH)
    return execute(plan.kernel, plan.params, x, source=source)


def decoded(code: Any, fmt: TakumFormat) -> Any:
    """Return the pattern that the library decodes a code to."""
    plan = plan_decode(fmt, WIDTH)
    return execute(plan.kernel, plan.params, code)


def value(code: Any, n: int) -> Any:
    """Return the pattern of the value of a positive code of n bits, by definition; below 12 bits, zeros are added."""
    code, n = (code << 12 - n, 12) if n < 12 else (code, n)
    head = z3.LShR(code, n - 5)
    found = z3.BitVecVal(0, WIDTH)
    for digit in range(16):
        r = digit - 8 if digit >= 8 else 15 - digit - 8
        first = 2**r - 1 if digit >= 8 else 1 - 2 ** (r + 1)
        p = n - 5 - r
        rest = code & ((1 << (n - 5)) - 1)  # characteristic and fraction: together an exponent and a significand
        tail = rest << (FRACTION - p) if p <= FRACTION else z3.LShR(rest, p - FRACTION)
        found = z3.If(head == digit, tail + ((1023 + first) << FRACTION), found)
    return found


def rounds_by_thresholds(fmt: TakumFormat, mode: Rounding, source: Source = SHIPPED) -> list[Any]:
    """A magnitude in range gets neither the code that lies below it nor the next one, or the wrong one of the two."""
    x, low = z3.BitVecs("x low", WIDTH)
    n, mag, last = fmt.n, x & ~SIGN, (1 << (fmt.n - 1)) - 1
    code = encoded(x, fmt, mode, source)
    size = z3.If(x < 0, -code, code) & ((1 << n) - 1)
    at, threshold = value(low, n), value(2 * low + 1, n + 1)
    inside = [z3.UGE(low, 1), z3.ULT(low, last), z3.ULE(at, mag), z3.ULT(mag, value(low + 1, n))]
    odd = low & 1 == 1
    away = {
        NEAREST: z3.Or(z3.UGT(mag, threshold), z3.And(mag == threshold, odd)),
        Rounding.NEAREST_AWAY: z3.UGE(mag, threshold),
        Rounding.NEAREST_ZERO: z3.UGT(mag, threshold),
        Rounding.TOWARD_ZERO: z3.BoolVal(False),
        Rounding.AWAY_FROM_ZERO: z3.BoolVal(True),
        UP: x >= 0,
        DOWN: x < 0,
        Rounding.TO_ODD: z3.Not(odd),
    }[mode]
    return [*inside, size != z3.If(z3.And(mag != at, away), low + 1, low)]  # values stay


@cases(MODES)
def test_rounds_by_thresholds(fmt: TakumFormat, mode: Rounding, prove: Prove) -> None:
    """Between two neighbours, the value of the code with one more bit decides: equal to the definition in range."""
    prove("takums, by thresholds", fmt, mode, WIDTH, *rounds_by_thresholds(fmt, mode))


@cases(MODES)
def test_codes_are_values(fmt: TakumFormat, mode: Rounding, prove: Prove) -> None:
    """decode(encode(x)) = chop(x) for all x; any NaN equals any other."""
    x = z3.BitVec("x", WIDTH)
    y, z = decoded(encoded(x, fmt, mode), fmt), rounded(x, fmt, mode)
    prove("takums, codes", fmt, mode, WIDTH, y != z, z3.Not(z3.And(is_nan(y, WIDTH), is_nan(z, WIDTH))))


@cases((NEAREST, UP))
def test_codes_return(fmt: TakumFormat, mode: Rounding, prove: Prove) -> None:
    """encode(decode(code)) = code, and a positive code has the value of the definition."""
    code = z3.BitVec("code", WIDTH)
    nar = 1 << (fmt.n - 1)
    y = decoded(code, fmt)
    positive = z3.And(code != 0, z3.ULT(code, nar), y != value(code, fmt.n))
    again = encoded(y, fmt, mode) != code
    prove("takums, decoding", fmt, mode, WIDTH, z3.ULT(code, 2 * nar), z3.Or(positive, again))


@cases(MODES)
def test_symmetric_and_never_zero(fmt: TakumFormat, mode: Rounding, prove: Prove) -> None:
    """-x rounds to the opposite, up and down changing places; a number other than zero becomes neither zero nor NaR."""
    x = z3.BitVec("x", WIDTH)
    mirrored = {UP: DOWN, DOWN: UP}.get(mode, mode)
    there, back = rounded(x ^ SIGN, fmt, mode), rounded(x, fmt, mirrored)
    same = z3.Or(there == back ^ SIGN, z3.And(x & ~SIGN == 0, there == 0, back == 0))
    number = z3.And(finite(back, WIDTH), back & ~SIGN != 0)
    right = z3.And(same, z3.Or(number, x & ~SIGN == 0))
    prove("takums, symmetric, neither zero nor NaR", fmt, mode, WIDTH, finite(x, WIDTH), z3.Not(right))


@cases(MODES)
def test_idempotent(fmt: TakumFormat, mode: Rounding, prove: Prove) -> None:
    """A rounded number rounds to itself."""
    y = rounded(z3.BitVec("x", WIDTH), fmt, mode)
    prove("takums, idempotent", fmt, mode, WIDTH, z3.Not(is_nan(y, WIDTH)), rounded(y, fmt, mode) != y)


@cases((NEAREST, UP), usual=(NEAREST,))
def test_monotone(fmt: TakumFormat, mode: Rounding, prove: Prove) -> None:
    """Of two positive numbers in order, the codes are in order."""
    a, b = z3.BitVecs("a b", WIDTH)
    order = [a >= 0, a <= b, finite(b, WIDTH)]
    prove("takums, monotone", fmt, mode, WIDTH, *order, encoded(a, fmt, mode) > encoded(b, fmt, mode))


MUTANTS = [
    ("(down + down + 1) << t", "(down & 0) << t"),
    ("((r + 8) ^ down) & 15", "((r + 8) ^ down) & 7"),
    ("code & 1, r, s, s", "(code + 1) & 1, r, s, s"),
    ("where(q < 4,", "where(q < 3,"),
    ("<< (7 - r))", "<< (6 - r))"),
]


@pytest.mark.parametrize(("good", "bad"), MUTANTS, ids=[bad for _, bad in MUTANTS])
def test_mutants_are_found(good: str, bad: str) -> None:
    """The proof can fail: every mistake put into the kernel is found."""
    source = Edited("takum", good, bad)
    assert any(solve(*rounds_by_thresholds(get(name), NEAREST, source))[0] == "sat" for name in NAMES[:3])
