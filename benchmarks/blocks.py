"""Formats with shared scales on one thread: fractions of a copy, and how many times longer other tools take."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

import chopper
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["measure"]

Array = npt.NDArray[Any]

SIZE, QUICK_SIZE = 4096, 512
FLOORS = {"mxfp8": 0.33, "mxfp4": 0.33, "nvfp4": 0.33}
FORMATS = (
    "mxfp8", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp4", "mxint8", "nvfp4", "nvfp4_2d", "nvfp4_46", "fp8_tensor",
    "fp8_block128", "fp8_block128x128", "int8_token", "int4_group128", "nf4_block64", "msfp12", "mx9", "hif4",
)  # fmt: skip
RANDOM = ("mxfp8", "mxfp4", "nvfp4")
LONGER = 10
"""How many times longer than chopper the peers must take."""


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure ``chop`` and ``encode`` of a square of N(0, 1) in float32, and peers that do the same."""
    size = QUICK_SIZE if effort.quick else SIZE
    x = np.random.default_rng(4).standard_normal((size, size), np.float32)
    out = np.empty_like(x)
    yield from _fractions(effort, wanted, x, out)
    yield from _peers(effort, wanted, x, out)


def _fractions(effort: Effort, wanted: Wanted, x: Array, out: Array) -> Iterator[Figure]:
    calls: dict[tuple[str, str], Callable[[], object]] = {}
    for fmt in FORMATS:
        calls[fmt, "nearest_even"] = partial(chopper.chop, x, fmt, out=out, threads=1)
        calls[fmt, "encode"] = partial(chopper.encode, x, fmt, threads=1)
    for fmt in RANDOM:
        calls[fmt, "stochastic"] = partial(chopper.chop, x, fmt, "stochastic", key=1, out=out, threads=1)
    names = {f"blocks/{fmt}/{column}": (fmt, column) for fmt, column in calls}
    chosen = {name: calls[case] for name, case in names.items() if wanted(name)}
    if not chosen:
        return
    times = interleaved({"copy": partial(np.copyto, out, x), **chosen}, effort)
    table = f"Shared scales, float32, {len(x)}x{len(x)}, one thread: fraction of np.copyto"
    for name in chosen:
        fmt, column = names[name]
        least = None if effort.quick or column != "nearest_even" else FLOORS.get(fmt)
        yield Figure(name, table, fmt, column, times["copy"] / times[name], floor=least)


def _peers(effort: Effort, wanted: Wanted, x: Array, out: Array) -> Iterator[Figure]:
    peers: dict[str, tuple[str, Callable[[], object]]] = {}
    for line, fmt, prepare in (
        ("microxcaling's procedure, MXFP8", "mxfp8", partial(_microxcaling, (4, 3, 8, 448.0))),
        ("microxcaling's procedure, MXFP4", "mxfp4", partial(_microxcaling, (2, 1, 2, 6.0))),
        ("torchao to_mx, MXFP8", "mxfp8", partial(_torchao_mx, "float8_e4m3fn")),
        ("torchao to_mx, MXFP4", "mxfp4", partial(_torchao_mx, "float4_e2m1fn_x2")),
        ("torchao nvfp4_quantize", "nvfp4", _torchao_nvfp4),
    ):
        if wanted(f"blocks/peers/{line}"):
            with suppress(ImportError, OSError):
                peers[line] = fmt, prepare(x)
    if not peers:
        return
    ours = {fmt: partial(chopper.chop, x, fmt, out=out, threads=1) for fmt, _ in peers.values()}
    calls: dict[str, Callable[[], object]] = {**ours, **{line: call for line, (_, call) in peers.items()}}
    times = interleaved(calls, effort)
    table = f"Shared scales, peers, float32, {len(x)}x{len(x)}, one thread: there and back"
    for line, (fmt, _) in peers.items():
        least = None if effort.quick else LONGER
        value = times[line] / times[fmt]
        yield Figure(f"blocks/peers/{line}", table, line, "its time / chopper's", value, floor=least)


def _on_one_thread(torch: Any, call: Callable[[], object]) -> Callable[[], object]:
    def run() -> None:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        call()
        torch.set_num_threads(threads)

    return run


def _microxcaling(element: tuple[int, int, int, float], x: Array) -> Callable[[], object]:
    """Transcribe `_quantize_mx` of microxcaling 7bc4195, blocks of 32, round="even", in torch as the original."""
    torch = import_module("torch")
    exponent_bits, fraction_bits, emax, most = element
    tensor, tiny, least = torch.from_numpy(x), 2.0**-126, 2 - 2 ** (exponent_bits - 1)

    def run() -> Any:
        a = tensor.reshape(-1, 32)
        top = a.abs().amax(dim=1, keepdim=True)
        shared = torch.floor(torch.log2(top + tiny * (top == 0).type(top.dtype))) - emax
        a = a / 2 ** shared.clamp(-127, 127)
        private = torch.floor(torch.log2(a.abs() + (a == 0).type(a.dtype))).clip(min=least)
        a = a / 2**private * 2**fraction_bits
        low = torch.floor(a.abs())
        tie = ((a.abs() - low) == 0.5) & (low % 2 == 0)
        a = torch.sign(a) * torch.where(tie, low, torch.floor(a.abs() + 0.5))
        a = torch.clamp(a / 2**fraction_bits * 2**private, min=-most, max=most)
        return (a * 2**shared).reshape(tensor.shape)

    return _on_one_thread(torch, run)


def _torchao_mx(dtype: str, x: Array) -> Callable[[], object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch, mx = import_module("torch"), import_module("torchao.prototype.mx_formats.mx_tensor")
    tensor, kind = torch.from_numpy(x), getattr(torch, dtype)

    def run() -> Any:
        scale, data = mx.to_mx(tensor, kind, 32)
        return mx.to_dtype(data, scale, kind, 32, torch.float32)

    return _on_one_thread(torch, run)


def _torchao_nvfp4(x: Array) -> Callable[[], object]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch, nvfp4 = import_module("torch"), import_module("torchao.prototype.mx_formats.nvfp4_tensor")
    tensor = torch.from_numpy(x)

    def run() -> Any:
        scale = tensor.abs().amax() / 2688
        return nvfp4.NVFP4Tensor.to_nvfp4(tensor, per_tensor_scale=scale).dequantize(torch.float32)

    return _on_one_thread(torch, run)
