"""Compiled loops against the steps on whole arrays, bit for bit; threads, layouts, shapes."""

from __future__ import annotations

import numpy as np
import pytest

import chopper
import chopper.engine.run as running
from chopper.accumulate import Accumulator
from chopper.engine.gemm import exact, paths
from chopper.errors import OutputError, UnsupportedInputError
from chopper.gemm import dot, matmul

SUBJECT = "compiled matrix products against steps on whole arrays"
CASES = (
    Accumulator(),
    Accumulator(fused=True),
    Accumulator(order="blocked", block=7),
    Accumulator(order="pairwise", block=3),
    Accumulator(sum="fp16"),
    Accumulator(sum="bf16", order="tree"),
    Accumulator(sum="e5m2", order="blocked", block=9),
    Accumulator(sum="e4m3"),
    Accumulator(product="fp16", result="bf16"),
    Accumulator(sum="fp16", order="blocked", block=7, flush="fp32"),
    Accumulator(sum="fp16", rounding="stochastic"),
    Accumulator(sum="bf16", rounding="stochastic", order="tree", random_bits=9),
    Accumulator(sum="fp16", rounding="down", fused=True),
    Accumulator(sum="posit16", order="pairwise", block=5),
    Accumulator(sum="int32", overflow="wrap"),
    Accumulator(sum="exact", result="bf16"),
    Accumulator(sum="fp32", fused=True, block=8),
)
EVERYDAY = (0, 1, 2, 4, 5, 8, 10, 12, 15, 16)
"""The cases that few loops are compiled for."""


@pytest.fixture
def compiled(monkeypatch):
    """Let small arrays wait for the compiler, and count which path is taken."""
    monkeypatch.setattr(running, "_SMALL", 0)
    monkeypatch.setattr(running, "_THREADED", 1 << 12)
    return monkeypatch


def by_steps(monkeypatch, *operands, **options):
    """Return a product without compiled loops."""
    with monkeypatch.context() as patch:
        patch.setattr(paths, "_compiled", lambda *given: None)
        patch.setattr(exact, "_by_grids", lambda *given: None)
        return matmul(*operands, **options)


def numbers(kind, m=13, k=37, n=35):
    rng = np.random.default_rng(7)
    a, b, c = (rng.normal(size=shape).astype(np.float32) for shape in ((m, k), (k, n), (m, n)))
    if kind == "few bits":
        a, b = chopper.chop(a, "e4m3"), chopper.chop(b, "e4m3")
        b[1::3] = -b[::3][: len(b[1::3])]
    elif kind == "large":
        a, b, c = a * 300, b * 300, c * 300
    elif kind == "small":
        a, b, c = a * np.float32(1e-3), b * np.float32(1e-3), c * np.float32(1e-5)
    elif kind == "tiny":
        a, b, c = a * np.float32(2.0**-70), b * np.float32(2.0**-66), c * np.float32(2.0**-140)
        c[0] = -0.0
    elif kind == "special":
        a[0, 0], b[1, 1], a[2], c[3, 3] = np.inf, np.nan, 0, -np.inf
    return a, b, c


@pytest.mark.parametrize("acc", [CASES[n] for n in EVERYDAY], ids=str)
def test_loops(acc, compiled, tally):
    check(acc, compiled, tally)


@pytest.mark.exhaustive
@pytest.mark.parametrize("acc", [acc for n, acc in enumerate(CASES) if n not in EVERYDAY], ids=str)
def test_more_loops(acc, compiled, tally):
    check(acc, compiled, tally)


def check(acc, compiled, tally):
    for kind in ("any", "few bits", "large", "small", "tiny", "special"):
        a, b, c = numbers(kind)
        if acc.overflow == "wrap" and kind in ("special", "tiny", "small"):
            continue
        for addend in (None, c):
            options = {"accumulate": acc, "key": 3}
            want = by_steps(compiled, a, b, addend, **options)
            for threads in (1, 3):
                got = matmul(a, b, addend, threads=threads, **options)
                tally.same(got, want, fmt=acc.sum, mode=acc.rounding, about=(acc, kind, threads))


def test_the_loops_are_taken(compiled):
    seen = []
    for name in ("_natively", "_by_kernels"):
        old = getattr(paths, name)

        def spy(*given, old=old, name=name):
            result = old(*given)
            seen.append((name, result is not None))
            return result

        compiled.setattr(paths, name, spy)
    a, b, _ = numbers("few bits")
    for n in (0, 1, 2, 4, 5, 8):
        matmul(a, b, accumulate=CASES[n])
    assert seen == [("_natively", True)] * 6
    seen.clear()
    matmul(a, b, accumulate=CASES[12])
    assert seen == [("_natively", False), ("_by_kernels", True)]


