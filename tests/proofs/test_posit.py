"""For every input there is, posits are what their definition says, from both carriers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import z3

from chopper.engine.families.posit import fits
from chopper.engine.plan import Plan, Request, plan_encode, plan_round
from chopper.formats.posit import PositFormat
from chopper.formats.registry import get
from chopper.rounding import Rounding
from tests.proofs.posits import is_code, pattern_of, steps_away
from tests.proofs.smt import (
    MODES,
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
from tests.proofs.test_mutants import Edited

Prove = Callable[..., None]
NEAREST = Rounding.NEAREST_EVEN
FEW = (NEAREST, Rounding.DOWN, Rounding.TO_ODD)
RANDOM = tuple(mode for mode in Rounding if mode.random)
PLAIN = ("posit8", "posit<9,1>", "posit<5,0>", "posit16es1", "posit16", "posit<2,2>", "posit<3,1>", "posit4es1",
         "posit<7,3>", "posit8es0", "posit<11,2>", "posit<12,4>", "posit<13,0>", "posit<21,2>", "posit32")  # fmt: skip
BY_VALUE = ("posit<4,1,nearest=value>", "posit<8,2,nearest=value>")
BY_CODE = ("posit<8,2,stochastic=code>", "posit8es0", "posit<9,1,stochastic=code>", "posit<16,1,stochastic=code>",
           "posit<16,2,stochastic=code>", "posit<7,3,stochastic=code>")  # fmt: skip
DRAWN = ("posit8", "posit4es1", "posit<9,1>", "posit<7,3>", "posit<9,4>", "posit16", "posit16es1")


def cases(names: tuple[str, ...], modes: tuple[Rounding, ...], usual: int = 4) -> Any:
    """Parametrize over formats, modes and the carriers that hold them.

    Unless the run is thorough, only the first few, the first one in all modes and from binary64 too.
    """
    found = []
    for at, fmt in enumerate(map(get, names)):
        assert isinstance(fmt, PositFormat)
        for width in (width for width in (32, 64) if fits(fmt, width)):
            for mode in modes:
                first = at == 0 and (width == 32 or mode is modes[0])
                marks = () if first or (at < usual and width == 32 and mode in FEW) else pytest.mark.exhaustive
                found.append(pytest.param(fmt, mode, width, id=f"{fmt}-{mode.value}-{width}", marks=marks))
    return pytest.mark.parametrize(("fmt", "mode", "width"), found)


def wrong_code(got: Any, x: Any, fmt: PositFormat, mode: Rounding, width: int) -> Any:
    """Whether a code is not the one of the definition: 0 for 0, NaR for infinities and NaN, never else."""
    c, mask = carrier(width), (1 << fmt.n) - 1
    a, negative = x & ~c.sign, x & c.sign != 0
    u = z3.If(negative, -got, got) & mask
    right = z3.If(a == 0, got == 0, z3.And(got & ~mask == 0, is_code(u, a, negative, fmt, mode, width)))
    return z3.Not(z3.If(z3.UGE(a, c.inf), got == fmt.nar, right))


@cases(PLAIN, MODES)
def test_encodes_as_defined(fmt: PositFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """The code whose thresholds, codes of one bit more, lie around the number; the ends saturate."""
    x = z3.BitVec("x", width)
    prove("posits, codes", fmt, mode, width, wrong_code(encoded(x, fmt, mode, width), x, fmt, mode, width))


@cases(PLAIN, MODES)
def test_rounds_as_it_encodes(fmt: PositFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """The rounded value is the definition's value of the code, and what the code decodes to."""
    x = z3.BitVec("x", width)
    code, y = encoded(x, fmt, mode, width), rounded(x, fmt, mode, width)
    same = z3.And(y == pattern_of(code, fmt, width), y == decoded(code, fmt, width))
    prove("posits, values", fmt, mode, width, z3.Not(same))


@pytest.mark.exhaustive
@pytest.mark.parametrize("mode", [NEAREST, Rounding.NEAREST_AWAY, Rounding.NEAREST_ZERO], ids=lambda mode: mode.value)
@pytest.mark.parametrize("name", BY_VALUE)
def test_nearest_by_value(name: str, mode: Rounding, prove: Prove) -> None:
    """Where exponent bits are cut off, nearest=value turns in the middle of the values; its kernel takes binary64."""
    fmt, x = get(name), z3.BitVec("x", 64)
    assert isinstance(fmt, PositFormat)
    code, y = (run(x, fmt, mode, 64) for run in (encoded, rounded))
    prove("posits, nearest by value", fmt, mode, 64, wrong_code(code, x, fmt, mode, 64))
    prove("posits, nearest by value", fmt, mode, 64, y != pattern_of(code, fmt, 64))


