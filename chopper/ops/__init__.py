"""Operations that are rounded once, from the exact result."""

from chopper.engine.operations.flags import Flags
from chopper.ops.activations import erf, erfc, gelu, sigmoid, silu, softplus
from chopper.ops.basic import add, div, fma, mul, sqrt, sub
from chopper.ops.chosen import abs, fmod, maximum, maximum_number, minimum, minimum_number, neg, remainder
from chopper.ops.circular import acos, asin, atan, cos, cosh, sin, sinh, tan, tanh
from chopper.ops.comparison import compare, equal, greater, greater_equal, less, less_equal, not_equal
from chopper.ops.functions import cbrt, exp, exp2, exp10, expm1, hypot, log, log1p, log2, log10, pow, rsqrt
from chopper.ops.neighbours import nextafter, nextdown, nextup, ulp
from chopper.ops.normalised import logsumexp, softmax
from chopper.ops.powers import power

__all__ = [
    "Flags",
    "abs",
    "acos",
    "add",
    "asin",
    "atan",
    "cbrt",
    "compare",
    "cos",
    "cosh",
    "div",
    "equal",
    "erf",
    "erfc",
    "exp",
    "exp2",
    "exp10",
    "expm1",
    "fma",
    "fmod",
    "gelu",
    "greater",
    "greater_equal",
    "hypot",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logsumexp",
    "maximum",
    "maximum_number",
    "minimum",
    "minimum_number",
    "mul",
    "neg",
    "nextafter",
    "nextdown",
    "nextup",
    "not_equal",
    "pow",
    "power",
    "remainder",
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
    "ulp",
]
