"""What products and operations are tried on: the same numbers for every framework."""

from __future__ import annotations

import numpy as np

from chopper import Accumulator

__all__ = ["ACCUMULATORS", "ELEMENTWISE", "matrices", "options"]

ACCUMULATORS = {
    "fp32 sequential": Accumulator(),
    "fp16": Accumulator(product="exact", sum="fp16"),
    "bf16 stochastic": Accumulator(sum="bf16", rounding="stochastic"),
    "posit16 fused": Accumulator(sum="posit16", fused=True),
    "exact": Accumulator(sum="exact", result="e4m3"),
    "int32 wrap": Accumulator(sum="int32", overflow="wrap"),
    "blocked": Accumulator(sum="bf16", order="blocked", block=4, flush="fp32"),
    "pairwise": Accumulator(sum="e5m2", order="pairwise", result="fp64"),
}
"""By name."""

ELEMENTWISE = {
    "add": 2,
    "sub": 2,
    "mul": 2,
    "div": 2,
    "sqrt": 1,
    "fma": 3,
    "remainder": 2,
    "minimum": 2,
    "abs": 1,
    "exp": 1,
    "tanh": 1,
    "hypot": 2,
    "gelu": 1,
    "ulp": 1,
    "nextup": 1,
    "nextafter": 2,
    "compare": 2,
    "less_equal": 2,
    "softmax": 1,
    "logsumexp": 1,
}
"""Operations, and how many operands they take."""


def options(accumulate: Accumulator) -> dict[str, int]:
    """Return a key where one is needed."""
    return {"key": 2**63 + 5} if accumulate.rounding == "stochastic" else {}


def matrices(dtype: str, accumulate: Accumulator, *shapes: tuple[int, ...]) -> list[np.ndarray]:
    """Return matrices of random numbers of a dtype, large enough to wrap around where that is asked for."""
    rng = np.random.default_rng(7)
    scale = 9000 if accumulate.overflow == "wrap" else 1
    found = [rng.standard_normal(shape).astype(np.float32) for shape in shapes]
    return [(np.rint(x * scale) if scale > 1 else x).astype(dtype) for x in found]