@pytest.mark.parametrize("acc", [CASES[4], CASES[10]], ids=str)
def test_layouts(acc, compiled, tally):
    a, b, c = numbers("few bits")
    want = matmul(a, b, c, accumulate=acc, key=1)
    wide = np.zeros((26, 74), np.float32)
    wide[::2, ::2] = a
    for x, y, z in (
        (np.asfortranarray(a), b.T.copy().T, np.asfortranarray(c)),
        (wide[::2, ::2], b[::-1][::-1], c),
        (a.astype(np.float64).astype(np.float32), b.newbyteorder() if hasattr(b, "newbyteorder") else b, c),
    ):
        tally.same(matmul(x, y, z, accumulate=acc, key=1), want, about="layout")
    out = np.empty_like(want)
    assert matmul(a, b, c, accumulate=acc, key=1, out=out) is out
    tally.same(out, want, about="out")
    tally.same(matmul(a.astype(np.float64), b, c, accumulate=acc, key=1), want.astype(np.float64), about="float64")


def test_shapes(compiled, tally):
    rng = np.random.default_rng(2)
    acc = Accumulator(sum="bf16", rounding="stochastic")
    shapes = (
        ((3,), (3,)),
        ((3,), (3, 2)),
        ((2, 3), (3,)),
        ((5, 1, 2, 3), (4, 3, 2)),
        ((4, 2, 3), (3, 6)),
        ((2, 0), (0, 3)),
        ((0, 3), (3, 2)),
        ((2, 3), (3, 0)),
        ((1, 1), (1, 7)),
    )
    for one, two in shapes:
        a, b = rng.normal(size=one).astype(np.float32), rng.normal(size=two).astype(np.float32)
        exact_one = np.matmul(a, b)
        for options in ({}, {"accumulate": acc, "key": 4}):
            got = matmul(a, b, **options)
            assert got.shape == exact_one.shape
            tally.same(got, by_steps(compiled, a, b, **options), about=(one, two))
        if len(one) < 3:
            tally.same(dot(a, b), matmul(a, b), about="dot")


def test_no_terms():
    c = np.array([[1.0, -0.0]], np.float32)
    empty = np.zeros((1, 0), np.float32), np.zeros((0, 2), np.float32)
    assert matmul(*empty).tolist() == [[0, 0]]
    assert not np.signbit(matmul(*empty)).any()
    assert matmul(*empty, c + np.float32(1e-4), accumulate=Accumulator(sum="bf16")).tolist()[0][0] == 1.0


def test_bad_operands():
    a, b = np.ones((2, 3), np.float32), np.ones((3, 2), np.float32)
    for x, y, z in (
        (a, a, None),
        (1.0, b, None),
        (a, b, np.ones(3)),
        (a[None], np.ones((2, 2, 3, 2)), np.ones((3, 1, 1))),
    ):
        with pytest.raises(UnsupportedInputError):
            matmul(x, y, z)
    with pytest.raises(UnsupportedInputError):
        dot(a[None], b)
    with pytest.raises(UnsupportedInputError, match="mode"):
        matmul(a, b, mode="other")
    with pytest.raises(UnsupportedInputError, match="Accumulator"):
        matmul(a, b, accumulate="fp16")
    with pytest.raises(OutputError):
        matmul(a, b, out=np.empty((2, 2)))
    with pytest.raises(OutputError):
        square = np.ones((2, 2), np.float32)
        matmul(square, square, out=square)


def test_scaled_operands(tally):
    rng = np.random.default_rng(6)
    a, b = rng.normal(size=(3, 96)).astype(np.float32), rng.normal(size=(96, 4)).astype(np.float32)
    for fmt in ("mxfp4", "mxfp8", "nvfp4"):
        x, y = chopper.encode(a, fmt), chopper.encode(b, fmt, axis=0)
        plain = x.decode(np.float64), y.decode(np.float64)
        size = 16 if fmt == "nvfp4" else 32
        for mode, acc in (
            ("dequantized", Accumulator()),
            ("block", Accumulator(fused=True, block=size)),
            ("exact", Accumulator(sum="exact", result="fp32")),
        ):
            got = matmul(x, y, mode=mode)
            tally.same(got, matmul(*plain, accumulate=acc), fmt=fmt, about=mode)
        with pytest.raises(UnsupportedInputError, match="blocks"):
            matmul(x, chopper.encode(b, fmt), mode="block")
