"""One kernel, three executions: Python integers, NumPy and compiled loops; in place, threads, chunks and offsets."""

from __future__ import annotations

from itertools import pairwise, product

import numpy as np
import pytest

import chopper
from chopper.engine import run as running
from chopper.engine.kernel import Kernel
from chopper.engine.plan import Request, plan_decode, plan_encode, plan_round
from chopper.formats.registry import get
from chopper.random import as_key
from chopper.rounding import Overflow
from tests.conformance.catalogue import DETERMINISTIC, MODES
from tests.oracle import adversarial

SUBJECT = "Python integers, NumPy and compiled loops against each other"

SHAPES = {
    "short": {32: "bf16", 64: "e11m20"},
    "plain": {32: "e4m3", 64: "e4m3"},
    "general": {32: "e5m2fnuz", 64: "binary8p1ue"},
    "wide": {32: "bf16<subnormals=round>", 64: "fp64<subnormals=flush>"},
}
"""A format for each kernel of rounding on each carrier."""


def loop(monkeypatch, compiled):
    """Make every call take the compiled loops, or none."""
    if compiled:
        monkeypatch.setattr(running, "_SMALL", 0)
        monkeypatch.setattr(running, "_PATIENCE", 0)
    else:
        monkeypatch.setattr(running._LOOPS, "find", lambda *args: None)


def executed(monkeypatch, compiled, plan, xs, target, key=None, words=None):
    out = np.empty(xs.shape, target)
    with monkeypatch.context() as patch:
        loop(patch, compiled)
        running.run(plan, xs, out, key, words, 1)
    return out


def numbered(plan, xs, target, words):
    """Run a plan on one element at a time, in Python integers."""
    signed = [int(bits) for bits in xs.view(f"i{xs.itemsize}")]
    kernel, params = plan.kernel, plan.params
    if words is None:
        codes = [running.on_number(plan, bits) for bits in signed]
    else:
        pairs = zip(signed, (int(word) for word in words), strict=True)  # nothing wraps around, so words are unsigned
        codes = [kernel(lambda c, a, b: a if c else b, *pair, params) for pair in pairs]
    patterns = np.array([code % (1 << 64) for code in codes], np.uint64)
    return patterns.astype(f"u{np.dtype(target).itemsize}").view(target)


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("shape", SHAPES)
def test_three_executions(shape, mode, width, tally, monkeypatch):
    fmt = get(SHAPES[shape][width])
    dtype = f"float{width}"
    rng = np.random.default_rng(width)
    xs = rng.permutation(adversarial(fmt, dtype))[:3000]
    words = rng.integers(0, 1 << 32, xs.size, np.uint32) if mode.random else None
    some = slice(0, 200)
    for planner, target in ((plan_round, dtype), (plan_encode, f"u{max(1, 1 << (fmt.bits - 1).bit_length() >> 3)}")):
        plan = planner(Request(fmt, mode, random_bits=11), width)
        numpy = executed(monkeypatch, False, plan, xs, target, None, words)
        jitted = executed(monkeypatch, True, plan, xs, target, None, words)
        tally.same(jitted, numpy, xs, fmt=fmt, mode=mode, about=plan.kernel.name)
        # A magic kernel in Python integers works on float64 alone.
        if not (plan.kernel.module == "magic" and width == 32):
            ints = numbered(plan, xs[some], target, None if words is None else words[some])
            tally.same(ints, numpy[some], xs[some], fmt=fmt, mode=mode, about="Python integers")


@pytest.mark.parametrize("width", [32, 64])
@pytest.mark.parametrize("name", ["e4m3", "bf16", "e11m20", "e4m3fnuz", "binary8p1ue", "fp24", "dlfloat16", "e5m10"])
def test_decoding_executions(name, width, tally, monkeypatch):
    fmt = get(name)
    codes = np.random.default_rng(width).integers(0, 1 << fmt.bits, 4000, np.uint64)
    codes = codes.astype(f"u{max(1, 1 << (fmt.bits - 1).bit_length() >> 3)}")
    dtype = f"float{width}"
    if name == "e11m20" and width == 32:
        return
    plan = plan_decode(fmt, width)
    numpy, jitted = (executed(monkeypatch, compiled, plan, codes, dtype) for compiled in (False, True))
    tally.same(jitted, numpy, codes, fmt=fmt)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("mode", ["nearest_even", "up", "stochastic", "stochastic_equal"])
