"""Every order, fused or not, compensated or exact, in every mode, against the definition."""

from __future__ import annotations

import numpy as np
import pytest

from chopper.accumulate import Accumulator
from chopper.errors import PolicyError, RangeError
from chopper.gemm import matmul
from chopper.rounding import Rounding
from tests.gemm.definition import Definition
from tests.gemm.numbers import matrices

SUBJECT = "matrix products against the definition"
MODES = [mode.value for mode in Rounding]
FORMATS = ("fp16", "bf16", "e4m3", "e5m2", "fp32", "posit8", "posit16", "int8", "int32", "fixed<8,4>", "takum_linear16")
ORDERS = {
    "sequential": {},
    "fused": {"fused": True},
    "fused blocks": {"fused": True, "block": 3},
    "blocked": {"order": "blocked", "block": 3},
    "blocked fused": {"order": "blocked", "block": 4, "fused": True},
    "pairwise": {"order": "pairwise", "block": 2},
    "tree": {"order": "tree"},
    "tree fused": {"order": "tree", "fused": True},
    "kahan": {"compensated": "kahan"},
    "neumaier": {"compensated": "neumaier"},
    "exact": {"sum": "exact"},
    "rounded exact": {"sum": "exact", "product": "e4m3"},
    "products": {"product": "e5m2"},
    "flushed": {"order": "blocked", "block": 4, "flush": "fp16"},
    "flushed tree": {"order": "pairwise", "block": 3, "flush": "bf16", "result": "e5m2"},
}


def accumulator(fmt, mode, options, bits=32):
    options = {"sum": fmt, "rounding": mode, "random_bits": bits} | options
    return Accumulator(**options, **({"result": fmt} if options["sum"] == "exact" else {}))


def room(fmt, mode):
    """Return how many random bits binary64 decides in the format."""
    return {"fp32": 27, "int32": 20}.get(fmt, 32)


PAIRS = [(fmt, order) for fmt in FORMATS for order in ORDERS]


@pytest.mark.parametrize("at", range(len(PAIRS)), ids=lambda at: "-".join(PAIRS[at]))
def test_orders(at, tally):
    check(*PAIRS[at], MODES[(at + at // len(ORDERS)) % 3 :: 3], tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize("at", range(len(PAIRS)), ids=lambda at: "-".join(PAIRS[at]))
def test_orders_in_every_mode(at, tally):
    for seed in range(4):
        check(*PAIRS[at], MODES, tally, seed)


def check(fmt, order, modes, tally, seed=0):
    for mode in modes:
        at = MODES.index(mode) + seed
        acc = accumulator(fmt, mode, ORDERS[order], room(fmt, mode) if at % 2 else 7)
        a, b, c = matrices(fmt, 2, 7, 3, seed=at + list(ORDERS).index(order))
        for addend in (None, c):
            want = Definition(acc, key=at).product(a, b, addend)
            got = matmul(a, b, addend, accumulate=acc, key=at, threads=1)
            tally.same(got.astype(np.float64), want, fmt=fmt, mode=mode, about=(order, addend is not None))


@pytest.mark.parametrize("policy", ["wrap", "saturate", "raise"])
@pytest.mark.parametrize("fmt", ["int8", "int32", "fixed<8,4>"])
def test_policies_of_integers(fmt, policy, tally):
    rng = np.random.default_rng(3)
    large = 40 if fmt != "int32" else 70000
    a, b = (rng.integers(-large, large, shape).astype(np.float32) for shape in ((3, 6), (6, 2)))
    for order in ("sequential", "fused", "blocked", "tree", "fused blocks"):
        acc = accumulator(fmt, "nearest_even", {**ORDERS[order], "overflow": policy})
        try:
            want = Definition(acc).product(a, b)
        except RangeError:
            with pytest.raises(RangeError, match="overflow='raise'"):
                matmul(a, b, accumulate=acc)
            continue
        tally.same(matmul(a, b, accumulate=acc).astype(np.float64), want, fmt=fmt, about=(order, policy))


def test_integers_flushed_to_float32(tally):
    rng = np.random.default_rng(4)
    a, b = (rng.integers(-32768, 32768, shape).astype(np.int16) for shape in ((3, 40), (40, 2)))
    acc = Accumulator(sum="int32", overflow="wrap", order="blocked", block=4, flush="fp32")
    want = Definition(acc).product(a.astype(float), b.astype(float))
    tally.same(matmul(a, b, accumulate=acc), want, about=acc)


@pytest.mark.parametrize("order", ["sequential", "fused", "blocked", "exact", "fused blocks"])
def test_operands_of_53_bits(order, tally):
    rng = np.random.default_rng(5)
    a, b = rng.normal(size=(3, 6)), rng.normal(size=(6, 3))
    b[1] = -b[0]
    a[:, 1] = a[:, 0] * (1 + 2.0**-52)
    for mode in MODES:
        acc = accumulator("bf16", mode, ORDERS[order])
        want = Definition(acc, 9).product(a, b)
        tally.same(matmul(a, b, accumulate=acc, key=9), want, fmt="bf16", mode=mode, about=order)


def test_what_does_not_go_together():
    for options in (
        {"order": "random"},
        {"order": "blocked"},
        {"order": "tree", "block": 2},
        {"block": 2},
        {"fused": True, "product": "fp16"},
        {"compensated": "kahan", "fused": True},
        {"compensated": "twice"},
        {"sum": "exact"},
        {"sum": "exact", "result": "fp16", "order": "tree"},
        {"sum": "mxfp4"},
        {"flush": "fp32"},
        {"block": 0, "fused": True},
        {"random_bits": 40},
    ):
        with pytest.raises(PolicyError):
            Accumulator(**options)
    with pytest.raises(PolicyError):
        matmul(np.ones((2, 2)), np.ones((2, 2)), accumulate=Accumulator(overflow="wrap"))
