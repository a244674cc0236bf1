"""CUDA tensors beside a copy within the device's memory, which is as fast as anything can be that reads and writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import import_module
from typing import Any

import chopper
from benchmarks.figure import Figure, Wanted
from benchmarks.timing import Effort, interleaved

__all__ = ["measure"]

MANY, QUICK, FEW = 1 << 28, 1 << 24, 64
FLOORS = {"nearest_even": 0.85, "up": 0.85, "stochastic": None}
TASKS = ("bf16 stochastic", "posit16", "nf4", "encode", "decode", "bfloat16 tensors", "bfloat16 tensors, stochastic")
SHAPES = ((512, 4), (1024, 4), (2048, 4), (4096, 4), (1024, 8), (2048, 8), (4096, 8), (512, 2))  # block, warps
UNITS = ("h100.wgmma.e4m3", "h100.cublas.e4m3", "h100.wgmma.fp16", "h100.wgmma.bf16", "h100.wgmma.tf32")
DTYPES = {"e4m3": "float8_e4m3fn", "fp16": "float16", "bf16": "bfloat16", "tf32": "float32"}
ACCUMULATORS = (
    chopper.Accumulator(),
    chopper.Accumulator(fused=True),
    chopper.Accumulator(sum="bf16"),
    chopper.Accumulator(sum="bf16", rounding="stochastic"),
)
TILES = ((16, 16, 1), (16, 32, 2), (32, 32, 4), (32, 64, 4), (64, 64, 4), (64, 64, 8))  # rows, columns, warps
SIDE = 1024
Case = Callable[[], object]


def measure(effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure large tensors, ways to share their elements among threads, and small calls, where there is a device."""
    if not wanted("torch/cuda/"):
        return
    with suppress(ImportError):
        torch = import_module("torch")
        if torch.cuda.is_available():
            for section in (_large, _shapes, _calls, _units, _tiles):
                yield from section(torch, effort, wanted)


def _finished(torch: Any, run: Case) -> Case:
    def case() -> None:
        run()
        torch.cuda.synchronize()

    return case


