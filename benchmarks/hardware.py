"""Models of matrix units on one thread: products per second, beside a loop over numbers as simulators have it.

The clock is the processor time of the thread, as in `benchmarks.gemm`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

import chopper
from benchmarks.figure import Figure, Wanted
from benchmarks.gemm import QUICK_SIZE, SIZE, least
from benchmarks.timing import Effort
from chopper import hardware

__all__ = ["CASES", "measure", "one_by_one"]

Array = npt.NDArray[Any]

CASES: dict[str, float | None] = {
    "h100.wgmma.e4m3": 1,
    "h100.wgmma.e4m3<promote=128>": 1,
    "h100.wgmma.e5m2.fp16": None,
    "h100.mma.e4m3": None,
    "h100.wgmma.fp16": None,
    "h100.wgmma.bf16": None,
    "h100.wgmma.tf32": None,
    "a100.mma.fp16": None,
    "b200.tcgen05.e4m3": None,
    "h100.wgmma.int8": None,
}
"""Units, and the 10^9 multiply-adds per second that are promised."""
SMALL = 16
"""The size for the loop over numbers."""
LOOP = "Python, number by number, as MMA-Sim"


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure products of squares of N(0, 1), in 10^9 multiply-adds per second and relative to `numpy.matmul`."""
    size = QUICK_SIZE if effort.quick else SIZE
    rng = np.random.default_rng(9)
    a, b = (rng.standard_normal((size, size), np.float32) for _ in range(2))
    sizes = {name: size for name in CASES if wanted(f"hardware/{name}")}
    cases: dict[str, Callable[[], object]] = {name: _case(name, a, b) for name in sizes}
    if wanted(f"hardware/{LOOP}"):
        x, y = (chopper.chop(part[:SMALL, :SMALL], "e4m3").astype(np.float64) for part in (a, b))
        cases[LOOP], sizes[LOOP] = (lambda: one_by_one(x, y)), SMALL
    if not cases:
        return
    times = least({"numpy.matmul": lambda: np.matmul(a, b), **cases}, effort)
    table = f"Matrix units, {size}^3, one thread: 10^9 multiply-adds per second, and as a fraction of numpy.matmul"
    plain = size**3 / times["numpy.matmul"] / 1e9
    for line, seconds in times.items():
        speed = sizes.get(line, size) ** 3 / seconds / 1e9
        floor = None if effort.quick else CASES.get(line)
        name, ours = f"hardware/{line}", line in CASES
        yield Figure(name, table, line, "G/s", speed, floor=floor, ours=ours)
        yield Figure(f"{name}/share", table, line, "of numpy.matmul", speed / plain, ours=ours)


def _case(name: str, a: Array, b: Array) -> Callable[[], object]:
    unit = hardware.unit(name)
    if unit.c == "int32":
        x, y = (np.clip(np.rint(part * 40), -128, 127).astype(np.int8) for part in (a, b))
    else:
        x, y = (chopper.encode(part, "fp32" if unit.a == "tf32" else unit.a) for part in (a, b))
    return lambda: hardware.products(unit, x, y, threads=1)


def one_by_one(a: Array, b: Array, terms: int = 32, fraction: int = 13, precision: int = 14) -> Array:
    """Return a @ b as wgmma adds e4m3, one number after another, in Python's floats."""
    out = np.zeros((a.shape[0], b.shape[1]))
    for i, j in np.ndindex(out.shape):
        total = 0.0
        for k in range(0, a.shape[1], terms):
            parts = [_term(x, y) for x, y in zip(a[i, k : k + terms], b[k : k + terms, j], strict=True)]
            parts.append((math.frexp(total)[0] * 2, max(math.frexp(total)[1] - 1, -126)))
            top = max((e for s, e in parts if s), default=-133)
            whole = sum(math.trunc(math.ldexp(s, e - top + fraction)) for s, e in parts)
            s, e = math.frexp(math.ldexp(whole, top - fraction))
            total = math.ldexp(math.trunc(math.ldexp(s, precision)), e - precision)
        out[i, j] = total
    return out


def _term(x: float, y: float) -> tuple[float, int]:
    e, f = (max(math.frexp(z)[1] - 1, -6) for z in (x, y))
    return math.ldexp(x, -e) * math.ldexp(y, -f), e + f


def main() -> None:
    """Print the figures."""
    from benchmarks.timing import FULL

    found: dict[str, list[float]] = {}
    for figure in measure(FULL, lambda name: True):
        found.setdefault(figure.line, []).append(figure.value)
    for line, (speed, share) in found.items():
        floor = CASES.get(line)
        print(f"{line:42s} {speed:10.6f} G/s {share:10.7f}" + (f"   floor {floor}" if floor else ""))


if __name__ == "__main__":
    main()
