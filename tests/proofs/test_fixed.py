"""For every input there is, fixed point and integers are what their definition says.

The definition is the solver's own: x / quantum, moved without loss to a sort with room for it, rounded to an integral
number, clamped or taken modulo 2^bits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import z3

from chopper.engine.families.fixed import fits, fits_codes
from chopper.engine.plan import Request, plan_decode, plan_encode, plan_round
from chopper.formats.fixed import FixedFormat
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from tests.proofs.definition import DIRECT
from tests.proofs.smt import (
    MODES,
    SORTS,
    as_float,
    carrier,
    constant,
    decoded,
    encoded,
    execute,
    finite,
    is_nan,
    rounded,
    solve,
)

Prove = Callable[..., None]
WIDE = 15
"""Exponent bits of the sort in which nothing is subnormal and nothing overflows."""
FEW = (Rounding.NEAREST_EVEN, Rounding.DOWN, Rounding.TO_ODD)
NEAREST = Rounding.NEAREST_EVEN


def cases(names: str, modes: tuple[Rounding, ...], widths: tuple[int, ...] = (32,), codes: bool = False) -> Any:
    """Parametrize over formats that fit the carriers, or whose codes do.

    Unless the run is thorough, only the first four, only from binary32, and only the first one in all modes.
    """
    found = []
    for at, fmt in enumerate(map(get, names.split())):
        for width in (width for width in widths if (fits_codes if codes else fits)(fmt, width)):
            for mode in modes:
                usual = width == 32 and (at == 0 or (at < 4 and mode in FEW))
                marks = () if usual else pytest.mark.exhaustive
                found.append(pytest.param(fmt, mode, width, id=f"{fmt}-{mode.value}-{width}", marks=marks))
    return pytest.mark.parametrize(("fmt", "mode", "width"), found)


def sort(width: int) -> Any:
    """Return the wide sort with the carrier's precision."""
    return z3.FPSort(WIDE, carrier(width).precision)


def number(k: int, width: int) -> Any:
    """Return an integer as a number of the wide sort, rounded toward zero."""
    return z3.fpToFP(z3.RTZ(), z3.RealVal(k), sort(width))


def moved(a: Any, by: int) -> Any:
    """Multiply a normal number, or zero or infinity, of the wide sort by 2^by."""
    digits = a.sort().sbits() - 1
    return z3.If(z3.Or(z3.fpIsZero(a), z3.fpIsInf(a)), a, z3.fpBVToFP(z3.fpToIEEEBV(a) + (by << digits), a.sort()))


def quanta(x: Any, fmt: FixedFormat, width: int) -> Any:
    """Return x / quantum, exactly, as a number of the wide sort."""
    return moved(z3.fpToFP(z3.RNE(), as_float(x, width), sort(width)), fmt.fraction_bits)


def integral(a: Any, mode: Rounding) -> Any:
    """Round to an integral number; what IEEE 754 does not name is made of what it names."""
    if mode in DIRECT:
        return z3.fpRoundToIntegral(DIRECT[mode], a)
    up, down, low = (z3.fpRoundToIntegral(m, a) for m in (z3.RTP(), z3.RTN(), z3.RTZ()))
    high = z3.If(z3.fpIsNegative(a), down, up)
    if mode is Rounding.AWAY_FROM_ZERO:
        return high
    if mode is Rounding.TO_ODD:
        half = moved(low, -1)
        return z3.If(z3.fpEQ(z3.fpRoundToIntegral(z3.RTZ(), half), half), high, low)
    assert mode is Rounding.NEAREST_ZERO  # a tie is half an odd number
    twice = moved(a, 1)
    tie = z3.And(z3.fpEQ(z3.fpRoundToIntegral(z3.RTZ(), twice), twice), z3.Not(z3.fpEQ(low, a)))
    return z3.If(tie, low, z3.fpRoundToIntegral(z3.RNE(), a))


