"""Triton on a machine without a GPU: ``python -m tests.adapters.torch.triton_cases CASES COUNT``.

The cases are interpret, launch, products, sums and tiles.  A process of its own, since Triton reads from its
environment, when imported, whether it interprets.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator

import numpy as np
import torch
import triton
from triton.backends.compiler import GPUTarget

import chopper
from chopper import hardware
from chopper.engine.backend import Draw, Request, portable_plan, portable_product
from chopper.kernels.float import FloatCodes, FloatParams
from chopper.random import as_key
from chopper_ext.torch.dialect import builder
from chopper_ext.torch.dtypes import code_dtype
from chopper_ext.torch.fused_tiles import add_blocks, launch_tiles
from chopper_ext.torch.programs import Program
from chopper_ext.torch.sum_tiles import add_products, launch_sums
from chopper_ext.torch.sums import sum_on_device
from chopper_ext.torch.triton import arguments_of, by_triton, constants_of, loop
from chopper_ext.torch.units import product_on_device
from tests.adapters.inputs import difficult
from tests.adapters.torch.matrices import ACCUMULATORS, distinct, factors, matrices

CPU = torch.device("cpu")
KEY, OFFSET, SIZE = 2**63 + 5, 2**32 - 700, 1500
NAMES = ("e4m3", "bf16", "e5m2fnuz", "e8m0", "bf16<subnormals=round>", "posit8", "posit16", "posit<8,2,underflow=zero>",
         "int8", "fixed<4,4>", "nf4", "dynamic8", "hif8", "lns8")  # fmt: skip


def cases() -> Iterator[tuple[str, Request, int, Program]]:
    """Yield a task for each kernel of each family with each rule that its formats lead to, on both carriers."""
    seen = set()
    for name in NAMES:
        try:
            fmt = chopper.get(name)
        except chopper.ChopperError:
            continue
        for width in (32, 64):
            for mode in chopper.Rounding:
                for task in ("round", "encode", *(("decode",) if mode is chopper.Rounding.NEAREST_EVEN else ())):
                    asked = Request(fmt, mode)
                    try:
                        plan = portable_plan(task, asked, width)
                    except chopper.RangeError:
                        continue
                    if plan.kernel not in seen:
                        seen.add(plan.kernel)
                        yield task, asked, width, Program(plan, CPU)


def tensors(task: str, asked: Request, width: int, program: Program) -> tuple[np.ndarray, torch.Tensor, torch.Tensor]:
    """Return inputs, what the loop reads, and where it writes."""
    fmt = asked.fmt
    if task == "decode":
        codes = np.random.default_rng(0).integers(0, 1 << fmt.bits, SIZE, np.uint64)
        given = codes.astype(f"u{code_dtype(fmt).itemsize}")
        read = torch.from_numpy(given)
    else:
        given = difficult(fmt, f"float{width}", SIZE)
        read = torch.from_numpy(given).to(program.carrier).view(program.lanes)
    out = torch.zeros(SIZE, dtype=code_dtype(fmt) if task == "encode" else program.lanes)
    return given, read, out


def expected(task: str, asked: Request, width: int, given: np.ndarray) -> np.ndarray | None:
    """Return what NumPy's backend gives; None where the results fit no array of this width."""
    draw = {"key": KEY, "offset": OFFSET} if asked.rounding.random else {}
    try:
        if task == "decode":
            return chopper.decode(given, asked.fmt, f"float{width}")
        call = chopper.chop if task == "round" else chopper.encode
        return call(given, asked.fmt, asked.rounding, **draw)
    except chopper.RangeError:
        return None


