"""What calls take and give: dtypes, outputs, random words, threads, flags, policies, errors."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

import chopper
from chopper import ops
from chopper.errors import (
    OutputError,
    PolicyError,
    RandomKeyError,
    RangeError,
    RoundingError,
    UnknownFormatError,
    UnsupportedInputError,
)
from chopper.functions.evaluate import enclosed
from chopper.functions.rows import ROWS
from chopper.rounding import Overflow, Rounding
from tests.functions.judge import code_of, number
from tests.functions.mpfr import available, mpfr_values
from tests.functions.test_values import samples
from tests.functions.truth import UNARY, odd_fraction, special, values
from tests.tally import Tally

SUBJECT = "calls of elementary functions"


def same(got: object, want: object) -> bool:
    """Whether two results have one type and the same bits."""
    a, b = np.asarray(got), np.asarray(want)
    return type(got) is type(want) and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def test_every_function_is_public() -> None:
    """Each row has a function of its name, with its formula in the first line."""
    for name in ROWS:
        assert getattr(ops, name).__doc__.startswith("Return ")
        assert name in ops.__all__
    assert set(UNARY) == {name for name, row in ROWS.items() if row.arity == 1}


@pytest.mark.parametrize(
    ("x", "dtype"),
    [
        (np.ones(3, np.float16), np.float32),
        (np.ones((2, 3), np.float32), np.float32),
        (np.ones(0, np.float32), np.float32),
        (np.ones(3), np.float64),
        (np.ones((), np.float32), np.float32),
        (np.float32(1), np.float32),
        (np.arange(3), np.float64),
        ([1.0, 2.0], np.float64),
        (np.ones((4, 3), ">f4")[::2, ::-1], np.float32),
    ],
)
def test_dtypes(x: object, dtype: type) -> None:
    """Results are float32 where all operands are and the format fits, else float64; numbers give floats."""
    got = ops.exp(x, "fp16")
    assert (np.asarray(got).dtype, np.shape(got)) == (dtype, np.shape(x))
    assert ops.exp(x, "fp64").dtype == np.float64
    assert np.array_equal(np.asarray(got, np.float64), ops.exp(np.asarray(x, np.float64), "fp16"))
    assert type(ops.exp(1, "fp16")) is float


def test_broadcasting() -> None:
    """Functions of two numbers broadcast; words go by the index in the result."""
    x, y = np.arange(1.0, 5.0)[:, None], np.array([0.5, 1.5, 2.5])
    got = ops.pow(x, y, "e4m3", "stochastic", key=7)
    whole = ops.pow(*(np.ascontiguousarray(a) for a in np.broadcast_arrays(x, y)), "e4m3", "stochastic", key=7)
    assert same(got, whole)
    later = ops.pow(x[1:], y, "e4m3", "stochastic", key=7, offset=3)
    assert same(later, got[1:])


def test_words_are_those_of_chop() -> None:
    """Where the quick value is the value, a function of a random mode does what chop does with the same key."""
    x = np.linspace(-3, 3, 999)
    values64 = ops.exp(x, "fp64", "to_odd")  # more bits than e5m2 and 32 random bits take
    for bits in (8, 32):
        want = chopper.chop(values64, "e5m2", "stochastic", key=3, random_bits=bits)
        assert same(ops.exp(x, "e5m2", "stochastic", key=3, random_bits=bits), want)


def test_out() -> None:
    """Results go into out, which may be the operand, of any layout; a failed call leaves it as it is."""
    x = np.linspace(-3, 3, 12).reshape(3, 4)
    want = ops.sin(x, "bf16")
    for out in (np.empty((3, 4)), np.empty((4, 3)).T, np.empty((3, 8))[:, ::2]):
        assert ops.sin(x, "bf16", out=out) is out
        assert np.array_equal(out, want)
    again = x.copy()
    assert ops.sin(again, "bf16", out=again) is again
    assert np.array_equal(again, want)
    out = np.full(2, 7.0)
    with pytest.raises(RangeError, match=r"exp\(1000\.0\) has no result in fp16"):
        ops.exp([1.0, 1000.0], "fp16", overflow="raise", out=out)
    assert out.tolist() == [7, 7]
    with pytest.raises(OutputError):
        ops.exp([1.0, 2.0], "fp16", out=np.empty(3))


def test_threads() -> None:
    """Results do not depend on the number of threads or on chunks."""
    x = np.random.default_rng(0).standard_normal((1 << 20) + 5)
    for mode in ("nearest_even", "stochastic"):
        one = ops.tanh(x, "bf16", mode, key=1, threads=1)
        assert same(ops.tanh(x, "bf16", mode, key=1, threads=3), one)
        assert same(ops.tanh(x[40000:50000], "bf16", mode, key=1, offset=40000), one[40000:50000])


def test_flags() -> None:
    """Exceptions are counted on both carriers."""
    for fmt in ("fp16", "fp64", "posit16"):
        flags = ops.Flags()
        ops.log([0.0, -0.0, -1.0, 1.0, 2.0, math.inf, math.nan], fmt, flags=flags)
        assert (flags.invalid, flags.divide_by_zero, flags.overflow, flags.inexact) == (1, 2, 0, 1)
        flags = ops.Flags()
        ops.exp([0.0, 1.0, 1e4, -1e4, math.inf], fmt, flags=flags)
        assert (flags.invalid, flags.overflow, flags.underflow, flags.inexact) == (0, 1, 1, 3)


@pytest.mark.parametrize("fmt", ["e4m3", "e5m2", "posit8", "int8", "fixed<4,4>"])
@pytest.mark.parametrize("policy", list(Overflow))
def test_policies(fmt: str, policy: Overflow, tally: Tally) -> None:
    """Overflow policies decide as they do for the exact values."""
    target = chopper.get(fmt)
    xs = np.array([0.5, 1, 4, 5.5, 6.25, 9, 20, 88.8, -3, 300, -20, -700, 5000])
    for name in ("exp", "sinh", "expm1"):
        exact = [odd_fraction(name, (x,), 60) for x in xs.tolist()]
        if policy is Overflow.WRAP:
            exact = [odd_fraction(name, (x,), 8000) for x in xs.tolist()]
        for mode in (Rounding.NEAREST_EVEN, Rounding.UP, Rounding.TOWARD_ZERO):
            try:
                want = [number(target, code_of(target, v, mode, overflow=policy)) for v in exact]
            except (RangeError, PolicyError) as error:
                with pytest.raises(type(error)):
                    getattr(ops, name)(xs, target, mode, overflow=policy)
                continue
            got = getattr(ops, name)(xs, target, mode, overflow=policy)
            tally.same(got, np.array(want, float), xs, fmt=fmt, mode=mode, about=(name, policy))


def test_poles_in_formats_with_a_nar() -> None:
    """Poles are NaN there under every policy, as for division."""
    for policy in (None, "saturate", "nan"):
        assert math.isnan(ops.log(0.0, "posit16", overflow=policy))
        assert math.isnan(ops.rsqrt(0.0, "takum_linear16", overflow=policy))
    assert ops.log(0.0, "e4m3") == -448
    assert ops.log(0.0, "e4m3", overflow="saturate") == -448


def test_errors() -> None:
    """Errors are those of operations."""
    for error, call in (
        (UnknownFormatError, lambda: ops.exp(1.0, "fp17x")),
        (RoundingError, lambda: ops.exp(1.0, "fp16", "sideways")),
        (RandomKeyError, lambda: ops.exp(1.0, "fp16", "stochastic", key=-1)),
        (UnsupportedInputError, lambda: ops.exp(1j, "fp16")),
        (UnsupportedInputError, lambda: ops.exp(1.0, "mxfp8")),
        (UnsupportedInputError, lambda: ops.exp(1.0, "fp16", threads=0)),
        (UnsupportedInputError, lambda: ops.hypot(np.ones(2), np.ones(3), "fp16")),
        (RangeError, lambda: ops.exp((1 << 53) + 1, "fp16")),
        (RangeError, lambda: ops.exp(1.0, "posit64")),
        (ArithmeticError, lambda: ops.exp(1e6, "int8", overflow="wrap")),
        (TypeError, lambda: ops.exp(1.0, "fp16", axis=0)),
    ):
        with pytest.raises(error):
            call()


@pytest.mark.parametrize("name", UNARY)
def test_enclosures_hold_on_this_machine(name: str, tally: Tally) -> None:
    """The quick stage encloses the values: the libraries of this machine err by less than it allows for."""
    xs = np.concatenate([samples("float64", 400, 11), samples("float32", 200, 12)])
    known = (mpfr_values if available() else values)(name, xs)
    low, high = enclosed(ROWS[name], (xs,))
    inside = (low <= known) & (known <= high) | (np.isnan(low) & np.isnan(known))
    tally.note(xs.size, wrong=int(np.count_nonzero(~inside)))
    assert inside.all(), (xs[~inside], low[~inside], known[~inside], high[~inside])


@pytest.mark.skipif(not available(), reason="libmpfr is not on this machine")
@pytest.mark.parametrize("name", UNARY)
def test_witnesses_agree(name: str, tally: Tally) -> None:
    """MPFR and mpmath give the same values, rounded to odd."""
    xs = samples("float32", 40, 13)
    tally.same(mpfr_values(name, xs), values(name, xs), xs, about=name)


def test_far_arguments_of_the_circle() -> None:
    """The binary64 number that lies closest to an odd multiple of pi / 2 (Kahan and McDonald, 1983)."""
    x = math.ldexp(6381956970095103, 797)
    value = odd_fraction("cos", (x,), 150)
    assert abs(value) < Fraction(1, 1 << 60)
    assert ops.cos(x, "fp64") == float(value)
    assert ops.cos(x, "fp32") == float(np.float32(float(value)))
    assert ops.tan(x, "fp64") == float(odd_fraction("tan", (x,), 150))


def test_special_values_are_exact_on_both_carriers() -> None:
    """Zeros keep their sign, and special values are not rounded by the way."""
    for name in UNARY:
        for x in (0.0, -0.0, math.inf, -math.inf, math.nan, 1.0, -1.0):
            want = special(name, x)
            if want is not None:
                for fmt in ("fp16", "fp64"):
                    got = getattr(ops, name)(x, fmt)
                    assert (math.isnan(got) and math.isnan(want)) or same(got, float(want)), (name, x, fmt, got)


def test_softmax() -> None:
    """Every operation is rounded, in the order that is written down."""
    x = np.random.default_rng(1).standard_normal((3, 5)) * 3
    for fmt in ("e5m2", "bf16"):
        d = ops.sub(x, x.max(axis=1, keepdims=True), fmt)
        e = ops.exp(d, fmt)
        s = e[:, 0]
        for i in range(1, 5):
            s = ops.add(s, e[:, i], fmt)
        assert same(np.ascontiguousarray(ops.softmax(x, fmt)), ops.div(e, s[:, None], fmt))
        assert same(np.ascontiguousarray(ops.softmax(x.T, fmt, axis=0)), np.ascontiguousarray(ops.softmax(x, fmt).T))
        assert same(ops.logsumexp(x, fmt), ops.add(x.max(axis=1), ops.log(s, fmt), fmt))
    one, two = (ops.softmax(x, "bf16", "stochastic", key=5) for _ in range(2))
    assert same(one, two)
    assert not same(one, ops.softmax(x, "bf16", "stochastic", key=6))
