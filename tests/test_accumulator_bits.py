"""The width of an accumulator that nothing makes overflow, against all weights, inputs and orders that there are."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from chopper import Accumulator, matmul
from chopper.analysis import accumulator_bits
from chopper.errors import RangeError, UnsupportedInputError
from chopper.quire import largest_sum

SUBJECT = "widths of accumulators"


def inputs(bits, signed):
    """Return all inputs of so many bits."""
    return range(-(1 << bits - 1), 1 << bits - 1) if signed else range(1 << bits)


def width(numbers):
    """Return the least width in which numbers have a code in two's complement."""
    return next(p for p in itertools.count(1) if all(-(1 << p - 1) <= n < 1 << p - 1 for n in numbers))


def partial_sums(weights, xs):
    """Return the sums of all parts of a dot product."""
    products = [w * x for w, x in zip(weights, xs, strict=True)]
    return {sum(part) for r in range(len(products) + 1) for part in itertools.combinations(products, r)}


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize("bits", [1, 2, 3])
def test_given_weights(bits, signed, tally):
    for weights in ([3, -2, 1], [7], [0, 0], [-4, -4], [5, -8], [1, 1, 1, 1]):
        reached = set()
        for xs in itertools.product(inputs(bits, signed), repeat=len(weights)):
            reached |= partial_sums(weights, xs)
        least = width(reached)
        assert accumulator_bits(weights, input_bits=bits, signed=signed, exact=True) == least
        bound = accumulator_bits(weights, input_bits=bits, signed=signed)
        assert bound >= least
        norm = sum(map(abs, weights))
        assert largest_sum(bound, bits, signed) >= norm > (largest_sum(bound - 1, bits, signed) if bound > 1 else -1)
        tally.note(len(reached))


@pytest.mark.parametrize("signed", [True, False])
@pytest.mark.parametrize(("terms", "weight_bits", "bits"), [(1, 1, 1), (1, 3, 2), (2, 2, 2), (3, 2, 1), (3, 1, 2)])
def test_unknown_weights(terms, weight_bits, bits, signed, tally):
    dots = {
        sum(w * x for w, x in zip(weights, xs, strict=True))
        for weights in itertools.product(inputs(weight_bits, True), repeat=terms)
        for xs in itertools.product(inputs(bits, signed), repeat=terms)
    }
    given = {"terms": terms, "weight_bits": weight_bits, "input_bits": bits, "signed": signed}
    assert accumulator_bits(**given, exact=True) == width(dots | {0})
    norm = terms << weight_bits - 1
    assert accumulator_bits(**given) == accumulator_bits([norm], input_bits=bits, signed=signed)
    tally.note(len(dots))


def test_an_accumulator_agrees():
    """One of this width adds the worst inputs, and one that is narrower overflows."""
    weights = np.random.default_rng(0).integers(-8, 8, 40)
    bits = accumulator_bits(weights, input_bits=4, signed=False, exact=True)
    worst = [np.where(weights > 0, 15, 0), np.where(weights < 0, 15, 0)]
    wide, narrow = (Accumulator(sum=f"int{p}", overflow="raise") for p in (bits, bits - 1))
    assert matmul(np.stack(worst), weights[:, None], accumulate=wide).ravel().tolist() == [x @ weights for x in worst]
    with pytest.raises(RangeError):
        matmul(np.stack(worst), weights[:, None], accumulate=narrow)


def test_kinds_of_weights_and_errors():
    """Codes of any dtype, in many rows; sums are exact where int64 would wrap around."""
    for dtype in (np.int8, np.uint8, np.float32, object):
        assert accumulator_bits(np.array([[100, 27, 1], [1, 1, 1]], dtype), input_bits=8, signed=False) == 17
    assert accumulator_bits([2**62] * 8, input_bits=8) == 74
    assert accumulator_bits(np.zeros((2, 0)), input_bits=8, exact=True) == accumulator_bits([0], input_bits=8) == 1
    for wrong in (
        {"weights": [0.5], "input_bits": 8},
        {"weights": 3, "input_bits": 8},
        {"weights": [np.inf], "input_bits": 8},
        {"weights": [3], "terms": 3, "weight_bits": 4, "input_bits": 8},
        {"terms": 3, "input_bits": 8},
        {"terms": 3, "weight_bits": 0, "input_bits": 8},
        {"weights": [3], "input_bits": True},
        {"input_bits": 8},
    ):
        with pytest.raises(UnsupportedInputError):
            accumulator_bits(**wrong)
