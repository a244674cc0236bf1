"""The claims: terms that no input may satisfy, for the kernels of the library or for others in their place."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import z3

from chopper.engine.plan import Plan, Request, plan_round
from chopper.formats.float import FloatFormat
from chopper.kernels.carrier import split
from chopper.rounding import Rounding
from tests.proofs.definition import definition, ieee, nan_result
from tests.proofs.smt import carrier, constant, decoded, encoded, execute, is_nan, plain, plain_decode

__all__ = [
    "codes_are_values",
    "codes_return",
    "draws_by_the_formula",
    "flush_does_not_matter",
    "nan_gives_nan",
    "rounds_as_defined",
    "rounds_as_ieee",
    "shipped",
]


def shipped(fmt: FloatFormat, mode: Rounding, width: int) -> Plan:
    """Return the plan that the library runs."""
    return plan_round(Request(fmt, mode), width)


def rounds_as_ieee(plan: Plan, fmt: FloatFormat, mode: Rounding, **options: Any) -> list[Any]:
    """The result is not the one of IEEE 754."""
    width = plan.kernel.width
    x = z3.BitVec("x", width)
    y = execute(plan.kernel, plan.params, x, **options)
    return [z3.Not(is_nan(x, width)), y != ieee(x, fmt.exponent_bits, fmt.precision, mode, width)]


def rounds_as_defined(plan: Plan, fmt: FloatFormat, mode: Rounding, **options: Any) -> list[Any]:
    """The result is not the one of the definition; NaNs, which unsigned formats give for numbers, are all the same."""
    width = plan.kernel.width
    x = z3.BitVec("x", width)
    y = execute(plan.kernel, plan.params, x, **options)
    want = definition(x, fmt, mode, width)
    right = z3.If(is_nan(want, width), nan_result(y, fmt, width, False), y == want)
    return [z3.Not(is_nan(x, width)), z3.Not(right)]


def nan_gives_nan(plan: Plan, fmt: FloatFormat, mode: Rounding, **options: Any) -> list[Any]:
    """A NaN gives something else than a quiet NaN, or than what the format takes in its place."""
    width = plan.kernel.width
    x = z3.BitVec("x", width)
    y = execute(plan.kernel, plan.params, x, **options)
    right = z3.If(x < 0, nan_result(y, fmt, width, True), nan_result(y, fmt, width, False))
    return [is_nan(x, width), z3.Not(right)]


def flush_does_not_matter(fmt: FloatFormat, width: int, **options: Any) -> list[Any]:
    """Magic addition where subnormals are flushed to zero differs from the integer kernel, on some pattern."""
    fast, slow = shipped(fmt, Rounding.NEAREST_EVEN, width), plain(fmt, Rounding.NEAREST_EVEN, width)
    x = z3.BitVec("x", width)
    flushed = execute(fast.kernel, fast.params, x, flush=True, **options)
    return [flushed != execute(slow.kernel, slow.params, x, **options)]


def codes_are_values(fmt: FloatFormat, mode: Rounding, width: int, **options: Any) -> list[Any]:
    """The value of the code differs from the rounded value; any NaN equals any other."""
    x = z3.BitVec("x", width)
    code = encoded(x, fmt, mode, width, **options)
    plan = plain(fmt, mode, width)
    y, z = decoded(code, fmt, width, **options), execute(plan.kernel, plan.params, x, **options)
    spare = z3.BoolVal(False) if fmt.bits == width else z3.LShR(code, fmt.bits) != 0
    return [z3.Or(spare, z3.And(y != z, z3.Not(z3.And(is_nan(y, width), is_nan(z, width)))))]


def codes_return(fmt: FloatFormat, mode: Rounding, width: int, **options: Any) -> list[Any]:
    """The code of a value is another than the one the value came from; spare codes of zero and NaN are left out.

    The float operations of the decoder run with subnormals flushed to zero; the integer decoder agrees with it.
    """
    code = z3.BitVec("code", width)
    y = decoded(code, fmt, width, flush=True, **options)
    slow = plain_decode(fmt, width)
    again = encoded(y, fmt, mode, width, **options)
    spare = z3.Or(is_nan(y, width), z3.And(y & ~carrier(width).sign == 0, code & ~fmt.sign_code != 0))
    spare = z3.Or(spare, z3.And(y == 0, code == fmt.sign_code))
    legal = z3.BoolVal(True) if fmt.bits == width else z3.LShR(code, fmt.bits) == 0
    differs = z3.Or(y != execute(slow.kernel, slow.params, code, **options), z3.Not(z3.Or(spare, again == code)))
    return [legal, differs]


def draws_by_the_formula(
    fmt: FloatFormat, mode: Rounding, width: int, random_bits: int | None, **options: Any
) -> list[Any]:
    """For some word, and this or any number of random bits, the result is not what the mode's formula chooses.

    nu = r / 2^shift with r < 2^shift, in units of the input's last place; from some shift on all formulas give 0.
    """
    x, word, count = (z3.BitVec(name, width) for name in ("x", "word", "count"))
    y = drawn(x, fmt, mode, word, count, width, **options)
    c = carrier(width)
    high = execute(*shipped(fmt, Rounding.AWAY_FROM_ZERO, width)[:2], x, **options)
    low = execute(*shipped(fmt, Rounding.TOWARD_ZERO, width)[:2], x, **options)
    following = fmt.max + fmt.eps * _binade(fmt.max)  # from here on, both neighbours overflow
    beyond = x & ~c.sign >= (constant(following, width) if following < 2**c.bias else c.inf)
    mag = x & ~c.sign
    e, m = split(lambda k, a, b: z3.If(k, z3.BitVecVal(a, width), b), mag, c)
    bottom = fmt.emin + c.bias
    shift = z3.If(e < bottom, bottom - e, z3.BitVecVal(0, width)) + (c.precision - fmt.precision)
    wide, most = c.precision + 36, c.precision + 34
    m, by, n, w = (_resized(term, wide) for term in (m, z3.If(shift > most, most, shift), count, word))
    scaled = (m & ((1 << by) - 1)) << n  # nu 2^N = scaled / 2^by
    steps = _steps(scaled, by, mode) + (z3.LShR(w, 32 - n) & ((1 << n) - 1))
    away = z3.And(scaled != 0, w & 2**31 != 0) if mode is Rounding.STOCHASTIC_EQUAL else z3.UGE(steps, 1 << n)
    counts = [count >= 1, count <= 32] if random_bits is None else [count == random_bits]
    legal = [*counts, z3.ULE(word, 2**32 - 1) if width == 64 else z3.BoolVal(True)]
    return [*legal, z3.Not(is_nan(x, width)), y != z3.If(z3.Or(away, beyond), high, low)]


def _resized(term: Any, width: int) -> Any:
    return z3.ZeroExt(width - term.size(), term)


def _binade(value: Fraction) -> Fraction:
    """Return the largest power of two that is at most `value`, an integer or more than one."""
    return Fraction(1 << (math.floor(value).bit_length() - 1))


def drawn(x: Any, fmt: FloatFormat, mode: Rounding, word: Any, count: Any, width: int, **options: Any) -> Any:
    """Return what x rounds to with a random word of which `count` bits are used."""
    plan = shipped(fmt, mode, width)
    return execute(plan.kernel, plan.params._replace(random_bits=count), x, word, **options)


def _steps(scaled: Any, by: Any, mode: Rounding) -> Any:
    """Return scaled / 2^by as an integer, as the mode rounds it."""
    whole, half = z3.LShR(scaled, by), z3.LShR(1 << by, 1)
    rest = scaled & ((1 << by) - 1)
    one, none = (z3.BitVecVal(k, scaled.size()) for k in (1, 0))
    up = {
        Rounding.STOCHASTIC: z3.BoolVal(False),
        Rounding.STOCHASTIC_B: z3.And(half != 0, rest >= half),
        Rounding.STOCHASTIC_C: z3.And(half != 0, z3.Or(rest > half, z3.And(rest == half, whole & 1 == 1))),
        Rounding.STOCHASTIC_EQUAL: z3.BoolVal(False),
    }[mode]
    return whole + z3.If(up, one, none)
