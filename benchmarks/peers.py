"""Other tools on the same array in the same run: how many times longer they take than chopper, on one thread."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

import chopper
from benchmarks.data import normal
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["PEERS", "Peer", "measure", "missing"]

Array = npt.NDArray[Any]


class Peer(NamedTuple):
    """A way to round float32 to the values of a format."""

    line: str
    package: str
    fmt: str
    floor: float | None  # how many times longer it must take than chopper
    prepare: Callable[[Array], Callable[[], object]]
    slow: bool = False


def _cast(x: Array, dtype: Any) -> Callable[[], object]:
    narrow, back = np.empty(x.shape, dtype), np.empty_like(x)

    def run() -> None:
        with np.errstate(all="ignore"):
            np.copyto(narrow, x, casting="unsafe")
            np.copyto(back, narrow)

    return run


def _ml_dtypes(name: str) -> Callable[[Array], Callable[[], object]]:
    return lambda x: _cast(x, getattr(import_module("ml_dtypes"), name))


def _gfloat(x: Array) -> Callable[[], object]:
    gfloat, presets = import_module("gfloat"), import_module("gfloat.formats")
    return partial(gfloat.round_ndarray, presets.format_info_ocp_e4m3, x)


def _pychop(**options: int) -> Callable[[Array], Callable[[], object]]:
    return lambda x: partial(import_module("pychop").Chop(4, 3, rmode=1, **options), x)


def _torch(name: str) -> Callable[[Array], Callable[[], object]]:
    def prepare(x: Array) -> Callable[[], object]:
        torch = import_module("torch")
        tensor = torch.from_numpy(x.copy())
        narrow, back = torch.empty(x.shape, dtype=getattr(torch, name)), torch.empty_like(tensor)

        def run() -> None:
            threads = torch.get_num_threads()
            torch.set_num_threads(1)
            narrow.copy_(tensor)
            back.copy_(narrow)
            torch.set_num_threads(threads)

        return run

    return prepare


PEERS = (
    Peer("ml_dtypes float8_e4m3fn, there and back", "ml_dtypes", "e4m3", 10, _ml_dtypes("float8_e4m3fn")),
    Peer("ml_dtypes bfloat16, there and back", "ml_dtypes", "bf16", None, _ml_dtypes("bfloat16")),
    Peer("numpy float16, there and back", "numpy", "fp16", None, lambda x: _cast(x, np.float16)),
    Peer("torch float8_e4m3fn, there and back", "torch", "e4m3", None, _torch("float8_e4m3fn")),
    Peer("torch bfloat16, there and back", "torch", "bf16", None, _torch("bfloat16")),
    Peer("gfloat round_ndarray, e4m3", "gfloat", "e4m3", 100, _gfloat),
    Peer("Pychop Chop(4, 3)", "pychop", "e4m3", 100, _pychop(), slow=True),
    Peer("Pychop Chop(4, 3), one chunk", "pychop", "e4m3", None, _pychop(chunk_size=1 << 40)),
)
"""The peers, each with the format that chopper is timed on beside it."""


def missing(wanted: Wanted) -> list[str]:
    """List the packages of wanted peers that are not installed."""
    packages = dict.fromkeys(peer.package for peer in PEERS if wanted(f"peers/{peer.line}"))
    return [package for package in packages if not _importable(package)]


def _importable(package: str) -> bool:
    with suppress(ImportError):
        return bool(import_module(package))
    return False


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure all peers that are installed, with chopper and a copy between them."""
    absent = missing(wanted)
    peers = [peer for peer in PEERS if wanted(f"peers/{peer.line}") and peer.package not in absent]
    peers = [peer for peer in peers if not (effort.quick and peer.slow)]
    if not peers:
        return
    megabytes = 4 if effort.quick else 16
    x = normal("float32", megabytes)
    out = np.empty_like(x)
    cases: dict[str, Callable[[], object]] = {"copy": partial(np.copyto, out, x)}
    for fmt in dict.fromkeys(peer.fmt for peer in peers):
        cases[fmt] = partial(chopper.chop, x, fmt, out=out, threads=1)
    cases |= {peer.line: peer.prepare(x) for peer in peers}
    times = interleaved(cases, effort)
    table = f"Peers, float32, {megabytes} MB, one thread, nearest_even"
    for peer in peers:
        name, took = f"peers/{peer.line}", times[peer.line]
        least = None if effort.quick else peer.floor
        yield Figure(name, table, peer.line, "its time / chopper's", took / times[peer.fmt], floor=least)
        yield Figure(f"{name}/copy", table, peer.line, "fraction of np.copyto", times["copy"] / took, ours=False)
