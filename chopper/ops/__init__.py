"""Operations that are rounded once, from the exact result."""

from chopper.engine.operations.flags import Flags
from chopper.ops.basic import add, div, fma, mul, sqrt, sub

__all__ = ["Flags", "add", "div", "fma", "mul", "sqrt", "sub"]
