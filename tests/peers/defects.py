"""Inputs that other tools get wrong, as data: what they gave when run, and what is right.

Each row was seen on the version named.  Where nothing else is said, inputs are float64 and the policies are those of
the tool's own format.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

__all__ = ["DEFECTS", "Defect"]

INF, NAN = math.inf, math.nan


class Defect(NamedTuple):
    """A call in the other tool, what it returned, and the same question put to chopper."""

    tool: str
    call: str
    theirs: list[float]
    right: list[float]
    x: list[float]
    fmt: str
    rounding: str = "nearest_even"
    options: dict[str, Any] = {}
    dtype: str = "float64"


def below(x: float) -> float:
    """Return the next float64 toward zero."""
    return float(np.nextafter(x, 0))


_PYCHOP = "Pychop 0.6.2"
_PYCHOP_ROWS = (
    Defect(_PYCHOP, "Chop(5,10)([65519, 65520, 65536, 1e5, 131072])", [65504, 65536, 0, 0, INF],
           [65504, INF, INF, INF, INF], [65519, 65520, 65536, 1e5, 131072], "fp16"),
    Defect(_PYCHOP, "Chop(4,3)([248, 256, 448])", [256, 0, 0], [INF, INF, INF], [248, 256, 448], "e4m3_ieee"),
    Defect(_PYCHOP, "Chop(5,10,4)([7e4, 2e5])", [0, INF], [65504, 65504], [7e4, 2e5], "fp16", "toward_zero"),
    Defect(_PYCHOP, "Chop(5,10,2)(-2e5)", [-INF], [-65504], [-2e5], "fp16", "up"),
    Defect(_PYCHOP, "Chop(4,3,4)(prev(0.25))", [0.21875], [0.234375], [below(0.25)], "e4m3_ieee", "toward_zero"),
    Defect(_PYCHOP, "Chop(4,3,1)(0.006835937499999999)", [0.0078125], [0.005859375],
           [0.006835937499999999], "e4m3_ieee"),
    Defect(_PYCHOP, "Chop(4,3,2)(1e-30)", [0.0], [2.0**-9], [1e-30], "e4m3_ieee", "up"),
    Defect(_PYCHOP, "Chop(4,3,7)([1.0625, -1.0625])", [1, -1.125], [1, -1], [1.0625, -1.0625], "e4m3_ieee",
           "nearest_zero"),
    Defect(_PYCHOP, "Chop(4,3,8)([1.0625, -1.0625])", [1.125, -1], [1.125, -1.125], [1.0625, -1.0625], "e4m3_ieee",
           "nearest_away"),
    Defect(_PYCHOP, "Chop(4,3,7)(0.9687500000000001)", [0.9375], [1.0], [0.9687500000000001], "e4m3_ieee",
           "nearest_zero"),
    Defect(_PYCHOP, "Chop(4,3,9)([1, 2, 3])", [1.125, 2.25, 3.25], [1, 2, 3], [1, 2, 3], "e4m3_ieee", "to_odd"),
    Defect(_PYCHOP, "Chop(4,3)(-0.0)", [0.0], [-0.0], [-0.0], "e4m3_ieee"),
    Defect(_PYCHOP, "Chop(11,52)(1e-300)", [0.0], [1e-300], [1e-300], "fp64"),
    Defect(_PYCHOP, "Chop(5,10)(float16 65504)", [0.0], [65504], [65504], "fp16", dtype="float16"),
    Defect(_PYCHOP, "FaultChop('h', rmode=2)(-2.2e-308)", [NAN], [-0.0], [-2.2e-308], "fp16", "up"),
    Defect(_PYCHOP, "FaultChop('b') on torch, float32 -7.49e-37", [NAN], [float.fromhex("-0x1.fep-121")], [-7.49e-37],
           "bf16", dtype="float32"),
    Defect(_PYCHOP, "FaultChop('b') on jax, [0, inf]", [NAN, NAN], [0.0, INF], [0.0, INF], "bf16", dtype="float32"),
    Defect(_PYCHOP, "Bitchop(5,10,1)(0.9999999999999999)", [1.5], [1.0], [0.9999999999999999], "fp16"),
    Defect(_PYCHOP, "FaultChop('c', customs=Customs(exp_bits=5, sig_bits=10))(1e5)", [99968], [INF], [1e5], "fp16"),
    Defect(_PYCHOP, "mx_quantize([prev(8), 0.3], 'mxfp4_e2m1'), element by element", [8, 0], [6, 0.5],
           [below(8), 0.3], "e2m1"),
)  # fmt: skip

_CPFLOAT = "CPFloat 3583976"
_CPFLOAT_ROWS = (
    Defect(_CPFLOAT, "e4m3, saturating: 465, 495.9, 1e9", [480, 480, 480], [448, 448, 448], [465, 495.9, 1e9], "e4m3"),
    Defect(_CPFLOAT, "e4m3: 464, 464.1 with NaN for overflow", [480, 480], [448, NAN], [464, 464.1], "e4m3",
           options={"overflow": "nan"}),
    Defect(_CPFLOAT, "up of [-0.0, -1e-300]", [0.0, 0.0], [-0.0, -0.0], [-0.0, -1e-300], "fp16", "up"),
    Defect(_CPFLOAT, "down of -0.0", [0.0], [-0.0], [-0.0], "fp16", "down"),
)  # fmt: skip

_CHOP = "MATLAB chop 906c31e"
_CHOP_ROWS = (
    Defect(_CHOP, "chop(2^-25 (1 + 2^-11)), 'h'", [0.0], [2.0**-24], [2.0**-25 * (1 + 2.0**-11)], "fp16"),
    Defect(_CHOP, "chop(0.0009765625000000002), 'q43'", [0.0], [2.0**-9], [0.0009765625000000002], "q43"),
    Defect(_CHOP, "chop(2^-15 - 2^-25), 'h', subnormal = 0", [2.0**-14], [0.0], [2.0**-15 - 2.0**-25],
           "fp16<subnormals=round>"),
    Defect(_CHOP, "chop(2^-15), 'h', subnormal = 0: the tie", [2.0**-14], [0.0], [2.0**-15], "fp16<subnormals=round>"),
    Defect(_CHOP, "chop(-0.0), chop(-2^-30)", [0.0, 0.0], [-0.0, -0.0], [-0.0, -(2.0**-30)], "fp16"),
    Defect(_CHOP, "chop(0.99 * 2^-24), round = 5, a draw that steps away", [0.0], [2.0**-24], [0.99 * 2.0**-24], "fp16",
           "stochastic", {"random_words": np.array([0xFFFFFFFF], np.uint32)}),
    Defect(_CHOP, "chop(65530), round = 5, a draw that steps away", [65504], [INF], [65530], "fp16", "stochastic",
           {"random_words": np.array([0xFFFFFFFF], np.uint32)}),
)  # fmt: skip

_GFLOAT = "gfloat 0.5.2"
_GFLOAT_ROWS = (
    Defect(_GFLOAT, "k8p4 nearest_away, -0.00048828124999999995", [-0.0009765625], [0.0],
           [-0.00048828124999999995], "binary8p4se", "nearest_away"),
    Defect(_GFLOAT, "k8p3ue, not saturating: -1, -0.3", [-1, -0.3125], [NAN, NAN], [-1, -0.3], "binary8p3ue",
           options={"compat": "p3109"}),
    Defect(_GFLOAT, "k8p3ue, saturating: -1, -0.3, -inf", [-1, -0.3125, 2684354560], [0, 0, 0], [-1, -0.3, -INF],
           "binary8p3ue", options={"compat": "p3109", "overflow": "saturate"}),
    Defect(_GFLOAT, "E8M0: 0, -1, 1e-45", [0.0, -1.0, 2.0**-150],
           [2.0**-127, NAN, 2.0**-127], [0.0, -1.0, 1e-45], "e8m0"),
    Defect(_GFLOAT, "E8M0, ties: 0.75, 1.5, 3, 6", [0.5, 2, 2, 8], [0.5, 2, 2, 8], [0.75, 1.5, 3, 6], "e8m0"),
)  # fmt: skip

_ML = "ml_dtypes 0.6.0"
_ML_ROWS = (
    Defect(_ML, "float8_e4m3fn(1.0625 + 2^-50)", [1.0], [1.125], [1.0625 + 2.0**-50], "e4m3"),
    Defect(_ML, "float8_e4m3fn(2^-10 (1 + 2^-52))", [0.0], [2.0**-9], [2.0**-10 * (1 + 2.0**-52)], "e4m3"),
    Defect(_ML, "bfloat16(int64 16973823)", [17039360], [16908288], [16973823], "bf16", dtype="int64"),
    Defect(_ML, "float6_e2m3fn(nan), float4_e2m1fn(nan): zero", [-0.0], [7.5], [NAN], "e2m3"),
    Defect(_ML, "float8_e8m0fnu: ties always up", [1.0, 2.0, 4.0, 8.0], [0.5, 2.0, 2.0, 8.0], [0.75, 1.5, 3.0, 6.0],
           "e8m0"),
)  # fmt: skip

_TORCH = "torch 2.13.0"
_TORCH_ROWS = (
    Defect(_TORCH, "float16(1 + 2^-11 + 2^-40)", [1.0], [1.0009765625], [1 + 2.0**-11 + 2.0**-40], "fp16"),
    Defect(_TORCH, "float8_e4m3fn(1.0625 + 2^-50)", [1.0], [1.125], [1.0625 + 2.0**-50], "e4m3"),
    Defect(_TORCH, "float8_e8m0fnu ignores the sign: -1", [1.0], [NAN], [-1.0], "e8m0"),
    Defect(_TORCH, "float8_e4m3fnuz, e5m2fnuz: 1e9 is NaN", [NAN], [240], [1e9], "e4m3fnuz"),
)  # fmt: skip

DEFECTS: tuple[Defect, ...] = (*_PYCHOP_ROWS, *_CPFLOAT_ROWS, *_CHOP_ROWS, *_GFLOAT_ROWS, *_ML_ROWS, *_TORCH_ROWS)
"""Every row."""
