"""Matrix products on one thread: products per second of every kind of accumulation, beside loops as other tools have.

The clock is the processor time of the thread: other load of the machine does not count, which for one thread is the
time on a machine without any.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

import chopper
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort
from chopper.accumulate import Accumulator
from chopper.gemm import matmul

__all__ = ["CASES", "QUICK_SIZE", "SIZE", "least", "measure"]

Array = npt.NDArray[Any]
Case = Callable[[], object]

SIZE, QUICK_SIZE = 512, 128

CASES: dict[str, tuple[Accumulator, str | None, float | None]] = {
    "float32": (Accumulator(), None, 8),
    "float32, fused": (Accumulator(fused=True), None, None),
    "float32, blocks of 32": (Accumulator(order="blocked", block=32), None, 5),
    "float32, pairwise": (Accumulator(order="pairwise"), None, None),
    "fp16 of e4m3": (Accumulator(sum="fp16"), "e4m3", 2),
    "bf16 of e4m3": (Accumulator(sum="bf16"), "e4m3", 2),
    "fp16 of fp16": (Accumulator(sum="fp16"), "fp16", 2),
    "bf16 of fp16": (Accumulator(sum="bf16"), "fp16", 2),
    "fp16 of float32": (Accumulator(sum="fp16"), None, None),
    "fp16 of e4m3, blocks of 32": (Accumulator(sum="fp16", order="blocked", block=32), "e4m3", 5),
    "fp16 of fp16, fused": (Accumulator(sum="fp16", fused=True), "fp16", None),
    "fp16 of e4m3, stochastic": (Accumulator(sum="fp16", rounding="stochastic"), "e4m3", 0.3),
    "bf16 of e4m3, stochastic": (Accumulator(sum="bf16", rounding="stochastic"), "e4m3", 0.3),
    "fp16 of fp16, stochastic": (Accumulator(sum="fp16", rounding="stochastic"), "fp16", 0.3),
    "posit16 of e4m3": (Accumulator(sum="posit16"), "e4m3", None),
    "int32 of e4m3, wrap": (Accumulator(sum="int32", overflow="wrap"), "e4m3", None),
    "exact of e4m3": (Accumulator(sum="exact", result="fp32"), "e4m3", 0.2),
    "exact of float32": (Accumulator(sum="exact", result="fp32"), None, 0.2),
    "exact blocks of 32, fp32": (Accumulator(fused=True, block=32), "e4m3", None),
}


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure products of squares of N(0, 1), in 10^9 multiply-adds per second and relative to `numpy.matmul`."""
    size = QUICK_SIZE if effort.quick else SIZE
    rng = np.random.default_rng(8)
    plain = rng.standard_normal((size, size), np.float32), rng.standard_normal((size, size), np.float32)
    given = {kind: tuple(chopper.chop(x, kind) for x in plain) if kind else plain for kind in (None, "e4m3", "fp16")}
    cases: dict[str, Case] = {}
    for line, (acc, kind, _) in CASES.items():
        if wanted(f"gemm/{line}"):
            a, b = given[kind]
            cases[line] = lambda a=a, b=b, acc=acc: matmul(a, b, accumulate=acc, key=1, threads=1)
    cases |= {line: run for line, run in _peers(*given["e4m3"]).items() if wanted(f"gemm/{line}")}
    if not cases:
        return
    times = least({"numpy.matmul": lambda: np.matmul(*plain), **cases}, effort)
    table = f"Matrix products, {size}^3, one thread: 10^9 multiply-adds per second, and as a fraction of numpy.matmul"
    for line, seconds in times.items():
        floor = None if effort.quick or line not in CASES else CASES[line][2]
        ours = line in CASES
        name = f"gemm/{line}"
        yield Figure(name, table, line, "G/s", size**3 / seconds / 1e9, floor=floor, ours=ours)
        yield Figure(f"{name}/share", table, line, "of numpy.matmul", times["numpy.matmul"] / seconds, ours=ours)


def _peers(a: Array, b: Array) -> dict[str, Case]:
    """Return what other tools do, written with NumPy and this library's own rounding.

    QPyTorch and MPTorch round each product and each sum; Pychop rounds the operands and the result of a matmul.
    """

    def each_step() -> Array:
        acc = np.zeros((a.shape[0], b.shape[1]), np.float32)
        for k in range(a.shape[1]):
            product = chopper.chop(a[:, k : k + 1] * b[k : k + 1], "fp16", threads=1)
            acc = chopper.chop(acc + product, "fp16", threads=1)
        return acc

    def borders() -> Array:
        x, y = chopper.chop(a, "fp16", threads=1), chopper.chop(b, "fp16", threads=1)
        result: Array = chopper.chop(np.matmul(x, y), "fp16", threads=1)
        return result

    return {"NumPy, product and sum rounded by chop": each_step, "NumPy, borders rounded only": borders}


def least(cases: dict[str, Case], effort: Effort) -> dict[str, float]:
    """Return the least processor time of each case, in turns."""
    for run in cases.values():
        run()
    best = dict.fromkeys(cases, float("inf"))
    spent = dict.fromkeys(cases, 0.0)
    for _ in range(effort.rounds):
        for name, run in cases.items():
            if spent[name] < effort.most:
                start = time.thread_time()
                run()
                took = time.thread_time() - start
                best[name], spent[name] = min(best[name], took), spent[name] + took
    return best


def main() -> None:
    """Print the figures."""
    from benchmarks.timing import FULL

    found: dict[str, list[float]] = {}
    for figure in measure(FULL, lambda name: True):
        found.setdefault(figure.line, []).append(figure.value)
    for line, (speed, share) in found.items():
        floor = CASES[line][2] if line in CASES else None
        print(f"{line:42s} {speed:8.3f} G/s {share:8.4f}" + (f"   floor {floor}" if floor else ""))


if __name__ == "__main__":
    main()