def _large(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    size = QUICK if effort.quick else MANY
    x = torch.randn(size, device="cuda")
    out = torch.empty_like(x)
    half, half_out = x.to(torch.bfloat16), out.to(torch.bfloat16)
    codes = chopper.encode(x, "e4m3")
    runs: dict[str, Case] = {
        mode: partial(chopper.chop, x, "e4m3", mode, key=1, out=out) for mode in FLOORS if wanted(f"torch/cuda/{mode}")
    }
    others: dict[str, Case] = {
        "bf16 stochastic": partial(chopper.chop, x, "bf16", "stochastic", key=1, out=out),
        "posit16": partial(chopper.chop, x, "posit16", out=out),
        "nf4": partial(chopper.chop, x, "nf4", out=out),
        "encode": partial(chopper.encode, x, "e4m3", out=codes),
        "decode": partial(chopper.decode, codes, "e4m3", out=out),
        "bfloat16 tensors": partial(chopper.chop, half, "e4m3", out=half_out),
        "bfloat16 tensors, stochastic": partial(chopper.chop, half, "e4m3", "stochastic", key=1, out=half_out),
    }
    runs |= {name: others[name] for name in TASKS if wanted(f"torch/cuda/{name}")}
    if not runs:
        return
    copies = {"copy": partial(out.copy_, x), "copy of bfloat16": partial(half_out.copy_, half)}
    times = interleaved({name: _finished(torch, run) for name, run in (copies | runs).items()}, effort)
    table = f"CUDA tensors of {size:,} elements: fraction of a copy of float32 (of bfloat16 for bfloat16 tensors)"
    for name in runs:
        copy = times["copy of bfloat16" if name.startswith("bfloat16") else "copy"]
        floor = None if effort.quick else FLOORS.get(name)
        yield Figure(f"torch/cuda/{name}", table, name, "e4m3 unless said", copy / times[name], floor=floor)
    speed = 8 * size / times["copy"] / 1e9
    yield Figure("torch/cuda/copy", "CUDA device", "copy, read and written", "GB/s", speed, "GB/s", ours=False)


def _shapes(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Compare numbers of elements and of warps of a program of Triton's."""
    names = {(mode, shape): f"torch/cuda/shapes/{mode}/{shape[0]}x{shape[1]}" for mode in FLOORS for shape in SHAPES}
    names = {case: name for case, name in names.items() if wanted(name)}
    if not names or effort.quick:
        return
    x = torch.randn(MANY, device="cuda")
    out = torch.empty_like(x)
    cases = {"copy": _finished(torch, partial(out.copy_, x))}
    cases |= {name: _finished(torch, _launched(x, out, mode, *shape)) for (mode, shape), name in names.items()}
    times = interleaved(cases, effort)
    table = f"Elements and warps of a program, {MANY:,} float32 to e4m3: fraction of a copy"
    for (mode, shape), name in names.items():
        yield Figure(name, table, f"{shape[0]}, {shape[1]} warps", mode, times["copy"] / times[name])


def _launched(x: Any, out: Any, mode: str, block: int, warps: int) -> Case:
    backend, programs, kernels = map(
        import_module, ("chopper.engine.backend", "chopper_ext.torch.programs", "chopper_ext.torch.triton")
    )
    asked = backend.Request(chopper.get("e4m3"), chopper.Rounding.parse(mode))
    program = programs.program("round", asked, 32, x.device)
    arguments, source = kernels.arguments_of(program, x, out, backend.Draw(1, 0))
    constants = {**kernels.constants_of(program, x, source), "block": block, "num_warps": warps}
    grid = (-(-x.numel() // block),)
    return lambda: kernels.loop[grid](*arguments, **constants, enable_fp_fusion=False)


def _calls(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure what the host does for a call, apart from the device."""
    x = torch.linspace(-3, 3, FEW, device="cuda")
    out = torch.empty_like(x)
    runs: dict[str, Case] = {
        "torch.relu": partial(torch.relu, x),
        "chop": partial(chopper.chop, x, "e4m3"),
        "chop, out given": partial(chopper.chop, x, "e4m3", out=out),
        "chop, stochastic": partial(chopper.chop, x, "e4m3", "stochastic", key=1),
        "encode": partial(chopper.encode, x, "e4m3"),
    }
    cases = {line: run for line, run in runs.items() if wanted(f"torch/cuda/calls/{line}")}
    if not cases:
        return
    times = interleaved({line: _finished(torch, run) for line, run in cases.items()}, effort)
    for line, seconds in times.items():
        yield Figure(f"torch/cuda/calls/{line}", "One call on a CUDA tensor of 64 elements, finished: microseconds",
                     line, "us", seconds * 1e6, "us", smaller=True, ours=line != "torch.relu")  # fmt: skip


def _units(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Measure matrix products by models of matrix units."""
    by = {**{unit: chopper.hardware.unit(unit) for unit in UNITS}, **{str(one): one for one in ACCUMULATORS}}
    names = {line: f"torch/cuda/units/{line}" for line in by if wanted(f"torch/cuda/units/{line}")}
    cases = {line: _finished(torch, _product(torch, by[line])) for line in names}
    times = interleaved(cases, effort) if cases else {}
    for line, seconds in times.items():
        table = f"Matrices of {SIDE} x {SIDE} by models of units and by accumulators: 10^9 products a second"
        yield Figure(names[line], table, line, "10^9/s", SIDE**3 / seconds / 1e9)


def _product(torch: Any, by: Any) -> Case:
    sides = _matrices(torch, by.name if isinstance(by, chopper.hardware.Unit) else "h100.wgmma.tf32")
    return partial(chopper.matmul, *sides, accumulate=by, key=1)


def _matrices(torch: Any, unit: str) -> tuple[Any, Any]:
    dtype = getattr(torch, DTYPES[chopper.hardware.unit(unit).a])
    a, b = (torch.randn(SIDE, SIDE, device="cuda").to(dtype) for _ in range(2))
    return a, b


def _tiles(torch: Any, effort: Effort, wanted: Wanted) -> Iterator[Figure]:
    """Compare sizes of tiles."""
    shown = {tile: f"{tile[0]} x {tile[1]}, {tile[2]} warps" for tile in TILES}
    names = {(unit, tile): f"torch/cuda/tiles/{unit}/{shown[tile]}" for unit in UNITS for tile in TILES}
    names = {case: name for case, name in names.items() if wanted(name)}
    if not names or effort.quick:
        return
    cases = {name: _finished(torch, _tiled(torch, unit, tile)) for (unit, tile), name in names.items()}
    times = interleaved(cases, effort)
    table = f"Tiles of matrices of {SIDE} x {SIDE}: 10^9 products a second, without the preparation of operands"
    for (unit, tile), name in names.items():
        yield Figure(name, table, shown[tile], unit, SIDE**3 / times[name] / 1e9)


def _tiled(torch: Any, name: str, tile: tuple[int, int, int]) -> Case:
    units, tiles = map(import_module, ("chopper_ext.torch.units", "chopper_ext.torch.fused_tiles"))
    unit = chopper.hardware.unit(name)
    codes = [side.view(torch.uint8 if side.itemsize == 1 else torch.int16 if side.itemsize == 2 else torch.int32)
             for side in _matrices(torch, name)]  # fmt: skip
    words = [units.words_of(side[None], unit.a, unit.model) for side in codes]
    c = torch.zeros(1, SIDE, SIDE, dtype=torch.int32, device="cuda")
    arguments, constants = tiles.launch_tiles(unit.model, *words, c, torch.empty_like(c), units.digits_of(unit))
    high, across, warps = tile
    constants |= {"high": high, "across": across, "num_warps": warps}
    grid = (-(-SIDE // high) * -(-SIDE // across),)
    return lambda: tiles.add_blocks[grid](*arguments, **constants)
