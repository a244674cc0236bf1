"""Tensors beside NumPy arrays and beside other tools for torch: the adapter must cost little."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np

import chopper
from benchmarks.data import normal
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["measure"]

FEW, MANY = 64, 10_000_000
CALLS = "One call on a tensor of 64 elements: microseconds"
Case = Callable[[], object]

OPERATIONS = ("nearest_even", "stochastic", "encode", "decode")
ARITHMETIC = "frexp, divide, round, clamp, on tensors"
QPYTORCH = "QPyTorch's steps, on tensors"
FLOAT8 = "torch.float8_e4m3fn, there and back"
PYCHOP = "Pychop Chop(4, 3), torch"
PEERS = (ARITHMETIC, QPYTORCH, FLOAT8, PYCHOP)
OURS = ("chop", "chop, out given", "chop, stochastic", "chop, with a gradient to come", "encode", "decode")
SMALL = ("torch.relu", "NumPy array", *OURS, "the operator")
NAMES = tuple(
    f"torch/{kind}{line}" for kind, lines in (("", OPERATIONS), ("peers/", PEERS), ("calls/", SMALL)) for line in lines
)


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure large tensors, peers and small calls on the host; nothing where torch is not installed."""
    torch = _installed("torch") if any(map(wanted, NAMES)) else None
    if torch is None:
        return
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        for section in (_large, _peers, _calls):
            yield from section(torch, effort, wanted)
    finally:
        torch.set_num_threads(threads)


def _installed(package: str) -> Any:
    with suppress(ImportError):
        return import_module(package)
    return None


def _large(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Compare tensors with NumPy arrays, on one thread, ``out=`` given."""
    size = MANY // 10 if effort.quick else MANY
    names = {op: f"torch/{op}" for op in OPERATIONS if wanted(f"torch/{op}")}
    if not names:
        return
    x = np.resize(normal("float32", 4), size)
    table = f"Tensors of {size:,} float32 on the host, one thread: times the time of the NumPy array"
    for op, name in names.items():
        cases = {kind: _operation(op, array) for kind, array in (("numpy", x), ("torch", torch.from_numpy(x.copy())))}
        times = interleaved(cases, effort)
        floor = None if effort.quick else 1.3
        yield Figure(name, table, op, "e4m3", times["torch"] / times["numpy"], floor=floor, smaller=True)


def _operation(name: str, x: Any) -> Case:
    like = np.empty_like if isinstance(x, np.ndarray) else import_module("torch").empty_like
    codes = chopper.encode(x, "e4m3")
    if name == "encode":
        return partial(chopper.encode, x, "e4m3", out=codes, threads=1)
    if name == "decode":
        return partial(chopper.decode, codes, "e4m3", out=like(x), threads=1)
    return partial(chopper.chop, x, "e4m3", name, key=1, out=like(x), threads=1)


def _peers(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Compare with other tools that round tensors, as they come; fresh results on all sides."""
    size = MANY // 10 if effort.quick else MANY
    x = torch.from_numpy(np.resize(normal("float32", 4), size))
    makers: dict[str, Callable[[], Case]] = {
        ARITHMETIC: lambda: partial(_by_arithmetic, torch, x),
        QPYTORCH: lambda: partial(_by_adding_half, torch, x),
        FLOAT8: lambda: lambda: x.to(torch.float8_e4m3fn).to(torch.float32),
    }
    if _installed("pychop") is not None and not effort.quick:
        makers[PYCHOP] = lambda: _pychop(x)
    names = {line: f"torch/peers/{line}" for line in makers if wanted(f"torch/peers/{line}")}
    if not names:
        return
    cases: dict[str, Case] = {"chop": partial(chopper.chop, x, "e4m3", threads=1)}
    times = interleaved({**cases, **{line: makers[line]() for line in names}}, effort)
    table = f"Peers on tensors of {size:,} float32, one thread, e4m3 to nearest even"
    for line, name in names.items():
        floor = 10 if line == PYCHOP else None
        yield Figure(name, table, line, "its time / chopper's", times[line] / times["chop"], floor=floor)


def _by_adding_half(torch: Any, x: Any) -> Any:
    """Round to e4m3 as QPyTorch's ``float_quantize`` does, written with torch's operators.

    Half of what is dropped is added to the pattern, which is then cut; exponents out of range are clipped.  Ties go
    away from zero and there are no subnormal numbers, so this does less than `chopper.chop`.  QPyTorch itself runs the
    same steps element by element in C++.
    """
    bits = x.view(torch.int32)
    sign = bits & -(2**31)
    cut = (bits ^ sign) + (1 << 19) & -(1 << 20)
    exponent = cut >> 23
    low = (cut > 119 << 23).to(torch.int32) * (120 << 23)
    cut = torch.where(exponent < 120, low, torch.where(exponent > 134, (134 << 23) + (7 << 20), cut))
    return (cut | sign).view(torch.float32)


def _by_arithmetic(torch: Any, x: Any) -> Any:
    """Round to e4m3 as it is often written: exponent, scaled significand, round, clamp.

    The exponent comes from frexp, which is exact where log2 is not.
    """
    exponent = torch.clamp(torch.frexp(x).exponent - 1, min=-6)
    unit = torch.ldexp(torch.ones_like(x), exponent - 3)
    return torch.clamp(torch.round(x / unit) * unit, -448, 448)


def _pychop(x: Any) -> Case:
    pychop = import_module("pychop")
    pychop.backend("torch")
    return partial(pychop.Chop(4, 3, rmode=1), x)


def _calls(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure what a call costs apart from its elements."""
    x = torch.linspace(-3, 3, FEW)
    leaf, out, codes = x.clone().requires_grad_(), torch.empty(FEW), chopper.encode(x, "e4m3")
    runs: tuple[Case, ...] = (
        partial(torch.relu, x),
        partial(chopper.chop, x.numpy(), "e4m3"),
        partial(chopper.chop, x, "e4m3"),
        partial(chopper.chop, x, "e4m3", out=out),
        partial(chopper.chop, x, "e4m3", "stochastic", key=1),
        partial(chopper.chop, leaf, "e4m3"),
        partial(chopper.encode, x, "e4m3"),
        partial(chopper.decode, codes, "e4m3"),
        partial(_operator(torch), x, None, '{"fmt": "e4m3"}', 0, 0),
    )
    cases = {line: run for line, run in zip(SMALL, runs, strict=True) if wanted(f"torch/calls/{line}")}
    if not cases:
        return
    _operation("nearest_even", torch.ones(1 << 16))()
    _operation("stochastic", torch.ones(1 << 16))()
    for line, seconds in interleaved(cases, effort).items():
        promised = 100 if line in OURS else None
        yield Figure(f"torch/calls/{line}", CALLS, line, "us", seconds * 1e6, "us", promised, smaller=True,
                     ours=line != "torch.relu")  # fmt: skip


def _operator(torch: Any) -> Any:
    import_module("chopper_ext.torch")
    return torch.ops.chopper.round
