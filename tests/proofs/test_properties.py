"""What holds for rounding to any format, whatever its definition."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import z3

from chopper.formats.float import FloatFormat, Subnormals
from chopper.rounding import Rounding
from tests.proofs.smt import MODES, as_float, carrier, cases, constant, encoded, finite, is_nan, rounded

ODD_ONES = (
    "e4m3", "e4m3fnuz", "binary8p1se", "binary8p3se", "binary8p4sf", "binary8p1ue", "e8m0", "e2m1", "dlfloat16",
    "ue4m3",
)  # fmt: skip
MONOTONE = (
    Rounding.NEAREST_EVEN,
    Rounding.NEAREST_AWAY,
    Rounding.TOWARD_ZERO,
    Rounding.UP,
    Rounding.DOWN,
    Rounding.TO_ODD,
)
UP, DOWN, NEAREST = Rounding.UP, Rounding.DOWN, Rounding.NEAREST_EVEN
INOUT = (Rounding.TOWARD_ZERO, Rounding.AWAY_FROM_ZERO)
Prove = Callable[..., None]


def terms(width: int, names: str = "x") -> Any:
    """Return free patterns."""
    found = [z3.BitVec(name, width) for name in names.split()]
    return found[0] if len(found) == 1 else found


def below(a: Any, b: Any, width: int) -> Any:
    """Whether a <= b as numbers."""
    return z3.fpLEQ(as_float(a, width), as_float(b, width))


def minus(a: Any, width: int) -> Any:
    """Return the pattern with the other sign."""
    return a ^ carrier(width).sign


@cases(ODD_ONES, MODES)
def test_idempotent(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """A rounded number rounds to itself."""
    y = rounded(terms(width), fmt, mode, width)
    again = rounded(y, fmt, mode, width)
    prove("idempotent", fmt, mode, width, z3.Not(is_nan(y, width)), again != y)


@cases(ODD_ONES, MONOTONE)
def test_monotone(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Of two numbers in order, the rounded ones are in order."""
    a, b = terms(width, "a b")
    low, high = (rounded(x, fmt, mode, width) for x in (a, b))
    numbers = [z3.Not(is_nan(x, width)) for x in (low, high)]
    prove("monotone", fmt, mode, width, below(a, b, width), *numbers, z3.Not(below(low, high, width)))


@cases([name for name in ODD_ONES if name not in ("binary8p1ue", "e8m0", "ue4m3")], MODES)
def test_symmetric(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """-x rounds to the opposite of what x rounds to, up and down changing places; a lone zero is its own opposite."""
    x = terms(width)
    mirrored = {UP: DOWN, DOWN: UP}.get(mode, mode)
    there, back = rounded(minus(x, width), fmt, mode, width), minus(rounded(x, fmt, mirrored, width), width)
    zero = z3.And(there == 0, minus(back, width) == 0, not fmt.negative_zero)
    prove("symmetric", fmt, mode, width, z3.Not(is_nan(x, width)), z3.Not(z3.Or(there == back, zero)))


@cases(ODD_ONES, (NEAREST,))
def test_brackets(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Between the smallest and the largest value, down(x) <= x <= up(x), and both are x where they are the same."""
    x = terms(width)
    low, high = rounded(x, fmt, DOWN, width), rounded(x, fmt, UP, width)
    right = z3.And(below(low, x, width), below(x, high, width))
    same = z3.Implies(
        z3.fpEQ(*(as_float(y, width) for y in (low, high))), z3.fpEQ(as_float(x, width), as_float(low, width))
    )
    prove("bracketed", fmt, "up and down", width, inside(x, fmt, width), z3.Not(z3.And(right, same)))


@cases(ODD_ONES, [mode for mode in MODES if mode not in (UP, DOWN)])
def test_one_of_the_neighbours(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Every mode gives down(x) or up(x)."""
    x = terms(width)
    y = as_float(rounded(x, fmt, mode, width), width)
    ends = [z3.fpEQ(y, as_float(rounded(x, fmt, end, width), width)) for end in (UP, DOWN)]
    prove("a neighbour", fmt, mode, width, inside(x, fmt, width), z3.Not(z3.Or(ends)))


@cases(ODD_ONES, (NEAREST, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO))
def test_nearest(fmt: FloatFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """On either side of the middle of two neighbours the result is the nearer one, in the middle what the mode says.

    The middle of two neighbours other than zero has the pattern halfway between theirs, since no power of two lies
    strictly between them.
    """
    x = terms(width)
    sign = carrier(width).sign
    y, low, high = (rounded(x, fmt, m, width) & ~sign for m in (mode, *INOUT))
    magnitude = x & ~sign
    middle = z3.If(low == 0, constant(fmt.smallest / 2, width), low + ((high - low) >> 1))
    even = z3.If(encoded(low, fmt, mode, width) & 1 == 0, low, high)
    tie = {NEAREST: even, Rounding.NEAREST_AWAY: high, Rounding.NEAREST_ZERO: low}[mode]
    right = z3.If(magnitude < middle, low, z3.If(magnitude > middle, high, tie))
    prove("nearest", fmt, mode, width, inside(x, fmt, width), low != high, y != right)


def inside(x: Any, fmt: FloatFormat, width: int) -> Any:
    """Whether x lies between the smallest and the largest value, and in the format's own half.

    Numbers too small for a format that flushes them to zero, in every mode, are left out.
    """
    bottom = -fmt.max if fmt.signed else 0 if fmt.zero else fmt.smallest
    ends = (constant(bottom, width), constant(fmt.max, width))
    magnitude = x & ~carrier(width).sign
    kept = magnitude >= constant(fmt.smallest, width) if fmt.subnormals is Subnormals.FLUSH else True
    return z3.And(finite(x, width), below(ends[0], x, width), below(x, ends[1], width), kept)
