"""Any format, any mode, any policy, any numbers: the oracle's result, or an error of chopper's own where one is due."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import chopper
from chopper.errors import ChopperError, PolicyError, RangeError
from chopper.formats.registry import get
from chopper.rounding import Overflow, Rounding
from tests.conformance.catalogue import fits
from tests.conformance.judge import values_of
from tests.oracle import adversarial, round_code
from tests.strategies import float_formats

PATTERNS = {"float32": st.integers(0, 2**32 - 1), "float64": st.integers(0, 2**64 - 1)}


@st.composite
def numbers(draw, fmt, dtype):
    """Arbitrary patterns, and some around the values of the format."""
    kind = f"u{np.dtype(dtype).itemsize}"
    some = draw(st.lists(PATTERNS[dtype], max_size=8))
    patterns = np.array(some, kind).view(dtype)
    if fmt.bits <= 12 and fits(fmt, dtype):
        near = adversarial(fmt, dtype)
        picked = draw(st.lists(st.integers(0, near.size - 1), max_size=8))
        patterns = np.concatenate([patterns, near[picked]])
    scale = draw(st.integers(-1080, 1030))
    with np.errstate(all="ignore"):
        scaled = np.ldexp(np.array(draw(st.lists(st.floats(-2, 2), max_size=6)), np.float64), scale)
        return np.concatenate([patterns, scaled.astype(dtype)])


def expected(fmt, xs, mode, policy, words, bits):
    """Return codes, or the kind of error that is due."""
    codes, error = [], None
    for x, word in zip(xs, words, strict=True):
        try:
            codes.append(round_code(fmt, x, mode, overflow=policy, word=int(word), random_bits=bits))
        except (RangeError, PolicyError) as found:
            error = type(found)
    return np.array(codes, np.uint64), error


@given(st.data())
@settings(max_examples=150)
def test_any_call(data):
    fmt = data.draw(float_formats())
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    xs = data.draw(numbers(fmt, dtype))
    mode, policy = data.draw(st.sampled_from(list(Rounding))), data.draw(st.none() | st.sampled_from(list(Overflow)))
    bits = data.draw(st.integers(1, 32))
    words = np.array(data.draw(st.lists(PATTERNS["float32"], min_size=xs.size, max_size=xs.size)), np.uint32)
    options = {"overflow": policy, "random_bits": bits, "random_words": words if mode.random else None}
    with np.errstate(all="raise"):
        if not fits(fmt, "float64"):
            for call in (chopper.chop, chopper.encode):
                with pytest.raises(RangeError):
                    call(xs, fmt, mode, **options)
            return
        want, error = expected(fmt, xs, mode, policy, words, bits)
        try:
            got = chopper.encode(xs, fmt, mode, **options)
        except PolicyError:
            with pytest.raises(PolicyError):  # the policy cannot suit the format; these numbers may not show it
                [round_code(fmt, x, mode, overflow=policy) for x in (fmt.max * 8, float("inf"))]
            with pytest.raises(PolicyError):
                chopper.chop(xs, fmt, mode, **options)
            return
        except RangeError:
            assert error is RangeError
            with pytest.raises(RangeError):
                chopper.chop(xs, fmt, mode, **options)
            return
        assert error is None
        assert got.astype(np.uint64).tolist() == want.tolist()
        check_values(fmt, xs, mode, options, want)


def check_values(fmt, xs, mode, options, codes):
    """Also values, if the input's dtype holds them; also in place, and one by one."""
    want = values_of(fmt, codes, "float64")
    with np.errstate(all="ignore"):
        held = np.isnan(want) | (want.astype(xs.dtype) == want)
    if not held.all():
        with pytest.raises(RangeError, match="does not fit"):
            chopper.chop(xs, fmt, mode, **options)
        return
    with np.errstate(all="ignore"):
        right = want.astype(xs.dtype)
    out = xs.copy()
    for got in (chopper.chop(xs, fmt, mode, **options), chopper.chop(out, fmt, mode, out=out, **options)):
        assert got.dtype == xs.dtype
        kind = f"u{got.itemsize}"
        apart = (got.view(kind) != right.view(kind)) & ~(np.isnan(got) & np.isnan(right))
        assert not apart.any(), (xs[apart], got[apart], right[apart])
    if fits(fmt, str(xs.dtype)):
        kind = f"u{xs.itemsize}"
        decoded = chopper.decode(codes, fmt, xs.dtype)
        assert np.array_equal(decoded.view(kind)[~np.isnan(right)], right.view(kind)[~np.isnan(right)])


NAMES = st.one_of(
    st.sampled_from([str(fmt) for fmt in chopper.formats()]),
    st.builds(
        "e{}m{}{}".format, st.integers(0, 12), st.integers(0, 54), st.sampled_from(["", "fn", "fnuz", "b7", "ieee"])
    ),
    st.builds(
        "binary{}p{}{}{}".format, st.integers(0, 18), st.integers(0, 18), st.sampled_from("su"), st.sampled_from("ef")
    ),
    st.text(max_size=12),
)
ANYTHING = st.one_of(
    hnp.arrays(hnp.scalar_dtypes(), hnp.array_shapes(max_dims=3, max_side=3, min_side=0)),
    st.floats(), st.integers(), st.booleans(), st.complex_numbers(), st.text(max_size=3), st.none(),
    st.lists(st.floats() | st.integers() | st.none(), max_size=3),
)  # fmt: skip
WORDS = st.sampled_from([mode.value for mode in Rounding] + ["RNE", "nearest", "", "Up", "to-odd"]) | st.text(
    max_size=5
)


@given(NAMES, ANYTHING, WORDS, st.none() | st.integers(-1, 2**65) | st.floats() | st.text(max_size=2), st.data())
@settings(max_examples=300)
def test_anything_gives_a_result_or_an_error_of_its_own(name, x, mode, key, data):
    policy = data.draw(st.none() | st.sampled_from([policy.value for policy in Overflow]) | st.text(max_size=4))
    compat = data.draw(st.none() | st.sampled_from(["torch", "torch<2.12", "ml_dtypes", "cuda", "onnx", "p3109", "x"]))
    options = {"key": key, "overflow": policy, "compat": compat, "random_bits": data.draw(st.integers(-1, 34))}
    for call in (chopper.chop, chopper.encode):
        try:
            result = call(x, name, mode, **options)
        except ChopperError as error:
            assert len(str(error)) > 10
            continue
        assert np.shape(result) == np.shape(x)
        if call is chopper.encode:
            chopper.decode(result, name, np.float64)


@given(st.data())
@settings(max_examples=60)
def test_rounding_twice_is_rounding_once(data):
    fmt = data.draw(float_formats(8, 24))
    if not fits(fmt, "float64"):
        return
    xs = data.draw(numbers(fmt, "float64"))
    policy = "propagate"
    xs = xs[~np.isnan(xs)]
    for mode in Rounding:
        options = {"overflow": policy, "random_words": np.full(xs.shape, 2**31, np.uint32) if mode.random else None}
        try:
            once = chopper.chop(xs, fmt, mode, **options)
        except RangeError:
            continue  # the format wants one for NaN, and has none for zero or for negative numbers
        real = ~np.isnan(once)
        again = chopper.chop(once, fmt, mode, **options)
        assert np.array_equal(again[real].view(np.int64), once[real].view(np.int64))


def test_the_strategies_reach_formats_that_can_be_run():
    assert fits(get("e4m3"), "float32")
    assert not fits(get("fp64"), "float32")
