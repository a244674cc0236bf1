"""Operations that are rounded once, from the exact result."""

from chopper.ops.basic import add, div, fma, mul, sqrt, sub

__all__ = ["add", "div", "fma", "mul", "sqrt", "sub"]
