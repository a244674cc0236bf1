"""Posits as terms, by the definition: what a code stands for, and where each mode turns between neighbours."""

from __future__ import annotations

from typing import Any

import z3

from chopper.formats.policies import Metric
from chopper.formats.posit import PositFormat
from chopper.rounding import Rounding
from tests.proofs.smt import carrier

__all__ = ["is_code", "magnitude", "pattern_of", "steps_away"]

NEAREST = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO)


def magnitude(body: Any, n: int, es: int, width: int) -> Any:
    """Return the pattern of the value that the n - 1 bits of a positive code stand for; 0 for 0.

    A run of equal bits and one that ends it, if there is room; then exponent bits, of which missing ones are zero;
    then the fraction.
    """
    c, found = carrier(width), z3.BitVecVal(0, width)
    t = c.precision - 1
    for k in range(2 - n, n - 1):
        length = min(k + 2, n - 1) if k >= 0 else 1 - k
        regime = (1 << length) - (2 if k < n - 2 else 1) if k >= 0 else 1
        left = n - 1 - length
        rest = body & ((1 << left) - 1)
        present = min(es, left)
        digits = left - present
        e = z3.LShR(rest, digits) << (es - present)
        fraction = (rest & ((1 << digits) - 1)) << (t - digits)
        value = (((k << es) + c.bias + e) << t) + fraction
        found = z3.If(z3.LShR(body, left) == regime, value, found)
    return found


def pattern_of(code: Any, fmt: PositFormat, width: int) -> Any:
    """Return the pattern of the value of a code: the opposite for the two's complement code, NaN for NaR."""
    mask = (1 << fmt.n) - 1
    negative = code & fmt.nar != 0
    body = z3.If(negative, -code, code) & (fmt.nar - 1)
    value = magnitude(body, fmt.n, fmt.es, width)
    nan = z3.BitVecVal(carrier(width).inf | 1 << (carrier(width).precision - 2), width)
    return z3.If(code & mask == fmt.nar, nan, z3.If(negative, value | carrier(width).sign, value))


def is_code(u: Any, a: Any, negative: Any, fmt: PositFormat, mode: Rounding, width: int) -> Any:
    """Whether u is the code, 1 to 2^(n-1) - 1, that a finite magnitude other than 0 rounds to."""
    first, last = u == 1, u == fmt.nar - 1

    def above(low: Any, high: Any, may_be: Any) -> Any:
        return z3.Or(z3.ULT(low, high), z3.And(low == high, may_be))

    if mode in NEAREST:
        even = u & 1 == 0
        stays = {NEAREST[0]: even, NEAREST[1]: z3.BoolVal(False), NEAREST[2]: z3.BoolVal(True)}[mode]
        rises = {NEAREST[0]: even, NEAREST[1]: z3.BoolVal(True), NEAREST[2]: z3.BoolVal(False)}[mode]
        low, high = (_turn(u + by, fmt, width) for by in (-1, 0))
        right = [z3.Or(first, above(low, a, rises)), z3.Or(last, above(a, high, stays))]
    else:
        below, at, beyond = (magnitude(u + by, fmt.n, fmt.es, width) for by in (-1, 0, 1))
        near = z3.And(z3.Or(first, z3.ULE(at, a)), z3.Or(last, z3.ULT(a, beyond)))
        away = z3.And(z3.Or(first, z3.ULT(below, a)), z3.Or(last, z3.ULE(a, at)))
        odd = z3.And(z3.Or(first, z3.ULT(below, a)), z3.Or(last, z3.ULT(a, beyond)), u & 1 == 1)
        outside = z3.And(last, z3.UGT(a, at))
        right = {
            Rounding.TOWARD_ZERO: [near],
            Rounding.AWAY_FROM_ZERO: [away],
            Rounding.UP: [z3.If(negative, near, away)],
            Rounding.DOWN: [z3.If(negative, away, near)],
            Rounding.TO_ODD: [z3.Or(a == at, outside, odd)],
        }[mode]
    return z3.And(z3.UGE(u, 1), z3.ULT(u, fmt.nar), *right)


def _turn(u: Any, fmt: PositFormat, width: int) -> Any:
    """Return where rounding to nearest turns between the codes u and u + 1: at the code with a further bit 1.

    By the value, in the middle: between 2^A and 2^(A + w) that is 2^(A + w - 1) (1 + 2^-w).
    """
    by_code = magnitude(2 * u + 1, fmt.n + 1, fmt.es, width)
    if fmt.nearest is Metric.CODE:
        return by_code
    t = carrier(width).precision - 1
    low, high = (magnitude(u + by, fmt.n, fmt.es, width) for by in (0, 1))
    for w in (1 << i for i in range(1, fmt.es + 1)):
        by_code = z3.If(high - low == w << t, high - (1 << t) + (1 << (t - w)), by_code)
    return by_code


def steps_away(a: Any, word: Any, fmt: PositFormat, mode: Rounding, bits: int, width: int) -> Any:
    """Whether a finite magnitude goes to the neighbour away from zero, by the formula of the mode.

    With nu the distance from the neighbour toward zero as a part of the gap, and T = 2^N - R: floor(nu 2^N) >= T,
    floor(nu 2^N + 1/2) >= T, the same rounded to even, or nu > 0 and the first bit.  By the code, a gap is measured in
    patterns; by the value, in numbers: between 2^A and 2^(A + w) they differ.
    """
    c = carrier(width)
    t, long = c.precision - 1, max(c.precision + 2 * (1 << fmt.es) + bits + 3, width + 1)
    found = z3.BoolVal(False)
    r = z3.LShR(word, 32 - bits) & ((1 << bits) - 1)
    wanted = (1 << bits) - _long(r, long)
    for k in range(2 - fmt.n, fmt.n - 2):
        left = fmt.n - 1 - (k + 2 if k >= 0 else 1 - k)
        shift = t + fmt.es - left
        lower = ((k << fmt.es) + c.bias) << t
        inside = z3.And(z3.UGE(a, lower), z3.ULT(a, lower + (1 << (t + fmt.es))))
        rest = (a - lower) & ((1 << shift) - 1)
        if left < fmt.es and fmt.stochastic is Metric.VALUE:
            w = 1 << (fmt.es - left)
            j = _long(z3.LShR(rest, t), long)
            part = (((_long(rest, long) & ((1 << t) - 1)) + (1 << t)) << j) - (1 << t)
            gap = ((wanted << w) - wanted) << t  # T (2^w - 1) 2^t
            half = ((1 << w) - 1) << t
        else:
            part, gap, half = _long(rest, long), wanted << shift, 1 << shift
        found = z3.If(inside, _reaches(part << bits, gap, half, rest, wanted, word, mode), found)
    return found


def _reaches(part: Any, gap: Any, one: int, rest: Any, wanted: Any, word: Any, mode: Rounding) -> Any:
    """Whether part / one, in units of 2^-N, reaches T = gap / one as the mode rounds it."""
    if mode is Rounding.STOCHASTIC:
        return z3.UGE(part, gap)
    if mode is Rounding.STOCHASTIC_EQUAL:
        return z3.And(rest != 0, word & 2**31 != 0)
    twice, least = part << 1, (gap << 1) - one
    if mode is Rounding.STOCHASTIC_B:
        return z3.UGE(twice, least)
    return z3.Or(z3.UGT(twice, least), z3.And(twice == least, wanted & 1 == 0))


def _long(term: Any, width: int) -> Any:
    return z3.ZeroExt(width - term.size(), term) if width > term.size() else term