def some(count: int) -> list[tuple[str, Request, int, Program]]:
    """Return about `count` cases, spread over all."""
    found = list(cases())
    return found[:: max(1, len(found) // count)]


def interpret(count: int) -> None:
    """Run cases in Triton's interpreter and compare."""
    compared = kernels = 0
    for task, asked, width, program in some(count):
        given, read, out = tensors(task, asked, width, program)
        want = expected(task, asked, width, given)
        if want is None:
            continue
        by_triton(program, read, out, Draw(KEY, OFFSET))
        got = out.numpy() if task == "encode" else out.view(program.carrier).numpy().astype(want.dtype)
        kind = f"u{want.dtype.itemsize}"
        bad = got.view(kind) != want.view(kind)
        bad &= ~(np.isnan(got) & np.isnan(want)) if task != "encode" else True
        assert not bad.any(), f"{task} {asked} {width}: {int(bad.sum())} differ, first at {given[bad][0]}"
        compared, kernels = compared + SIZE, kernels + 1
    print(kernels, compared + halves(1 if count > 100 else 31))


def halves(step: int) -> int:
    """Run float16 and bfloat16, one pattern in so many, to halves and to codes; return how many were compared."""
    bits = torch.arange(-(1 << 15), 1 << 15, step, dtype=torch.int32).to(torch.int16)
    compared = 0
    for dtype, name in ((torch.float16, "e4m3"), (torch.float16, "fp16"), (torch.bfloat16, "e5m2")):
        for mode in (chopper.Rounding.NEAREST_EVEN, chopper.Rounding.STOCHASTIC):
            x, asked = bits.view(dtype), Request(chopper.get(name), mode)
            rounded, codes = torch.empty_like(x), torch.empty(x.shape, dtype=code_dtype(asked.fmt))
            by_triton(Program(portable_plan("round", asked, 32), CPU), x, rounded, Draw(KEY, OFFSET))
            by_triton(Program(portable_plan("encode", asked, 32), CPU), x, codes, Draw(KEY, OFFSET))
            want = chopper.chop(x, name, mode, key=KEY, offset=OFFSET)
            assert torch.equal(rounded.isnan(), want.isnan())
            equal = rounded.view(torch.int16) == want.view(torch.int16)
            assert (equal | want.isnan()).all(), (dtype, name, mode)
            assert torch.equal(codes, chopper.encode(x, name, mode, key=KEY, offset=OFFSET)), (dtype, name, mode)
            compared += 2 * len(x)
    return compared


class Pretended:
    """A driver of an H100 that is not there: what Triton asks before it compiles for a launch."""

    def get_current_target(self) -> GPUTarget:
        return GPUTarget("cuda", 90, 32)

    def get_current_device(self) -> int:
        return 0

    def get_current_stream(self, device: int) -> int:
        return 0


def launch_nearly(count: int) -> None:
    """Do all of a launch but the launch: arguments bound, specialised, looked up in the caches, compiled for sm_90."""
    triton.runtime.driver.set_active(Pretended())
    assert builder(FloatParams).cache_key != builder(FloatCodes).cache_key
    keys = []
    for task, asked, width, program in some(count):
        _, read, out = tensors(task, asked, width, program)
        arguments, source = arguments_of(program, read, out, Draw(KEY, OFFSET))
        constants = {**constants_of(program, read, source), "enable_fp_fusion": False}
        kernel = loop.warmup(*arguments, **constants, grid=(1,))
        assert ".target sm_90" in kernel.asm["ptx"], asked
        assert kernel.asm["cubin"][:4] == b"\x7fELF", asked
        assert loop.warmup(*arguments, **constants, grid=(1,)) is kernel
        keys.append(kernel.hash)
    assert len({nearly(name, torch.float32) for name in ("e4m3", "e5m2", "fp16", "e2m1")}) == 1
    assert len({nearly("e4m3", dtype) for dtype in (torch.float32, torch.float16, torch.bfloat16)}) == 3
    print(len(keys), len(set(keys)))


def nearly(name: str, dtype: torch.dtype) -> str:
    """Return which kernel rounds tensors of this dtype to a format."""
    program = Program(portable_plan("round", Request(chopper.get(name)), 32), CPU)
    x = torch.zeros(64, dtype=dtype)
    arguments, source = arguments_of(program, x, x, Draw())
    constants = {**constants_of(program, x, source), "enable_fp_fusion": False}
    found: str = loop.warmup(*arguments, **constants, grid=(1,)).hash
    return found


def products(count: int) -> None:
    """Run matrix units in Triton's interpreter and compare."""
    compared = 0
    units = distinct()
    for unit in units[:: max(1, len(units) // count)]:
        for size, kind in ((5, "codes"), (70, "normal")):
            a, b, c = matrices(unit, (5, size, 33), kind)
            got = product_on_device(unit, *map(torch.from_numpy, (a, b, c)), None)
            with np.errstate(all="ignore"):
                want = chopper.matmul(a, b, c, accumulate=unit)
            assert got is not None
            numbers = got.numpy()
            assert numbers.dtype == want.dtype
            bad = numbers.view(f"u{want.itemsize}") != want.view(f"u{want.itemsize}")
            bad &= ~(np.isnan(numbers) & np.isnan(want))
            assert not bad.any(), f"{unit} {size} {kind}: {int(bad.sum())} differ"
            compared += want.size
    print(len(units), compared)


def sums(count: int) -> None:
    """Run accumulators in Triton's interpreter and compare."""
    compared = 0
    warnings.simplefilter("ignore")  # of NumPy, on which the interpreter computes
    for accumulate in ACCUMULATORS[:: max(1, len(ACCUMULATORS) // count)]:
        for kind in ("normal", "special"):
            a, b, c = factors((3, 9, 20), kind)
            for addend in (None, c):
                on = [None if x is None else torch.from_numpy(x) for x in (a, b, addend)]
                got = sum_on_device(accumulate, *on, KEY, None)
                want = chopper.matmul(a, b, addend, accumulate=accumulate, key=KEY)
                assert got is not None
                kind_of_bits = f"u{want.itemsize}"
                bad = got.numpy().view(kind_of_bits) != want.view(kind_of_bits)
                bad &= ~(np.isnan(got.numpy()) & np.isnan(want))
                assert not bad.any(), f"{accumulate} {kind}: {int(bad.sum())} differ"
                compared += want.size
    print(len(ACCUMULATORS), compared)


def tiles(count: int) -> None:
    """Compile matrix units for sm_90, up to the launch."""
    triton.runtime.driver.set_active(Pretended())
    units = [unit for unit in distinct() if isinstance(unit.model, hardware.FusedSum)]
    chosen = units[:: max(1, len(units) // count)]
    for unit in chosen:
        words = torch.zeros(1, 64, 64, dtype=torch.int32)
        codes = torch.zeros(1, 64, 64, dtype=torch.int16 if unit.c == "fp16" else torch.int32)
        arguments, constants = launch_tiles(unit.model, words, words, codes, codes, 6)
        kernel = add_blocks.warmup(*arguments, **constants, grid=(1,))
        assert kernel.asm["cubin"][:4] == b"\x7fELF", unit
    for accumulate in ACCUMULATORS[:: max(1, len(ACCUMULATORS) // count)]:
        roundings, x = portable_product(accumulate), torch.zeros(1, 64, 64)
        key = as_key(1) if roundings.random else None
        arguments, constants = launch_sums(
            x, x, x, x, roundings, accumulate.blocks or 64, key, accumulate.steps(64), accumulate.words, True
        )
        kernel = add_products.warmup(*arguments, **constants, grid=(1,))
        assert kernel.asm["cubin"][:4] == b"\x7fELF", accumulate
    print(len(chosen), len(units))


if __name__ == "__main__":
    {"interpret": interpret, "launch": launch_nearly, "products": products, "sums": sums, "tiles": tiles}[sys.argv[1]](
        int(sys.argv[2])
    )