@cases(PLAIN, (NEAREST,), usual=8)
def test_decodes_as_defined(fmt: PositFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Every code has its value, and the value this code in turn."""
    code = z3.BitVec("code", width)
    y = decoded(code, fmt, width)
    legal = z3.LShR(code, fmt.n) == 0
    right = z3.And(y == pattern_of(code, fmt, width), encoded(y, fmt, mode, width) == code)
    prove("posits, decoding", fmt, mode, width, legal, z3.Not(right))


@cases(PLAIN, (*FEW, Rounding.TOWARD_ZERO), usual=3)
def test_properties(fmt: PositFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """Idempotent; monotone, also as integers; nothing but 0 becomes 0 and no finite number NaR."""
    a, b = (z3.BitVec(name, width) for name in "ab")
    low, high = (rounded(x, fmt, mode, width) for x in (a, b))
    prove("posits, idempotent", fmt, mode, width, rounded(low, fmt, mode, width) != low)
    ordered = [z3.fpLEQ(as_float(a, width), as_float(b, width)), finite(a, width), finite(b, width)]
    small, large = (encoded(x, fmt, mode, width) << (width - fmt.n) for x in (a, b))
    rising = z3.And(z3.fpLEQ(as_float(low, width), as_float(high, width)), small <= large)
    prove("posits, monotone", fmt, mode, width, *ordered, z3.Not(rising))
    nothing = a & ~carrier(width).sign == 0
    kept = z3.And((low == 0) == nothing, z3.Not(is_nan(low, width)))
    prove("posits, never 0 or NaR", fmt, mode, width, finite(a, width), z3.Not(kept))


@cases(PLAIN, (*FEW, Rounding.TOWARD_ZERO))
def test_symmetric(fmt: PositFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """The opposite number has the two's complement code, up and down changing places."""
    x = z3.BitVec("x", width)
    mirrored = Rounding.UP if mode is Rounding.DOWN else mode
    there = encoded(x ^ carrier(width).sign, fmt, mirrored, width)
    back = -encoded(x, fmt, mode, width) & ((1 << fmt.n) - 1)
    prove("posits, symmetric", fmt, mode, width, there != back)


@pytest.mark.parametrize("random_bits", [1, 8, 32])
@cases(BY_CODE, RANDOM, usual=1)
def test_chance_by_the_code(fmt: PositFormat, mode: Rounding, width: int, random_bits: int, prove: Prove) -> None:
    """The word, the distance by the code and the formula of the mode say which neighbour it is."""
    plans = [plan(Request(fmt, mode, None, random_bits), width) for plan in (plan_encode, plan_round)]
    prove("posits, chance by the code", fmt, mode, width, *chance_is_not(*plans, fmt, mode, random_bits))


@pytest.mark.parametrize("random_bits", [1, 8])
@cases(DRAWN, (Rounding.STOCHASTIC, Rounding.STOCHASTIC_EQUAL), usual=1)
def test_chance_by_the_value(fmt: PositFormat, mode: Rounding, width: int, random_bits: int, prove: Prove) -> None:
    """The same by the value.  The division that serves the other two modes is beyond the solver."""
    plans = [plan(Request(fmt, mode, None, random_bits), width) for plan in (plan_encode, plan_round)]
    prove("posits, chance by the value", fmt, mode, width, *chance_is_not(*plans, fmt, mode, random_bits))


@pytest.mark.exhaustive
def test_chance_by_the_value_with_all_bits(prove: Prove) -> None:
    """With 32 random bits, for a short format."""
    fmt, mode = get("posit4es1"), Rounding.STOCHASTIC
    assert isinstance(fmt, PositFormat)
    plans = [plan(Request(fmt, mode), 32) for plan in (plan_encode, plan_round)]
    prove("posits, chance by the value", fmt, mode, 32, *chance_is_not(*plans, fmt, mode, 32))


def chance_is_not(encode: Plan, chop: Plan, fmt: PositFormat, mode: Rounding, bits: int, **options: Any) -> list[Any]:
    """Some number and word give another code than the formula says, or another value than the code's."""
    width = encode.kernel.width
    x, word = z3.BitVec("x", width), z3.BitVec("word", width)
    c = carrier(width)
    a = x & ~c.sign
    got = execute(encode.kernel, encode.params, x, word, **options)
    toward = encoded(a, fmt, Rounding.TOWARD_ZERO, width)
    up = z3.If(steps_away(a, word, fmt, mode, bits, width), z3.BitVecVal(1, width), z3.BitVecVal(0, width))
    want = z3.If(x & c.sign != 0, -(toward + up), toward + up) & ((1 << fmt.n) - 1)
    value = execute(chop.kernel, chop.params, x, word, **options) == pattern_of(got, fmt, width)
    legal = z3.BoolVal(True) if width == 32 else z3.ULE(word, 2**32 - 1)
    return [legal, a != 0, z3.ULT(a, c.inf), z3.Not(z3.And(got == want, value))]


# --- the definition itself -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["posit<2,2>", "posit<5,0>", "posit<7,3>", "posit8", "posit<9,1>"])
def test_the_terms_are_the_values(name: str) -> None:
    """What a code stands for as a term is what the format says."""
    fmt = get(name)
    assert isinstance(fmt, PositFormat)
    for code in set(range(1 << fmt.n)) - {fmt.nar}:
        term = pattern_of(z3.BitVecVal(code, 64), fmt, 64)
        assert z3.simplify(term == constant(fmt.value(code), 64)), code


@cases(("posit8", "posit<9,1>", *BY_VALUE), MODES, usual=1)
def test_the_definition_leaves_no_choice(fmt: PositFormat, mode: Rounding, width: int, prove: Prove) -> None:
    """No number rounds to two codes."""
    u, v, x = (z3.BitVec(name, width) for name in "uvx")
    a, negative = x & ~carrier(width).sign, x & carrier(width).sign != 0
    both = [is_code(code, a, negative, fmt, mode, width) for code in (u, v)]
    prove("posits, one code each", fmt, mode, width, finite(x, width), a != 0, *both, u != v)


# --- mistakes --------------------------------------------------------------------------------------------------------

MUTANTS = (
    ("regimes of large numbers only", "s = (k ^ (k >> (c.width - 1))) + f.cut", "s = k + f.cut", "posit8", NEAREST),
    ("end of the regime as a fraction bit", "odd = where(s < f.field, low >> s, k >> 31)", "odd = (low >> s)", "posit8",
     NEAREST),
    ("overflow on the other side", "pick(side, f.over_pos, f.over_neg)", "f.over_pos", "posit<9,1>", NEAREST),
    ("below the smallest", "a = where(mag < f.low, f.low, mag)", "a = mag", "posit8", NEAREST),
    ("infinity overflows", "where(mag < c.inf, out,", "where(mag <= c.inf, out,", "posit8", NEAREST),
    ("sign and magnitude", "where(neg == 0, code, -code)", "where(neg == 0, code, code | f.half)", "posit8", NEAREST),
    ("minus zero", "return where(mag == 0, 0, out)", "return out", "posit8", NEAREST),
    ("regimes of small numbers", "where(k < 0, p >> 1, f.half - p)", "where(k < 0, p, f.half - p)", "posit<5,0>",
     NEAREST),
    ("by the code instead of the value", "wide = s > t", "wide = s > s", "posit8", Rounding.STOCHASTIC),
    ("no borrow", "- borrow)", ")", "posit8", Rounding.STOCHASTIC),
    ("the word not lessened", "word = where(wide, _lessened(where, word, m, j, w, c, f), word)", "word = word",
     "posit8", Rounding.STOCHASTIC),
)  # fmt: skip


@pytest.mark.parametrize(("what", "good", "bad", "name", "mode"), MUTANTS, ids=[row[0] for row in MUTANTS])
def test_refuted(what: str, good: str, bad: str, name: str, mode: Rounding) -> None:
    """Every mistake is found by an input; the same claims hold without it."""
    fmt = get(name)
    assert isinstance(fmt, PositFormat)
    for source, verdict in ((Edited("posit", good, bad), "sat"), (Edited(), "unsat")):
        if mode.random:
            plans = [plan(Request(fmt, mode, None, 8), 32) for plan in (plan_encode, plan_round)]
            claims = [chance_is_not(*plans, fmt, mode, 8, source=source)]
        else:
            x = z3.BitVec("x", 32)
            got, y = (run(x, fmt, mode, 32, source=source) for run in (encoded, rounded))
            claims = [[wrong_code(got, x, fmt, mode, 32)], [y != pattern_of(got, fmt, 32)]]
        found = {solve(*claim)[0] for claim in claims}
        assert ("sat" in found) == (verdict == "sat") and "unknown" not in found, found
