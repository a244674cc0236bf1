"""Operations that are rounded once, from the exact result."""

from chopper.engine.operations.flags import Flags
from chopper.ops.activations import erf, erfc, gelu, sigmoid, silu, softplus
from chopper.ops.basic import add, div, fma, mul, sqrt, sub
from chopper.ops.circular import acos, asin, atan, cos, cosh, sin, sinh, tan, tanh
from chopper.ops.functions import cbrt, exp, exp2, exp10, expm1, hypot, log, log1p, log2, log10, pow, rsqrt
from chopper.ops.normalised import logsumexp, softmax

__all__ = [
    "Flags",
    "acos",
    "add",
    "asin",
    "atan",
    "cbrt",
    "cos",
    "cosh",
    "div",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "exp10",
    "expm1",
    "fma",
    "gelu",
    "hypot",
    "log",
    "log1p",
    "log2",
    "log10",
    "logsumexp",
    "mul",
    "pow",
    "rsqrt",
    "sigmoid",
    "silu",
    "sin",
    "sinh",
    "softmax",
    "softplus",
    "sqrt",
    "sub",
    "tan",
    "tanh",
]
