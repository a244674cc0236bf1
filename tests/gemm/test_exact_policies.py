"""An exact sum overflows in the format of its result alone, under the accumulator's policy."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
from chopper import Accumulator, matmul
from chopper.errors import PolicyError, RangeError

RNG = np.random.default_rng(5)
A, B = RNG.integers(-40, 41, (12, 9)).astype(float), RNG.integers(-40, 41, (9, 12)).astype(float)
POLICIES = [
    ("e4m3", "saturate"), ("e4m3", "nan"), ("e4m3", "propagate"), ("fp16", "saturate"), ("fp16", "infinity"),
    ("int8", "wrap"), ("int8", "saturate"), ("fixed<6,2>", "wrap"), ("posit8", "saturate"),
]  # fmt: skip


@pytest.mark.parametrize(("fmt", "policy"), POLICIES)
@pytest.mark.parametrize("mode", ["nearest_even", "toward_zero", "stochastic"])
def test_policies(fmt: str, policy: str, mode: str) -> None:
    """The sum, which float64 holds here, is rounded as `chopper.chop` rounds it."""
    scale = 2.0**7 if fmt == "fp16" else 1.0
    a, b = A * scale, B / 8
    by = Accumulator(sum="exact", result=fmt, rounding=mode, overflow=policy)
    got = np.asarray(matmul(a, b, accumulate=by, key=3), np.float64)
    if mode == "stochastic":  # its words are others: the neighbours do not depend on them
        sides = [chopper.chop(a @ b, fmt, side, overflow=policy) for side in ("toward_zero", "away_from_zero")]
        assert ((got == sides[0]) | (got == sides[1]) | np.isnan(got)).all()
        return
    want = chopper.chop(a @ b, fmt, mode, overflow=policy)
    assert np.array_equal(got, want, equal_nan=True)
    assert not np.array_equal(want, a @ b)


def test_raise() -> None:
    """The error leaves `out` as it was."""
    by = Accumulator(sum="exact", result="int8", overflow="raise")
    out = np.full((12, 12), 7.0)
    with pytest.raises(RangeError, match="overflow='raise'"):
        matmul(A, B, accumulate=by, out=out)
    assert (out == 7).all()
    assert (matmul(A[:1] * 0 + 1, np.ones((9, 1)), accumulate=by) == 9).all()


def test_a_policy_that_does_not_suit_the_result() -> None:
    """It is refused, not ignored."""
    with pytest.raises(PolicyError, match="wrap"):
        matmul(A, B, accumulate=Accumulator(sum="exact", result="fp16", overflow="wrap"))


def test_the_mode_exact_keeps_the_policy() -> None:
    """``mode="exact"`` rounds once to the format of the sum, under its policy; to another format by the default."""
    by = Accumulator(sum="int8", overflow="wrap")
    want = chopper.chop(A @ B, "int8", overflow="wrap")
    assert np.array_equal(matmul(A, B, accumulate=by, mode="exact"), want)
    other = Accumulator(sum="int8", overflow="wrap", result="fp16")
    assert np.array_equal(matmul(A, B, accumulate=other, mode="exact"), chopper.chop(A @ B, "fp16"))
