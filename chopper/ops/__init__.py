"""Operations that are rounded once, from the exact result."""

from chopper.engine.operations.flags import Flags
from chopper.ops.basic import add, div, fma, mul, sqrt, sub
from chopper.ops.chosen import abs, fmod, maximum, maximum_number, minimum, minimum_number, neg, remainder
from chopper.ops.comparison import compare, equal, greater, greater_equal, less, less_equal, not_equal
from chopper.ops.neighbours import nextafter, nextdown, nextup, ulp
from chopper.ops.powers import power

__all__ = [
    "Flags",
    "abs",
    "add",
    "compare",
    "div",
    "equal",
    "fma",
    "fmod",
    "greater",
    "greater_equal",
    "less",
    "less_equal",
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
    "power",
    "remainder",
    "sqrt",
    "sub",
    "ulp",
]
