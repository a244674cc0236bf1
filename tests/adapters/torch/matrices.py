"""Matrix units that differ in what they compute, and operands for them."""

from __future__ import annotations

import numpy as np

import chopper
from chopper import Accumulator, hardware

__all__ = ["ACCUMULATORS", "KINDS", "distinct", "factors", "matrices", "numbers"]

KINDS = ("codes", "normal", "spread", "small", "special")

ACCUMULATORS = (
    Accumulator(),
    Accumulator(fused=True),
    Accumulator(order="blocked", block=8),
    Accumulator(sum="bf16"),
    Accumulator(sum="fp16", rounding="stochastic"),
    Accumulator(sum="bf16", product="e5m10", rounding="down", result="e4m3"),
    Accumulator(sum="fp16", fused=True, rounding="to_odd"),
    Accumulator(sum="fp16", order="blocked", block=8, flush="fp32"),
    Accumulator(sum="bf16", order="blocked", block=5, rounding="stochastic", result="e5m2"),
    Accumulator(sum="posit16"),
    Accumulator(sum="fixed<8,8>", rounding="up"),
    Accumulator(sum="e4m3", overflow="saturate", rounding="stochastic", random_bits=7),
)


def distinct() -> list[hardware.Unit]:
    """Return one unit of each model and formats that has no scales."""
    models = (hardware.FusedSum, hardware.IntegerSum)
    units = [unit for unit in hardware.units() if isinstance(unit.model, models) and not unit.scale]
    return list({(unit.model, unit.a, unit.b, unit.c): unit for unit in units}.values())


def matrices(unit: hardware.Unit, shape: tuple[int, int, int], kind: str, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Return a (M, K), b (K, N) and c (M, N) of the unit's formats, as float32 or, of integers, float64."""
    m, k, n = shape
    rng = np.random.default_rng(seed)
    return tuple(
        numbers(rng, name, size, kind) for name, size in ((unit.a, (m, k)), (unit.b, (k, n)), (unit.c, (m, n)))
    )


def numbers(rng: np.random.Generator, name: str, shape: tuple[int, ...], kind: str) -> np.ndarray:
    """Return numbers of a format: any codes, or of one kind."""
    if name.startswith(("int", "uint")):
        low, high = (
            (0, 1 << 8) if name == "uint8" else (-(1 << 31), 1 << 31) if name == "int32" else (-(1 << 7), 1 << 7)
        )
        return rng.integers(low, high, shape).astype(np.float64)
    if kind == "codes":
        return patterns(rng, name, shape)
    x = rng.standard_normal(shape)
    if kind in ("spread", "special"):
        x = x * np.exp2(rng.integers(-12, 13, shape))
    if kind == "small":
        x = x * float(chopper.finfo("fp32" if name == "tf32" else name).smallest_subnormal) * 2.0 ** rng.integers(0, 9)
    with np.errstate(all="ignore"):
        rounded = chopper.chop(x, "fp32" if name == "tf32" else name).astype(np.float32)
    if kind == "special":
        some = rng.random(shape) < 0.02
        rounded[some] = patterns(rng, name, shape)[some]
        if name in ("fp32", "tf32", "fp16", "bf16", "e5m2"):
            rounded[rng.random(shape) < 0.01] = rng.choice([np.inf, -np.inf])
    return rounded


def patterns(rng: np.random.Generator, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Return the numbers of random codes."""
    if name in ("fp32", "tf32"):
        return rng.integers(0, 1 << 32, shape, np.uint64).astype(np.uint32).view(np.float32)
    fmt = chopper.get(name)
    codes = rng.integers(0, 1 << fmt.bits, shape).astype(np.uint16 if fmt.bits > 8 else np.uint8)
    return chopper.decode(codes, fmt, np.float32)


def factors(shape: tuple[int, int, int], kind: str, seed: int = 0) -> tuple[np.ndarray, ...]:
    """Return a (M, K), b (K, N) and c (M, N) of float32: "normal", "spread" over many exponents, or "special" too."""
    m, k, n = shape
    rng = np.random.default_rng(seed)
    made = []
    for size in ((m, k), (k, n), (m, n)):
        x = rng.standard_normal(size)
        if kind != "normal":
            x = x * np.exp2(rng.integers(-50, 51, size))
        x = x.astype(np.float32)
        if kind == "special":
            x[rng.random(size) < 0.02] = np.inf
            x[rng.random(size) < 0.005] = np.nan
            x[rng.random(size) < 0.05] = -0.0
        made.append(x)
    return tuple(made)