def test_in_place_is_out_of_place(mode, dtype, tally, monkeypatch):
    fmt, key = get("e5m2"), as_key(77) if "stochastic" in mode else None
    xs = adversarial(fmt, dtype)
    plan = plan_round(Request(fmt, chopper.Rounding.parse(mode)), xs.itemsize * 8)
    for compiled in (False, True):
        apart = executed(monkeypatch, compiled, plan, xs, dtype, key)
        here = xs.copy()
        with monkeypatch.context() as patch:
            loop(patch, compiled)
            running.run(plan, here, here, key, None, 1)
        tally.same(here, apart, xs, fmt=fmt, mode=mode, about=f"compiled={compiled}")
    public = xs.copy()
    options = {"key": 77} if key else {}
    assert chopper.chop(public, fmt, mode, out=public, **options) is public
    tally.same(public, apart, xs, fmt=fmt, mode=mode)


@pytest.mark.parametrize("mode", ["nearest_even", "stochastic"])
def test_threads_chunks_and_offsets_do_not_matter(mode, tally):
    size, fmt = (1 << 21) + 12345, "e4m3"
    xs = np.random.default_rng(0).standard_normal(size).astype(np.float32)
    key = {"key": 2**40 + 1, "offset": 2**32 - 1_000_003} if mode == "stochastic" else {}
    one = chopper.chop(xs, fmt, mode, threads=1, **key)
    for threads in (2, 3, 5, None):
        tally.same(chopper.chop(xs, fmt, mode, threads=threads, **key), one, xs, fmt=fmt, mode=mode)
        here = xs.copy()
        tally.same(chopper.chop(here, fmt, mode, threads=threads, out=here, **key), one, xs, fmt=fmt, mode=mode)
    codes = chopper.encode(xs, fmt, mode, threads=1, **key)
    tally.same(chopper.encode(xs, fmt, mode, threads=3, **key), codes, xs, fmt=fmt, mode=mode)
    tally.same(chopper.decode(codes, fmt, threads=3), one, xs, fmt=fmt, mode=mode)
    cuts = [0, 1, 17, 16384, 16385, 999_999, 1_500_001, size]
    pieces = []
    for start, stop in pairwise(cuts):
        moved = {"key": key["key"], "offset": key["offset"] + start} if key else {}
        pieces.append(chopper.chop(xs[start:stop], fmt, mode, **moved))
    tally.same(np.concatenate(pieces), one, xs, fmt=fmt, mode=mode)


def test_every_loop_can_be_kept_on_disk(monkeypatch):
    """Compiling never warns; the largest kernel and rule are the ones to fear."""
    plan = plan_round(Request(get("fp64<subnormals=flush>"), chopper.Rounding.STOCHASTIC_B), 64)
    monkeypatch.setattr(running, "_LOOPS", running._Loops())
    executed(monkeypatch, True, plan, np.ones(3), "float64", as_key(3))


def test_every_shape_of_kernel_is_covered():
    """The formats above reach each rounding and encoding kernel of the float family."""
    reached = set()
    for (shape, names), width, mode in product(SHAPES.items(), (32, 64), DETERMINISTIC):
        for planner in (plan_round, plan_encode):
            kernel: Kernel = planner(Request(get(names[width]), mode), width).kernel
            reached.add(f"{kernel.name}:{width}")
            assert kernel.module == "float" or mode is chopper.Rounding.NEAREST_EVEN, shape
    wanted = {f"round_float{s}:{w}" for s in ("", "_short", "_general", "_wide", "_magic") for w in (32, 64)}
    wanted |= {f"encode_float{s}:{w}" for s in ("", "_general", "_wide") for w in (32, 64)}
    assert wanted <= reached


def test_raise_policies_mark_in_every_execution(monkeypatch):
    for compiled in (False, True):
        plan = plan_round(Request(get("e4m3"), overflow=Overflow.RAISE), 32)
        out = executed(monkeypatch, compiled, plan, np.array([1, 1e9, -np.inf], np.float32), "float32")
        assert (out.view(np.int32) == plan.mark).tolist() == [False, True, True]