def saturated(x: Any, fmt: FixedFormat, mode: Rounding, width: int) -> Any:
    """Return the number of quanta that x rounds to, as a number of the wide sort; ends that it lacks are cut."""
    k = integral(quanta(x, fmt, width), mode)
    low, high = (number(end, width) for end in (fmt.min_integer, fmt.max_integer))
    return z3.If(z3.fpGT(k, high), high, z3.If(z3.fpLT(k, low), low, k))


def value(k: Any, fmt: FixedFormat, width: int) -> Any:
    """Return the pattern of k quanta; there is no minus zero."""
    pattern = z3.fpToIEEEBV(z3.fpToFP(z3.RNE(), moved(k, -fmt.fraction_bits), SORTS[width]))
    return z3.If(z3.fpIsZero(k), z3.BitVecVal(0, width), pattern)


@cases("int8 uint8 q3.4 fixed<-100,108> int8<symmetric=true> uq0.8 int24 q3.-2 fixed<128,-120>", MODES, (32, 64))
def test_rounds_as_defined(fmt: FixedFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """The kernel that the library runs, magic addition included; NaN gives what the format takes in its place."""
    x = z3.BitVec("x", width)
    plan = plan_round(Request(fmt, mode), width)
    y = execute(plan.kernel, plan.params, x)
    want = z3.If(is_nan(x, width), constant(0.0, width), value(saturated(x, fmt, mode, width), fmt, width))
    prove("fixed point, rounding", fmt, mode, width, y != want, kernel=plan.kernel.name)


@pytest.mark.parametrize("mode", [NEAREST, Rounding.UP])
@pytest.mark.parametrize("field", ["over_pos", "over_neg", "nan", "magic", "origin"])
def test_a_wrong_parameter_is_found(field: str, mode: Rounding) -> None:
    """The proof can fail."""
    fmt, x = get("q3.4"), z3.BitVec("x", 32)
    plan = plan_round(Request(fmt, mode), 32)
    if not hasattr(plan.params, field):
        return
    params = plan.params._replace(**{field: getattr(plan.params, field) + 1})
    y = execute(plan.kernel, params, x)
    want = z3.If(is_nan(x, 32), constant(0.0, 32), value(saturated(x, fmt, mode, 32), fmt, 32))
    assert solve(y != want)[0] == "sat"


@cases("int8 uq0.8 q3.4 uint8", (NEAREST,), (32, 64))
def test_magic_addition_is_the_integer_kernel(fmt: FixedFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Also on a processor that flushes subnormal numbers to zero."""
    x = z3.BitVec("x", width)
    fast, slow = plan_round(Request(fmt, mode), width), plan_round(Request(fmt, Rounding.NEAREST_AWAY), width)
    assert (fast.kernel.name, slow.kernel.name) == ("round_fixed_magic", "round_fixed")
    integers = type(slow.kernel)("fixed", "round_fixed", "nearest_even", width)
    y = execute(fast.kernel, fast.params, x, flush=True)
    prove("fixed point, magic addition flushed", fmt, mode, width, y != execute(integers, slow.params, x))


@cases("int8 uint8 int32 fixed<128,-120> int8<symmetric=true> int24 uint32 q3.4", MODES, (32, 64), codes=True)
def test_encodes_as_defined(fmt: FixedFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Codes are the solver's conversion to signed integers; also those wider than the carrier's significand."""
    x = z3.BitVec("x", width)
    k = integral(quanta(x, fmt, width), mode)
    low, high = (number(end, width) for end in (fmt.min_integer, fmt.max_integer))
    long = fmt.bits + 2
    inside = z3.fpToSBV(z3.RTZ(), k, z3.BitVecSort(long))
    ends = [z3.BitVecVal(end, long) for end in (fmt.min_integer, fmt.max_integer)]
    code = z3.If(z3.fpGT(k, high), ends[1], z3.If(z3.fpLT(k, low), ends[0], inside))
    code = z3.If(is_nan(x, width), z3.BitVecVal(0, long), code)
    got = encoded(x, fmt, mode, width)
    want = resized(z3.Extract(fmt.bits - 1, 0, code), width)
    prove("fixed point, codes", fmt, mode, width, got != want)


def resized(term: Any, width: int) -> Any:
    """Return an unsigned number in more bits."""
    return term if term.size() == width else z3.ZeroExt(width - term.size(), term)


@cases("int8 uint8 q3.4 int32", (NEAREST, Rounding.DOWN), (32, 64), codes=True)
def test_wraps_modulo(fmt: FixedFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Under wrap, the code is the low bits of the solver's conversion, and 0 beyond where those are all zero."""
    x = z3.BitVec("x", width)
    plan = plan_encode(Request(fmt, mode, Overflow.WRAP), width)
    got = execute(plan.kernel, plan.params, x)
    a = quanta(x, fmt, width)
    long = carrier(width).precision + fmt.bits
    whole = z3.fpToSBV(z3.RTZ(), integral(a, mode), z3.BitVecSort(long + 2))
    near = z3.fpLT(z3.fpAbs(a), number(1 << long, width))
    want = z3.If(near, resized(z3.Extract(fmt.bits - 1, 0, whole), width), z3.BitVecVal(0, width))
    prove("fixed point, wrapping", fmt, mode, width, finite(x, width), got != want)


@cases("int8 uint8 q3.4", (NEAREST, Rounding.TO_ODD), (32, 64))
def test_wrapped_values_are_those_of_the_codes(fmt: FixedFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """decode(encode(x)) = chop(x) under wrap; an infinity gives the mark."""
    x = z3.BitVec("x", width)
    codes, values = (plan(Request(fmt, mode, Overflow.WRAP), width) for plan in (plan_encode, plan_round))
    y = execute(values.kernel, values.params, x)
    same = y == decoded(execute(codes.kernel, codes.params, x), fmt, width)
    infinite = x & ~carrier(width).sign == carrier(width).inf
    prove("fixed point, wrapped values", fmt, mode, width, z3.Not(z3.If(infinite, y == values.mark, same)))


@cases("int8 uint8 int25 int24<symmetric=true> q3.4 int8<symmetric=true> fixed<-100,108>", (NEAREST,), (32, 64))
def test_decodes_as_defined(fmt: FixedFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """The value of a code, by subtraction on a processor that flushes subnormals or by integers; and its code is it."""
    code = z3.BitVec("code", width)
    plan = plan_decode(fmt, width)
    y = execute(plan.kernel, plan.params, code, **({"flush": True} if plan.kernel.module == "magic" else {}))
    k = z3.Extract(fmt.bits - 1, 0, code)
    if fmt.symmetric:
        lowest = z3.BitVecVal(1 << (fmt.bits - 1), fmt.bits)
        k = z3.If(k == lowest, lowest + 1, k)
    convert = z3.fpToFP if fmt.signed else z3.fpToFPUnsigned
    want = value(convert(z3.RNE(), k, sort(width)), fmt, width)
    again = encoded(y, fmt, mode, width) == resized(k, width)
    legal = z3.LShR(code, fmt.bits) == 0
    prove("fixed point, decoding", fmt, mode, width, legal, z3.Not(z3.And(y == want, again)))


@cases("int8 uq0.8 int8<symmetric=true> int24", FEW)
def test_idempotent_and_monotone(fmt: FixedFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """A rounded number rounds to itself; of two numbers in order, the rounded ones are in order."""
    a, b = (z3.BitVec(name, width) for name in "ab")
    low, high = (rounded(x, fmt, mode, width) for x in (a, b))
    prove("fixed point, idempotent", fmt, mode, width, rounded(low, fmt, mode, width) != low)
    first, second, below, above = (as_float(x, width) for x in (a, b, low, high))
    prove("fixed point, monotone", fmt, mode, width, z3.fpLEQ(first, second), z3.Not(z3.fpLEQ(below, above)))
